/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_ACCEPTOR_H
#define ASYNC_ACCEPTOR_H

#include <stdbool.h>

#include <cmio/address.h>
#include <cmio/async.h>
#include <cmio/tcp_listener.h>
#include <cmio/tcp_stream.h>

/*
 * A future that accepts TCP connections and hands each one on. It is never ready: drop it to stop
 * accepting, which closes the listener. The caller fills in the first members, and moves it no more
 * once it is open.
 */
struct acceptor {
    struct cmio_coroutine coroutine;
    /* Each connection needs a permit, which whoever closes it releases. NULL: no limit. */
    struct cmio_semaphore *room;
    /*
     * Starts a task for a connection. If it returns 0, the task owns the stream; otherwise it is a
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
 * Listens on the address, in which port 0 becomes the port that was free. Returns 0 or a negative
 * errno. acceptor_close() may follow in either case.
 */
int acceptor_open(struct acceptor *acceptor, struct cmio_executor *executor,
                  struct cmio_address *address);

/*
 * Instead of the acceptor, when no one else is to be accepted: a future that accepts and hands on
 * those who wait in the kernel's queue, as soon as there is room for each, and is ready when there
 * is no one left. acceptor_close() follows.
 */
struct cmio_future *acceptor_finish(struct acceptor *acceptor);

/* Drops it. It may have been dropped before, or never opened if its memory is zeroed. */
void acceptor_close(struct acceptor *acceptor);

#endif
