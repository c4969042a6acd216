/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CONNECT_NAME_H
#define CMIO_ASYNC_CONNECT_NAME_H

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

/* How many connects to addresses of one host may be in progress at once. */
enum { CMIO_CONNECT_ATTEMPTS_MAX = 4 };

/* One connect in progress. Its members are private. */
struct cmio__connect_attempt {
    struct cmio_connect_future connect;
    struct cmio_io io;
    struct cmio_tcp_stream stream;
};

/* Connects to a host by its name. Its members are private. */
struct cmio_connect_name_future {
    struct cmio_future future;
    struct cmio_blocking_future job;
    struct cmio__lookup *lookup;
    const struct addrinfo *left[2]; /* addresses not tried yet, by family */
    unsigned turn;                  /* which of the two is next */
    bool is_listed;                 /* the addresses are known */
    bool is_due;                    /* another attempt may begin */
    struct cmio_sleep_future delay;
    struct cmio__connect_attempt attempts[CMIO_CONNECT_ATTEMPTS_MAX];
    struct cmio_io *io;
    struct cmio_tcp_stream *stream;
    int error; /* of the last attempt that failed */
};

/*
 * A future that is ready, with 0, once stream is connected to a TCP port of the host, and io is the
 * stream's binding to the executor of the task: both the caller's to close, io first. Both must stay
 * until the end; init zeroes them, so that they may be closed whatever happens.
 *
 * The host is looked up as cmio_resolve_future_init() does. Its addresses are tried in the order of
 * RFC 6724, the two families in turn (RFC 8305, section 4). Another attempt begins 250 ms after the
 * one before, or at once when one fails, with at most CMIO_CONNECT_ATTEMPTS_MAX in progress; the
 * first to succeed wins, and the others are closed (RFC 8305, section 5).
 *
 * After an error, and when the future is dropped at any point, nothing is open. Errors of init:
 * -EINVAL for a null argument or an empty name; -ENAMETOOLONG; -ENOMEM. The future's own: those of
 * cmio_resolve_future_init(); or, when no attempt succeeded, the error of the last one that failed.
 */
CMIO_API int cmio_connect_name_future_init(struct cmio_connect_name_future *connect,
                                           struct cmio_io *io, struct cmio_tcp_stream *stream,
                                           const char *host, uint16_t port);

CMIO_END_DECLS

#endif
