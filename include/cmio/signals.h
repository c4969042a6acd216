/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SIGNALS_H
#define CMIO_SIGNALS_H

#include <stddef.h>

#include <cmio/export.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

struct cmio__signal_watch;

/*
 * A set of signals (signal(7)) as a source: it is readable when one of them was delivered to the
 * process. Sets may overlap, in one poll or several: each hears every signal in it. Like pending
 * signals, several deliveries of one number before it is taken are one.
 *
 * It works by a handler, which sigaction(2) installs for each number, with SA_RESTART and
 * SA_ONSTACK, unless it is there already; the last set puts the action before it back. Signal masks
 * are not touched: a signal that every thread blocks is not heard. While a set has a signal, the
 * action before does not happen, for example the default that ends the process. If the handler is
 * called for a signal that no set of the process has, it does what the action before does.
 *
 * A child of fork(2) hears nothing through its parent's sets, which it may close if they were
 * unregistered at the fork. It has the actions that were there before them, and may make sets of
 * its own. A child of vfork(2) or clone(2) has the handler, which does what those actions do. Where
 * the linker knows -z nodelete, the library stays mapped after dlclose(3), since its handler may be
 * installed; elsewhere close all sets first.
 */
struct cmio_signals {
    struct cmio_source source;
    struct cmio__signal_watch *watch;
};

/*
 * Begins to listen for count signal numbers. Errors: -EINVAL for a null argument, no number, or one
 * that cannot be caught this way (SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, numbers that
 * the system does not have); -EMFILE, -ENFILE, -ENOMEM. On failure no action has changed. The first
 * set also registers a handler for children with pthread_atfork(3). Any thread; not from a signal
 * handler.
 */
CMIO_API int cmio_signals_init(struct cmio_signals *set, const int *numbers, size_t count);

/*
 * The next signal that was delivered, its number, each once; -EAGAIN when there is none: call it
 * until then after an event. -EINVAL for NULL, -EBADF after close. In a forked child a set of the
 * parent's gives -EAGAIN.
 */
CMIO_API int cmio_signals_next(struct cmio_signals *set);

/*
 * Deregisters, and restores the actions of the signals that no other set wants, unless someone
 * replaced them since. NULL, a zeroed or closed set is allowed: 0. It is closed whatever comes
 * back. Not from a signal handler.
 */
CMIO_API int cmio_signals_close(struct cmio_signals *set);

CMIO_END_DECLS

#endif
