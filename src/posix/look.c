/* SPDX-License-Identifier: MIT */
#include "posix/look.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "posix/cancel.h"
#include "posix/socket.h"

short cmio__look_at(int fd, short events) {
    struct pollfd entry = {.fd = fd, .events = events};
    const int state = cmio__cancel_disable();
    int count;
    do
        count = poll(&entry, 1, 0);
    while (count < 0 && errno == EINTR); /* Linux returns it even for a poll without a wait */
    cmio__cancel_restore(state);
    return count > 0 ? entry.revents : 0;
}

bool cmio__look_queued(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 && count > 0;
}

static enum cmio__end_kind kind_of_socket(int fd) {
    int type = 0;
    int listens = 0;
    if (cmio__socket_option(fd, SOL_SOCKET, SO_TYPE, &type) < 0)
        return CMIO__FINAL_END;
    if (type == SOCK_STREAM || type == SOCK_SEQPACKET)
        (void)cmio__socket_option(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens); /* 0 if unknown */
    if (listens != 0)
        return CMIO__MESSAGES;
    switch (type) {
    case SOCK_STREAM:
        return CMIO__FINAL_END;
    case SOCK_SEQPACKET:
        return CMIO__UNKNOWN_END;
    default:
        return CMIO__MESSAGES;
    }
}

enum cmio__end_kind cmio__look_kind(int fd) {
    struct stat status;
    int count;
    if (fstat(fd, &status) < 0)
        return CMIO__FINAL_END;
    if (S_ISSOCK(status.st_mode))
        return kind_of_socket(fd);
    if (S_ISFIFO(status.st_mode))
        return CMIO__REOPENABLE;
    if (S_ISREG(status.st_mode))
        return CMIO__FILE_END;
    const bool counts = S_ISCHR(status.st_mode) && ioctl(fd, FIONREAD, &count) == 0;
    return counts ? CMIO__REOPENABLE : CMIO__FINAL_END;
}
