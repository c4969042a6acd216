/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <stdlib.h>

#include <cmio/time.h>

#include "spread.h"

/* How many reads one event may cause before others have their turn. */
enum { READS_AT_ONCE = 16 };

void client_close(struct client *client) {
    (void)cmio_tcp_stream_close(&client->stream); /* closes even if it fails */
    client->state = CLIENT_CLOSED;
}

void client_free(struct client *client) {
    client_close(client);
    free(client->filled);
    client->filled = NULL;
    client->room = 0;
}

static enum outcome fail(struct client *client, struct wire *wire, long error) {
    enum outcome outcome = outcome_of_error(error);
    if (outcome == OUTCOME_ERROR)
        wire->error = (int)error;
    client_close(client);
    return outcome;
}

static struct server *server_of(const struct client *client, const struct wire *wire) {
    return &wire->servers[client->server];
}

/*
 * Begins to connect. Both directions are registered once, edge-triggered, for the life of the
 * connection. Writable means that it is established, and later that there is room again.
 */
static int connect_to(struct client *client, struct wire *wire,
                      const struct cmio_address *address) {
    int result = spread_connect(&client->stream, address, client->number);
    if (result < 0)
        return result;
    client->state = CLIENT_CONNECTING;
    return cmio_registry_register(wire->registry, &client->stream.source, (cmio_token)client,
                                  CMIO_READABLE | CMIO_WRITABLE);
}

/* Goes on to the next address. False if all were tried, or if one is known to be good. */
static bool has_next_address(struct client *client, const struct wire *wire) {
    const struct server *server = server_of(client, wire);
    if (server->is_proven || client->tried + 1U >= server->count)
        return false;
    client->tried++;
    client->address = (uint8_t)((client->address + 1U) % server->count);
    return true;
}

/* Begins to connect to the current address, or to one after it. */
static enum outcome try_addresses(struct client *client, struct wire *wire) {
    int result;
    do {
        client_close(client);
        result = connect_to(client, wire, &server_of(client, wire)->addresses[client->address]);
    } while (result < 0 && has_next_address(client, wire));
    return result < 0 ? fail(client, wire, result) : OUTCOME_PENDING;
}

static enum outcome open_connection(struct client *client, struct wire *wire) {
    client->server = client->request->server;
    client->address = (uint8_t)server_of(client, wire)->preferred;
    client->tried = 0;
    client->reused = false;
    client->undrained = false;
    return try_addresses(client, wire);
}

/* The answer is complete. Keeps or closes the connection, and returns the request's outcome. */
static enum outcome finish(struct client *client, bool keep) {
    int status = client->response.status;
    if (keep)
        client->state = CLIENT_IDLE;
    else
        client_close(client);
    return status < STATUS_FAILED ? OUTCOME_SUCCESS : OUTCOME_STATUS;
}

/* Handles the end of the connection: the server closed it (result is 0), or it broke. */
static enum outcome take_end(struct client *client, struct wire *wire, ssize_t result) {
    if (result == 0 && response_end(&client->response) == RESPONSE_COMPLETE)
        return finish(client, false);
    bool untouched = client->reused && !response_has_begun(&client->response);
    if (untouched && client->request->idempotent) {
        client_close(client);
        return open_connection(client, wire); /* a new one, so this happens only once */
    }
    if (result == 0) {
        client_close(client);
        return OUTCOME_CLOSED;
    }
    return fail(client, wire, result);
}

/*
 * Takes the bytes that were read. The connection is kept only if the request was sent whole,
 * nothing follows the answer, and neither side is about to close.
 */
static enum outcome take_bytes(struct client *client, struct wire *wire, size_t length,
                               bool is_ending) {
    size_t used = 0;
    switch (response_feed(&client->response, wire->buffer, length, &used)) {
    case RESPONSE_MORE:
        return OUTCOME_PENDING;
    case RESPONSE_COMPLETE:
        client->undrained = length == wire->size;
        return finish(client, client->state == CLIENT_RECEIVING && used == length && !is_ending &&
                                  !client->request->closes &&
                                  response_keeps_connection(&client->response));
    case RESPONSE_MALFORMED:
        break;
    }
    client_close(client);
    return OUTCOME_MALFORMED;
}

/* Reregisters, which reports bytes already in the socket. An undrained socket sends no event. */
static enum outcome ask_again(struct client *client, struct wire *wire) {
    int result = cmio_registry_reregister(wire->registry, &client->stream.source,
                                          (cmio_token)client, CMIO_READABLE | CMIO_WRITABLE);
    return result < 0 ? fail(client, wire, result) : OUTCOME_PENDING;
}

