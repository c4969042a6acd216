/* SPDX-License-Identifier: MIT */
/*
 * connect(2) where it may be over before it returns: on FreeBSD's loopback a non-blocking socket is
 * connected or refused at once, now and then. With KQUEUE_STANDIN_QUICK_CONNECT in the environment
 * every second connect is so. Only a program that does not wrap connect itself has this file.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "real.h"

/* Longer than the loopback takes, and short where a full backlog makes it take longer. */
enum { PATIENCE_MS = 20 };

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

static bool is_quick(void) {
    static atomic_uint connects;
    return getenv("KQUEUE_STANDIN_QUICK_CONNECT") != NULL &&
           atomic_fetch_add(&connects, 1) % 2 != 0;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    const int result = __real_connect(fd, address, length);
    if (result == 0 || errno != EINPROGRESS || !is_quick())
        return result;
    const bool is_over = poll(&entry, 1, PATIENCE_MS) == 1 &&
                         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0;
    errno = is_over ? error : EINPROGRESS;
    return is_over && error == 0 ? 0 : -1;
}
