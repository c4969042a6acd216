/* SPDX-License-Identifier: MIT */
/* For systems that have no descriptor to report the end of a process. */
#include "posix/child.h"

#include <errno.h>

int cmio__child_open(pid_t pid) {
    (void)pid;
    return -ENOTSUP;
}

int cmio__child_wait(int fd, pid_t pid, int *status) {
    (void)fd, (void)pid, (void)status;
    return -ENOTSUP;
}

int cmio__child_rearm(int fd, int *pause) {
    (void)fd, (void)pause;
    return -ENOTSUP;
}

int cmio__child_signal(int fd, pid_t pid, int number) {
    (void)fd, (void)pid, (void)number;
    return -ENOTSUP;
}
