/* SPDX-License-Identifier: MIT */

/*
 * An echo server, which sends back to each client what it sent. It is small but complete: it
 * handles slow readers, half-closes and a lack of descriptors, bounds its memory, and frees
 * everything.
 *
 *     tcp_echo 127.0.0.1:7777 &
 *     nc 127.0.0.1 7777
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "common/arguments.h"
#include "common/event_loop.h"
#include "common/program.h"

enum {
    EVENTS_A_WAIT = 256,
    BUFFER_SIZE = 16 * 1024,
    ROUNDS_A_TURN = 16, /* of reading and writing */
};

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;
static const cmio_interest interest = CMIO_READABLE | CMIO_WRITABLE;

/* A token tells whose event it is. A client's token is its address; these are no addresses. */
enum { TOKEN_LISTENER, TOKEN_SIGNALS };

/* cmio keeps its part of a connection in the stream, so a client takes a single allocation. */
struct client {
    struct cmio_tcp_stream stream;
    struct client *next;
    struct client **link; /* the pointer to this one */
    size_t begin, end;    /* the bytes still to be written back */
    char buffer[BUFFER_SIZE];
};

struct server {
    struct event_loop loop;
    struct cmio_tcp_listener listener;
    struct client *clients;
    bool accepts_later; /* there was no room for the next client */
    bool stopping;
};

static int client_new(struct server *server) {
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return -ENOMEM;
    int result = cmio_tcp_listener_accept(&server->listener, &client->stream, NULL);
    if (result == 0)
        result = cmio_registry_register(server->loop.registry, &client->stream.source,
                                        (cmio_token)client, interest);
    if (result < 0) {
        (void)cmio_tcp_stream_close(&client->stream); /* accepts one that was never open */
        free(client);
        return result;
    }
    client->next = server->clients;
    client->link = &server->clients;
    if (client->next != NULL)
        client->next->link = &client->next;
    server->clients = client;
    return 0;
}

/*
 * Closing deregisters, so no later wait reports this client. Nor does the rest of the current
 * batch: a source is in it at most once, and a client is freed only while its own event is handled.
 */
static void client_free(struct client *client) {
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    (void)cmio_tcp_stream_close(&client->stream); /* closes even if it fails */
    free(client);
}

/*
 * Reads, writes back all of it, and reads again. Unwritten bytes stop further reading, so a client
 * that does not read its echo cannot make us hold more than one buffer. It goes on until a call
 * returns -EAGAIN, because only then will an event report a change. 0 means that the client ended
 * its stream and has all of its echo. Other negative results are errors of the connection.
 */
static ssize_t client_echo(struct client *client) {
    for (int round = 0; round < ROUNDS_A_TURN; round++) {
        if (client->begin == client->end) {
            ssize_t n = cmio_tcp_stream_read(&client->stream, client->buffer, BUFFER_SIZE);
            if (n <= 0)
                return n;
            client->begin = 0;
            client->end = (size_t)n;
        }
        ssize_t n = cmio_tcp_stream_write(&client->stream, client->buffer + client->begin,
                                          client->end - client->begin);
        if (n < 0)
            return n;
        client->begin += (size_t)n;
    }
    return ROUNDS_A_TURN;
}

/* A turn that stops before -EAGAIN must reregister, which reports existing readiness. */
static void client_on_event(struct server *server, struct client *client) {
    ssize_t result = client_echo(client);
    if (result > 0 && cmio_registry_reregister(server->loop.registry, &client->stream.source,
                                               (cmio_token)client, interest) == 0)
        return;
    if (result != -EAGAIN)
        client_free(client);
}

/*
 * Accepts until no client is waiting. If there is no descriptor or memory for the next one, clients
 * stay in the kernel's queue, and no further event reports them. So the loop tries again after
 * every wait, and meanwhile no wait is long.
 */
static void server_accept(struct server *server) {
    int result = 0;
    while (result == 0 || result == -ECONNABORTED) /* that client left the queue: go on */
        result = client_new(server);
    if (result != -EAGAIN && !server->accepts_later)
        complain("clients have to wait", result);
    server->accepts_later = result != -EAGAIN;
}

static void server_on_event(struct server *server, const struct cmio_event *event) {
    switch (event->token) {
    case TOKEN_LISTENER:
        server_accept(server);
        break;
    case TOKEN_SIGNALS:
        server->stopping = cmio_signals_next(&server->loop.signals) > 0;
        break;
    default:
        client_on_event(server, (struct client *)event->token);
    }
}

static int server_run(struct server *server) {
    while (!server->stopping) {
        int count = cmio_poll_wait(server->loop.poll, server->loop.events,
                                   server->accepts_later ? accept_pause : CMIO_FOREVER);
        if (count < 0 && count != -EINTR) /* -EINTR: the wait was interrupted, go on */
            return complain("cannot wait for events", count);
        CMIO_EVENTS_FOREACH (event, server->loop.events)
            server_on_event(server, event);
        if (server->accepts_later)
            server_accept(server);
    }
    return 0;
}

static int server_listen(struct server *server, struct cmio_address *address) {
    int result = cmio_tcp_listener_bind(&server->listener, address, NULL);
    if (result == 0)
        result = cmio_registry_register(server->loop.registry, &server->listener.source,
                                        TOKEN_LISTENER, CMIO_READABLE);
    if (result == 0) /* port 0 has become a free port */
        result = cmio_tcp_listener_local_address(&server->listener, address);
    return announce_listening(address, result);
}

/* Whatever this returns, server_close() cleans up. */
static int server_open(struct server *server, struct cmio_address *address) {
    int result = event_loop_open(&server->loop, EVENTS_A_WAIT, TOKEN_SIGNALS);
    if (result == 0)
        result = second_signal_exits();
    return result < 0 ? result : server_listen(server, address);
}

static void server_close(struct server *server) {
    for (struct client *client = server->clients, *next; client != NULL; client = next) {
        next = client->next;
        client_free(client);
    }
    (void)cmio_tcp_listener_close(&server->listener);
    event_loop_close(&server->loop);
}

static const char help[] =
    "usage: tcp_echo [--help] [ADDRESS]\n"
    "Sends everything that a client sends back to it. ADDRESS is numeric, such as 127.0.0.1:80\n"
    "or [::1]:80. Port 0 stands for a free port. The default is 127.0.0.1:7777.\n\n"
    "  -h, --help  print this help\n\n"
    "When it is ready, it prints one line: listening on ADDRESS\n"
    "Exit status: 0 after SIGINT or SIGTERM, 1 on failure, 2 if the arguments are invalid.\n";

int main(int argc, char **argv) {
    static const struct argument no_options[] = {{0}};
    struct cmio_address address;
    program_start("tcp_echo");
    int status = arguments_parse_server(no_options, help, "127.0.0.1:7777", argc, argv, &address);
    if (status >= 0)
        return status;
    struct server server = {0};
    bool is_done = server_open(&server, &address) == 0 && server_run(&server) == 0;
    server_close(&server);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
