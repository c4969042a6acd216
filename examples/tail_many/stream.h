/* SPDX-License-Identifier: MIT */
#ifndef TAIL_MANY_STREAM_H
#define TAIL_MANY_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <cmio/cmio.h>

enum { LONGEST_LINE = 4096 };

/* A pipe that lines are read from. */
struct stream {
    struct cmio_pipe_receiver pipe;
    size_t length; /* of the beginning of a line that was read and not printed */
    char line[LONGEST_LINE];
};

struct output;

/*
 * Reads once, and adds each complete line to the output, which must have room, behind the command's
 * number and the mark. A line that is too long is added in pieces. A last line without a newline is
 * added like others. Returns false, and closes the stream, at the end of the pipe or on an error.
 */
bool stream_pass_on(struct stream *stream, struct output *output, int command, char mark);

#endif
