/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/accept.h>
#include <cmio/async/executor.h>
#include <cmio/error.h>

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
    struct cmio_tcp_stream client, stream;
    struct cmio_address address, peer, local;
    struct cmio_accept_future accept;
    struct cmio_io io;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_tcp_listener_local_address(&listener, &address));
    check(cmio_io_bind_tcp_listener(&io, executor, &listener));

    check(cmio_tcp_stream_connect(&client, &address));
    check(cmio_accept_tcp_future_init(&accept, &io, &stream, &peer));
    check(cmio_block_on(executor, &accept.future));
    check(cmio_tcp_stream_local_address(&client, &local));
    printf("it is the client: %d\n", cmio_address_equal(&peer, &local));

    check(cmio_tcp_stream_close(&stream));
    check(cmio_tcp_stream_close(&client));
    check(cmio_io_close(&io));
    check(cmio_tcp_listener_close(&listener));
    cmio_executor_free(executor);
    return 0;
}
