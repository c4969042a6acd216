/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_HTTP_TALK_H
#define CMIO_BENCH_HTTP_TALK_H

/*
 * For servers that have a task for each connection: the received bytes, and the responses that are
 * due. Such a server repeats this: read; then, until nothing is due, take requests, answer, sleep.
 */

#include <stdbool.h>

#include "http/program.h"
#include "http/request.h"

struct talk {
    size_t length; /* of the input that has not been answered */
    uint32_t due;  /* responses to be sent */
    uint32_t milliseconds;
    bool is_bad;
    char input[HTTP_INPUT];
};

/* Takes requests up to one that sleeps, or a bad one. */
static inline void talk_take(struct talk *talk) {
    size_t done = 0;
    ssize_t head = 0;
    talk->milliseconds = 0;
    while (talk->milliseconds == 0 &&
           (head = http_parse(talk->input + done, talk->length - done, &talk->milliseconds)) > 0) {
        done += (size_t)head;
        talk->due += talk->milliseconds == 0;
    }
    talk->is_bad = head < 0;
    talk->length -= done;
    if (talk->length > 0)
        memmove(talk->input, talk->input + done, talk->length);
}

/* Takes as many due responses as one write holds, and returns their length. */
static inline size_t talk_next_output(struct talk *talk) {
    const uint32_t count = talk->due < HTTP_AT_ONCE ? talk->due : HTTP_AT_ONCE;
    talk->due -= count;
    return count * HTTP_RESPONSE_SIZE;
}

#endif
