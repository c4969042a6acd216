/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/connect.h>
#include <cmio/async/executor.h>
#include <cmio/async/read.h>
#include <cmio/error.h>
#include <cmio/tcp_listener.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream, server;
    struct cmio_address address;
    struct cmio_connect_future connect;
    struct cmio_read_future read;
    struct cmio_io io;
    char text[16];
    check(cmio_executor_new(&executor, NULL));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_tcp_listener_local_address(&listener, &address));

    check(
        cmio_connect_tcp_future_init(&connect, &io, &stream, &address));
    check(cmio_block_on(executor, &connect.future)); /* binds, too */
    check(cmio_tcp_listener_accept(&listener, &server, NULL));
    check(cmio_tcp_stream_write(&server, "hello", 5));
    check(cmio_read_future_init(&read, &io, text, sizeof text));
    const ssize_t n = check(cmio_block_on(executor, &read.future));
    printf("received %.*s\n", (int)n, text);

    check(cmio_io_close(&io));
    check(cmio_tcp_stream_close(&stream));
    check(cmio_tcp_stream_close(&server));
    check(cmio_tcp_listener_close(&listener));
    cmio_executor_free(executor);
    return 0;
}
