/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_CHILD_H
#define CMIO_POSIX_CHILD_H

/*
 * Child processes. The descriptor that tells of one's end is a pidfd (child_pidfd.c), a kqueue of
 * its own (child_kqueue.c), or there is none (child_none.c): the build takes what the system has.
 */

#include <sys/types.h>

/*
 * Opens a descriptor, close-on-exec, that becomes readable when the process has ended, for poll(2)
 * and its kin, and stays so. -ESRCH when there is no such process.
 */
int cmio__child_open(pid_t pid);

/*
 * To call when the process was found running: where the descriptor is readable all the same, for
 * systems may tell of the end a little before it can be waited for, it becomes so anew.
 */
int cmio__child_rearm(int fd);

/* kill(2), for a process that was not waited for yet. */
int cmio__child_signal(int fd, pid_t pid, int number);

/* waitpid(2) without waiting: 0 and the status, -EAGAIN while it runs, -ECHILD. */
int cmio__child_wait(pid_t pid, int *status);

#endif
