/* SPDX-License-Identifier: MIT */
#include "server/client.h"

#include <errno.h>

#include <cmio/event.h>

#include "server/stop.h"

enum { CHOICE_READY, CHOICE_STOPPED, CHOICE_CLOCK, CHOICES };

void client_init(struct client *client, struct cmio_tcp_stream *stream,
                 struct cmio_semaphore *stop) {
    *client = (struct client){.stream = *stream, .stop = stop};
}

int client_bind(struct client *client) {
    return cmio_io_bind_tcp_stream(&client->io, NULL, &client->stream);
}

/*
 * The future for the connection itself. A wait for the end may leave bytes unread, and no further
 * event reports them. So until a read has found no more, the connection counts as ready, after the
 * others have had their turn.
 */
static struct cmio_future *readiness(struct client *client, enum conversation_wait what) {
    client->what = what;
    if (what == CONVERSATION_WAIT_READ && client->unread) {
        (void)cmio_yield_future_init(&client->again);
        return &client->again.future;
    }
    (void)cmio_ready_future_init(&client->ready, &client->io,
                                 what == CONVERSATION_WAIT_WRITE ? CMIO_WRITABLE : CMIO_READABLE);
    return &client->ready.future;
}

/*
 * The initialisers cannot fail with these arguments. If several futures are ready, the first one
 * counts, so a request that has arrived is served although the time is up. Once the server stops,
 * the limit takes account of it, and the semaphore has nothing more to tell.
 */
struct cmio_future *client_wait(struct client *client, enum conversation_wait what,
                                int64_t deadline, bool idle) {
    bool stopping = stop_deadline() != CMIO_FOREVER;
    (void)cmio_acquire_future_init(&client->stopped, client->stop, 1);
    (void)cmio_sleep_until_future_init(&client->clock, conversation_limit(deadline, idle));
    client->choices[CHOICE_READY] = readiness(client, what);
    client->choices[CHOICE_STOPPED] = stopping ? NULL : &client->stopped.future;
    client->choices[CHOICE_CLOCK] = &client->clock.future;
    (void)cmio_select_future_init(&client->select, client->choices, CHOICES);
    return &client->select.future;
}

bool client_waited(struct client *client) {
    for (int i = 0; i < CHOICES; i++)
        cmio_future_drop(client->choices[i]);
    ssize_t choice = client->select.future.result;
    return choice == CHOICE_READY || choice == CHOICE_STOPPED; /* look again if stopped */
}

/*
 * An event may report it, but that is only a hint, which some systems never give. Peeking at the
 * next byte is certain. It leaves a pipelined request in place, so the source is still readable,
 * but that was reported already.
 */
bool client_has_left(struct client *client) {
    if (client->select.future.result != CHOICE_READY)
        return false;
    ssize_t flags = client->ready.future.result;
    if (flags < 0 || (flags & (CMIO_READ_CLOSED | CMIO_ERROR)) != 0)
        return true;
    char next;
    ssize_t n = cmio_tcp_stream_peek(&client->stream, &next, 1);
    if (n == 0 || (n < 0 && n != -EAGAIN))
        return true;
    client->unread |= n > 0;
    (void)cmio_io_note(&client->ready, -EAGAIN);
    return false;
}

ssize_t client_read(struct client *client, void *buffer, size_t length) {
    ssize_t n = cmio_tcp_stream_read(&client->stream, buffer, length);
    if (n == -EAGAIN)
        client->unread = false;
    bool is_noted = client->choices[CHOICE_READY] == &client->ready.future;
    return is_noted ? cmio_io_note(&client->ready, n) : n;
}

/* The first try comes without a wait for room, and has no readiness to note. */
ssize_t client_write(struct client *client, const struct iovec *parts, int count) {
    ssize_t n = count == 1 ? cmio_tcp_stream_write(&client->stream, parts->iov_base, parts->iov_len)
                           : cmio_tcp_stream_writev(&client->stream, parts, count);
    return client->what == CONVERSATION_WAIT_WRITE ? cmio_io_note(&client->ready, n) : n;
}

void client_close(struct client *client) {
    (void)cmio_io_close(&client->io);
    (void)cmio_tcp_stream_close(&client->stream);
}
