/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SIGNALS_H
#define CMIO_SIGNALS_H

/**
 * @file
 * Signals as sources: an event tells that one of a set of signals was delivered.
 */

#include <stddef.h>

#include <cmio/export.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

struct cmio__signal_watch;

/**
 * A set of signals as a source, which is readable when one of them was delivered to the process.
 *
 * Register it for CMIO_READABLE, and call cmio_signals_next() after an event until it returns
 * -EAGAIN. Sets may overlap, in one poll or in several: each set hears every signal in it. Several
 * deliveries of one number before it is taken count once, like pending signals.
 *
 * A set works by a signal handler, which sigaction(2) installs for each number, with SA_RESTART and
 * SA_ONSTACK, unless it is installed already. Closing the last set that has a number puts the
 * action before it back. Signal masks are not touched, so a signal that every thread blocks is not
 * heard. While a set has a signal, the action before does not happen, for example the default
 * action that ends the process. If the handler is called for a signal that no set of the process
 * has, it does what the action before does.
 *
 * A child of fork(2) hears nothing through the sets of its parent. It may close those that were not
 * registered at the fork. Its actions are those from before the sets, and it may make sets of its
 * own. A child of vfork(2) or clone(2) has the handler, which does what those actions do. If the
 * linker knows -z nodelete, the shared library stays mapped after dlclose(3), because its handler
 * may be installed. Otherwise close all sets before you unload the library.
 *
 * The caller allocates the struct. In zeroed memory it is a closed set, which may be closed again.
 * It may be moved if only one copy of it is used afterwards.
 *
 * **Threads**: one thread at a time uses a set. No set is used in a signal handler.
 *
 * **Source**: signal(7), sigaction(2).
 */
struct cmio_signals {
    struct cmio_source source;        /**< What to register. Its members are internal. */
    struct cmio__signal_watch *watch; /**< Internal. */
};

/**
 * Makes a set of signals and begins to listen for them.
 *
 * Two descriptors are opened, close-on-exec. The first set of the process also registers a handler
 * for children with pthread_atfork(3).
 *
 * @param set      Receives the set, which is not registered. The caller owns it. Close it with
 *                 cmio_signals_close(). Untouched on failure.
 * @param numbers  The signal numbers, such as SIGTERM. Borrowed for the call. A number may occur
 *                 more than once.
 * @param count    The number of elements of numbers, at least 1.
 *
 * **Returns** 0.
 *
 * **Errors**, after which no action has changed:
 * - -EINVAL: set or numbers is NULL, count is 0, or a number cannot be caught this way: SIGKILL,
 *   SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, and numbers that the system does not have or that the
 *   C library reserves.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread, but not a signal handler.
 *
 * **Source**: sigaction(2), pipe(2), pthread_atfork(3).
 */
CMIO_API int cmio_signals_init(struct cmio_signals *set, const int *numbers, size_t count);

/**
 * Takes the next signal of a set that was delivered.
 *
 * After an event, call it until it returns -EAGAIN. Each number that was delivered is returned
 * once, lower numbers first.
 *
 * @param set  The set. Borrowed.
 *
 * **Returns** the number of the signal.
 *
 * **Errors**:
 * - -EAGAIN: no signal is there. In a forked child, the sets of the parent always return this.
 * - -EINVAL: set is NULL.
 * - -EBADF: the set is closed.
 *
 * **Threads**: the thread that the set belongs to, also while another one waits on the poll. Not a
 * signal handler.
 */
CMIO_API int cmio_signals_next(struct cmio_signals *set);

/**
 * Closes a set: deregisters it, stops listening and puts back the actions from before it.
 *
 * Actions are put back for the signals that no other set has. If someone has replaced cmio's
 * handler for a signal meanwhile, that action stays. The set is closed whatever this call returns.
 *
 * @param set  The set. NULL is allowed, and so is a zeroed or closed set, for which the call does
 *             nothing.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the set is closed nevertheless:
 * - -EBADF: the set's descriptor was closed behind its back.
 * - Other errors of epoll_ctl(2), kevent(2) or close(2).
 *
 * **Threads**: the thread that the set belongs to, also while another one waits on the poll. Not a
 * signal handler.
 */
CMIO_API int cmio_signals_close(struct cmio_signals *set);

CMIO_END_DECLS

#endif
