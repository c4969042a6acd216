/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include <cmio/cmio.h>

static int join_v4(void) {
    const struct cmio_udp_socket_options options = {.reuse_address =
                                                        true};
    struct cmio_udp_socket socket;
    struct cmio_address any, group, loopback;
    uint32_t ttl = 0;
    bool loop = false;
    int error;
    if ((error = cmio_address_parse("0.0.0.0:0", &any)) < 0 ||
        (error = cmio_address_parse("239.255.0.1:0", &group)) < 0 ||
        (error = cmio_address_parse("127.0.0.1:0", &loopback)) < 0 ||
        (error = cmio_udp_socket_bind(&socket, &any, &options)) < 0)
        return error;
    if ((error = cmio_udp_socket_join_multicast_v4(
             &socket, &group, &loopback)) == 0 &&
        (error = cmio_udp_socket_set_multicast_ttl_v4(&socket, 1)) ==
            0 &&
        (error = cmio_udp_socket_multicast_ttl_v4(&socket, &ttl)) ==
            0 &&
        (error = cmio_udp_socket_set_multicast_loop_v4(&socket,
                                                       true)) == 0 &&
        (error =
             cmio_udp_socket_multicast_loop_v4(&socket, &loop)) == 0)
        error = cmio_udp_socket_leave_multicast_v4(&socket, &group,
                                                   &loopback);
    printf("IPv4: TTL %" PRIu32 ", loop %d\n", ttl, loop);
    (void)cmio_udp_socket_close(&socket);
    return error;
}

static int join_v6(void) {
    const struct cmio_udp_socket_options options = {
        .v6only = CMIO_V6ONLY_ON};
    struct cmio_udp_socket socket;
    struct cmio_address any, group;
    bool loop = false;
    int error;
    if ((error = cmio_address_parse("[::]:0", &any)) < 0 ||
        (error = cmio_address_parse("[ff02::1:3]:0", &group)) < 0 ||
        (error = cmio_udp_socket_bind(&socket, &any, &options)) < 0)
        return error;
    if ((error = cmio_udp_socket_set_multicast_loop_v6(&socket,
                                                       true)) == 0 &&
        (error = cmio_udp_socket_multicast_loop_v6(&socket,
                                                   &loop)) == 0 &&
        (error = cmio_udp_socket_join_multicast_v6(&socket, &group,
                                                   0)) == 0)
        error =
            cmio_udp_socket_leave_multicast_v6(&socket, &group, 0);
    printf("IPv6: loop %d\n", loop);
    (void)cmio_udp_socket_close(&socket);
    return error;
}

int main(void) {
    printf("IPv4 %s\n", cmio_strerror(join_v4()));
    printf("IPv6 %s\n",
           cmio_strerror(join_v6())); /* a host may have none */
    return 0;
}
