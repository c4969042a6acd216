/* SPDX-License-Identifier: MIT */
/* Received descriptors where recvmsg(2) makes them close-on-exec. */
#include "posix/rights.h"

#include <errno.h>

#include "posix/features.h"

ssize_t cmio__rights_take(int fd, struct msghdr *message) {
    ssize_t received = recvmsg(fd, message, MSG_CMSG_CLOEXEC | CMIO__MSG_DONTWAIT);
    return received < 0 ? -errno : received;
}
