/* SPDX-License-Identifier: MIT */
#include "posix/child.h"

#include <errno.h>
#include <sys/wait.h>

int cmio__child_wait(pid_t pid, int *status) {
    int taken;
    const pid_t waited = waitpid(pid, &taken, WNOHANG);
    if (waited < 0)
        return -errno;
    if (waited == 0)
        return -EAGAIN;
    *status = taken;
    return 0;
}
