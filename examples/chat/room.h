/* SPDX-License-Identifier: MIT */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include <stdbool.h>

#include <cmio/cmio.h>

struct client;

/* Those who chat. A struct of zeros but for the two that it borrows is an empty room. */
struct room {
    struct cmio_registry *registry;
    struct cmio_events *events; /* the batch that is gone through while the room is at work */
    struct client *clients;
    unsigned long guests; /* who came so far; it makes their first names */
    bool someone_leaves;
};

/* Takes in the next client that waits: 0, or what cmio_tcp_listener_accept() says, or -ENOMEM. */
int room_admit(struct room *room, struct cmio_tcp_listener *listener);

/* An event of a client, whom its token points to. */
void room_on_event(struct room *room, const struct cmio_event *event);

/* Everybody out. */
void room_close(struct room *room);

#endif
