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
 * It works by a handler, installed for each number with sigaction(2) when the first set wants it,
 * with SA_RESTART; the action before is restored with the last set. Signal masks are not touched: a
 * signal that every thread blocks is not heard. The default action, for example to end the process,
 * does not happen while a set has the signal. A forked child hears nothing through its parent's
 * sets.
 */
struct cmio_signals {
    struct cmio_source source;
    struct cmio__signal_watch *watch;
};

/*
 * Begins to listen for count signal numbers. Errors: -EINVAL for a null argument, no number, or one
 * that cannot be caught this way (SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, numbers that
 * the system does not have); -EMFILE, -ENFILE, -ENOMEM. On failure no action has changed. Any
 * thread.
 */
CMIO_API int cmio_signals_init(struct cmio_signals *signals, const int *numbers, size_t count);

/*
 * The next signal that was delivered, its number, each once; -EAGAIN when there is none: call it
 * until then after an event. -EINVAL for NULL, -EBADF after close.
 */
CMIO_API int cmio_signals_next(struct cmio_signals *signals);

/*
 * Deregisters, and restores the actions of the signals that no other set wants, unless someone
 * replaced them since. NULL, a zeroed or closed set is allowed: 0. It is closed whatever comes
 * back. Not from a signal handler.
 */
CMIO_API int cmio_signals_close(struct cmio_signals *signals);

CMIO_END_DECLS

#endif
