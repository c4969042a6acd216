/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_ACCEPTOR_H
#define ASYNC_ACCEPTOR_H

#include <stdbool.h>

#include <cmio/address.h>
#include <cmio/async.h>
#include <cmio/tcp_listener.h>
#include <cmio/tcp_stream.h>

/*
 * A future that accepts TCP connections and hands each one on. It is never ready. Drop it to stop
 * accepting, which closes the listener. The caller fills in the first members, and must not move it
 * once it is open.
 */
struct acceptor {
    struct cmio_coroutine coroutine;
    /* Each connection needs a permit. Release it when closing the connection. NULL: no limit. */
    struct cmio_semaphore *room;
    /*
     * Starts a task for a connection. Returns 0 if the task owns the stream now, otherwise a
     * negative errno.
     */
    int (*serve)(void *owner, struct cmio_tcp_stream *stream);
    void *owner;

    /* Private. */
    struct cmio_tcp_listener listener;
    struct cmio_io io;
    struct cmio_tcp_stream stream;
    struct cmio_acquire_future acquire;
    struct cmio_accept_future accept;
    struct cmio_sleep_future pause;
    int result; /* of the last accept */
    bool finishes;
    bool has_room; /* a permit that no connection has yet */
    bool complained;
};

/*
 * Listens on the address. Port 0 in it is replaced by a free port. Returns 0 or a negative errno.
 * acceptor_close() may follow in either case.
 */
int acceptor_open(struct acceptor *acceptor, struct cmio_executor *executor,
                  struct cmio_address *address);

/*
 * Replaces the acceptor at the end: a future that accepts the clients in the kernel's queue and
 * hands them on, as soon as there is room for each. It is ready when no client is left. Call
 * acceptor_close() afterwards.
 */
struct cmio_future *acceptor_finish(struct acceptor *acceptor);

/* Drops it. It may have been dropped before. Zeroed memory that was never opened is accepted. */
void acceptor_close(struct acceptor *acceptor);

#endif
