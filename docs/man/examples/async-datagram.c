/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/datagram.h>
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
    struct cmio_udp_socket socket;
    struct cmio_address address, peer;
    struct cmio_send_to_future send;
    struct cmio_receive_from_future receive;
    struct cmio_io io;
    char text[64];
    bool truncated;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_udp_socket_bind(&socket, &address, NULL));
    check(cmio_udp_socket_local_address(&socket, &address));
    check(cmio_io_bind_udp_socket(&io, executor, &socket));

    check(cmio_send_to_future_init(&send, &io, "hello", 5, &address));
    check(cmio_block_on(executor, &send.future)); /* to itself */
    check(cmio_receive_from_future_init(&receive, &io, text, sizeof text,
                                        &peer, &truncated));
    const ssize_t n = check(cmio_block_on(executor, &receive.future));
    printf("received %.*s%s, from itself: %d\n", (int)n, text,
           truncated ? "..." : "", cmio_address_equal(&peer, &address));
    check(cmio_io_close(&io));
    check(cmio_udp_socket_close(&socket));
    cmio_executor_free(executor);
    return 0;
}
