/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_CLIENT_H
#define SLEEP_SERVER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cmio/async.h>
#include <cmio/tcp_stream.h>

#include "server/conversation.h"

/*
 * A connection of a task of libcmio-async. Each wait is for three things at once: the connection is
 * ready, the time is up, or the server must stop.
 *
 *     await client_wait(client, what, deadline, idle);
 *     if (client_waited(client)) ...
 */
struct client {
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct cmio_semaphore *stop; /* closed when the server must stop */
    enum conversation_wait what; /* what the last wait was for */
    bool unread;                 /* a wait for the end may have left bytes */
    struct cmio_ready_future ready;
    struct cmio_yield_future again;
    struct cmio_acquire_future stopped;
    struct cmio_sleep_future clock;
    struct cmio_future *choices[3];
    struct cmio_select_future select;
};

/* Takes the stream over. It may be moved until it is bound. */
void client_init(struct client *client, struct cmio_tcp_stream *stream,
                 struct cmio_semaphore *stop);

/* Binds the stream to the task's executor. Returns 0 or a negative errno. */
int client_bind(struct client *client);

/* Returns a future to await. Call client_waited() afterwards. */
struct cmio_future *client_wait(struct client *client, enum conversation_wait what,
                                int64_t deadline, bool idle);

/* Whether the client may be ready: false if the time was up first or the task was aborted. */
bool client_waited(struct client *client);

/* After a wait for the client's end: whether the client has left. */
bool client_has_left(struct client *client);

/* Neither of them waits. Both return a count or a negative errno. */
ssize_t client_read(struct client *client, void *buffer, size_t length);
ssize_t client_write(struct client *client, const struct iovec *parts, int count);

void client_close(struct client *client);

#endif
