/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <cmio/cmio.h>

int main(void) {
    const struct cmio_udp_socket_options options = {.reuse_address =
                                                        true};
    struct cmio_udp_socket a, b;
    struct cmio_address address, peer;
    uint32_t ttl;
    bool broadcast, truncated;
    char buffer[2];
    int error;
    if ((error = cmio_address_parse("127.0.0.1:0", &address)) < 0 ||
        (error = cmio_udp_socket_bind(&a, &address, &options)) < 0 ||
        (error = cmio_udp_socket_local_address(&a, &address)) < 0 ||
        (error = cmio_udp_socket_connect(&a, &address)) <
            0 || /* itself */
        (error = cmio_udp_socket_peer_address(&a, &peer)) < 0 ||
        (error = cmio_udp_socket_set_broadcast(&a, true)) < 0 ||
        (error = cmio_udp_socket_broadcast(&a, &broadcast)) < 0 ||
        (error = cmio_udp_socket_set_ttl(&a, 16)) < 0 ||
        (error = cmio_udp_socket_ttl(&a, &ttl)) < 0 ||
        (error = (int)cmio_udp_socket_send(&a, "hello", 5)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    printf("broadcast %d, TTL %" PRIu32 "\n", broadcast, ttl);

    /* Peeking leaves the datagram, and tells of one that is too long. */
    ssize_t n =
        cmio_udp_socket_peek(&a, buffer, sizeof buffer, &truncated);
    printf("%zd bytes fit, cut: %d\n", n, truncated);
    n = cmio_udp_socket_peek_from(&a, buffer, sizeof buffer, &peer,
                                  NULL);
    printf("from itself: %d\n",
           n >= 0 && cmio_address_equal(&peer, &address));

    const int fd = cmio_udp_socket_into_fd(&a);
    if ((error = cmio_udp_socket_from_fd(&b, fd)) < 0) {
        (void)close(fd);
        return 1;
    }
    printf("moved: %d, pending: %s\n", cmio_udp_socket_fd(&b) == fd,
           cmio_strerror(cmio_udp_socket_take_error(&b)));
    return cmio_udp_socket_close(&b) < 0;
}
