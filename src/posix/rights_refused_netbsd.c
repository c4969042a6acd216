/* SPDX-License-Identifier: MIT */
/*
 * NetBSD returns EMSGSIZE if a stream has no room for descriptors at the moment, which is EAGAIN.
 * Only a message that would not fit into an empty buffer is really too long.
 */
#include "posix/rights.h"

#include <errno.h>

int cmio__rights_refused(int fd, size_t size, int error) {
    int room = 0;
    socklen_t length = sizeof room;
    if (error != -EMSGSIZE || size == 0)
        return error;
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &length) == 0 && size > (size_t)room)
        return error;
    return -EAGAIN;
}
