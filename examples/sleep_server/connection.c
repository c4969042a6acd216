/* SPDX-License-Identifier: MIT */

/*
 * A connection from its beginning to its end: what its events and its timer mean in each state.
 * request.c handles its requests, and answer.c its answers.
 */

#include "sleep_server/connection.h"

#include <errno.h>
#include <stdlib.h>

#include "sleep_server/loop.h"
#include "sleep_server/server.h"

enum { READS_A_TURN = 16 }; /* before other connections have theirs: see also request.c */

static const int64_t linger_time = 2 * CMIO_SECOND;

/* ---- Time ---- */

/*
 * Each wait sets the timer anew. That is cheap and no system call: a timer is a place in a wheel,
 * and only the nearest deadline reaches the kernel, as the timeout of the wait. cmio_timers_set()
 * fails only for wrong arguments, and cmio_timers_cancel() for a timer that is not set, so there is
 * nothing to handle here.
 */
void connection_set_deadline(struct loop *loop, struct connection *connection, int64_t deadline) {
    (void)cmio_timers_set(loop->timers, &connection->timer, deadline);
}

void connection_set_timeout(struct loop *loop, struct connection *connection, int64_t timeout) {
    connection_set_deadline(loop, connection, timeout == 0 ? CMIO_FOREVER : cmio_now() + timeout);
}

/* ---- Its beginning ---- */

/*
 * Accepts the stream right into the connection and registers it once, for its whole life. With
 * edge-triggered events nothing has to be switched off while a request sleeps: no event comes
 * twice.
 */
int connection_open(struct loop *loop, struct connection *connection) {
    *connection = (struct connection){.state = CONNECTION_UNUSED};
    int result = cmio_tcp_listener_accept(&loop->listener, &connection->stream, NULL);
    if (result < 0)
        return result;
    /* Answers to pipelined requests must not wait for each other's acknowledgement. */
    (void)cmio_tcp_stream_set_nodelay(&connection->stream, true);
    result = cmio_registry_register(cmio_poll_registry(loop->poll), &connection->stream.source,
                                    (cmio_token)connection, CMIO_READABLE);
    if (result < 0) {
        (void)cmio_tcp_stream_close(&connection->stream);
        return result;
    }
    (void)cmio_timer_init(&connection->timer, (cmio_token)connection);
    connection->state = CONNECTION_RECEIVING;
    connection_begin_request(loop, connection);
    connection_await_more(loop, connection);
    loop->open++;
    loop->statistics.connections++;
    return 0;
}

/* ---- Its place among the busy ---- */

static void connection_enter_busy(struct loop *loop, struct connection *connection) {
    connection->next_busy = NULL;
    connection->busy_link = loop->busy_end;
    *loop->busy_end = connection;
    loop->busy_end = &connection->next_busy;
}

static void connection_leave_busy(struct loop *loop, struct connection *connection) {
    if (connection->busy_link == NULL)
        return;
    *connection->busy_link = connection->next_busy;
    if (connection->next_busy != NULL)
        connection->next_busy->busy_link = connection->busy_link;
    else
        loop->busy_end = connection->busy_link;
    connection->busy_link = NULL;
}

/* ---- Its end ---- */

void connection_log(const struct loop *loop, const struct connection *connection, uint16_t status,
                    size_t body_length) {
    if (loop->server->log.lines == NULL)
        return;
    struct cmio_address peer;
    bool known = cmio_tcp_stream_peer_address(&connection->stream, &peer) == 0;
    int64_t latency = connection->since == 0 ? 0 : cmio_now() - connection->since;
    access_log_write(&loop->server->log, known ? &peer : NULL, &connection->line, status,
                     body_length, latency);
}

/* The client is gone, and its requests in flight are lost. */
void connection_lost(struct loop *loop, struct connection *connection) {
    if (connection->since != 0 || connection->unsent != NULL || loop->answers.count > 0) {
        loop->statistics.left++;
        connection_log(loop, connection, 0, 0);
    }
    connection->state = CONNECTION_OVER;
}

/*
 * Closing deregisters, so no later wait reports the connection. But the current batch may still
 * hold an event for it, and the token of that event is about to point to freed memory.
 * cmio_events_purge() removes such events.
 */
static void connection_free(struct loop *loop, struct connection *connection) {
    (void)cmio_timers_cancel(loop->timers, &connection->timer);
    (void)cmio_tcp_stream_close(&connection->stream); /* closes even if it fails */
    cmio_events_purge(loop->events, (cmio_token)connection);
    connection_leave_busy(loop, connection);
    request_line_free(&connection->line);
    free(connection->backlog);
    free(connection->unsent);
    connection->state = CONNECTION_UNUSED;
    pool_give(&loop->connections, connection);
    loop->open--;
    atomic_fetch_sub(&loop->server->open, 1);

    /* Accepting paused because there was no room. Now there is, so try again at once. */
    if (cmio_timer_is_set(&loop->accept_again))
        (void)cmio_timers_set(loop->timers, &loop->accept_again, cmio_now());
}

