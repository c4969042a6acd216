/* SPDX-License-Identifier: MIT */

/*
 * An echo server for messages, each of which follows its length. framed/channel.c decides what a
 * message is and how long a client may be idle. The channel is a source of the program's own, which
 * is registered like cmio's sources. This file shows how little its user has to know about it.
 *
 *     framed_echo 127.0.0.1:7779 &
 *     printf '\0\0\0\5hello' | nc -N 127.0.0.1 7779 | od -c
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "common/arguments.h"
#include "common/event_loop.h"
#include "common/program.h"
#include "framed/channel.h"

enum {
    EVENTS_A_WAIT = 256,
    MESSAGES_A_TURN = 64, /* before the others have theirs */
};

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;
static const cmio_interest interest = CMIO_READABLE | CMIO_WRITABLE;

/* A token tells whose event it is. A client's token is its address; these are no addresses. */
enum { TOKEN_LISTENER, TOKEN_SIGNALS };

struct client {
    struct channel channel;
    struct client *next;
    struct client **link; /* the pointer to this one */
    const void *message;  /* not sent yet for want of room, borrowed from the channel; or NULL */
    size_t length;
};

struct server {
    struct event_loop loop;
    struct cmio_timers *timers;
    struct cmio_tcp_listener listener;
    struct client *clients;
    int64_t idle_timeout;           /* of clients */
    struct cmio_timer accept_again; /* set while there is no room for the next client */
    bool stopping;
};

static int client_new(struct server *server) {
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return -ENOMEM;
    struct cmio_tcp_stream stream;
    int result = cmio_tcp_listener_accept(&server->listener, &stream, NULL);
    if (result == 0) {
        channel_init(&client->channel, &stream, server->timers, server->idle_timeout);
        result = cmio_registry_register(server->loop.registry, &client->channel.source,
                                        (cmio_token)client, interest);
    }
    if (result < 0) {
        (void)channel_close(&client->channel); /* accepts one that was never open */
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

static void client_free(struct client *client) {
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    (void)channel_close(&client->channel); /* closes even if it fails */
    free(client);
}

/* Returns 1 if a message was echoed, otherwise the result of the channel. */
static int client_echo(struct client *client) {
    int result = 1;
    if (client->message == NULL)
        result = channel_receive(&client->channel, &client->message, &client->length);
    if (result <= 0)
        return result;
    result = channel_send(&client->channel, client->message, client->length);
    if (result < 0)
        return result; /* after -EAGAIN the message is kept, and no other is received */
    client->message = NULL;
    return 1;
}

/*
 * Called after an event and after the timer was popped. A client that ends its stream stays until
 * its echo is sent; a client that cannot go on is freed. A turn that ends before -EAGAIN must
 * reregister, which reports existing readiness.
 */
static void client_go_on(struct server *server, struct client *client) {
    int result = 1;
    for (int messages = 0; result > 0 && messages < MESSAGES_A_TURN; messages++)
        result = client_echo(client);
    int flushed = channel_flush(&client->channel);
    if (result == 0 || (flushed < 0 && flushed != -EAGAIN))
        result = flushed;
    else if (result > 0)
        result = cmio_registry_reregister(server->loop.registry, &client->channel.source,
                                          (cmio_token)client, interest) == 0
                     ? -EAGAIN
                     : 0;
    if (result != -EAGAIN)
        client_free(client);
}

/*
 * Accepts until no client is waiting. If there is no descriptor or memory for the next one, clients
 * stay in the kernel's queue, and no further event reports them. So a timer tries again.
 */
static void server_accept(struct server *server) {
    int result = 0;
    while (result == 0 || result == -ECONNABORTED) /* that client left the queue: go on */
        result = client_new(server);
    if (result != -EAGAIN)
        (void)cmio_timers_set(server->timers, &server->accept_again, cmio_now() + accept_pause);
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
        client_go_on(server, (struct client *)event->token);
    }
}

static void server_on_timer(struct server *server, const struct cmio_timer *timer) {
    if (timer == &server->accept_again)
        server_accept(server);
    else
        client_go_on(server, (struct client *)timer->token);
}

static int server_run(struct server *server) {
    while (!server->stopping) {
        int64_t deadline = cmio_timers_next_deadline(server->timers);
        int count = cmio_poll_wait_until(server->loop.poll, server->loop.events, deadline);
        if (count < 0 && count != -EINTR) /* -EINTR: the wait was interrupted, go on */
            return complain("cannot wait for events", count);
        CMIO_EVENTS_FOREACH (event, server->loop.events)
            server_on_event(server, event);
        int64_t now = cmio_now();
        for (struct cmio_timer *timer; (timer = cmio_timers_pop(server->timers, now)) != NULL;)
            server_on_timer(server, timer);
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
    if (result < 0)
        return result;
    result = cmio_timers_new(&server->timers);
    if (result < 0)
        return complain("cannot start", result);
    (void)cmio_timer_init(&server->accept_again, 0); /* recognised by its address, not its token */
    return server_listen(server, address);
}

static void server_close(struct server *server) {
    for (struct client *client = server->clients, *next; client != NULL; client = next) {
        next = client->next;
        client_free(client);
    }
    (void)cmio_tcp_listener_close(&server->listener);
    cmio_timers_free(server->timers);
    event_loop_close(&server->loop);
}

static const char help[] =
    "usage: framed_echo [OPTION]... [ADDRESS]\n"
    "Sends the messages of each client back to it. Each message follows its length, which is\n"
    "four bytes, the most significant first. ADDRESS is numeric, such as 127.0.0.1:80 or\n"
    "[::1]:80. Port 0 stands for a free port. The default is 127.0.0.1:7779.\n\n"
    "  --idle-timeout SECONDS  drop a client that is idle for this long;\n"
    "                          0 means never (60)\n"
    "  -h, --help              print this help\n\n"
    "When it is ready, it prints one line: listening on ADDRESS\n"
    "Exit status: 0 after SIGINT or SIGTERM, 1 on failure, 2 if the arguments are invalid.\n";

int main(int argc, char **argv) {
    struct server server = {.idle_timeout = 60 * CMIO_SECOND};
    const struct argument options[] = {
        {.name = "idle-timeout", .seconds = &server.idle_timeout},
        {0},
    };
    struct cmio_address address;
    program_start("framed_echo");
    int status = arguments_parse_server(options, help, "127.0.0.1:7779", argc, argv, &address);
    if (status >= 0)
        return status;
    bool is_done = server_open(&server, &address) == 0 && server_run(&server) == 0;
    server_close(&server);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
