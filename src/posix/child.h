/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_CHILD_H
#define CMIO_POSIX_CHILD_H

/*
 * Child processes. The descriptor that reports a child's end is a pidfd (child_pidfd.c) or a kqueue
 * of its own (child_kqueue.c), or there is none (child_none.c). The build picks what the system
 * has.
 */

#include <sys/types.h>

/*
 * Opens a close-on-exec descriptor that becomes readable for poll(2) and similar calls when the
 * process has ended, and stays so. Returns -ESRCH if there is no such process.
 */
int cmio__child_open(pid_t pid);

/*
 * Takes the status of a process that has ended, without waiting. Returns 0 and sets *status as
 * waitpid(2) does. Returns -EAGAIN while the process runs, is stopped, or is held by a tracer that
 * has not waited for it yet; -ECHILD if there is no such child, or no longer.
 */
int cmio__child_wait(int fd, pid_t pid, int *status);

/*
 * Call it after -EAGAIN. Some systems report the end before it can be waited for. If the descriptor
 * is readable for that reason, it becomes readable anew after a pause. *pause is the length of the
 * last pause in milliseconds, initially 0.
 */
int cmio__child_rearm(int fd, int *pause);

/* kill(2), for a process that has not been waited for. */
int cmio__child_signal(int fd, pid_t pid, int number);

/*
 * cmio__child_wait() for systems that know a process only by its number, which must still be the
 * child's. In child.c, or in child_waitpid.c on systems without waitid(2).
 */
int cmio__child_wait_by_number(pid_t pid, int *status);

#endif
