/* SPDX-License-Identifier: MIT */
#include "tail_many/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void output_open(struct output *output) {
    descriptor_borrow(&output->descriptor, STDOUT_FILENO);
    output_clear(output);
    (void)cmio_fd_source_init(&output->source, output->descriptor.fd); /* the arguments are valid */
}

void output_close(struct output *output) {
    (void)cmio_fd_source_close(&output->source); /* closes even if it fails */
    descriptor_close(&output->descriptor);
}

bool output_has_room(const struct output *output) {
    return sizeof output->bytes - output->end >= OUTPUT_ROOM;
}

void output_add(struct output *output, int command, char mark, const char *line, size_t length) {
    char *end = output->bytes + output->end;
    size_t room = sizeof output->bytes - output->end;
    size_t number = (size_t)snprintf(end, room, "%d%c ", command, mark);
    memcpy(end + number, line, length);
    end[number + length] = '\n';
    output->end += number + length + 1;
}

int output_flush(struct output *output) {
    while (output->begin < output->end) {
        ssize_t n = descriptor_write(&output->descriptor, output->bytes + output->begin,
                                     output->end - output->begin);
        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        output->begin += (size_t)n;
    }
    output_clear(output);
    return 0;
}

void output_clear(struct output *output) {
    output->begin = output->end = 0;
}
