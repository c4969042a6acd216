/* SPDX-License-Identifier: MIT */
#include "tail_many/stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_line(int command, char mark, const char *line, size_t length) {
    printf("%d%c ", command, mark);
    fwrite(line, 1, length, stdout);
    putchar('\n');
}

/* Keeps the beginning of the line that is not whole yet, unless it fills the buffer. */
static void print_lines(struct stream *stream, int command, char mark) {
    const char *begin = stream->line;
    const char *end = stream->line + stream->length;
    const char *newline;
    while ((newline = memchr(begin, '\n', (size_t)(end - begin))) != NULL) {
        print_line(command, mark, begin, (size_t)(newline - begin));
        begin = newline + 1;
    }
    stream->length = (size_t)(end - begin);
    if (stream->length == LONGEST_LINE) {
        print_line(command, mark, begin, stream->length);
        stream->length = 0;
    }
    memmove(stream->line, begin, stream->length);
}

bool stream_pass_on(struct stream *stream, int command, char mark) {
    ssize_t count = cmio_pipe_receiver_read(&stream->pipe, stream->line + stream->length,
                                            LONGEST_LINE - stream->length);
    if (count == -EAGAIN)
        return true; /* an event may come of nothing */
    if (count > 0) {
        stream->length += (size_t)count;
        print_lines(stream, command, mark);
        return true;
    }
    if (stream->length > 0)
        print_line(command, mark, stream->line, stream->length);
    (void)cmio_pipe_receiver_close(&stream->pipe); /* closed, whatever it says */
    return false;
}
