/* SPDX-License-Identifier: MIT */
/*
 * Socket files outlive their sockets, and bind(2) refuses a path that exists. Removing the file of
 * a dead socket is easy. Never removing the file of a living socket is hard, because other
 * processes may bind the same path at the same time. This is how it is done without a lock file.
 *
 * Is the socket dead? A datagram socket connects to the path. ECONNREFUSED means that no socket is
 * bound to the file. EPROTOTYPE means that a stream socket is, because types are compared before
 * all else. So a socket between bind(2) and listen(2) is known to be alive, and so is a listener
 * with a full backlog, for which BSDs would return ECONNREFUSED too. No listener gets an unintended
 * connection. Any other error of connect, and anything that is not a socket file, counts as alive.
 *
 * Between that answer and unlink(2), another process that does the same may have put its socket
 * there. So the file is not unlinked but renamed, to a name beside it that is ours alone, and asked
 * again. Now what is judged is what is removed, and the dead stay dead, because no socket can be
 * bound to a file that exists. A living socket gets its name back, unless the name is taken by
 * then. A process that finds nothing left to rename leaves the path to the quicker process.
 *
 * Then bind(2) makes the path anew, which only one process can do. Binding a private name and
 * renaming it over the path would leave no moment without the path. But the private name would then
 * stay the address of the socket and of its peers for good, and the address that tools show. And if
 * two processes both renamed, the first would lose its path and never know.
 *
 * As a result, clients find no path for the moment between two system calls, and of two processes
 * that start at once exactly one gets the path. It takes three processes to go wrong. A second
 * process asks; the first binds the path before the second renames; the third binds it while the
 * second holds the first's socket aside, and that socket is lost. Four threads started in the same
 * instant 30,000 times, and 6 of these runs went wrong. Only a lock would rule it out, and a
 * program that starts itself so often can take one. bind(2) itself leaves an instant too, if a
 * system makes the file before it knows the socket. Recent Linux does not, because rename(2) waits
 * for its lock.
 */
#include "net/stale_socket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "posix/descriptor.h"
#include "posix/path.h"
#include "posix/socket.h"

/* The path of an address, with a NUL. */
struct path {
    char text[sizeof((struct sockaddr_un *)0)->sun_path + 1];
};

/* Returns false for other addresses. */
static bool path_of(const struct cmio_address *address, struct path *out) {
    size_t length;
    const char *name = cmio_address_unix_name(address, &length);
    if (name == NULL || length == 0 || cmio_address_is_abstract(address))
        return false;
    memcpy(out->text, name, length);
    out->text[length] = '\0';
    return true;
}

int cmio__stale_socket_unlink(const struct cmio_address *address) {
    struct path path;
    return path_of(address, &path) ? cmio__path_unlink(path.text) : 0;
}

int cmio__stale_socket_check(const struct cmio_address *address) {
    struct path path;
    if (!path_of(address, &path))
        return 0;
    return cmio__path_check_socket(path.text) == -ENOTSOCK ? -EADDRINUSE : 0;
}

/* 0 for a socket file without a socket, -ENOENT for no file, -EADDRINUSE for anything else. */
static int check_dead(const struct path *path) {
    struct cmio_address address;
    int error = cmio_address_from_path(path->text, &address);
    if (error == 0)
        error = cmio__path_check_socket(path->text);
    if (error < 0)
        return error == -ENOENT ? error : -EADDRINUSE;
    const int probe = cmio__socket_open(AF_UNIX, SOCK_DGRAM);
    if (probe < 0)
        return probe;
    error = cmio__socket_connect(probe, &address.u.any, address.length);
    (void)cmio__fd_close(probe); /* nothing was sent */
    if (error == -ECONNREFUSED)
        return 0;
    return error == -ENOENT ? error : -EADDRINUSE;
}

/* Reserves an unused name in the same directory, short enough for an address. */
static int reserve_beside(const struct path *path, struct path *out) {
    static const char name[] = ".XXXXXX";
    const char *slash = strrchr(path->text, '/');
    const size_t directory = slash == NULL ? 0 : (size_t)(slash + 1 - path->text);
    if (directory + sizeof name > sizeof path->text - 1)
        return -EADDRINUSE;
    memcpy(out->text, path->text, directory);
    memcpy(out->text + directory, name, sizeof name);
    return cmio__path_reserve(out->text);
}

/* Gives a living socket its name back. If the file system has no links, rename must do. */
static void give_back(const struct path *aside, const struct path *path) {
    const int error = cmio__path_rename_if_free(aside->text, path->text);
    if (error == -EEXIST)
        (void)cmio__path_unlink(aside->text); /* its name has been taken by now */
    else if (error < 0)
        (void)cmio__path_rename(aside->text, path->text); /* nothing else can be tried */
}

int cmio__stale_socket_remove(const struct cmio_address *address) {
    struct path path;
    struct path aside;
    if (!path_of(address, &path))
        return -EADDRINUSE;
    int error = check_dead(&path);
    if (error == 0)
        error = reserve_beside(&path, &aside);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = check_dead(&path); /* again, just before the rename */
    if (error == 0)
        error = cmio__path_rename(path.text, aside.text);
    if (error < 0) {
        (void)cmio__path_unlink(aside.text);           /* an empty file of ours */
        return error == -ENOENT ? -EADDRINUSE : error; /* another process will bind */
    }
    error = check_dead(&aside);
    if (error == 0)
        return cmio__path_unlink(aside.text);
    give_back(&aside, &path);
    return error;
}
