/* SPDX-License-Identifier: MIT */
/*
 * Socket files outlive their sockets, and bind(2) refuses a path that exists. To remove the file of
 * a dead socket is easy; never to remove that of a living one is not, since other processes may
 * bind the same path at the same time. How it is done, without a lock file:
 *
 * Is it dead? A datagram socket connects to the path. That no socket is bound to the file is
 * ECONNREFUSED; that a stream socket is, EPROTOTYPE, since types are compared before all else. So a
 * socket between bind(2) and listen(2) is known to live, and a listener whose backlog is full (of
 * which BSDs would say ECONNREFUSED too), and no listener gets a connection that nobody means. What
 * else connect may say, and whatever is no socket file, counts as alive.
 *
 * Between that answer and unlink(2) another process that does the same may have put its socket
 * there. So the file is not unlinked but renamed, to a name beside it that is ours alone, and asked
 * once more: what is judged now is what is removed, and the dead stay dead, as no socket can be
 * bound to a file that exists. A living one gets its name back, unless that is taken by then. Who
 * finds nothing left to rename leaves the path to whoever was quicker.
 *
 * Then bind(2) makes the path anew, which one process alone can do. To bind a private name and to
 * rename that over the path would leave no moment without the path; but for good the addresses of
 * the socket and of its peers, and what tools show, would be those of the private name. And of two
 * processes that both rename, the first would lose its path and never know.
 *
 * What comes of it: a client finds no path for the moment between two system calls, and of two
 * processes that start at once exactly one has the path. It takes three to go wrong: one binds it,
 * in the instant after a second asked and before that renames; and the third binds it while the
 * second holds the first's aside, which is then lost. Of 30,000 times that four threads started in
 * the same instant, it came to that in 6. Only a lock would rule it out, which a program that
 * starts itself so often can take. Within bind(2) itself, a system that makes the file before it
 * knows the socket leaves an instant too; recent Linux does not, as rename(2) waits for its lock.
 */
#include "net/stale_socket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "posix/descriptor.h"
#include "posix/path.h"
#include "posix/socket.h"

/* The path of an address, terminated. */
struct path {
    char text[sizeof((struct sockaddr_un *)0)->sun_path + 1];
};

/* False for other addresses. */
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

/* 0 for a socket file that no socket is bound to, -ENOENT for none, -EADDRINUSE for all else. */
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

/* Makes a name in the same directory that nobody else uses, and that an address can hold. */
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

/* What was alive after all gets its name back. Where links are unknown, rename must do. */
static void give_back(const struct path *aside, const struct path *path) {
    const int error = cmio__path_rename_if_free(aside->text, path->text);
    if (error == -EEXIST)
        (void)cmio__path_unlink(aside->text); /* its name is another's by now */
    else if (error < 0)
        (void)cmio__path_rename(aside->text, path->text); /* nothing is left to be tried */
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
    error = check_dead(&path); /* once more, with nothing between the answer and the rename */
    if (error == 0)
        error = cmio__path_rename(path.text, aside.text);
    if (error < 0) {
        (void)cmio__path_unlink(aside.text);           /* an empty file of ours */
        return error == -ENOENT ? -EADDRINUSE : error; /* another is at it, and will bind */
    }
    error = check_dead(&aside);
    if (error == 0)
        return cmio__path_unlink(aside.text);
    give_back(&aside, &path);
    return error;
}
