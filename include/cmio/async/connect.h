/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CONNECT_H
#define CMIO_ASYNC_CONNECT_H

#include <stdbool.h>

#include <cmio/address.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>
#include <cmio/tcp_stream.h>
#include <cmio/unix_stream.h>

CMIO_BEGIN_DECLS

struct cmio__connect_ops;

/* Connects. Its members are private. */
struct cmio_connect_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    const struct cmio__connect_ops *connect_ops;
    struct cmio_io *io;
    void *stream;
    bool has_begun;
    struct cmio_address address;
};

/*
 * A future that is ready, with 0, once stream is connected to the address, which is copied, and io is
 * the stream's binding to the executor of the task: both the caller's to close, io first. Both must
 * stay until the end; init zeroes them, so that they may be closed whatever happens. After an error,
 * and when it is dropped at any point, they are closed, and nothing is open.
 *
 * Errors of its own: those of the stream's connect and finish_connect calls (-ECONNREFUSED,
 * -ETIMEDOUT, -ENOENT, -EMFILE, ...; -EAGAIN of a Unix listener whose queue is full, of which no event
 * tells: try again after a while) and of binding. Errors of init: -EINVAL for a null argument;
 * -EAFNOSUPPORT for an address of another family.
 */
CMIO_API int cmio_connect_tcp_future_init(struct cmio_connect_future *connect, struct cmio_io *io,
                                          struct cmio_tcp_stream *stream,
                                          const struct cmio_address *address);
CMIO_API int cmio_connect_unix_future_init(struct cmio_connect_future *connect, struct cmio_io *io,
                                           struct cmio_unix_stream *stream,
                                           const struct cmio_address *address);

CMIO_END_DECLS

#endif
