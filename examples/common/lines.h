/* SPDX-License-Identifier: MIT */
#ifndef COMMON_LINES_H
#define COMMON_LINES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/descriptor.h"

enum { LINES_LONGEST = 4096 };

/*
 * Lines of text for a descriptor that must never hold up the program. A line that cannot be written
 * at once is dropped and counted. When there is room again, a line that states the count comes
 * before the next line. A line that was only partly written is completed before the next one, so
 * lines are never mixed. Any thread may write.
 */
struct lines {
    struct descriptor descriptor;
    const char *program; /* begins the line that states the count */
    pthread_mutex_t lock;
    uint64_t dropped; /* lines that were not reported yet */
    uint64_t dropped_in_all;
    atomic_bool is_renewed; /* the descriptor now refers to another file */
    size_t begin, end;      /* of rest */
    char rest[LINES_LONGEST];
};

/* Takes over the descriptor. */
void lines_open(struct lines *lines, const char *program, struct descriptor descriptor);

/* Call it after dup2(2) has given the descriptor another file. Async-signal-safe. */
void lines_renew(struct lines *lines);

/*
 * Writes a line of at most LINES_LONGEST bytes, including its newline. Returns 0, or a negative
 * errno if the line was dropped: -EAGAIN if there was no room.
 */
int lines_write(struct lines *lines, const char *line, size_t length);

/* How many lines have been dropped so far. Any thread. */
uint64_t lines_dropped(struct lines *lines);

/* Completes the last line, states the count if there is room now, and closes. */
void lines_close(struct lines *lines);

#endif
