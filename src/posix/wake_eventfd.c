/* SPDX-License-Identifier: MIT */
/*
 * Each signal adds one to the counter, which is read only to drain it. When its 64 bits overflow,
 * write(2) returns EAGAIN; then the counter is drained and written again.
 */
#include "posix/wake_fd.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"

int cmio__wake_fd_open(struct cmio__wake_fd *out) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    *out = (struct cmio__wake_fd){.read_fd = fd, .write_fd = fd};
    return 0;
}

void cmio__wake_fd_close(struct cmio__wake_fd *wake) {
    (void)cmio__fd_close(wake->read_fd); /* an eventfd has nothing to lose */
}

int cmio__wake_fd_signal(const struct cmio__wake_fd *wake) {
    const int kept = errno;
    const int state = cmio__cancel_disable();
    const uint64_t one = 1;
    ssize_t written = write(wake->write_fd, &one, sizeof one);
    if (written < 0 && errno == EAGAIN) {
        cmio__wake_fd_drain(wake);
        written = write(wake->write_fd, &one, sizeof one);
    }
    const int error = written < 0 ? -errno : 0;
    cmio__cancel_restore(state);
    errno = kept;
    return error;
}

void cmio__wake_fd_drain(const struct cmio__wake_fd *wake) {
    const int state = cmio__cancel_disable();
    uint64_t counter;
    (void)!read(wake->read_fd, &counter, sizeof counter); /* EAGAIN: already empty */
    cmio__cancel_restore(state);
}
