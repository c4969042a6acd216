/* SPDX-License-Identifier: MIT */
/*
 * Linux: pidfd_open(2), since 5.3. libc has had the functions only since glibc 2.36. The status is
 * taken by the pidfd too, which 5.4 and later can: so it is the process's own, whoever waited for
 * it and whoever got its number then.
 *
 * A process that has ended under a tracer other than its parent makes the pidfd readable, and can
 * be waited for only when the tracer has done so or has gone: then the pidfd has another edge.
 * poll(2) sees no difference, so it is shown an epoll set with the pidfd in it.
 */
#include "posix/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
    (void)fd, (void)pause; /* the pidfd has a new edge when the process can be waited for */
    return 0;
}

/* A set with the pidfd in it, whose edges show as the set's readiness. */
static int open_set(int pidfd) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    const int set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, pidfd, &event) == 0)
        return set;
    (void)cmio__fd_close(set); /* there is no memory for more than the pidfd */
    return -1;
}

static bool is_readable(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

int cmio__child_make_edges(int fd) {
    if (!is_readable(fd))
        return fd;
    const int pidfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (pidfd < 0)
        return fd;
    const int set = open_set(pidfd);
    const bool is_made = set >= 0 && dup3(set, fd, O_CLOEXEC) == fd;
    if (set >= 0)
        (void)cmio__fd_close(set); /* it has the other number now */
    if (!is_made)
        (void)cmio__fd_close(pidfd); /* the first is still there */
    return is_made ? pidfd : fd;
}

void cmio__child_settle(int fd) {
    struct epoll_event event;
    (void)epoll_wait(fd, &event, 1, 0); /* a failure leaves it readable: an event too many */
}

int cmio__child_signal(int fd, pid_t pid, int number) {
    (void)pid; /* which the descriptor stands for, whoever has the number */
    return syscall(SYS_pidfd_send_signal, fd, number, NULL, 0U) < 0 ? -errno : 0;
}
