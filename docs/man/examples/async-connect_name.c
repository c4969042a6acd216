/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/connect_name.h>
#include <cmio/async/executor.h>
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

/* usage: connect_name [HOST]   A number needs no name server. */
int main(int argc, char **argv) {
    const char *host = argc > 1 ? argv[1] : "127.0.0.1";
    struct cmio_executor *executor;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_address address;
    struct cmio_connect_name_future connect;
    struct cmio_io io;
    char text[CMIO_ADDRESS_TEXT_MAX];
    check(cmio_executor_new(&executor, NULL));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_tcp_listener_local_address(&listener, &address));
    const uint16_t port = cmio_address_port(&address);

    check(cmio_connect_name_future_init(&connect, &io, &stream, host,
                                        port));
    check(cmio_block_on(executor, &connect.future));
    check(cmio_tcp_stream_peer_address(&stream, &address));
    check(cmio_address_format_ip(&address, text, sizeof text));
    printf("%s is %s\n", host, text);

    check(cmio_io_close(&io));
    check(cmio_tcp_stream_close(&stream));
    check(cmio_tcp_listener_close(&listener));
    cmio_executor_free(executor);
    return 0;
}
