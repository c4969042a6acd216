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
 * Takes the status of a process that has ended, without waiting: 0 and the status as waitpid(2)
 * gives it; -EAGAIN while it runs, is stopped, or is held by a tracer that has not waited for it
 * yet; -ECHILD when there is no such child, or none any more.
 */
int cmio__child_wait(int fd, pid_t pid, int *status);

/*
 * To call after -EAGAIN: where the descriptor is readable all the same, for systems may tell of the
 * end before it can be waited for, it becomes so anew after a pause. pause is how long the last one
 * was, in milliseconds, 0 at first.
 */
int cmio__child_rearm(int fd, int *pause);

/* kill(2), for a process that was not waited for yet. */
int cmio__child_signal(int fd, pid_t pid, int number);

/*
 * What cmio__child_wait() does where a process is known by its number, which must be the child's
 * still. child.c, or child_waitpid.c where there is no waitid(2).
 */
int cmio__child_wait_by_number(pid_t pid, int *status);

#endif
