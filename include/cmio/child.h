/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CHILD_H
#define CMIO_CHILD_H

/**
 * @file
 * Child processes as sources: an event tells that a child has ended.
 */

#include <sys/types.h>

#include <cmio/export.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/**
 * A child process as a source, which is readable from when the process has ended.
 *
 * Register it for CMIO_READABLE, and call cmio_child_status() after an event. Close it once the
 * status is there, because it stays readable and may have further events. cmio_process_spawn()
 * starts a program and returns it as such a source. The program may also make the process itself,
 * with fork(2) or posix_spawn(3), and call cmio_child_init(). cmio does not handle SIGCHLD, sets no
 * action for it, and waits for no process but this child.
 *
 * The system hands out the status of an ended process once, to whoever waits for it first. So leave
 * a child to cmio_child_status(): a waitpid(-1, ...) elsewhere, or SIGCHLD set to SIG_IGN, takes
 * the status away (-ECHILD). Linux knows the process by a pidfd, so that nothing is done to another
 * process that got its number after that. The BSDs and macOS know it by the number, which is the
 * child's own only until somebody waits for it.
 *
 * The caller allocates the struct. In zeroed memory it is a closed child, which may be closed
 * again. It may be moved if only one copy of it is used afterwards.
 *
 * **Threads**: one thread at a time uses it.
 *
 * **Source**: pidfd_open(2), kqueue(2) with EVFILT_PROC.
 */
struct cmio_child {
    struct cmio_source source; /**< What to register. Its members are internal. */
    pid_t pid;                 /**< Internal, like the members below. See cmio_child_pid(). */
    int outcome;               /**< Internal. */
    int status;                /**< Internal. See cmio_child_status(). */
    int pause;                 /**< Internal. */
};

/**
 * Begins to watch a process.
 *
 * One descriptor is opened, close-on-exec.
 *
 * @param child  Receives the child, which is not registered. The caller owns it. Close it with
 *               cmio_child_close(). Untouched on failure.
 * @param pid    The process: a child of this process, running or ended, which nobody has waited
 *               for.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: child is NULL, or pid is not positive.
 * - -ESRCH: no such process exists.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM: memory is short.
 * - -ENOSYS: the kernel has no pidfd_open(2): Linux before 5.3.
 * - -EPERM: a sandbox does not permit the system call.
 * - -ENOTSUP: the system has nothing to watch a child with.
 * - Other errors of pidfd_open(2), kqueue(2) or kevent(2), such as -ENOENT for the number of a
 *   thread.
 *
 * **Threads**: any thread.
 *
 * **Source**: pidfd_open(2), kqueue(2) with EVFILT_PROC.
 */
CMIO_API int cmio_child_init(struct cmio_child *child, pid_t pid);

/**
 * Returns the number of a child's process.
 *
 * Once cmio_child_status() has returned the status, the system may give the number to another
 * process.
 *
 * @param child  The child. Borrowed.
 *
 * **Returns** the number, which is positive.
 *
 * **Errors**:
 * - -EINVAL: child is NULL.
 * - -EBADF: the child is closed.
 *
 * **Threads**: the thread that the child belongs to.
 */
CMIO_API pid_t cmio_child_pid(const struct cmio_child *child);

/**
 * Returns the descriptor that tells of a child's end.
 *
 * Wait until it is readable and do nothing else with it. It is a pidfd on Linux and a kqueue on the
 * BSDs and macOS.
 *
 * @param child  The child. Borrowed.
 *
 * **Returns** the descriptor, which stays the child's.
 *
 * **Errors**:
 * - -EINVAL: child is NULL.
 * - -EBADF: the child is closed.
 *
 * **Threads**: the thread that the child belongs to.
 *
 * **Source**: pidfd_open(2), kqueue(2).
 */
CMIO_API int cmio_child_fd(const struct cmio_child *child);

/**
 * Finds out how a child has ended, without waiting.
 *
 * The first call that succeeds takes the status from the system, which forgets the process. Later
 * calls return it again.
 *
 * After an event, the call may still return -EAGAIN, because the system does not hand out the
 * status yet. Another event comes when it does. This happens if the process ended under a tracer
 * other than this process (ptrace(2)), until the tracer has waited for it or has gone. On poll(2)
 * and kqueue(2) that event comes up to 50 ms late, and others may come before it. With CMIO_LEVEL
 * on Linux, events repeat until then. If this process itself traces the child, the child's stops
 * are left to whoever waits for them.
 *
 * @param child   The child. Borrowed.
 * @param status  Receives the status as waitpid(2) returns it, for WIFEXITED() and the other macros
 *                of `<sys/wait.h>`. Untouched on failure.
 *
 * **Returns** 0 if the process has ended.
 *
 * **Errors**:
 * - -EAGAIN: the process runs or is stopped, or the system does not hand out its status yet.
 * - -EINVAL: child or status is NULL.
 * - -EBADF: the child is closed.
 * - -ECHILD: the status went to someone else, or the process is not a child of this process. Every
 *   later call returns this, too.
 * - -ENOMEM: memory is short. Call again later. Only the BSDs and macOS have this error.
 *
 * **Threads**: the thread that the child belongs to, also while another one waits on the poll.
 *
 * **Source**: waitid(2), waitpid(2).
 */
CMIO_API int cmio_child_status(struct cmio_child *child, int *status);

/**
 * Sends a signal to a child.
 *
 * The signal never goes to another process that got the child's number: after cmio_child_status()
 * has returned 0 or -ECHILD, nothing is sent.
 *
 * @param child   The child. Borrowed.
 * @param number  The signal, such as SIGTERM. 0 sends none and only looks whether it could be sent.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: child is NULL, or the system has no signal of this number.
 * - -EBADF: the child is closed.
 * - -EPERM: this process may not send the signal to the child.
 * - -ESRCH: the process has ended and was waited for.
 * - Other errors of pidfd_send_signal(2) or kill(2).
 *
 * **Threads**: the thread that the child belongs to.
 *
 * **Source**: pidfd_send_signal(2), kill(2).
 */
CMIO_API int cmio_child_kill(struct cmio_child *child, int number);

/**
 * Deregisters a child and closes its descriptor.
 *
 * The process is neither ended nor waited for, which is left to the caller. The child is closed
 * whatever this call returns.
 *
 * @param child  The child. NULL is allowed, and so is a zeroed or closed child, for which the call
 *               does nothing.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the child is closed nevertheless:
 * - -EBADF: the descriptor was closed behind the child's back.
 * - Other errors of epoll_ctl(2), kevent(2) or close(2).
 *
 * **Threads**: the thread that the child belongs to, also while another one waits on the poll.
 */
CMIO_API int cmio_child_close(struct cmio_child *child);

CMIO_END_DECLS

#endif
