/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/read.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Reads a line, and then a body whose length is known. */
static void read_message(struct cmio_executor *executor,
                         struct cmio_io *io) {
    struct cmio_read_buffer buffer;
    struct cmio_read_until_future until;
    struct cmio_read_exactly_future exactly;
    struct cmio_read_future rest;
    char memory[64], body[5], more[16];
    check(cmio_read_buffer_init(&buffer, memory, sizeof memory));

    check(cmio_read_until_future_init(&until, io, &buffer, "\n", 1));
    const ssize_t head = check(cmio_block_on(executor, &until.future));
    printf("head: %.*s", (int)head, cmio_read_buffer_data(&buffer));
    cmio_read_buffer_consume(&buffer, (size_t)head);
    printf("read too far: %zu\n", cmio_read_buffer_size(&buffer));

    const size_t had = cmio_read_buffer_take(&buffer, body, sizeof body);
    check(cmio_read_exactly_future_init(&exactly, io, body + had,
                                        sizeof body - had));
    check(cmio_block_on(executor, &exactly.future));
    printf("body: %.*s\n", (int)(had + exactly.done), body);

    check(cmio_read_future_init(&rest, io, more, sizeof more));
    printf("then: %zd\n", check(cmio_block_on(executor, &rest.future)));
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    struct cmio_io io;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_pipe_new(&sender, &receiver));
    check(cmio_io_bind_pipe_receiver(&io, executor, &receiver));
    check(cmio_pipe_sender_write(&sender, "length 5\nhello", 14));
    check(cmio_pipe_sender_close(&sender));
    read_message(executor, &io);
    check(cmio_io_close(&io));
    check(cmio_pipe_receiver_close(&receiver));
    cmio_executor_free(executor);
    return 0;
}
