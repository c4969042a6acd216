/* SPDX-License-Identifier: MIT */
/*
 * Linux: pidfd_open(2), since 5.3. libc has had the functions only since glibc 2.36. The status is
 * taken by the pidfd too, which 5.4 and later can: so it is the process's own, whoever waited for
 * it and whoever got its number then.
 *
 * A process that has ended under a tracer other than its parent makes the pidfd readable, and can
 * be waited for only when the tracer has done so or has gone: then the pidfd has another edge.
 * poll(2) sees no difference, so a timer takes the pidfd's place, and the process is looked at in
 * pauses.
 */
#include "posix/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "posix/descriptor.h"

/* P_PIDFD, which older headers lack. */
enum { BY_PIDFD = 3 };

/* As the kernel packs it for waitpid(2). */
enum { EXIT_SHIFT = 8, EXIT_MASK = 0xff, DUMPED = 0x80 };

int cmio__child_open(pid_t pid) {
    const long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

/* The status of an end, or -EAGAIN: waitid(2) tells a tracer of stops as well. */
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

/* The status, which stays, and so does a stop that a tracer has still to see. */
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
 * Linux 5.3. The number is that of our process if the process is still there after the look, which
 * it is, ended or not, until somebody waits for it.
 */
static int wait_by_number(int handle, pid_t pid, int *status) {
    const int found = peek(P_PID, (id_t)pid);
    if (cmio__child_signal(handle, pid, 0) == -ESRCH)
        return -ECHILD;
    return found < 0 ? found : take(P_PID, (id_t)pid, status);
}

int cmio__child_wait(int handle, pid_t pid, int *status) {
    const int found = peek((idtype_t)BY_PIDFD, (id_t)handle);
    if (found == -EINVAL)
        return wait_by_number(handle, pid, status);
    return found < 0 ? found : take((idtype_t)BY_PIDFD, (id_t)handle, status);
}

static bool is_readable(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

int cmio__child_divert(int fd) {
    if (!is_readable(fd))
        return fd;
    const int pidfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (pidfd < 0)
        return fd;
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    const bool is_diverted = timer >= 0 && dup3(timer, fd, O_CLOEXEC) == fd;
    if (timer >= 0)
        (void)cmio__fd_close(timer); /* it has the other number now */
    if (!is_diverted)
        (void)cmio__fd_close(pidfd); /* the first is still there */
    return is_diverted ? pidfd : fd;
}

int cmio__child_rearm(int fd, int handle, int *pause) {
    if (handle == fd)
        return 0; /* the pidfd has a new edge when the process can be waited for */
    *pause = cmio__child_longer_pause(*pause);
    const struct itimerspec once = {.it_value = {.tv_nsec = *pause * 1000000L}};
    return timerfd_settime(fd, 0, &once, NULL) < 0 ? -errno : 0;
}

int cmio__child_signal(int handle, pid_t pid, int number) {
    (void)pid; /* which the handle stands for, whoever has the number */
    return syscall(SYS_pidfd_send_signal, handle, number, NULL, 0U) < 0 ? -errno : 0;
}
