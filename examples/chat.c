/* SPDX-License-Identifier: MIT */

/*
 * A chat server: what a client says in a line all others hear. This file is its loop; who is there
 * and what they say is in chat/room.c, with what this example is about: many readers of one writer.
 * None that is slow holds up the others or makes memory grow, and clients are freed while events of
 * others are handled.
 *
 *     chat 127.0.0.1:7778 &
 *     nc 127.0.0.1 7778
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "chat/room.h"

static const char program[] = "chat";
static const char default_address[] = "127.0.0.1:7778";

enum {
    EXIT_USAGE = 2,
    EVENTS_A_WAIT = 256,
};

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

/* A token tells whose event it is. A client's is its address; these are no addresses. */
enum { TOKEN_LISTENER, TOKEN_SIGNALS };

struct server {
    struct cmio_poll *poll;
    struct cmio_registry *registry; /* the poll's: what sources register with */
    struct cmio_events *events;
    struct cmio_signals signals;
    struct cmio_tcp_listener listener;
    struct room room;
    bool accepts_later; /* there was no room for the next client */
    bool stopping;
};

static int complain(const char *what, int code) {
    fprintf(stderr, "%s: %s: %s\n", program, what, cmio_strerror(code));
    return code;
}

/*
 * Accepts until there is no one left. Where there is no descriptor or memory for the next, they
 * wait in the kernel's queue and no event will repeat this one: so it is tried again, after every
 * wait, of which none is long meanwhile.
 */
static void server_accept(struct server *server) {
    int result = 0;
    while (result == 0 || result == -ECONNABORTED) /* someone left before their turn: go on */
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
        server->stopping = cmio_signals_next(&server->signals) > 0;
        break;
    default:
        room_on_event(&server->room, event);
    }
}

static int server_run(struct server *server) {
    while (!server->stopping) {
        int count = cmio_poll_wait(server->poll, server->events,
                                   server->accepts_later ? accept_pause : CMIO_FOREVER);
        if (count < 0 && count != -EINTR) /* which says that the wait was interrupted: go on */
            return complain("cannot wait for events", count);
        CMIO_EVENTS_FOREACH (event, server->events)
            server_on_event(server, event);
        if (server->accepts_later)
            server_accept(server);
    }
    return 0;
}

static int server_listen(struct server *server, struct cmio_address *address) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    int result = cmio_tcp_listener_bind(&server->listener, address, NULL);
    if (result == 0)
        result = cmio_registry_register(server->registry, &server->listener.source, TOKEN_LISTENER,
                                        CMIO_READABLE);
    if (result == 0) /* port 0 has become one that was free */
        result = cmio_tcp_listener_local_address(&server->listener, address);
    (void)cmio_address_format(address, text, sizeof text);
    if (result < 0)
        return complain(text, result);
    printf("listening on %s\n", text);
    return fflush(stdout) == 0 ? 0 : complain("standard output", -errno);
}

/* Whatever this returns, server_close() cleans up. */
static int server_open(struct server *server, struct cmio_address *address) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int result = cmio_poll_new(&server->poll);
    server->registry = cmio_poll_registry(server->poll);
    if (result == 0)
        result = cmio_events_new(&server->events, EVENTS_A_WAIT);
    if (result == 0)
        result = cmio_signals_init(&server->signals, numbers, 2);
    if (result == 0)
        result = cmio_registry_register(server->registry, &server->signals.source, TOKEN_SIGNALS,
                                        CMIO_READABLE);
    if (result < 0)
        return complain("cannot start", result);
    server->room = (struct room){.registry = server->registry, .events = server->events};
    return server_listen(server, address);
}

static void server_close(struct server *server) {
    room_close(&server->room);
    (void)cmio_tcp_listener_close(&server->listener);
    (void)cmio_signals_close(&server->signals);
    cmio_events_free(server->events);
    cmio_poll_free(server->poll);
}

/* Returns -1 when the program may start, otherwise its exit status. */
static int parse_arguments(int argc, char **argv, struct cmio_address *out) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    switch (getopt_long(argc, argv, "", options, NULL)) {
    case -1:
        break;
    case 'h':
        printf("usage: %s [--help] [ADDRESS]\n"
               "Tells every client what the others say. ADDRESS is numeric, as 127.0.0.1:80 or\n"
               "[::1]:80; port 0 takes a free one. The default is %s.\n\n"
               "Once it listens it prints one line: listening on ADDRESS\n"
               "Exit status: 0 after SIGINT or SIGTERM, 1 for a failure, 2 for wrong arguments.\n",
               program, default_address);
        return EXIT_SUCCESS;
    default: /* getopt_long(3) has said what is wrong */
        return EXIT_USAGE;
    }
    const char *text = optind < argc ? argv[optind++] : default_address;
    if (optind < argc)
        fprintf(stderr, "%s: '%s' is one argument too many\n", program, argv[optind]);
    else if (cmio_address_parse(text, out) < 0 || cmio_address_family(out) == AF_UNIX)
        fprintf(stderr, "%s: '%s' is not an address such as %s\n", program, text, default_address);
    else
        return -1;
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    struct cmio_address address;
    int status = parse_arguments(argc, argv, &address);
    if (status >= 0)
        return status;
    struct server server = {0};
    bool is_done = server_open(&server, &address) == 0 && server_run(&server) == 0;
    server_close(&server);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
