/* SPDX-License-Identifier: MIT */
/*
 * Child processes as sources. outcome is -EAGAIN until the process was waited for. Then it is
 * final: 0 with a status, or -ECHILD. From then on the process number may belong to another
 * process, and is not used any more.
 */
#include <cmio/child.h>

#include <errno.h>

#include "core/source.h"
#include "posix/cancel.h"
#include "posix/child.h"

int cmio_child_init(struct cmio_child *child, pid_t pid) {
    if (child == NULL || pid <= 0)
        return -EINVAL;
    const int cancel = cmio__cancel_disable(); /* else a new descriptor could be lost */
    const int fd = cmio__child_open(pid);
    cmio__cancel_restore(cancel);
    if (fd < 0)
        return fd;
    cmio__source_set_fd(&child->source, fd);
    child->pid = pid;
    child->outcome = -EAGAIN;
    child->status = 0;
    child->pause = 0;
    return 0;
}

int cmio_child_fd(const struct cmio_child *child) {
    return child == NULL ? -EINVAL : cmio__source_fd(&child->source);
}

pid_t cmio_child_pid(const struct cmio_child *child) {
    const int fd = cmio_child_fd(child);
    return fd < 0 ? fd : child->pid;
}

/* No end of the process is visible to us yet. That ends the edge, like a read that blocks. */
static int go_on(struct cmio_child *child) {
    const int error = cmio__child_rearm(child->source.fd, &child->pause);
    (void)cmio__source_io(&child->source, CMIO_READABLE, -EAGAIN, 1);
    return error < 0 ? error : -EAGAIN;
}

/* Waits for the process only if it has ended. */
static int look_at_child(struct cmio_child *child) {
    const int error = cmio__child_wait(child->source.fd, child->pid, &child->status);
    if (error == -EAGAIN)
        return go_on(child);
    child->outcome = error;
    return error;
}

int cmio_child_status(struct cmio_child *child, int *status) {
    if (child == NULL || status == NULL)
        return -EINVAL;
    if (cmio_child_fd(child) < 0)
        return -EBADF;
    if (child->outcome == -EAGAIN) {
        const int cancel = cmio__cancel_disable(); /* else a status could be taken and lost */
        const int error = look_at_child(child);
        cmio__cancel_restore(cancel);
        if (error < 0)
            return error;
    }
    if (child->outcome == 0)
        *status = child->status;
    return child->outcome;
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
