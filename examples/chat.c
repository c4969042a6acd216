/* SPDX-License-Identifier: MIT */

/*
 * A chat server: each line of a client goes to all others. This file is its loop. chat/room.c has
 * the clients and their lines, and the point of this example: one writer with many readers. A slow
 * reader neither holds up the others nor makes memory grow, and clients are freed while events of
 * others are handled.
 *
 *     chat 127.0.0.1:7778 &
 *     nc 127.0.0.1 7778
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "chat/room.h"
#include "common/arguments.h"
#include "common/event_loop.h"
#include "common/program.h"

enum { EVENTS_A_WAIT = 256 };

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

/* A token tells whose event it is. A client's token is its address; these are no addresses. */
enum { TOKEN_LISTENER, TOKEN_SIGNALS };

struct server {
    struct event_loop loop;
    struct cmio_tcp_listener listener;
    struct room room;
    bool accepts_later; /* there was no room for the next client */
    bool stopping;
};

/*
 * Accepts until no client is waiting. If there is no descriptor or memory for the next one, clients
 * stay in the kernel's queue, and no further event reports them. So the loop tries again after
 * every wait, and meanwhile no wait is long.
 */
static void server_accept(struct server *server) {
    int result = 0;
    while (result == 0 || result == -ECONNABORTED) /* that client left the queue: go on */
        result = room_admit(&server->room, &server->listener);
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
        room_on_event(&server->room, event);
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
    if (result < 0)
        return result;
    server->room = (struct room){.registry = server->loop.registry, .events = server->loop.events};
    return server_listen(server, address);
}

static void server_close(struct server *server) {
    room_close(&server->room);
    (void)cmio_tcp_listener_close(&server->listener);
    event_loop_close(&server->loop);
}

static const char help[] =
    "usage: chat [--help] [ADDRESS]\n"
    "Sends each line of a client to all others. ADDRESS is numeric, such as 127.0.0.1:80 or\n"
    "[::1]:80. Port 0 stands for a free port. The default is 127.0.0.1:7778.\n\n"
    "  -h, --help  print this help\n\n"
    "When it is ready, it prints one line: listening on ADDRESS\n"
    "Exit status: 0 after SIGINT or SIGTERM, 1 on failure, 2 if the arguments are invalid.\n";

int main(int argc, char **argv) {
    static const struct argument no_options[] = {{0}};
    struct cmio_address address;
    program_start("chat");
    int status = arguments_parse_server(no_options, help, "127.0.0.1:7778", argc, argv, &address);
    if (status >= 0)
        return status;
    struct server server = {0};
    bool is_done = server_open(&server, &address) == 0 && server_run(&server) == 0;
    server_close(&server);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
