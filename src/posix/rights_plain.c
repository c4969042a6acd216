/* SPDX-License-Identifier: MIT */
/*
 * Received descriptors where recvmsg(2) has no flag for it, as on macOS: a fork in another thread
 * may see them without FD_CLOEXEC.
 */
#include "posix/rights.h"

#include <errno.h>
#include <fcntl.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"
#include "posix/features.h"

ssize_t cmio__rights_take(int fd, struct msghdr *message) {
    const int state = cmio__cancel_disable(); /* else the descriptors may be lost */
    const ssize_t count = recvmsg(fd, message, CMIO__MSG_DONTWAIT);
    const ssize_t received = count < 0 ? -errno : count;
    cmio__cancel_restore(state);
    if (received < 0)
        return received;
    for (struct cmsghdr *part = NULL; (part = cmio__rights_next(message, part)) != NULL;)
        for (size_t i = 0; i < cmio__rights_count(part); i++)
            (void)cmio__fd_control(cmio__rights_at(part, i), F_SETFD, FD_CLOEXEC); /* it is open */
    return received;
}
