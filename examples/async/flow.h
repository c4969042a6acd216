/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_FLOW_H
#define ASYNC_FLOW_H

#include <stdint.h>

#include <cmio/async.h>

/*
 * One direction of a connection that is passed on: a coroutine that reads and writes until the end of
 * the one side, which becomes a half-close of the other. Its members are private.
 */
struct flow {
    struct cmio_coroutine coroutine;
    struct cmio_io *from, *to;
    int64_t *moved;
    struct cmio_read_future read;
    struct cmio_write_all_future write;
    struct cmio_shutdown_future shutdown;
    char bytes[8192];
};

/*
 * A future that is ready, with 0, when all was passed on, or with an error. In moved it notes when
 * something was. Dropping it loses what was read and not written yet.
 */
struct cmio_future *flow_start(struct flow *flow, struct cmio_io *from, struct cmio_io *to,
                               int64_t *moved);

#endif
