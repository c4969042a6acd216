/* SPDX-License-Identifier: MIT */

/*
 * Each line is put into the queue of every client that receives it, without waiting. A client that
 * leaves is not freed at once, because that may be in the middle of a message to all. It is marked,
 * and room_let_go() frees it at the end of the event.
 */

#include "chat/room.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/line.h"
#include "chat/queue.h"

enum {
    NAME_SIZE = 25,
    TEXT_SIZE = NAME_SIZE + LINE_LENGTH + 100, /* the longest message */
    READ_SIZE = 4096,
    READS_A_TURN = 16, /* before the others have theirs */
};

static const char name_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

struct client {
    struct cmio_tcp_stream stream;
    struct client *next;
    struct client **link; /* the pointer to this one */
    const char *farewell; /* how the others hear of its leaving; NULL: it stays */
    char name[NAME_SIZE];
    struct line line;
    struct queue queue;
};

/* ---- Leaving and talking ---- */

static void client_leave(struct room *room, struct client *client, const char *farewell) {
    if (client->farewell == NULL)
        client->farewell = farewell;
    room->someone_leaves = true;
}

/* Handles the result of sending. */
static void client_sent(struct room *room, struct client *client, int result) {
    if (result == -ENOBUFS)
        client_leave(room, client, "was too slow");
    else if (result < 0 && result != -EAGAIN)
        client_leave(room, client, "is gone");
}

static void client_hear(struct room *room, struct client *client, const char *text, size_t length) {
    if (client->farewell == NULL)
        client_sent(room, client, queue_put(&client->queue, text, length, &client->stream));
}

/* Sends a line to one client; or, if to is NULL, to all except but. */
__attribute__((format(printf, 4, 5))) static void
say(struct room *room, struct client *to, const struct client *but, const char *format, ...) {
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    size_t length = (size_t)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (to != NULL) {
        client_hear(room, to, text, length);
        return;
    }
    for (struct client *client = room->clients; client != NULL; client = client->next)
        if (client != but)
            client_hear(room, client, text, length);
}

/* ---- Coming and going ---- */

static const struct client *room_find(const struct room *room, const char *name) {
    const struct client *client = room->clients;
    while (client != NULL && strcmp(client->name, name) != 0)
        client = client->next;
    return client;
}

static void room_link(struct room *room, struct client *client) {
    client->next = room->clients;
    client->link = &room->clients;
    if (client->next != NULL)
        client->next->link = &client->next;
    room->clients = client;
}

static void room_unlink(const struct client *client) {
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
}

/*
 * Closing deregisters, so no later wait reports the client. But a client may leave during an event
 * of another one, while the current batch still holds an event of its own. The token of that event
 * is about to point to freed memory, so cmio_events_purge() removes it.
 */
static void client_free(struct room *room, struct client *client) {
    (void)cmio_tcp_stream_close(&client->stream); /* closes even if it fails */
    cmio_events_purge(room->events, (cmio_token)client);
    free(client);
}

/* Frees clients that leave. A farewell may overflow other queues, so repeat until none leaves. */
static void room_let_go(struct room *room) {
    while (room->someone_leaves) {
        room->someone_leaves = false;
        for (struct client *client = room->clients, *next; client != NULL; client = next) {
            next = client->next;
            if (client->farewell == NULL)
                continue;
            room_unlink(client);
            say(room, NULL, NULL, "* %s %s\n", client->name, client->farewell);
            client_free(room, client);
        }
    }
}

int room_admit(struct room *room, struct cmio_tcp_listener *listener) {
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return -ENOMEM;
    int result = cmio_tcp_listener_accept(listener, &client->stream, NULL);
    if (result == 0)
        result = cmio_registry_register(room->registry, &client->stream.source, (cmio_token)client,
                                        CMIO_READABLE | CMIO_WRITABLE);
    if (result < 0) {
        client_free(room, client); /* accepts a stream that was never open */
        return result;
    }
    do {
        (void)snprintf(client->name, sizeof client->name, "guest%lu", ++room->guests);
    } while (room_find(room, client->name) != NULL);
    room_link(room, client);
    say(room, client, NULL, "* welcome, %s: /nick NAME, /who, /quit\n", client->name);
    say(room, NULL, client, "* %s joined\n", client->name);
    room_let_go(room);
    return 0;
}

void room_close(struct room *room) {
    for (struct client *client = room->clients, *next; client != NULL; client = next) {
        next = client->next;
        client_free(room, client);
    }
    room->clients = NULL;
}

/* ---- What a client says ---- */

static void client_rename(struct room *room, struct client *client, const char *name) {
    size_t length = strlen(name);
    if (length == 0 || length >= NAME_SIZE || strspn(name, name_characters) < length) {
        say(room, client, NULL, "* a name has up to %d letters, digits, - and _\n", NAME_SIZE - 1);
    } else if (room_find(room, name) != NULL) {
        say(room, client, NULL, "* %s is taken\n", name);
    } else {
        say(room, NULL, NULL, "* %s is now %s\n", client->name, name);
        memcpy(client->name, name, length + 1);
    }
}

static void client_on_line(struct room *room, struct client *client) {
    const char *text = client->line.text;
    if (text[0] == '\0')
        return;
    if (text[0] != '/') {
        say(room, NULL, client, "%s: %s\n", client->name, text);
    } else if (strncmp(text, "/nick ", 6) == 0) {
        client_rename(room, client, text + 6);
    } else if (strcmp(text, "/quit") == 0) {
        client_leave(room, client, "left");
    } else if (strcmp(text, "/who") == 0) {
        for (const struct client *one = room->clients; one != NULL; one = one->next)
            say(room, client, NULL, "* %s%s\n", one->name, one == client ? " (you)" : "");
    } else {
        say(room, client, NULL, "* no such command: %s\n", text);
    }
}

static void client_on_bytes(struct room *room, struct client *client, const char *bytes,
                            size_t length) {
    while (length > 0 && client->farewell == NULL) {
        size_t used = line_feed(&client->line, bytes, length);
        bytes += used;
        length -= used;
        if (client->line.is_complete)
            client_on_line(room, client);
    }
}

/*
 * Reads until -EAGAIN, because without it there is no next event. A client with more bytes than fit
 * a turn is reregistered, which reports existing readiness after the others had their turn.
 */
static void client_receive(struct room *room, struct client *client) {
    char bytes[READ_SIZE];
    for (int reads = 0; reads < READS_A_TURN; reads++) {
        ssize_t n = cmio_tcp_stream_read(&client->stream, bytes, sizeof bytes);
        if (n == -EAGAIN)
            return;
        if (n > 0)
            client_on_bytes(room, client, bytes, (size_t)n);
        else
            client_leave(room, client, n == 0 ? "left" : "is gone");
        if (client->farewell != NULL)
            return;
    }
    if (cmio_registry_reregister(room->registry, &client->stream.source, (cmio_token)client,
                                 CMIO_READABLE | CMIO_WRITABLE) < 0)
        client_leave(room, client, "is gone");
}

void room_on_event(struct room *room, const struct cmio_event *event) {
    struct client *client = (struct client *)event->token;
    if (cmio_event_is_writable(event))
        client_sent(room, client, queue_send(&client->queue, &client->stream));
    if (cmio_event_is_readable(event))
        client_receive(room, client);
    room_let_go(room);
}
