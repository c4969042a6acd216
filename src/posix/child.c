/* SPDX-License-Identifier: MIT */
/* Waits for a process by its number. child_waitpid.c is for systems without waitid(2). */
#include "posix/child.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/wait.h>

/*
 * For a traced process, waitid(2) also reports stops to the tracer, although only ends were asked
 * for.
 */
static bool is_end(const siginfo_t *info) {
    return info->si_pid != 0 && (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
                                 info->si_code == CLD_DUMPED);
}

int cmio__child_wait_by_number(pid_t pid, int *status) {
    siginfo_t info = {.si_pid = 0};
    int taken;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return -errno;
    if (!is_end(&info))
        return -EAGAIN; /* a stop stays for the tracer to see */
    const pid_t waited = waitpid(pid, &taken, WNOHANG);
    if (waited <= 0)
        return waited < 0 ? -errno : -EAGAIN;
    *status = taken;
    return 0;
}
