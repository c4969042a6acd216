/* SPDX-License-Identifier: MIT */

/* A connection's requests: how they are received, and how they sleep. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sleep_server/connection.h"
#include "sleep_server/loop.h"
#include "sleep_server/server.h"

/* The limits of a connection's turn. */
enum {
    ANSWERS_A_TURN = 64,
    LENGTH_A_TURN = 256 * 1024,
};

void connection_begin_request(struct loop *loop, struct connection *connection) {
    http_request_init(&connection->request, loop->server->options.max_sleep_ms);
    request_line_free(&connection->line);
    connection->answered = false;
}

/* Sets how long the next bytes may take. */
void connection_await_more(struct loop *loop, struct connection *connection) {
    const struct options *options = &loop->server->options;
    bool is_idle = connection->greeted && connection->request.stage == HTTP_STAGE_START;
    if (connection->state == CONNECTION_RECEIVING)
        connection_set_timeout(loop, connection,
                               is_idle ? options->idle_timeout : options->header_timeout);
}

/*
 * The request has arrived in full. Its sleep counts from the moment when its head was complete. The
 * answers before it are sent first. If there is no room for them, the sleep begins once they are
 * sent.
 */
void connection_begin_sleep(struct loop *loop, struct connection *connection) {
    const struct http_request *request = &connection->request;
    bool sleeps = request->status == 200 && request->sleep_ms > 0;
    if (connection->since == 0 && (sleeps || loop->server->log.lines != NULL))
        connection->since = cmio_now();
    if (!sleeps) {
        connection_answer(loop, connection);
        return;
    }
    connection_flush(loop, connection);
    if (connection->state != CONNECTION_RECEIVING)
        return;
    if (connection->ended) {
        connection_lost(loop, connection);
    } else {
        connection->state = CONNECTION_SLEEPING;
        connection_set_deadline(loop, connection,
                                connection->since + request->sleep_ms * CMIO_MILLISECOND);
    }
}

/* The request has reached another stage. */
static void connection_on_stage(struct loop *loop, struct connection *connection) {
    switch (connection->request.stage) {
    case HTTP_STAGE_HEAD:
        if (connection->greeted) /* the time of the first request began with the connection */
            connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        break;
    case HTTP_STAGE_BODY:
        connection->since = cmio_now();
        connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        if (connection->request.wants_continue)
            answers_add_continue(&loop->answers);
        break;
    default:
        connection_begin_sleep(loop, connection);
    }
}

static void connection_keep_for_later(struct loop *loop, struct connection *connection,
                                      const char *bytes, size_t length) {
    connection->backlog = malloc(sizeof *connection->backlog + length);
    if (connection->backlog == NULL) {
        connection_lost(loop, connection);
        return;
    }
    connection->backlog->length = length;
    memcpy(connection->backlog->bytes, bytes, length);
}

static bool turn_is_over(const struct loop *loop) {
    return loop->turn_answers + loop->answers.count >= ANSWERS_A_TURN ||
           loop->turn_length + loop->answers.length >= LENGTH_A_TURN;
}

/*
 * Gives the received bytes to the parser, and sends the answers. Answers go out in order, so bytes
 * behind a sleeping request wait.
 */
static void connection_feed(struct loop *loop, struct connection *connection, const char *bytes,
                            size_t length) {
    while (length > 0 && connection->state == CONNECTION_RECEIVING && !turn_is_over(loop)) {
        uint8_t stage = connection->request.stage;
        if (loop->server->log.lines != NULL)
            request_line_feed(&connection->line, bytes, length);
        size_t used = http_request_feed(&connection->request, bytes, length);
        bytes += used;
        length -= used;
        if (connection->request.stage != stage)
            connection_on_stage(loop, connection);
    }
    size_t answered = loop->turn_answers + loop->answers.count;
    connection_flush(loop, connection);
    if (connection->request.stage == HTTP_STAGE_START && answered > 0)
        connection_await_more(loop, connection);
    if (length > 0 && connection->state != CONNECTION_LINGERING &&
        connection->state != CONNECTION_OVER)
        connection_keep_for_later(loop, connection, bytes, length);
}

void connection_feed_backlog(struct loop *loop, struct connection *connection) {
    struct backlog *backlog = connection->backlog;
    connection->backlog = NULL;
    connection_feed(loop, connection, backlog->bytes, backlog->length);
    free(backlog);
}

/*
 * Reads once. Only -EAGAIN proves that nothing is left. A short read does not: it stops at an
 * urgent byte, which any client may send, and in front of the client's end of the stream. No event
 * would report what is left.
 */
void connection_read(struct loop *loop, struct connection *connection) {
    ssize_t n = cmio_tcp_stream_read(&connection->stream, loop->received, sizeof loop->received);
    if (n == -EAGAIN) {
        connection->readable = false;
    } else if (n <= 0) {
        connection_lost(loop, connection);
    } else {
        connection->drained = (size_t)n < sizeof loop->received && !connection->ended;
        connection_feed(loop, connection, loop->received, (size_t)n);
    }
}