/*
 * Reads until the answer is complete or nothing is left, which only -EAGAIN proves. A read is also
 * short at an urgent byte, and in front of the server's end of the stream. No further event would
 * report what is left.
 */
static enum outcome receive(struct client *client, struct wire *wire, bool is_ending) {
    for (int reads = 0; reads < READS_AT_ONCE; reads++) {
        ssize_t length = cmio_tcp_stream_read(&client->stream, wire->buffer, wire->size);
        if (length == -EAGAIN)
            return OUTCOME_PENDING;
        if (length <= 0)
            return take_end(client, wire, length);
        client->received += (uint64_t)length;
        enum outcome outcome = take_bytes(client, wire, (size_t)length, is_ending);
        if (outcome != OUTCOME_PENDING)
            return outcome;
        wire->now = cmio_now(); /* later bytes may have arrived after the event */
    }
    return ask_again(client, wire);
}

/*
 * Sends the rest of the request. A server that refuses a long one answers and closes before it has
 * all of it. So if sending fails, the answer may still be there to read.
 */
static enum outcome send_rest(struct client *client, struct wire *wire) {
    while (client->sent < client->length) {
        ssize_t length = cmio_tcp_stream_write(&client->stream, client->bytes + client->sent,
                                               client->length - client->sent);
        if (length == -EAGAIN)
            return OUTCOME_PENDING;
        if (length < 0)
            return receive(client, wire, true);
        client->sent += (size_t)length;
    }
    client->state = CLIENT_RECEIVING;
    return OUTCOME_PENDING;
}

static enum outcome begin_to_send(struct client *client, struct wire *wire) {
    response_init(&client->response, client->request->head);
    client->sent = 0;
    client->state = CLIENT_SENDING;
    return send_rest(client, wire);
}

/* Handles the result of connecting. */
static enum outcome finish_connect(struct client *client, struct wire *wire) {
    int result = cmio_tcp_stream_finish_connect(&client->stream);
    if (result == -EINPROGRESS)
        return OUTCOME_PENDING;
    if (result < 0)
        return has_next_address(client, wire) ? try_addresses(client, wire)
                                              : fail(client, wire, result);
    struct server *server = server_of(client, wire);
    server->preferred = client->address;
    server->is_proven = true;
    client->connects++;
    /* The tail of a long request must not wait for the server's acknowledgement. */
    (void)cmio_tcp_stream_set_nodelay(&client->stream, true);
    return begin_to_send(client, wire);
}

/* Sends on the kept connection. Its last read may have left bytes, or the end of the stream. */
static enum outcome reuse_connection(struct client *client, struct wire *wire) {
    client->reused = true;
    enum outcome outcome = begin_to_send(client, wire);
    if (outcome != OUTCOME_PENDING || !client->undrained)
        return outcome;
    client->undrained = false;
    return ask_again(client, wire);
}

/* Makes a copy with the number of the iteration in it. Returns 0 or -ENOMEM. */
static int fill(struct client *client, const struct request *request, uint64_t iteration) {
    size_t room = request_room(request);
    if (room > client->room) {
        char *filled = realloc(client->filled, room);
        if (filled == NULL)
            return -ENOMEM;
        client->filled = filled;
        client->room = room;
    }
    client->length = request_fill(request, iteration, client->filled);
    client->bytes = client->filled;
    return 0;
}

enum outcome client_start(struct client *client, struct wire *wire, const struct request *request,
                          uint64_t iteration) {
    client->request = request;
    client->received = 0;
    client->connects = 0;
    client->bytes = request->bytes;
    client->length = request->length;
    if (request->hole_count > 0 && fill(client, request, iteration) < 0)
        return fail(client, wire, -ENOMEM);
    if (client->state == CLIENT_IDLE && client->server == request->server)
        return reuse_connection(client, wire);
    client_close(client);
    return open_connection(client, wire);
}

/*
 * One event may report both readiness to write and to read, and each edge only once. Writing is
 * handled first, then reading.
 */
enum outcome client_handle(struct client *client, struct wire *wire,
                           const struct cmio_event *event) {
    enum outcome outcome = OUTCOME_PENDING;
    if (client->state == CLIENT_CONNECTING)
        outcome = finish_connect(client, wire);
    else if (client->state == CLIENT_SENDING && cmio_event_is_writable(event))
        outcome = send_rest(client, wire);
    bool expects = client->state == CLIENT_SENDING || client->state == CLIENT_RECEIVING;
    if (outcome == OUTCOME_PENDING && expects && cmio_event_is_readable(event))
        outcome = receive(client, wire, cmio_event_is_read_closed(event));
    return outcome;
}
