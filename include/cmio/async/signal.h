/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SIGNAL_H
#define CMIO_ASYNC_SIGNAL_H

/**
 * @file
 * A future that waits for a signal.
 */

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A future that waits for a signal. cmio_signal_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_signal_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal. */
    struct cmio__io_wait wait;
};

/**
 * Makes a future that is ready once a signal of a set was delivered to the process.
 *
 * Each delivery is reported once; see cmio_signals_next(). The workers of an executor block such
 * signals, so some other thread of the program must not block them.
 *
 * @param signal  The future to initialise. It stays the caller's.
 * @param io      The binding of the set: cmio_io_bind_signals(). Borrowed until the future has
 *                ended or io is closed.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the number of the signal.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: signal or io is NULL, or io is not a binding of a set of signals.
 * - -EBUSY: another future waits for the set.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 *
 * **Cancellation**: dropping the pending future loses no signal. The next future reports it.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: signal(7), sigaction(2).
 */
CMIO_API int cmio_signal_future_init(struct cmio_signal_future *signal, struct cmio_io *io);

CMIO_END_DECLS

#endif
