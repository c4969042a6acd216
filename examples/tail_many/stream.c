/* SPDX-License-Identifier: MIT */
#include "tail_many/stream.h"

#include <errno.h>
#include <string.h>

#include "tail_many/output.h"

/* Adds complete lines. Keeps the beginning of an incomplete one, unless it fills the buffer. */
static void add_lines(struct stream *stream, struct output *output, int command, char mark) {
    const char *begin = stream->line;
    const char *end = stream->line + stream->length;
    const char *newline;
    while ((newline = memchr(begin, '\n', (size_t)(end - begin))) != NULL) {
        output_add(output, command, mark, begin, (size_t)(newline - begin));
        begin = newline + 1;
    }
    stream->length = (size_t)(end - begin);
    if (stream->length == LONGEST_LINE) {
        output_add(output, command, mark, begin, stream->length);
        stream->length = 0;
    }
    memmove(stream->line, begin, stream->length);
}

bool stream_pass_on(struct stream *stream, struct output *output, int command, char mark) {
    ssize_t count = cmio_pipe_receiver_read(&stream->pipe, stream->line + stream->length,
                                            LONGEST_LINE - stream->length);
    if (count == -EAGAIN)
        return true; /* the event was spurious */
    if (count > 0) {
        stream->length += (size_t)count;
        add_lines(stream, output, command, mark);
        return true;
    }
    if (stream->length > 0)
        output_add(output, command, mark, stream->line, stream->length);
    (void)cmio_pipe_receiver_close(&stream->pipe); /* closes even if it fails */
    return false;
}