/* Frees the connection if it is over. The functions below only mark it as over. */
static void connection_settle(struct loop *loop, struct connection *connection) {
    if (connection->state == CONNECTION_OVER)
        connection_free(loop, connection);
}

/*
 * Ends the connection after its last response. Closing a socket that holds unread bytes resets the
 * connection, and a reset may destroy the response before the client has read it. If such bytes are
 * likely, shut down only our side, and read until the client closes too: RFC 9112, 9.6.
 */
void connection_finish(struct loop *loop, struct connection *connection) {
    bool likely = connection->request.status != 200 || connection->backlog != NULL ||
                  (connection->readable && !connection->drained);
    if (!likely || cmio_tcp_stream_shutdown(&connection->stream, CMIO_SHUTDOWN_WRITE) < 0) {
        connection->state = CONNECTION_OVER;
        return;
    }
    connection->state = CONNECTION_LINGERING;
    connection_set_timeout(loop, connection, linger_time);
}

void connection_cut_off(void *object, void *context) {
    struct connection *connection = object;
    struct loop *loop = context;
    if (connection->state == CONNECTION_UNUSED)
        return;
    loop->statistics.cut_off += connection->since != 0 || connection->unsent != NULL;
    connection_free(loop, connection);
}

/* ---- Its events ---- */

static bool connection_has_backlog(const struct connection *connection) {
    return connection->state == CONNECTION_RECEIVING && connection->backlog != NULL;
}

static bool connection_may_read(const struct connection *connection) {
    bool reads =
        connection->state == CONNECTION_RECEIVING || connection->state == CONNECTION_LINGERING;
    return reads && connection->readable && !connection_has_backlog(connection);
}

/*
 * Works on a connection until nothing can be done without waiting, or until its turn is over. When
 * it stops before the kernel has returned -EAGAIN, no event will report the rest. So the loop
 * remembers such connections, and comes back to them before it waits.
 */
static void connection_go_on(struct loop *loop, struct connection *connection) {
    connection_leave_busy(loop, connection);
    if (connection->state == CONNECTION_RECEIVING && connection->backlog != NULL)
        connection_feed_backlog(loop, connection);
    for (int reads = 0; connection_may_read(connection) && reads < READS_A_TURN; reads++)
        connection_read(loop, connection);
    connection_flush(loop, connection);
    loop->turn_answers = loop->turn_length = 0;
    if (connection_may_read(connection) || connection_has_backlog(connection))
        connection_enter_busy(loop, connection);
    else if (loop->stopping && connection->state == CONNECTION_RECEIVING &&
             connection->request.stage == HTTP_STAGE_START)
        connection->state = CONNECTION_OVER; /* no request is expected any more */
}

void connection_continue(struct loop *loop, struct connection *connection) {
    connection_go_on(loop, connection);
    connection_settle(loop, connection);
}

/*
 * Whether the client of a sleeping request has left. An event may report it, but that is only a
 * hint, which some systems never give. Peeking at the next byte is certain, and leaves a pipelined
 * request in place.
 */
static bool connection_has_left(struct connection *connection, const struct cmio_event *event) {
    if (connection->ended || cmio_event_is_error(event))
        return true;
    char next;
    ssize_t n = cmio_tcp_stream_peek(&connection->stream, &next, 1);
    return n == 0 || (n < 0 && n != -EAGAIN);
}

/* Bytes may have arrived. */
static void connection_arrived(struct connection *connection) {
    connection->readable = true;
    connection->drained = false;
}

void connection_on_event(struct loop *loop, struct connection *connection,
                         const struct cmio_event *event) {
    if (cmio_event_is_readable(event))
        connection_arrived(connection);
    connection->ended |= cmio_event_is_read_closed(event);
    if (connection->state == CONNECTION_SLEEPING && connection_has_left(connection, event))
        connection_lost(loop, connection);
    if (connection->state == CONNECTION_SENDING && cmio_event_is_writable(event))
        connection_send_more(loop, connection);
    connection_go_on(loop, connection);
    connection_settle(loop, connection);
}

void connection_on_timer(struct loop *loop, struct connection *connection) {
    bool expected = !connection->greeted || connection->request.stage != HTTP_STAGE_START;
    if (connection->state == CONNECTION_SLEEPING) {
        connection_answer(loop, connection);
        connection_flush(loop, connection);
        connection_await_more(loop, connection);
    } else if (connection->state == CONNECTION_RECEIVING && expected) {
        http_request_refuse(&connection->request, 408);
        connection_answer(loop, connection);
    } else if (connection->state == CONNECTION_SENDING) {
        connection_lost(loop, connection);
    } else {
        connection->state = CONNECTION_OVER; /* idle, or lingered long enough */
    }
    connection_go_on(loop, connection);
    connection_settle(loop, connection);
}

/* Reads once more, because a request may have arrived before the signal; closes if still idle. */
void connection_close_if_idle(void *object, void *context) {
    struct connection *connection = object;
    struct loop *loop = context;
    if (connection->state != CONNECTION_RECEIVING)
        return;
    connection_arrived(connection);
    connection_go_on(loop, connection);
    connection_settle(loop, connection);
}
