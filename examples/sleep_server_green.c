/* SPDX-License-Identifier: MIT */

/*
 * The sleep server's second form again, a thread for each connection, but with green threads: tasks
 * of libcmio-async with a stack. A connection is served by the same function as in the servers that
 * block (server/conversation_serve.c). Those wait with poll(2), which holds up a thread. This one
 * awaits, and its worker turns to other connections. One thread, or --threads of them, runs them
 * all.
 */

#include <errno.h>
#include <stdlib.h>

#include <cmio/async.h>

#include "server/async.h"
#include "server/client.h"
#include "server/conversation.h"

struct connection {
    struct async_server *server;
    struct client client;
};

/* ---- How it waits ---- */

static struct client *client_of(void *connection) {
    return &((struct connection *)connection)->client;
}

static bool wait_for_client(void *connection, enum conversation_wait what, int64_t deadline,
                            bool idle) {
    struct client *client = client_of(connection);
    do {
        (void)cmio_await(client_wait(client, what, deadline, idle));
        if (!client_waited(client))
            return false;
    } while (what == CONVERSATION_WAIT_END && !client_has_left(client));
    return true;
}

static ssize_t read_some(void *connection, void *buffer, size_t length) {
    return client_read(client_of(connection), buffer, length);
}

static ssize_t write_some(void *connection, const struct iovec *parts, int count) {
    return client_write(client_of(connection), parts, count);
}

/* ---- A connection ---- */

static void close_connection(void *argument) {
    struct connection *connection = argument;
    client_close(&connection->client);
    async_server_leave(connection->server);
    free(connection);
}

static ssize_t run_connection(void *argument) {
    static const struct conversation_io io = {
        .wait = wait_for_client,
        .read = read_some,
        .write = write_some,
    };
    struct connection *connection = argument;
    int result = client_bind(&connection->client);
    if (result == 0)
        conversation_serve(&connection->server->service,
                           cmio_tcp_stream_fd(&connection->client.stream), &io, connection);
    close_connection(connection);
    return result;
}

static int serve(void *owner, struct cmio_tcp_stream *stream) {
    static const struct cmio_green_options options = {
        .name = "connection", .drop = close_connection, /* runs if it never begins */
    };
    struct async_server *server = owner;
    struct connection *connection = malloc(sizeof *connection);
    if (connection == NULL)
        return -ENOMEM;
    connection->server = server;
    client_init(&connection->client, stream, &server->stop);
    int result = cmio_green_spawn(NULL, run_connection, connection, &options, NULL);
    if (result < 0)
        free(connection);
    return result;
}

int main(int argc, char **argv) {
    return async_server_main(serve, "sleep_server_green",
                             "Serves sleep over HTTP with a green thread for each connection.",
                             argc, argv);
}
