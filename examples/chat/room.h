/* SPDX-License-Identifier: MIT */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include <stdbool.h>

#include <cmio/cmio.h>

struct client;

/* The clients of a chat. All zeros, except for the two borrowed pointers, is an empty room. */
struct room {
    struct cmio_registry *registry;
    struct cmio_events *events; /* the batch that is handled while the room works */
    struct client *clients;
    unsigned long guests; /* how many came so far, for their first names */
    bool someone_leaves;
};

/* Accepts the next client. Returns 0, -ENOMEM, or an error of cmio_tcp_listener_accept(). */
int room_admit(struct room *room, struct cmio_tcp_listener *listener);

/* Handles an event of a client. The token points to the client. */
void room_on_event(struct room *room, const struct cmio_event *event);

/* Frees all clients. */
void room_close(struct room *room);

#endif
