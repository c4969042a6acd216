/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CHILD_H
#define CMIO_CHILD_H

#include <sys/types.h>

#include <cmio/export.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/*
 * A child process as a source: it is readable from when the process has ended. Register it for
 * CMIO_READABLE; close it once the status is there, for it stays readable, and may have events.
 * cmio_process_spawn() starts a program as one, or the program makes the process itself, with fork(2)
 * or posix_spawn(3). Nothing here handles SIGCHLD, sets an action or waits for any process but this
 * one.
 *
 * The status of an ended process goes to whoever waits for it first. So leave a child that is in
 * here to cmio_child_status(): a waitpid(-1, ...) elsewhere, or SIGCHLD set to SIG_IGN, takes it
 * away (-ECHILD). Where the process is known by a pidfd (Linux), nothing is then done to another
 * process that got its number. Elsewhere (BSDs, macOS) it is known by the number, which is its own
 * only until somebody waits for it. A struct of zeros may be closed, and is good for nothing else.
 * Every call below says -EINVAL for a null argument and -EBADF for a closed child.
 */
struct cmio_child {
    struct cmio_source source;
    pid_t pid;
    int outcome;
    int status;
    int pause;
};

/*
 * Watches the process pid: a child of this one, running or ended, which nobody has waited for yet.
 * One descriptor is opened, close-on-exec: see pidfd_open(2), kqueue(2). On failure child is
 * untouched. Errors: -EINVAL also for a pid that is not positive; -ESRCH when there is no such
 * process; -EMFILE, -ENFILE, -ENOMEM; where the system cannot, -ENOSYS (Linux before 5.3), -EPERM
 * (a sandbox) or -ENOTSUP. Any thread.
 */
CMIO_API int cmio_child_init(struct cmio_child *child, pid_t pid);

/* The process. Once cmio_child_status() gave the status, the number may be another's. */
CMIO_API pid_t cmio_child_pid(const struct cmio_child *child);

/* The descriptor: borrowed, to be waited for and nothing else; what it is differs by system. */
CMIO_API int cmio_child_fd(const struct cmio_child *child);

/*
 * How the process ended: 0, and in *status what waitpid(2) gives, for WIFEXITED() and its kin of
 * <sys/wait.h>. The first such call takes the status from the system, which forgets the process;
 * later ones give the same again. -EAGAIN while it runs or is stopped, and after its event while
 * the system does not give the status away yet: there is another event when it does. So it is with
 * a process that ended under a tracer other than this process (ptrace(2)), until the tracer has
 * waited for it or has gone. On poll(2) and kqueue(2) that event comes up to 50 ms late, and others
 * may come before it. In level mode on Linux, events repeat until then. The stops of a process that
 * this one traces are left to who waits for them. -ECHILD when the status is someone else's (see
 * above), for good; -ENOMEM. status is untouched on failure.
 */
CMIO_API int cmio_child_status(struct cmio_child *child, int *status);

/*
 * Sends a signal to the process, or with number 0 none: kill(2). Never to another that got its
 * number: -ESRCH after cmio_child_status() said anything but -EAGAIN. Errors: -EINVAL for a number
 * that the system does not have, -EPERM, -ESRCH.
 */
CMIO_API int cmio_child_kill(struct cmio_child *child, int number);

/*
 * Deregisters, then closes the descriptor. The process is neither ended nor waited for: that is the
 * caller's now. NULL, a zeroed or closed child is allowed: 0. It is closed whatever comes back.
 */
CMIO_API int cmio_child_close(struct cmio_child *child);

CMIO_END_DECLS

#endif
