/* SPDX-License-Identifier: MIT */
#include "posix/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "posix/cancel.h"
#include "posix/features.h"
#include "posix/inline.h"
#include "posix/watchable.h"

CMIO__COLD int cmio__last_error(void) {
    return errno > 0 ? -errno : -EIO;
}

int cmio__fd_close(int fd) {
    const int state = cmio__cancel_disable(); /* else it may stay open unnoticed */
    const int error = close(fd) == 0 || errno == EINTR || errno == EINPROGRESS ? 0 : -errno;
    cmio__cancel_restore(state);
    return error;
}

int cmio__fd_control(int fd, int command, int argument) {
    const int state = cmio__cancel_disable();
    const int result = fcntl(fd, command, argument);
    const int answer = result < 0 ? -errno : result;
    cmio__cancel_restore(state);
    return answer;
}

int cmio__fd_prepare(int fd) {
    const int flags = cmio__fd_control(fd, F_GETFL, 0);
    if (flags < 0)
        return flags;
    int error = 0;
    if ((flags & O_NONBLOCK) == 0)
        error = cmio__fd_control(fd, F_SETFL, flags | O_NONBLOCK);
    return error < 0 ? error : cmio__fd_control(fd, F_SETFD, FD_CLOEXEC);
}

/* The access mode and flags it was opened with. -EBADF also if it is not open for any I/O. */
static int flags_of(int fd) {
    const int flags = cmio__fd_control(fd, F_GETFL, 0);
    if (flags < 0)
        return flags;
    return (flags & CMIO__O_PATH) != 0 ? -EBADF : flags;
}

int cmio__fd_check_open(int fd) {
    const int flags = flags_of(fd);
    return flags < 0 ? flags : 0;
}

int cmio__fd_check_watchable(int fd) {
    struct stat status;
    const int flags = flags_of(fd);
    if (flags < 0)
        return flags;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EPERM;
    const bool is_device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
    return is_device || S_ISREG(status.st_mode) ? cmio__watchable(fd, is_device) : 0;
}

int cmio__fd_adopt(int fd, int access) {
    struct stat status;
    const int flags = flags_of(fd);
    if (flags < 0)
        return flags;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return -EPERM;
    if ((flags & O_ACCMODE) != access && (flags & O_ACCMODE) != O_RDWR)
        return -EINVAL;
    return cmio__fd_prepare(fd);
}

ssize_t cmio__fd_read(int fd, void *buffer, size_t length) {
    ssize_t count = read(fd, buffer, length);
    return count < 0 ? -errno : count;
}

ssize_t cmio__fd_write(int fd, const void *buffer, size_t length) {
    ssize_t count = write(fd, buffer, length);
    return count < 0 ? -errno : count;
}

ssize_t cmio__fd_readv(int fd, const struct iovec *buffers, int count) {
    ssize_t result = readv(fd, buffers, count);
    return result < 0 ? -errno : result;
}

ssize_t cmio__fd_writev(int fd, const struct iovec *buffers, int count) {
    ssize_t result = writev(fd, buffers, count);
    return result < 0 ? -errno : result;
}
