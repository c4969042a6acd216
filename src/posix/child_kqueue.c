/* SPDX-License-Identifier: MIT */
/*
 * BSDs and macOS: a kqueue for each child, with a filter that waits for its exit. Only
 * cmio__child_rearm() takes an event out, so its descriptor stays readable once it is, for
 * kqueue(2) and poll(2) alike. All systems but FreeBSD refuse a process that has already ended,
 * with ESRCH: then a timer makes the kqueue readable. docs/platform-notes.md, "Children".
 */
#include "posix/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In this order: OpenBSD and NetBSD need the types first. */
#include <sys/event.h>
#include <sys/time.h>

#include "posix/descriptor.h"

static int apply_to_child(int fd, const struct kevent *change) {
    return kevent(fd, change, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

enum { LONGEST_CHILD_PAUSE = 50 };

static int make_readable_in(int fd, int milliseconds) {
    struct kevent change;
    EV_SET(&change, 0, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, milliseconds, 0);
    return apply_to_child(fd, &change);
}

/* POSIX has kill(2) find a process that has ended until somebody waits for it. */
static int is_there(pid_t pid) {
    return kill(pid, 0) == 0 || errno == EPERM;
}

static int watch_child(int fd, pid_t pid) {
    struct kevent change;
    EV_SET(&change, (uintptr_t)pid, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, 0);
    int error = apply_to_child(fd, &change);
    return error == -ESRCH && is_there(pid) ? make_readable_in(fd, 1) : error;
}

int cmio__child_open(pid_t pid) {
    const int fd = kqueue();
    if (fd < 0)
        return -errno;
    (void)cmio__fd_control(fd, F_SETFD, FD_CLOEXEC); /* it is open: cannot fail */
    int error = watch_child(fd, pid);
    if (error < 0) {
        (void)cmio__fd_close(fd); /* the first error is returned */
        return error;
    }
    return fd;
}

int cmio__child_wait(int fd, pid_t pid, int *status) {
    (void)fd; /* of no use here, as below */
    return cmio__child_wait_by_number(pid, status);
}

/* The pause to follow one that was too short, in milliseconds. */
static int longer(int pause) {
    if (pause <= 0)
        return 1;
    return 2 * pause < LONGEST_CHILD_PAUSE ? 2 * pause : LONGEST_CHILD_PAUSE;
}

int cmio__child_rearm(int fd, int *pause) {
    struct kevent fired;
    const struct timespec at_once = {.tv_sec = 0};
    const int count = kevent(fd, NULL, 0, &fired, 1, &at_once);
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    if (count == 0 && *pause >= 0)
        return 0;
    *pause = longer(*pause);
    const int error = make_readable_in(fd, *pause);
    if (error < 0)
        *pause = -1; /* no filter is left to report the end: the next call tries again */
    return error;
}

int cmio__child_signal(int fd, pid_t pid, int number) {
    (void)fd; /* of no use here: the number is the child's until it is waited for */
    return kill(pid, number) < 0 ? -errno : 0;
}
