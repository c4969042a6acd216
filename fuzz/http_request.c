/* SPDX-License-Identifier: MIT */

/*
 * The request parser over any bytes: they are a connection, with one request behind the other. What
 * comes of them must make sense, and must be the same however the bytes are split.
 */

#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLEEP_MAX = 3600000 };

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* How long the next piece is, by the kind of splitting. */
enum splitting {
    SPLIT_NOT,
    SPLIT_BYTES,
    SPLIT_AT_RANDOM,
};

/* A connection on its way through the parser. */
struct connection {
    struct http_request request;
    uint64_t digest; /* of all that came of it */
    uint32_t random;
    enum splitting splitting;
    bool closed;
};

/* FNV-1a, over values. */
static void digest(struct connection *connection, uint64_t value) {
    connection->digest = (connection->digest ^ value) * UINT64_C(1099511628211);
}

static bool is_status(unsigned status) {
    static const unsigned statuses[] = {200, 400, 404, 405, 411, 413, 414, 417, 431, 501, 505};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i] == status)
            return true;
    return false;
}

static void check_complete(const struct http_request *request) {
    CHECK(is_status(request->status));
    CHECK(request->body_left == 0);
    CHECK(request->minor_version <= 9);
    if (request->status != 200)
        return;
    CHECK(request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD);
    CHECK(request->path_is_number);
    CHECK(request->sleep_ms <= SLEEP_MAX);
}

static void take_complete(struct connection *connection) {
    struct http_request *request = &connection->request;
    check_complete(request);
    digest(connection, request->status);
    digest(connection, request->method);
    digest(connection, request->minor_version);
    digest(connection, request->keep_alive);
    digest(connection, request->wants_continue);
    digest(connection, request->path_is_number);
    digest(connection, request->sleep_ms);
    if (request->keep_alive)
        http_request_init(request, SLEEP_MAX);
    else
        connection->closed = true;
}

/* One piece, which the parser may take in several steps. */
static void feed(struct connection *connection, const uint8_t *data, size_t size) {
    while (size > 0 && !connection->closed) {
        struct http_request *request = &connection->request;
        uint8_t stage = request->stage;
        size_t used = http_request_feed(request, data, size);
        CHECK(used > 0 && used <= size);
        CHECK(request->stage >= stage);
        CHECK(used == size || request->stage >= HTTP_STAGE_BODY);
        CHECK(request->stage != HTTP_STAGE_BODY || request->body_left <= HTTP_BODY_MAX);
        data += used;
        size -= used;
        if (request->stage == HTTP_STAGE_COMPLETE)
            take_complete(connection);
    }
}

static size_t piece_length(struct connection *connection, size_t left) {
    if (connection->splitting == SPLIT_NOT)
        return left;
    if (connection->splitting == SPLIT_BYTES)
        return 1;
    connection->random = connection->random * 1664525 + 1013904223;
    size_t length = 1 + (connection->random >> 16) % 64;
    return length < left ? length : left;
}

static uint64_t run(const uint8_t *data, size_t size, enum splitting splitting) {
    struct connection connection = {
        .digest = UINT64_C(14695981039346656037),
        .random = (uint32_t)size,
        .splitting = splitting,
    };
    http_request_init(&connection.request, SLEEP_MAX);
    for (size_t at = 0; at < size && !connection.closed;) {
        size_t length = piece_length(&connection, size - at);
        feed(&connection, data + at, length);
        at += length;
    }
    digest(&connection, connection.request.stage);
    digest(&connection, connection.request.body_left);
    return connection.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t whole = run(data, size, SPLIT_NOT);
    CHECK(run(data, size, SPLIT_BYTES) == whole);
    CHECK(run(data, size, SPLIT_AT_RANDOM) == whole);
    return 0;
}
