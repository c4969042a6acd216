/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_HTTP_H
#define CMIO_BENCH_HTTP_H

/*
 * A minimal HTTP server that sleeps: GET /1000 is answered after 1000 ms, GET /0 at once. It always
 * keeps connections, and answers pipelined requests in order. The responses to all requests of one
 * read go out with one send. It prints "port N" and serves until a signal ends it.
 *
 * A library's file includes this, and adds a struct client that begins with a struct http, and
 *
 *     static void serve(int fd);               runs a loop with this listener; one on each thread
 *                                              if HTTP_LOOPS is defined
 *     static ssize_t http_send(http, ...);     one send(2), or the library's own: -1 and errno
 *     static ssize_t http_receive(http, ...);  one recv(2), likewise
 *     static void http_sleep(http, time);      calls http_wake() after so many milliseconds
 *     static void http_watch(http);            http_wants_to_read() or _write() has changed: for
 *                                              libraries that do not watch both edges
 *     static void http_close(http);            cancels the timer, closes, calls http_free(), and
 *                                              frees the client
 *
 * It calls these functions. They return false if they have closed the client:
 *
 *     http_read()     there are bytes to read. After an edge, which is not repeated, to_end means
 *                     that the peer has ended its side; then a short read is not the last
 *     http_write()    there is room again
 *     http_wake()     the time is over
 *     http_answer()   instead of http_read(), if the library reads by itself
 *     http_sent()     instead of http_write(), if the library sent what there was no room for
 *
 * Between events a connection owns no buffer. All connections share one to read into. Bytes that
 * cannot be answered yet (the beginning of a request, or bytes behind a request that sleeps) are
 * kept in memory of their own. All responses are the same bytes, so a number tells what is still to
 * be sent.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/bench.h"
#include "http/program.h"
#include "http/request.h"

/* Bytes that were read and cannot be answered yet. */
struct http_kept {
    size_t length;
    char bytes[];
};

struct http {
    struct http_kept *kept;
    uint32_t unsent; /* bytes of responses */
    bool is_sleeping;
    bool is_paused; /* the limit of reading ahead is reached */
};

/* Each thread has a loop of its own. */
static _Thread_local char http_input[HTTP_INPUT];

static ssize_t http_send(struct http *http, const void *buffer, size_t length);
static ssize_t http_receive(struct http *http, void *buffer, size_t length);
static void http_sleep(struct http *http, uint32_t milliseconds);
static void http_watch(struct http *http);
static void http_close(struct http *http);

/* ---- Responses ---- */

/* The bytes to send next, and how many there are in one piece. */
static const char *http_next_output(const struct http *http, size_t *length) {
    const size_t begin =
        (HTTP_RESPONSE_SIZE - http->unsent % HTTP_RESPONSE_SIZE) % HTTP_RESPONSE_SIZE;
    const size_t room = sizeof http_output - begin;
    *length = http->unsent < room ? http->unsent : room;
    return http_output + begin;
}

/* Sends as many waiting bytes as there is room for. False if the connection has failed. */
static bool http_flush(struct http *http) {
    while (http->unsent > 0) {
        size_t length;
        const char *output = http_next_output(http, &length);
        const ssize_t count = http_send(http, output, length);
        if (count < 0)
            return errno == EAGAIN;
        http->unsent -= (uint32_t)count;
        if ((size_t)count < length)
            return true;
    }
    return true;
}

/* ---- Connections ---- */

/* Whether requests must wait, for one that sleeps or for a slow reader. */
static inline bool http_is_busy(const struct http *http) {
    return http->is_sleeping || http->unsent > 0;
}

static inline bool http_wants_to_read(const struct http *http) {
    return !http->is_paused;
}

static inline bool http_wants_to_write(const struct http *http) {
    return http->unsent > 0;
}

static inline void http_free(struct http *http) {
    free(http->kept);
}

/* Keeps these bytes for later, and drops those kept before. */
static void http_keep(struct http *http, const char *bytes, size_t length) {
    if (length == 0) {
        if (http->kept != NULL)
            free(http->kept);
        http->kept = NULL;
        return;
    }
    struct http_kept *kept = realloc(http->kept, sizeof *kept + length);
    BENCH_CHECK(kept != NULL);
    kept->length = length;
    memcpy(kept->bytes, bytes, length);
    http->kept = kept;
}

/* Puts the kept bytes at the beginning of the input, and returns how many there are. */
static inline size_t http_begin_input(const struct http *http) {
    if (http->kept == NULL)
        return 0;
    memcpy(http_input, http->kept->bytes, http->kept->length);
    return http->kept->length;
}

/*
 * Sends a number of responses that were due before, and answers that length of input up to a
 * request that sleeps. False if the client was closed.
 */
static bool http_answer(struct http *http, size_t length, uint32_t responses) {
    const bool was_unsent = http->unsent > 0;
    uint32_t milliseconds = 0;
    size_t done = 0;
    ssize_t head = 0;
    while (!http_is_busy(http) && milliseconds == 0 &&
           (head = http_parse(http_input + done, length - done, &milliseconds)) > 0) {
        done += (size_t)head;
        responses += milliseconds == 0;
    }
    http_keep(http, http_input + done, length - done);
    if (milliseconds > 0) {
        http->is_sleeping = true;
        http_sleep(http, milliseconds);
    }
    http->unsent += responses * HTTP_RESPONSE_SIZE;
    if ((!was_unsent && !http_flush(http)) || head < 0) {
        http_close(http);
        return false;
    }
    const bool is_paused = http_is_busy(http) && length - done >= HTTP_AHEAD_MOST;
    if (is_paused != http->is_paused || was_unsent != (http->unsent > 0)) {
        http->is_paused = is_paused;
        http_watch(http);
    }
    return true;
}

static inline bool http_read(struct http *http, bool to_end) {
    size_t room, begin;
    ssize_t count;
    do {
        if (http->is_paused)
            return true;
        begin = http_begin_input(http);
        room = sizeof http_input - begin;
        count = http_receive(http, http_input + begin, room);
        if (count < 0 && errno == EAGAIN)
            return true;
        if (count <= 0) {
            http_close(http);
            return false;
        }
        if (!http_answer(http, begin + (size_t)count, 0))
            return false;
    } while ((size_t)count == room || to_end);
    return true;
}

/* Goes on with the kept bytes, and then with bytes that were not read yet. */
static bool http_resume(struct http *http, uint32_t responses) {
    const bool was_paused = http->is_paused;
    if (!http_answer(http, http_begin_input(http), responses))
        return false;
    return !was_paused || http_read(http, true);
}

/* Call it when count bytes were sent and there is room again. */
static bool http_sent(struct http *http, uint32_t count) {
    http->unsent -= count;
    if (!http_flush(http)) {
        http_close(http);
        return false;
    }
    http_watch(http);
    return http->unsent > 0 || http_resume(http, 0);
}

static inline bool http_write(struct http *http) {
    return http->unsent == 0 || http_sent(http, 0);
}

static inline bool http_wake(struct http *http) {
    http->is_sleeping = false;
    return http_resume(http, 1);
}

/* Whether accept(2) returned a connection. Ends the benchmark after an error that is not benign. */
static inline bool http_is_accepted(int fd) {
    BENCH_CHECK(fd >= 0 || errno == EAGAIN || errno == ECONNABORTED);
    return fd >= 0;
}

#endif
