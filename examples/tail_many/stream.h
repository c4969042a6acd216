/* SPDX-License-Identifier: MIT */
#ifndef TAIL_MANY_STREAM_H
#define TAIL_MANY_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <cmio/cmio.h>

enum { LONGEST_LINE = 4096 };

/* A pipe from which lines come. */
struct stream {
    struct cmio_pipe_receiver pipe;
    size_t length; /* of what was read and not printed: the beginning of a line */
    char line[LONGEST_LINE];
};

struct output;

/*
 * Reads once, and adds each line that is whole to the output, which has room, behind the command's
 * number and the mark. One that is too long is added in pieces, a last one without its end like
 * others. Returns false at the end of the pipe, or on an error of it: the stream is closed then.
 */
bool stream_pass_on(struct stream *stream, struct output *output, int command, char mark);

#endif
