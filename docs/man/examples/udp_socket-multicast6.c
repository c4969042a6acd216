/* SPDX-License-Identifier: MIT */
#include <net/if.h>
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
    struct cmio_udp_socket_options options = {.v6only = CMIO_V6ONLY_ON};
    struct cmio_udp_socket socket;
    struct cmio_address any, group;
    bool loop, alone;
    check(cmio_address_parse("[::]:0", &any));
    check(cmio_address_parse_ip("ff02::1:3", 0, &group));
    int error = cmio_udp_socket_bind(&socket, &any, &options);
    if (error < 0) {
        printf("no IPv6 here: %s\n", cmio_strerror(error));
        return 0;
    }
    check(cmio_udp_socket_v6only(&socket, &alone));
    check(cmio_udp_socket_set_multicast_loop_v6(&socket, false));
    check(cmio_udp_socket_multicast_loop_v6(&socket, &loop));
    printf("IPv6 alone: %d, loop: %d\n", alone, loop);

    const unsigned interface = if_nametoindex("lo"); /* 0: any */
    error =
        cmio_udp_socket_join_multicast_v6(&socket, &group, interface);
    printf("join: %s\n", cmio_strerror(error));
    if (error == 0)
        check(cmio_udp_socket_leave_multicast_v6(&socket, &group,
                                                 interface));
    return cmio_udp_socket_close(&socket) < 0;
}
