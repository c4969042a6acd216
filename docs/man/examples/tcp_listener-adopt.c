/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <cmio/cmio.h>

/* A listener goes from hand to hand as a descriptor, as between a
   supervisor and the program that it starts. */
int main(void) {
    struct cmio_tcp_listener first, second;
    struct cmio_address address;
    uint32_t ttl;
    int error;
    if ((error = cmio_address_parse("127.0.0.1:0", &address)) < 0 ||
        (error = cmio_tcp_listener_bind(&first, &address, NULL)) < 0)
        goto failed;
    const int fd = cmio_tcp_listener_into_fd(&first);
    if ((error = fd) < 0 ||
        (error = cmio_tcp_listener_from_fd(&second, fd)) < 0)
        goto failed;
    printf("the same descriptor: %s\n",
           cmio_tcp_listener_fd(&second) == fd ? "yes" : "no");

    if ((error = cmio_tcp_listener_set_ttl(&second, 32)) < 0 ||
        (error = cmio_tcp_listener_ttl(&second, &ttl)) < 0 ||
        (error = cmio_tcp_listener_take_error(&second)) < 0)
        goto failed;
    printf("accepted streams send with a TTL of %u\n", ttl);
    return cmio_tcp_listener_close(&second) < 0;
failed:
    fprintf(stderr, "%s\n", cmio_strerror(error));
    return 1;
}
