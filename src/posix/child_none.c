/* SPDX-License-Identifier: MIT */
/* For systems where no descriptor tells of a process's end. */
#include "posix/child.h"

#include <errno.h>

int cmio__child_open(pid_t pid) {
    (void)pid;
    return -ENOTSUP;
}

int cmio__child_wait(int handle, pid_t pid, int *status) {
    (void)handle, (void)pid, (void)status;
    return -ENOTSUP;
}

int cmio__child_divert(int fd) {
    return fd;
}

int cmio__child_rearm(int fd, int handle, int *pause) {
    (void)fd, (void)handle, (void)pause;
    return -ENOTSUP;
}

int cmio__child_signal(int handle, pid_t pid, int number) {
    (void)handle, (void)pid, (void)number;
    return -ENOTSUP;
}
