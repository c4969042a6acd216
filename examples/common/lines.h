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
 * Lines of text on their way to a descriptor, which must never hold up the program: if a line
 * cannot be written at once, it is dropped and counted. The next line for which there is room comes
 * behind another that tells the count. A line of which only a part was written is completed before
 * the next one, so lines are never mixed. Any thread may write.
 */
struct lines {
    struct descriptor descriptor;
    const char *program; /* begins the line that tells the count */
    pthread_mutex_t lock;
    uint64_t dropped; /* lines that nobody was told of yet */
    uint64_t dropped_in_all;
    atomic_bool is_renewed; /* the descriptor is another file now */
    size_t begin, end;      /* of rest */
    char rest[LINES_LONGEST];
};

/* Both take the descriptor over. */
void lines_open(struct lines *lines, const char *program, struct descriptor descriptor);

/* The descriptor was made another file with dup2(2). Async-signal-safe. */
void lines_renew(struct lines *lines);

/*
 * Writes a line with its newline, of at most LINES_LONGEST bytes. Returns 0, or a negative errno for
 * a line that was dropped: -EAGAIN if there was no room.
 */
int lines_write(struct lines *lines, const char *line, size_t length);

/* How many lines were dropped until now. Any thread. */
uint64_t lines_dropped(struct lines *lines);

/* Completes the last line, tells the count if there is room now, and closes. */
void lines_close(struct lines *lines);

#endif
