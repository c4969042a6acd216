/* SPDX-License-Identifier: MIT */
/*
 * Waits for a process by its number without waitid(2): OpenBSD before 7.2, NetBSD before 8. What
 * waitpid(2) reports is consumed. If this process traces the child, its tracer misses a stop.
 */
#include "posix/child.h"

#include <errno.h>
#include <sys/wait.h>

int cmio__child_wait_by_number(pid_t pid, int *status) {
    int taken;
    const pid_t waited = waitpid(pid, &taken, WNOHANG);
    if (waited < 0)
        return -errno;
    if (waited == 0 || WIFSTOPPED(taken))
        return -EAGAIN;
    *status = taken;
    return 0;
}
