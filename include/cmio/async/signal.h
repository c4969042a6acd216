/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SIGNAL_H
#define CMIO_ASYNC_SIGNAL_H

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/* Waits for a signal. Its members are private. */
struct cmio_signal_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
};

/*
 * A future that is ready once a signal of the set that io is bound to (cmio_io_bind_signals()) was
 * delivered to the process. Its result is the number; each delivery is told once
 * (cmio_signals_next()). Dropping it loses none. The workers of an executor block such signals: some
 * other thread of the program must not. Errors of its own: -EBUSY when another future waits for the
 * set; -EBADF for a binding that was closed before; -ECANCELED when it is closed meanwhile. Errors of
 * init: -EINVAL for a null argument, or a binding of something else.
 */
CMIO_API int cmio_signal_future_init(struct cmio_signal_future *signal, struct cmio_io *io);

CMIO_END_DECLS

#endif
