/* SPDX-License-Identifier: MIT */
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

/* A listener goes from hand to hand as a descriptor, as between a
   supervisor and the program that it starts. */
int main(void) {
    struct cmio_tcp_listener first, second;
    struct cmio_address address;
    uint32_t ttl;
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&first, &address, NULL));
    const int fd = cmio_tcp_listener_into_fd(&first);
    check(fd);
    check(cmio_tcp_listener_from_fd(&second, fd));
    printf("the same descriptor: %s\n",
           cmio_tcp_listener_fd(&second) == fd ? "yes" : "no");

    check(cmio_tcp_listener_set_ttl(&second, 32));
    check(cmio_tcp_listener_ttl(&second, &ttl));
    check(cmio_tcp_listener_take_error(&second));
    printf("accepted streams send with a TTL of %u\n", ttl);
    return cmio_tcp_listener_close(&second) < 0;
}
