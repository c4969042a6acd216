/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

int main(void) {
    struct cmio_udp_socket_options options = {.reuse_address = true};
    struct cmio_udp_socket a, b;
    struct cmio_address address, peer;
    uint32_t ttl;
    bool broadcast, truncated;
    char buffer[2];
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_udp_socket_bind(&a, &address, &options));
    check(cmio_udp_socket_local_address(&a, &address));
    check(cmio_udp_socket_connect(&a, &address));
    check(cmio_udp_socket_peer_address(&a, &peer));
    check(cmio_udp_socket_set_broadcast(&a, true));
    check(cmio_udp_socket_broadcast(&a, &broadcast));
    check(cmio_udp_socket_set_ttl(&a, 16));
    check(cmio_udp_socket_ttl(&a, &ttl));
    check(cmio_udp_socket_send(&a, "hello", 5));
    printf("broadcast %d, TTL %" PRIu32 "\n", broadcast, ttl);

    /* Peeking leaves the datagram where it is. */
    ssize_t n =
        cmio_udp_socket_peek(&a, buffer, sizeof buffer, &truncated);
    printf("%zd bytes fit, cut: %d\n", n, truncated);
    n = cmio_udp_socket_peek_from(&a, buffer, sizeof buffer, &peer,
                                  NULL);
    printf("from itself: %d\n",
           n >= 0 && cmio_address_equal(&peer, &address));

    const int fd = (int)check(cmio_udp_socket_into_fd(&a));
    check(cmio_udp_socket_from_fd(&b, fd));
    printf("moved: %d, pending: %s\n", cmio_udp_socket_fd(&b) == fd,
           cmio_strerror(cmio_udp_socket_take_error(&b)));
    return cmio_udp_socket_close(&b) < 0;
}
