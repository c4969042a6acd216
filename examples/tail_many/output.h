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
 * takes them, and the loop goes on meanwhile: whoever reads from commands asks first whether there
 * is room. Files are not watched: they never make anyone wait.
 */
enum {
    OUTPUT_ROOM =
        LONGEST_LINE * 16, /* what one read may become: a line a byte, each with its number */
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

/* Whether a read more will fit. */
bool output_has_room(const struct output *output);

/* Adds a line, which fits. */
void output_add(struct output *output, int command, char mark, const char *line, size_t length);

/* Writes what can be written: 0 when nothing is left, -EAGAIN, or another negative errno. */
int output_flush(struct output *output);

/* Throws away what waits. */
void output_clear(struct output *output);

#endif
