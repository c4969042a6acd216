/* SPDX-License-Identifier: MIT */

/*
 * A connection's answers. The loop gathers the answers to requests that arrived together, and sends
 * them with one system call before it turns to anything else. With a log, each answer is sent
 * alone, because its log line states when it was sent.
 */

#include <errno.h>
#include <stdlib.h>

#include "sleep_server/connection.h"
#include "sleep_server/loop.h"
#include "sleep_server/server.h"

static bool has_log(const struct loop *loop) {
    return loop->server->log.lines != NULL;
}

/* Everything is sent. Decides what the connection does next. */
static void connection_sent(struct loop *loop, struct connection *connection) {
    connection->state = CONNECTION_RECEIVING;
    if (connection->answered) {
        size_t length;
        (void)http_response_body(&connection->request, &loop->server->page, &length);
        connection_log(loop, connection, connection->request.status, length);
        connection->since = 0;
        if (connection->closing) {
            connection_finish(loop, connection);
            return;
        }
        connection_begin_request(loop, connection);
    }
    if (connection->request.stage == HTTP_STAGE_COMPLETE) /* it waited for this */
        connection_begin_sleep(loop, connection);
}

static void connection_count(struct loop *loop, uint32_t count, uint32_t refused) {
    loop->statistics.answered += count;
    loop->statistics.refused += refused;
}

/* One system call: send(2) for a single part, sendmsg(2) for several. */
static ssize_t connection_write(struct connection *connection, const struct iovec *parts,
                                int count) {
    if (count == 1)
        return cmio_tcp_stream_write(&connection->stream, parts[0].iov_base, parts[0].iov_len);
    return cmio_tcp_stream_writev(&connection->stream, parts, count);
}

/*
 * The reader is slow: the kernel had no room for all of the answers. Keep the unsent rest, which is
 * small because the page itself is shared, and read no further request until it is sent. Few
 * connections come here, so only these ask for writable events too. The new registration also
 * reports existing readiness, so nothing is missed in between.
 */
static void connection_wait_for_room(struct loop *loop, struct connection *connection,
                                     size_t sent) {
    connection->unsent = answers_keep_unsent(&loop->answers, sent);
    if (connection->unsent == NULL ||
        cmio_registry_reregister(cmio_poll_registry(loop->poll), &connection->stream.source,
                                 (cmio_token)connection, CMIO_READABLE | CMIO_WRITABLE) < 0) {
        connection_lost(loop, connection);
        return;
    }
    connection->state = CONNECTION_SENDING;
    connection_set_timeout(loop, connection, loop->server->options.idle_timeout);
}

/*
 * Sends the gathered answers. A short write means the same as -EAGAIN: the buffer is full, and an
 * event follows when there is room.
 */
void connection_flush(struct loop *loop, struct connection *connection) {
    struct answers *answers = &loop->answers;
    if (answers->length == 0)
        return;
    ssize_t n = connection_write(connection, answers->parts, answers->part_count);
    loop->turn_answers += answers->count;
    loop->turn_length += answers->length;
    if (n < 0 && n != -EAGAIN) {
        connection_lost(loop, connection);
    } else if (n < 0 || (size_t)n < answers->length) {
        connection_wait_for_room(loop, connection, n < 0 ? 0 : (size_t)n);
    } else {
        connection_count(loop, answers->count, answers->refused);
        if (connection->answered)
            connection_sent(loop, connection);
    }
    answers_clear(answers);
}

void connection_send_more(struct loop *loop, struct connection *connection) {
    struct unsent *unsent = connection->unsent;
    ssize_t n =
        connection_write(connection, unsent->parts + unsent->begin, unsent->end - unsent->begin);
    if (n < 0 && n != -EAGAIN) {
        connection_lost(loop, connection);
    } else if (n > 0 && unsent_sent(unsent, (size_t)n)) {
        connection_count(loop, unsent->count, unsent->refused);
        connection->unsent = NULL;
        free(unsent);
        connection_sent(loop, connection);
        connection_await_more(loop, connection);
    } else if (n > 0) {
        connection_set_timeout(loop, connection, loop->server->options.idle_timeout);
    }
}

/* The sleep is over, or there is none. If another request may follow, begins to wait for it. */
void connection_answer(struct loop *loop, struct connection *connection) {
    connection->state = CONNECTION_RECEIVING;
    connection->closing = loop->stopping || !connection->request.keep_alive;
    answers_add(&loop->answers, &connection->request, &loop->server->page, connection->closing);
    connection->greeted = true;
    connection->answered = connection->closing || has_log(loop);
    if (!connection->answered) {
        connection->since = 0;
        connection_begin_request(loop, connection);
    }
    if (connection->answered || !answers_have_room(&loop->answers))
        connection_flush(loop, connection);
}
