/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CHILD_H
#define CMIO_ASYNC_CHILD_H

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/* Waits for a child process to end. Its members are private. */
struct cmio_child_exit_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    int *status;
};

/*
 * A future that is ready, with 0, once the process that io is bound to (cmio_io_bind_child()) has
 * ended. *status, which must stay until then, is what waitpid(2) gives, for WIFEXITED() and its kin
 * of <sys/wait.h>. Dropping it neither ends the process nor loses its status: another future, or
 * cmio_child_status(), gives it. Errors of its own: -ECHILD when somebody else took the status;
 * -EBUSY when another future waits for the process; -EBADF for a binding that was closed before;
 * -ECANCELED when it is closed meanwhile. Errors of init: -EINVAL for a null argument, or a binding of
 * something else.
 */
CMIO_API int cmio_child_exit_future_init(struct cmio_child_exit_future *child_exit,
                                         struct cmio_io *io, int *status);

CMIO_END_DECLS

#endif
