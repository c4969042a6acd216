/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_FLOW_H
#define ASYNC_FLOW_H

#include <stdint.h>

#include <cmio/async.h>

/*
 * One direction of a proxied connection: a coroutine that reads from one side and writes to the
 * other until the first one ends. It then shuts down the other for writing. Its members are
 * private.
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
 * Returns a future that is ready with 0 when everything was passed on, or with an error. It records
 * in moved when bytes last moved. Dropping it loses bytes that were read but not written yet.
 */
struct cmio_future *flow_start(struct flow *flow, struct cmio_io *from, struct cmio_io *to,
                               int64_t *moved);

#endif
