/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CONNECT_NAME_H
#define CMIO_ASYNC_CONNECT_NAME_H

/**
 * @file
 * A future that connects a TCP stream to a host by its name.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/async/blocking.h>
#include <cmio/async/connect.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/async/sleep.h>
#include <cmio/export.h>
#include <cmio/tcp_stream.h>

CMIO_BEGIN_DECLS

struct addrinfo; /* <netdb.h> */
struct cmio__lookup;

/** A limit of cmio_connect_name_future_init(). */
enum {
    /** How many connects to addresses of one host may be in progress at once. */
    CMIO_CONNECT_ATTEMPTS_MAX = 4
};

/** Internal: one connect in progress. */
struct cmio__connect_attempt {
    /** Internal, together with the members after it. */
    struct cmio_connect_future connect;
    struct cmio_io io;
    struct cmio_tcp_stream stream;
};

/**
 * A future that connects to a host by its name. cmio_connect_name_future_init() makes it.
 *
 * It must be awaited to its end or dropped, because it holds memory. Zeroed memory is an ended
 * future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_connect_name_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_blocking_future job;
    struct cmio__lookup *lookup;
    const struct addrinfo *left[2]; /**< Internal: addresses that were not tried yet, by family. */
    unsigned turn;                  /**< Internal: which of the two is next. */
    bool is_listed;                 /**< Internal: the addresses are known. */
    bool is_due;                    /**< Internal: another attempt may begin. */
    struct cmio_sleep_future delay;
    struct cmio__connect_attempt attempts[CMIO_CONNECT_ATTEMPTS_MAX];
    struct cmio_io *io;
    struct cmio_tcp_stream *stream;
    int error; /**< Internal: the error of the last attempt that failed. */
};

/**
 * Makes a future that connects a TCP stream to a host by its name, and binds it to the executor of
 * the task.
 *
 * The host is looked up with getaddrinfo(3) on a thread for blocking functions, or in this call if
 * it is a number such as `127.0.0.1` or `::1`. Its addresses are tried in the order of RFC 6724,
 * the two families in turn (RFC 8305, section 4). Another attempt begins 250 ms after the one
 * before it, or at once when an attempt fails. At most CMIO_CONNECT_ATTEMPTS_MAX attempts are in
 * progress. The first to succeed wins, and the others are closed (RFC 8305, section 5).
 *
 * The call allocates memory, which the future frees when it ends. It zeroes io and stream, so both
 * may be closed whatever happens.
 *
 * @param connect  The future to initialise. It stays the caller's.
 * @param io       Where the binding is stored. It must stay in place, and be left alone, until the
 *                 future has ended. On success the caller closes it with cmio_io_close(), before
 *                 stream.
 * @param stream   Where the stream is stored. It must not be open. It must stay in place, and be
 *                 left alone, until the future has ended. On success it is open, and the caller
 *                 closes it.
 * @param host     The name of the host, at most CMIO_HOST_NAME_MAX bytes, or a number. It is
 *                 copied.
 * @param port     The TCP port to connect to, in the byte order of the host.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once stream is connected and io is its binding.
 *
 * **Errors** of this call (-EINVAL, -ENAMETOOLONG and -ENOMEM, after which connect, io and stream
 * are untouched) and of the future (-ENOMEM and all others, after which nothing is open):
 * - -EINVAL: connect, io, stream or host is NULL, or host is empty.
 * - -ENAMETOOLONG: host is longer than CMIO_HOST_NAME_MAX bytes.
 * - -ENOMEM: memory is short.
 * - -ENOENT: there is no such host, or it has no address.
 * - -EAGAIN: the name server did not answer, or the system starts no more threads. Try again later.
 * - -EIO: the name service failed for good.
 * - -ESHUTDOWN: the executor is being shut down.
 * - Other errors of the last attempt that failed, which cmio_connect_tcp_future_init() lists, or of
 *   the system, if getaddrinfo(3) reports one (EAI_SYSTEM).
 *
 * **Cancellation**: dropping the pending future abandons the lookup and closes all streams, even if
 * one is connected already. Nothing is open afterwards. A future that was ready has connected its
 * stream: look at its result before you forget it, because stream is open then.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 *
 * **Source**: RFC 8305, RFC 6724, getaddrinfo(3), connect(2).
 */
CMIO_API int cmio_connect_name_future_init(struct cmio_connect_name_future *connect,
                                           struct cmio_io *io, struct cmio_tcp_stream *stream,
                                           const char *host, uint16_t port);

CMIO_END_DECLS

#endif
