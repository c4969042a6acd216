/* SPDX-License-Identifier: MIT */

/* A connection's answers: how they are sent, whole or as the client takes them. */

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "sleep_server/connection.h"
#include "sleep_server/loop.h"
#include "sleep_server/server.h"

void connection_await_request(struct loop *loop, struct connection *connection) {
    http_request_init(&connection->request, loop->server->options.max_sleep_ms);
    request_line_free(&connection->line);
    connection->state = CONNECTION_RECEIVING;
    connection_set_timeout(loop, connection,
                           connection->greeted ? loop->server->options.idle_timeout
                                               : loop->server->options.header_timeout);
}

static void connection_sent(struct loop *loop, struct connection *connection,
                            const struct http_response *response) {
    if (connection->request.stage == HTTP_STAGE_BODY) { /* it was 100 (Continue) */
        connection->state = CONNECTION_RECEIVING;
        connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        return;
    }
    loop->statistics.answered++;
    loop->statistics.refused += connection->request.status != 200;
    connection_log(loop, connection, connection->request.status, response->body_length);
    connection->greeted = true;
    connection->since = 0;
    if (connection->closing)
        connection_finish(loop, connection);
    else
        connection_await_request(loop, connection);
}

/* One system call: send(2) if all is in one piece, sendmsg(2) if not. */
static ssize_t connection_write(struct connection *connection,
                                const struct http_response *response) {
    struct iovec parts[2];
    int count = http_response_parts(response, parts);
    if (count == 1)
        return cmio_tcp_stream_write(&connection->stream, parts[0].iov_base, parts[0].iov_len);
    return cmio_tcp_stream_writev(&connection->stream, parts, count);
}

/*
 * The reader is slow: the kernel had no room for all of the response. Keep what is left of it,
 * which is little, as the page itself is shared; and read no further request until it is gone. Most
 * connections never come here, so only those that do ask for writable events as well. The new
 * registration also reports what is ready already, so nothing is missed in between.
 */
static void connection_wait_for_room(struct loop *loop, struct connection *connection,
                                     const struct http_response *response) {
    connection->unsent = malloc(sizeof *connection->unsent);
    if (connection->unsent == NULL ||
        cmio_registry_reregister(cmio_poll_registry(loop->poll), &connection->stream.source,
                                 (cmio_token)connection, CMIO_READABLE | CMIO_WRITABLE) < 0) {
        connection_lost(loop, connection);
        return;
    }
    *connection->unsent = *response;
    connection->state = CONNECTION_SENDING;
    connection_set_timeout(loop, connection, loop->server->options.idle_timeout);
}

/* A short write says as much as -EAGAIN: the buffer is full, and an event comes when it is not. */
void connection_send(struct loop *loop, struct connection *connection,
                     struct http_response *response) {
    ssize_t n = connection_write(connection, response);
    if (n < 0 && n != -EAGAIN) {
        connection_lost(loop, connection);
    } else if (http_response_sent(response, n > 0 ? (size_t)n : 0)) {
        connection_sent(loop, connection, response);
    } else if (connection->state != CONNECTION_SENDING) {
        connection_wait_for_room(loop, connection, response);
    } else if (n > 0) {
        connection_set_timeout(loop, connection, loop->server->options.idle_timeout);
    }
}

void connection_send_more(struct loop *loop, struct connection *connection) {
    struct http_response *unsent = connection->unsent;
    connection_send(loop, connection, unsent);
    if (connection->state != CONNECTION_SENDING) {
        connection->unsent = NULL;
        free(unsent);
    }
}

/* The sleep is over, or there is none. */
void connection_answer(struct loop *loop, struct connection *connection) {
    connection->closing = loop->stopping || !connection->request.keep_alive;
    http_response_make(&loop->response, &connection->request, &loop->server->page, &loop->date,
                       connection->closing);
    connection_send(loop, connection, &loop->response);
}
