/* SPDX-License-Identifier: MIT */

/* A connection's requests: how they are received, and how they sleep. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sleep_server/connection.h"
#include "sleep_server/loop.h"
#include "sleep_server/server.h"

/* The request has arrived in full. The sleep counts from when its head had. */
static void connection_begin_sleep(struct loop *loop, struct connection *connection) {
    const struct http_request *request = &connection->request;
    if (connection->since == 0)
        connection->since = cmio_now();
    if (request->status != 200 || request->sleep_ms == 0) {
        connection_answer(loop, connection);
    } else if (connection->ended) {
        connection_lost(loop, connection);
    } else {
        connection->state = CONNECTION_SLEEPING;
        connection_set_deadline(loop, connection,
                                connection->since + request->sleep_ms * CMIO_MILLISECOND);
    }
}

/* The request has come to another stage. */
static void connection_on_stage(struct loop *loop, struct connection *connection) {
    switch (connection->request.stage) {
    case HTTP_STAGE_HEAD:
        if (connection->greeted) /* the first request's time runs since it was accepted */
            connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        break;
    case HTTP_STAGE_BODY:
        connection->since = cmio_now();
        connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        if (connection->request.wants_continue) {
            http_response_make_continue(&loop->response);
            connection_send(loop, connection, &loop->response);
        }
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

/* Gives the parser what arrived. Answers go out in order: behind a sleeping request, bytes wait. */
static void connection_feed(struct loop *loop, struct connection *connection, const char *bytes,
                            size_t length) {
    while (length > 0 && connection->state == CONNECTION_RECEIVING) {
        uint8_t stage = connection->request.stage;
        if (loop->server->log.lines != NULL)
            request_line_feed(&connection->line, bytes, length);
        size_t used = http_request_feed(&connection->request, bytes, length);
        bytes += used;
        length -= used;
        if (connection->request.stage != stage)
            connection_on_stage(loop, connection);
    }
    if (length > 0 &&
        (connection->state == CONNECTION_SLEEPING || connection->state == CONNECTION_SENDING))
        connection_keep_for_later(loop, connection, bytes, length);
}

void connection_feed_backlog(struct loop *loop, struct connection *connection) {
    struct backlog *backlog = connection->backlog;
    connection->backlog = NULL;
    connection_feed(loop, connection, backlog->bytes, backlog->length);
    free(backlog);
}

/*
 * One read. Only -EAGAIN says for sure that there is no more. A read that gives less than there was
 * room for does not: it stops at an urgent byte, which any client may send, and at the end of the
 * bytes when the client's own end comes behind them. No event would come for what is left.
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
