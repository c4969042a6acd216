/* SPDX-License-Identifier: MIT */
#include "server/blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmio/address.h>
#include <cmio/time.h>

#include "server/conversation.h"
#include "server/stop.h"

/* Without POLLRDHUP, poll(2) does not report that a client has left. */
#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

/* On systems without it, ignoring SIGPIPE in service_start() is enough. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

/* ---- Waiting ---- */

/* The timeout for poll(2), rounded up so that the wait never ends early. */
static int milliseconds_until(int64_t deadline) {
    if (deadline == CMIO_FOREVER)
        return -1;
    int64_t left = deadline - cmio_now();
    int64_t milliseconds = (left + CMIO_MILLISECOND - 1) / CMIO_MILLISECOND;
    return left <= 0 ? 0 : milliseconds < INT_MAX ? (int)milliseconds : INT_MAX;
}

/*
 * Waits until the descriptor is ready. Returns false if the deadline passes first. Once a signal
 * has come, an idle wait ends at once, and any other wait ends with the grace.
 */
static bool wait_for(int fd, short events, int64_t deadline, bool idle) {
    for (;;) {
        bool stopping = stop_deadline() != CMIO_FOREVER;
        int64_t until = conversation_limit(deadline, idle);
        struct pollfd waits[] = {
            {.fd = fd, .events = events},
            {.fd = stopping ? -1 : stop_fd(), .events = POLLIN},
        };
        int n = poll(waits, 2, milliseconds_until(until));
        if (waits[0].revents != 0 || (n < 0 && errno != EINTR))
            return true; /* the next call on the descriptor reports any error */
        if (n == 0 && until != CMIO_FOREVER && cmio_now() >= until)
            return false;
    }
}

/* ---- One connection ---- */

static int fd_of(const void *connection) {
    return *(const int *)connection;
}

static bool wait_for_client(void *connection, enum conversation_wait what, int64_t deadline,
                            bool idle) {
    static const short events[] = {
        [CONVERSATION_WAIT_READ] = POLLIN,
        [CONVERSATION_WAIT_WRITE] = POLLOUT,
        [CONVERSATION_WAIT_END] = POLLRDHUP,
    };
    return wait_for(fd_of(connection), events[what], deadline, idle);
}

static ssize_t read_some(void *connection, void *buffer, size_t length) {
    ssize_t n = recv(fd_of(connection), buffer, length, MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

static ssize_t write_some(void *connection, const struct iovec *parts, int count) {
    struct msghdr message = {.msg_iov = (struct iovec *)parts};
    message.msg_iovlen = (unsigned)count; /* its type depends on the system */
    ssize_t n = sendmsg(fd_of(connection), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

void blocking_server_serve(struct blocking_server *server, int fd) {
    static const struct conversation_io io = {
        .wait = wait_for_client,
        .read = read_some,
        .write = write_some,
    };
    conversation_serve(&server->service, fd, &io, &fd);
    close(fd);
}

/* ---- The server ---- */

static bool lacks_room(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void stop_listening(struct blocking_server *server) {
    if (server->listener >= 0)
        close(server->listener);
    server->listener = -1;
}

/* Accepts all waiting clients. If descriptors run out, the rest stays queued for another call. */
static void accept_waiting(struct blocking_server *server) {
    server->served = server->count = 0;
    while (server->count < sizeof server->waiting / sizeof *server->waiting) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0)
            server->waiting[server->count++] = fd;
        else if (lacks_room(errno))
            return;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
    }
    stop_listening(server);
}

static int next_waiting(struct blocking_server *server) {
    while (server->served == server->count) {
        if (server->listener < 0)
            return -1;
        accept_waiting(server);
        if (server->count > 0 || server->listener < 0)
            continue;
        if (!stop_leaves_time())
            return -1;
        wait_for(-1, 0, cmio_now() + accept_pause, false);
    }
    return server->waiting[server->served++];
}

int blocking_server_accept(struct blocking_server *server) {
    while (stop_deadline() == CMIO_FOREVER) {
        if (!wait_for(server->listener, POLLIN, CMIO_FOREVER, true))
            break;
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0)
            return fd;
        /* Without a descriptor the connection stays in the queue. Try again after a moment. */
        if (lacks_room(errno))
            wait_for(-1, 0, cmio_now() + accept_pause, true);
    }
    return next_waiting(server);
}

/* The listener never blocks, because a client may leave between the wait and accept(2). */
static int listen_on(const struct cmio_address *address) {
    socklen_t length;
    const struct sockaddr *name = cmio_address_sockaddr(address, &length);
    const int on = 1;
    int fd = socket(cmio_address_family(address), SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, name, length) < 0 || listen(fd, SOMAXCONN) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static int announce_listening(const struct blocking_server *server) {
    struct sockaddr_storage name;
    struct cmio_address address;
    socklen_t length = sizeof name;
    getsockname(server->listener, (struct sockaddr *)&name, &length);
    int result = cmio_address_from_sockaddr((struct sockaddr *)&name, length, &address);
    return result < 0 ? result : service_announce(&address);
}

int blocking_server_start(struct blocking_server *server, const char *program, const char *summary,
                          int argc, char **argv) {
    struct service *service = &server->service;
    int result = service_start(service, OPTIONS_BLOCKING, program, summary, argc, argv);
    if (result >= 0)
        return result;
    server->listener = listen_on(&service->options.address);
    if (server->listener < 0)
        return service_complain_of_address(&service->options.address, server->listener);
    result = stop_init(service->options.grace);
    if (result < 0)
        return service_complain("cannot listen to signals", result);
    return announce_listening(server) < 0 ? EXIT_RUNTIME : -1;
}

void blocking_server_end(struct blocking_server *server) {
    stop_listening(server);
    service_end(&server->service);
}
