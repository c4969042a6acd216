/* SPDX-License-Identifier: MIT */

/*
 * The sleep server on libcmio-async. Each connection is a task, which is a coroutine without a
 * stack. It reads from top to bottom like the servers that block. What it needs across an await is
 * in a struct of a few hundred bytes. The buffers exist only while bytes come or go. One thread, or
 * a pool of --threads threads, polls the tasks.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmio/async.h>

#include "server/async.h"
#include "server/client.h"
#include "server/conversation.h"

struct connection;

/* A part of a connection's work: a coroutine of its own, which the main one awaits. */
struct part {
    struct cmio_coroutine coroutine;
    struct connection *connection;
    int64_t deadline;
};

struct connection {
    struct cmio_coroutine coroutine;
    struct async_server *server;
    struct client client;
    struct conversation talk;
    struct part request;
    struct part transfer; /* of the request or its response */
    enum conversation_step step;
    int64_t end; /* of the sleep, or of the lingering */
};

static struct cmio_future *start(struct part *part, struct connection *connection,
                                 cmio_coroutine_body *body, int64_t deadline) {
    *part = (struct part){.connection = connection, .deadline = deadline};
    (void)cmio_coroutine_init(&part->coroutine, body);
    return &part->coroutine.future;
}

/* ---- Buffers ---- */

static bool take_buffers(struct conversation *talk) {
    if (talk->buffers == NULL)
        talk->buffers = malloc(sizeof *talk->buffers);
    return talk->buffers != NULL;
}

/* Frees the buffers before a wait, unless they hold bytes of the next request. */
static void give_buffers_back(struct conversation *talk) {
    if (talk->begin < talk->end)
        return;
    free(talk->buffers);
    talk->buffers = NULL;
}

/* ---- Receiving and sending ---- */

/* Its result is 1 if bytes may have come, 0 at the stream's end, -ETIMEDOUT after the deadline. */
static enum cmio_future_state run_receive(struct cmio_coroutine *coroutine,
                                          struct cmio_context *context) {
    struct part *part = (struct part *)coroutine;
    struct client *client = &part->connection->client;
    struct conversation *talk = &part->connection->talk;
    ssize_t n;
    CMIO_BEGIN(coroutine, context);
    talk->begin = talk->end;
    give_buffers_back(talk);
    CMIO_AWAIT(
        client_wait(client, CONVERSATION_WAIT_READ, part->deadline, conversation_is_idle(talk)));
    if (!client_waited(client))
        CMIO_RETURN(-ETIMEDOUT);
    if (!take_buffers(talk))
        CMIO_RETURN(0);
    n = client_read(client, talk->buffers->received, sizeof talk->buffers->received);
    CMIO_RETURN(conversation_received(talk, n));
    CMIO_END;
}

static struct cmio_future *receive(struct connection *connection, int64_t deadline) {
    return start(&connection->transfer, connection, run_receive, deadline);
}

/* Its result is 0 once everything is sent. */
static enum cmio_future_state run_send(struct cmio_coroutine *coroutine,
                                       struct cmio_context *context) {
    struct part *part = (struct part *)coroutine;
    struct client *client = &part->connection->client;
    struct http_response *response = &part->connection->talk.buffers->response;
    const struct options *options = &part->connection->server->service.options;
    struct iovec parts[2];
    ssize_t n;
    CMIO_BEGIN(coroutine, context);
    for (;;) {
        n = client_write(client, parts, http_response_parts(response, parts));
        if (n < 0 && n != -EAGAIN && n != -EINTR)
            CMIO_RETURN(n);
        if (http_response_sent(response, n > 0 ? (size_t)n : 0))
            CMIO_RETURN(0);
        CMIO_AWAIT(client_wait(client, CONVERSATION_WAIT_WRITE,
                               deadline_after(options->idle_timeout), false));
        if (!client_waited(client))
            CMIO_RETURN(-ETIMEDOUT);
    }
    CMIO_END;
}

static struct cmio_future *send_response(struct connection *connection) {
    return start(&connection->transfer, connection, run_send, CMIO_FOREVER);
}

