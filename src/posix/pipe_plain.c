/* SPDX-License-Identifier: MIT */
/* Pipes where there is no pipe2(2): a fork in another thread may see them without FD_CLOEXEC. */
#include "posix/descriptor.h"

#include <errno.h>
#include <unistd.h>

int cmio__pipe_open(int fds[2]) {
    int made[2];
    if (pipe(made) < 0)
        return -errno;
    int error = cmio__fd_prepare(made[0]);
    if (error == 0)
        error = cmio__fd_prepare(made[1]);
    if (error < 0) {
        (void)cmio__fd_close(made[0]); /* the first error is the one to tell */
        (void)cmio__fd_close(made[1]);
        return error;
    }
    fds[0] = made[0];
    fds[1] = made[1];
    return 0;
}
