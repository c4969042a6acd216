/* SPDX-License-Identifier: MIT */
#include "posix/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "posix/cancel.h"
#include "posix/inline.h"

CMIO__COLD int cmio__last_error(void) {
    return errno > 0 ? -errno : -EIO;
}

int cmio__fd_close(int fd) {
    const int state = cmio__cancel_disable(); /* else it may stay open, and its owner never know */
    const int error = close(fd) == 0 || errno == EINTR || errno == EINPROGRESS ? 0 : -errno;
    cmio__cancel_restore(state);
    return error;
}

int cmio__fd_prepare(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    if ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

int cmio__fd_check_open(int fd) {
    return fcntl(fd, F_GETFD) < 0 ? -errno : 0;
}

int cmio__fd_check_watchable(int fd) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? -EPERM : 0;
}

int cmio__fd_adopt(int fd, int access) {
    int error = cmio__fd_check_watchable(fd);
    if (error < 0)
        return error;
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
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
