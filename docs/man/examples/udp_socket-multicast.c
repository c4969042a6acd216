/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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
    struct cmio_udp_socket socket;
    struct cmio_address any, group, loopback;
    check(cmio_address_parse("0.0.0.0:0", &any)); /* and its port */
    check(cmio_address_parse_ip("239.255.0.1", 0, &group));
    check(cmio_address_parse_ip("127.0.0.1", 0, &loopback));
    check(cmio_udp_socket_bind(&socket, &any, &options));
    check(cmio_udp_socket_join_multicast_v4(&socket, &group, &loopback));

    uint32_t ttl;
    bool loop;
    check(cmio_udp_socket_set_multicast_ttl_v4(&socket, 1));
    check(cmio_udp_socket_set_multicast_loop_v4(&socket, false));
    check(cmio_udp_socket_multicast_ttl_v4(&socket, &ttl));
    check(cmio_udp_socket_multicast_loop_v4(&socket, &loop));
    printf("member; TTL %" PRIu32 ", loop %d\n", ttl, loop);
    check(
        cmio_udp_socket_leave_multicast_v4(&socket, &group, &loopback));
    return cmio_udp_socket_close(&socket) < 0;
}
