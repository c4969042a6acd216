/* SPDX-License-Identifier: MIT */
#ifndef NEIGHBOURS_SERVER_H
#define NEIGHBOURS_SERVER_H

/*
 * What the programs that are servers have in common: a listener on a free port of 127.0.0.1, a list
 * of clients, and an end at SIGINT or SIGTERM. A client's token is its address.
 */

#include <errno.h>
#include <signal.h>

#include "check.h"

enum { TOKEN_LISTENER, TOKEN_SIGNALS };

/* A place in a list. */
struct link {
    struct link *next, **place;
    void *owner; /* what is in the list */
};

static inline void link_in(struct link **list, struct link *link, void *owner) {
    *link = (struct link){.next = *list, .place = list, .owner = owner};
    if (link->next != NULL)
        link->next->place = &link->next;
    *list = link;
}

static inline void link_out(struct link *link) {
    *link->place = link->next;
    if (link->next != NULL)
        link->next->place = link->place;
}

struct server {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_signals signals;
    struct cmio_tcp_listener listener;
    struct link *clients;
    void (*on_listener)(struct server *server); /* accepts one client */
    void (*on_client)(struct server *server, void *client);
    void (*free_client)(void *client); /* takes it out of the list */
};

/* Prints where it listens. The listener is level-triggered: one client per event. */
static inline void server_listen(struct server *server) {
    struct cmio_address address;
    CHECK(cmio_address_parse("127.0.0.1:0", &address) == 0);
    CHECK(cmio_tcp_listener_bind(&server->listener, &address, NULL) == 0);
    CHECK(cmio_poll_register(server->poll, &server->listener.source, TOKEN_LISTENER,
                             CMIO_READABLE | CMIO_LEVEL) == 0);
    CHECK(cmio_tcp_listener_local_address(&server->listener, &address) == 0);
    printf("listening on 127.0.0.1:%u\n", (unsigned)cmio_address_port(&address));
    CHECK(fflush(stdout) == 0);
}

static inline void server_open(struct server *server) {
    static const int numbers[] = {SIGINT, SIGTERM};
    CHECK(cmio_poll_new(&server->poll) == 0 && cmio_events_new(&server->events, 64) == 0);
    CHECK(cmio_signals_init(&server->signals, numbers, 2) == 0);
    CHECK(cmio_poll_register(server->poll, &server->signals.source, TOKEN_SIGNALS, CMIO_READABLE) ==
          0);
    server_listen(server);
}

/* Returns whether the server goes on. */
static inline bool server_on_event(struct server *server, const struct cmio_event *event) {
    if (event->token == TOKEN_SIGNALS)
        return cmio_signals_next(&server->signals) <= 0;
    if (event->token == TOKEN_LISTENER)
        server->on_listener(server);
    else
        server->on_client(server, (void *)event->token);
    return true;
}

static inline void server_run(struct server *server) {
    bool goes_on = true;
    while (goes_on) {
        int count = cmio_poll_wait(server->poll, server->events, CMIO_FOREVER);
        CHECK(count >= 0 || count == -EINTR);
        CMIO_EVENTS_FOREACH (event, server->events)
            goes_on = server_on_event(server, event) && goes_on;
    }
}

static inline void server_close(struct server *server) {
    while (server->clients != NULL)
        server->free_client(server->clients->owner);
    (void)cmio_tcp_listener_close(&server->listener);
    (void)cmio_signals_close(&server->signals);
    cmio_events_free(server->events);
    cmio_poll_free(server->poll);
}

#endif