/* The result of receiving or sending. */
static ssize_t transferred(const struct connection *connection) {
    return connection->transfer.coroutine.future.result;
}

/* ---- A request ---- */

/* Ends a request that was answered or lost. Returns whether another may follow. */
static bool finish_request(struct conversation *talk, bool is_answered) {
    if (!is_answered) {
        conversation_lost(talk);
        return false;
    }
    conversation_answered(talk);
    return !talk->closing;
}

/* Its result is whether another request may follow. */
static enum cmio_future_state run_request(struct cmio_coroutine *coroutine,
                                          struct cmio_context *context) {
    struct connection *connection = ((struct part *)coroutine)->connection;
    struct conversation *talk = &connection->talk;
    struct client *client = &connection->client;
    CMIO_BEGIN(coroutine, context);
    conversation_expect(talk);
    while ((connection->step = conversation_feed(talk)) != CONVERSATION_ANSWER) {
        if (connection->step == CONVERSATION_SEND) {
            CMIO_AWAIT(send_response(connection)); /* if it fails, the body will not come */
            continue;
        }
        CMIO_AWAIT(receive(connection, talk->deadline));
        if (transferred(connection) < 0 && conversation_refuses_late(talk))
            break;
        if (transferred(connection) <= 0)
            CMIO_RETURN(false);
    }
    connection->end = conversation_sleep_end(talk);
    if (connection->end != 0) {
        give_buffers_back(talk);
        do {
            CMIO_AWAIT(client_wait(client, CONVERSATION_WAIT_END, connection->end, false));
        } while (client_waited(client) && !client_has_left(client));
        if (client_waited(client) || cmio_now() < connection->end)
            CMIO_RETURN(finish_request(talk, false));
    }
    if (!take_buffers(talk))
        CMIO_RETURN(finish_request(talk, false));
    conversation_answer(talk);
    CMIO_AWAIT(send_response(connection));
    CMIO_RETURN(finish_request(talk, transferred(connection) == 0));
    CMIO_END;
}

/* ---- A connection ---- */

static struct cmio_future *serve_request(struct connection *connection) {
    return start(&connection->request, connection, run_request, CMIO_FOREVER);
}

static bool may_another_follow(const struct connection *connection) {
    return connection->request.coroutine.future.result > 0;
}

static enum cmio_future_state run_connection(struct cmio_coroutine *coroutine,
                                             struct cmio_context *context) {
    struct connection *connection = (struct connection *)coroutine;
    struct client *client = &connection->client;
    struct conversation *talk = &connection->talk;
    CMIO_BEGIN(coroutine, context);
    if (client_bind(client) < 0)
        CMIO_RETURN(-EIO);
    conversation_open(talk, &connection->server->service, cmio_tcp_stream_fd(&client->stream));
    do {
        CMIO_AWAIT(serve_request(connection));
    } while (may_another_follow(connection));
    if (!conversation_lingers(talk))
        CMIO_RETURN(0);
    connection->end = cmio_now() + conversation_linger_time;
    do {
        CMIO_AWAIT(receive(connection, connection->end));
    } while (transferred(connection) > 0 && cmio_now() < connection->end);
    CMIO_FINALLY;
    free(talk->buffers);
    conversation_close(talk);
    client_close(client);
    async_server_leave(connection->server);
    CMIO_END;
}

static int serve(void *owner, struct cmio_tcp_stream *stream) {
    static const struct cmio_spawn_options options = {.name = "connection"};
    struct async_server *server = owner;
    struct connection connection = {.server = server};
    client_init(&connection.client, stream, &server->stop);
    (void)cmio_coroutine_init(&connection.coroutine, run_connection);
    return cmio_spawn(NULL, &connection.coroutine.future, sizeof connection, &options, NULL);
}

int main(int argc, char **argv) {
    return async_server_main(serve, "sleep_server_async",
                             "Serves sleep over HTTP with libcmio-async, with a task for each "
                             "connection.",
                             argc, argv);
}
