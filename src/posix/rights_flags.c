/* SPDX-License-Identifier: MIT */
/* Received descriptors where recvmsg(2) makes them close-on-exec. */
#include "posix/rights.h"

#include <errno.h>

#include "posix/cancel.h"
#include "posix/features.h"

ssize_t cmio__rights_take(int fd, struct msghdr *message) {
    const int state = cmio__cancel_disable(); /* else the descriptors may be lost */
    const ssize_t count = recvmsg(fd, message, MSG_CMSG_CLOEXEC | CMIO__MSG_DONTWAIT);
    const ssize_t received = count < 0 ? -errno : count;
    cmio__cancel_restore(state);
    return received;
}
