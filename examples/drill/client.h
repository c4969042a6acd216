/* SPDX-License-Identifier: MIT */
#ifndef DRILL_CLIENT_H
#define DRILL_CLIENT_H

/*
 * One HTTP client: a connection, and the one request that is in flight on it.
 *
 *     client_start()  connects, or sends at once if a kept connection leads to the same server
 *     client_handle() handles an event of the connection: connected, room to send, an answer
 *
 * Both return OUTCOME_PENDING until the request ends, and then its outcome. After that the client
 * is ready for the next request. It keeps the connection if the server allows it, and closes it
 * otherwise.
 *
 * A server may close a kept connection just when the next request is sent. If it does so before any
 * byte of the answer, a request that is idempotent is sent once more on a new connection (RFC 9112
 * section 9.3.1).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/event.h>
#include <cmio/registry.h>
#include <cmio/tcp_stream.h>

#include "outcome.h"
#include "request.h"
#include "response.h"
#include "server.h"

/*
 * Shared by all clients of a loop. One buffer is enough for any number of them, because answers are
 * read through it and not kept.
 */
struct wire {
    struct cmio_registry *registry;
    struct server *servers; /* by the number in the requests */
    char *buffer;
    size_t size;
    int64_t now; /* the latest time at which the bytes arrived; set it after each wait */
    int error;   /* the last error that became OUTCOME_ERROR */
};

enum client_state {
    CLIENT_CLOSED,
    CLIENT_IDLE, /* connected, without a request in flight */
    CLIENT_CONNECTING,
    CLIENT_SENDING,
    CLIENT_RECEIVING,
};

/*
 * Private, except for number, which the caller sets before the first start, and for
 * response.status, received, connects and reused, which describe the last request. All zeros is a
 * closed client.
 */
struct client {
    struct cmio_tcp_stream stream;
    const struct request *request;
    const char *bytes; /* to be sent: the request's, or filled */
    size_t length;
    size_t sent;
    char *filled; /* a copy with the number of the iteration */
    size_t room;  /* the size of filled */
    struct response response;
    uint64_t received; /* bytes, for the current or the last request */
    uint32_t connects; /* connections made for that request */
    uint32_t number;   /* among the clients of the loop: see spread_connect() */
    uint32_t server;   /* the server of the connection */
    uint8_t address;   /* the index of the server's address */
    uint8_t tried;     /* how many addresses have failed */
    uint8_t state;     /* enum client_state */
    bool reused;       /* the connection served an earlier request */
    bool undrained;    /* the last read may have left bytes */
};

/*
 * Begins the request, which must stay until it has ended. iteration is inserted if the request asks
 * for it. The token of the client's events is the client's address.
 */
enum outcome client_start(struct client *client, struct wire *wire, const struct request *request,
                          uint64_t iteration);

/* Handles the event. Spurious events are allowed. */
enum outcome client_handle(struct client *client, struct wire *wire,
                           const struct cmio_event *event);

/* Closes the connection, even with a request in flight. */
void client_close(struct client *client);

/* Closes the connection and frees what the client holds. */
void client_free(struct client *client);

#endif
