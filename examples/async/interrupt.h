/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_INTERRUPT_H
#define ASYNC_INTERRUPT_H

#include <cmio/async.h>
#include <cmio/signals.h>

/*
 * SIGINT and SIGTERM, and a wait for one of them or for something else. It must not be moved. The
 * second signal ends the process: see common/program.h.
 */
struct interrupt {
    struct cmio_signals signals;
    struct cmio_io io;
    struct cmio_signal_future signal;
    struct cmio_future *choices[2];
    struct cmio_select_future select;
};

/* Returns 0 or a negative errno. interrupt_close() may follow in either case. */
int interrupt_open(struct interrupt *interrupt, struct cmio_executor *executor);

/*
 * A future that ends when a signal comes or the other future has ended. Then interrupt_number()
 * returns the signal's number, or 0.
 */
struct cmio_future *interrupt_or(struct interrupt *interrupt, struct cmio_future *other);
int interrupt_number(struct interrupt *interrupt);

void interrupt_close(struct interrupt *interrupt);

#endif
