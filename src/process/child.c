/* SPDX-License-Identifier: MIT */
/*
 * Child processes as sources. outcome is -EAGAIN until the process was waited for, and then what
 * came of it, for good: 0 with a status, or -ECHILD. From then on its number may be another's, and
 * is used no more.
 */
#include <cmio/child.h>

#include <errno.h>

#include "core/source.h"
#include "posix/child.h"

int cmio_child_init(struct cmio_child *child, pid_t pid) {
    if (child == NULL || pid <= 0)
        return -EINVAL;
    const int fd = cmio__child_open(pid);
    if (fd < 0)
        return fd;
    cmio__source_set_fd(&child->source, fd);
    child->pid = pid;
    child->outcome = -EAGAIN;
    child->status = 0;
    return 0;
}

int cmio_child_fd(const struct cmio_child *child) {
    return child == NULL ? -EINVAL : cmio__source_fd(&child->source);
}

pid_t cmio_child_pid(const struct cmio_child *child) {
    const int fd = cmio_child_fd(child);
    return fd < 0 ? fd : child->pid;
}

/* Waits for the process if it has ended. That it has not ends the edge, like a read that blocks. */
static int look(struct cmio_child *child) {
    int error = cmio__child_wait(child->pid, &child->status);
    if (error != -EAGAIN) {
        child->outcome = error;
        return error;
    }
    error = cmio__child_rearm(child->source.fd);
    (void)cmio__source_io(&child->source, CMIO_READABLE, -EAGAIN, 1);
    return error < 0 ? error : -EAGAIN;
}

int cmio_child_status(struct cmio_child *child, int *status) {
    if (child == NULL || status == NULL)
        return -EINVAL;
    if (cmio_child_fd(child) < 0)
        return -EBADF;
    int error = child->outcome == -EAGAIN ? look(child) : child->outcome;
    if (error == 0)
        *status = child->status;
    return error;
}

int cmio_child_kill(struct cmio_child *child, int number) {
    const int fd = cmio_child_fd(child);
    if (fd < 0)
        return fd;
    return child->outcome == -EAGAIN ? cmio__child_signal(fd, child->pid, number) : -ESRCH;
}

int cmio_child_close(struct cmio_child *child) {
    return child == NULL ? 0 : cmio__source_close(&child->source);
}
