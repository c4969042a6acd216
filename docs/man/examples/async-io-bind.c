/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/io.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Every type of source has a function that binds it. */
int main(void) {
    const int number = SIGTERM;
    struct cmio_executor *executor;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_udp_socket socket;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    struct cmio_signals signals;
    struct cmio_address address;
    struct cmio_io ios[6];
    check(cmio_executor_new(&executor, NULL));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_udp_socket_bind(&socket, &address, NULL));
    check(cmio_tcp_listener_local_address(&listener, &address));
    check(cmio_tcp_stream_connect(&stream, &address));
    check(cmio_pipe_new(&sender, &receiver));
    check(cmio_signals_init(&signals, &number, 1));

    check(cmio_io_bind_tcp_listener(&ios[0], executor, &listener));
    check(cmio_io_bind_tcp_stream(&ios[1], executor, &stream));
    check(cmio_io_bind_udp_socket(&ios[2], executor, &socket));
    check(cmio_io_bind_pipe_sender(&ios[3], executor, &sender));
    check(cmio_io_bind_pipe_receiver(&ios[4], executor, &receiver));
    check(cmio_io_bind_signals(&ios[5], executor, &signals));
    puts("six sources are bound");

    for (int i = 0; i < 6; i++)
        check(cmio_io_close(&ios[i])); /* before the sources */
    check(cmio_tcp_listener_close(&listener));
    check(cmio_tcp_stream_close(&stream));
    check(cmio_udp_socket_close(&socket));
    check(cmio_pipe_sender_close(&sender));
    check(cmio_pipe_receiver_close(&receiver));
    check(cmio_signals_close(&signals));
    cmio_executor_free(executor);
    return 0;
}
