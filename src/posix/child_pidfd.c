/* SPDX-License-Identifier: MIT */
/*
 * Linux: pidfd_open(2), since 5.3. libc has had the functions only since glibc 2.36. On 5.4 and
 * later the status is taken through the pidfd too. So it is the process's own, no matter who waited
 * for the process and who got its number then.
 *
 * If a process ends under a tracer other than its parent, the pidfd becomes readable, but the
 * process can be waited for only when the tracer has done so or is gone. Then the pidfd has another
 * edge. poll(2) sees no difference: its backend looks again after pauses, as after any -EAGAIN from
 * something that is readable all the same (src/poll/rest.h).
 */
#include "posix/child.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* P_PIDFD, which older headers lack. */
enum { BY_PIDFD = 3 };

/* How the kernel packs the status for waitpid(2). */
enum { EXIT_SHIFT = 8, EXIT_MASK = 0xff, DUMPED = 0x80 };

int cmio__child_open(pid_t pid) {
    const long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

/* The status of an end, or -EAGAIN, because waitid(2) also reports stops to a tracer. */
static int status_of(const siginfo_t *info) {
    if (info->si_pid == 0)
        return -EAGAIN;
    switch (info->si_code) {
    case CLD_EXITED:
        return (info->si_status & EXIT_MASK) << EXIT_SHIFT;
    case CLD_KILLED:
        return info->si_status;
    case CLD_DUMPED:
        return info->si_status | DUMPED;
    default:
        return -EAGAIN;
    }
}

/* Returns the status and leaves it in place, as well as a stop that a tracer has yet to see. */
static int peek(idtype_t type, id_t id) {
    siginfo_t info = {.si_pid = 0};
    if (waitid(type, id, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return -errno;
    return status_of(&info);
}

static int take(idtype_t type, id_t id, int *status) {
    siginfo_t info = {.si_pid = 0};
    if (waitid(type, id, &info, WEXITED | WNOHANG) < 0)
        return -errno;
    const int taken = status_of(&info);
    if (taken < 0)
        return taken;
    *status = taken;
    return 0;
}

/*
 * Linux 5.3. The number still belongs to our process if the process is there after the look,
 * because it stays there, ended or not, until somebody waits for it.
 */
static int wait_by_number(int fd, pid_t pid, int *status) {
    const int found = peek(P_PID, (id_t)pid);
    if (cmio__child_signal(fd, pid, 0) == -ESRCH)
        return -ECHILD;
    return found < 0 ? found : take(P_PID, (id_t)pid, status);
}

int cmio__child_wait(int fd, pid_t pid, int *status) {
    const int found = peek((idtype_t)BY_PIDFD, (id_t)fd);
    if (found == -EINVAL)
        return wait_by_number(fd, pid, status);
    return found < 0 ? found : take((idtype_t)BY_PIDFD, (id_t)fd, status);
}

int cmio__child_rearm(int fd, int *pause) {
    (void)fd, (void)pause; /* the pidfd has another edge when the process can be waited for */
    return 0;
}

int cmio__child_signal(int fd, pid_t pid, int number) {
    (void)pid; /* the fd identifies the process, whoever has the number */
    return syscall(SYS_pidfd_send_signal, fd, number, NULL, 0U) < 0 ? -errno : 0;
}
