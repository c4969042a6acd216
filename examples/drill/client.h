/* SPDX-License-Identifier: MIT */
#ifndef DRILL_CLIENT_H
#define DRILL_CLIENT_H

/*
 * One HTTP client: a connection, and the one request that is on its way over it.
 *
 *     client_start()  connects, or sends at once where a kept connection leads to the same server
 *     client_handle() takes an event of the connection further: connected, room to send, an answer
 *
 * Both return OUTCOME_PENDING while there is more to come, and then what became of the request.
 * After that the client is ready for the next one: its connection is kept if the server lets it,
 * and closed otherwise.
 *
 * A server may close a kept connection just when the next request is sent. If it does so before
 * any byte of the answer, a request that is idempotent is sent once more on a new connection (RFC
 * 9112 section 9.3.1).
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
 * What all clients of a loop share. One buffer is enough for any number of them: an answer is read
 * through it and not kept.
 */
struct wire {
    struct cmio_registry *registry;
    struct server *servers; /* whom requests lead to, by their number */
    char *buffer;
    size_t size;
    int64_t now; /* when the bytes at hand had arrived, at the latest; set it after each wait */
    int error;   /* the last error that became OUTCOME_ERROR */
};

enum client_state {
    CLIENT_CLOSED,
    CLIENT_IDLE, /* connected, and no request is on its way */
    CLIENT_CONNECTING,
    CLIENT_SENDING,
    CLIENT_RECEIVING,
};

/*
 * Private but for number, which is set before the first start, and for response.status, received,
 * connects and reused, which say how the last request went. A struct of zeros is a closed client.
 */
struct client {
    struct cmio_tcp_stream stream;
    const struct request *request;
    const char *bytes; /* what to send: the request's, or filled */
    size_t length;
    size_t sent;
    char *filled; /* a copy with the number of the iteration */
    size_t room;  /* for it */
    struct response response;
    uint64_t received; /* bytes, for the request at hand or the last one */
    uint32_t connects; /* connections that were made for that request */
    uint32_t number;   /* among the clients of the loop: see spread_connect() */
    uint32_t server;   /* whom the connection leads to */
    uint8_t address;   /* at which of the server's addresses */
    uint8_t tried;     /* how many of them were tried in vain */
    uint8_t state;     /* enum client_state */
    bool reused;       /* the connection has had an answer before that to this request */
    bool undrained;    /* the last read may have left something behind */
};

/*
 * Begins the request, which must stay until it ended, with the number of the iteration where it asks
 * for that. The client's events carry it as their token.
 */
enum outcome client_start(struct client *client, struct wire *wire, const struct request *request,
                          uint64_t iteration);

/* Does what the event calls for. Spurious events are allowed. */
enum outcome client_handle(struct client *client, struct wire *wire,
                           const struct cmio_event *event);

/* Closes the connection, whatever is on its way. */
void client_close(struct client *client);

/* Closes the connection and frees what the client holds. */
void client_free(struct client *client);

#endif
