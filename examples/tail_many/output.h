/* SPDX-License-Identifier: MIT */
#ifndef TAIL_MANY_OUTPUT_H
#define TAIL_MANY_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <cmio/cmio.h>

#include "common/descriptor.h"
#include "tail_many/stream.h"

/*
 * Standard output, which may be a pipe that is read slowly or not at all. Lines wait here until it
 * takes them, and the loop goes on meanwhile. Check that there is room before reading from a
 * command. Files are not watched, because a write to them never waits.
 */
enum {
    OUTPUT_ROOM = LONGEST_LINE * 16, /* for one read of empty lines, each with its number */
    OUTPUT_SIZE = 2 * OUTPUT_ROOM,
};

struct output {
    struct descriptor descriptor;
    struct cmio_fd_source source; /* registered while the output is stalled */
    size_t begin, end;
    char bytes[OUTPUT_SIZE];
};

void output_open(struct output *output);
void output_close(struct output *output);

/* Whether another read will fit. */
bool output_has_room(const struct output *output);

/* Adds a line, which must fit. */
void output_add(struct output *output, int command, char mark, const char *line, size_t length);

/* Writes what it can. Returns 0 if nothing is left, -EAGAIN, or another negative errno. */
int output_flush(struct output *output);

/* Discards the waiting lines. */
void output_clear(struct output *output);

#endif
