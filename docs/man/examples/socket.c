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

/* Whether a socket for all IPv6 addresses leaves IPv4 to others. */
static void try_v6only(enum cmio_v6only v6only, const char *name) {
    const struct cmio_udp_socket_options options = {.v6only = v6only};
    struct cmio_udp_socket socket;
    struct cmio_address any;
    bool alone;
    int error = cmio_address_parse("[::]:0", &any);
    if (error == 0)
        error = cmio_udp_socket_bind(&socket, &any, &options);
    if (error < 0) {
        printf("%s: %s\n", name,
               cmio_strerror(error)); /* no IPv6 here */
        return;
    }
    if (cmio_udp_socket_v6only(&socket, &alone) == 0)
        printf("%s: IPv6 %s\n", name, alone ? "alone" : "and IPv4");
    (void)cmio_udp_socket_close(&socket);
}

int main(void) {
    try_v6only(CMIO_V6ONLY_DEFAULT, "default");
    try_v6only(CMIO_V6ONLY_ON, "on");
    try_v6only(CMIO_V6ONLY_OFF, "off");

    /* One side ends its direction; the other one still answers. */
    struct cmio_unix_stream a, b;
    char text[16];
    check(cmio_unix_stream_pair(&a, &b));
    enum cmio_shutdown how = CMIO_SHUTDOWN_WRITE; /* or _READ, _BOTH */
    check(cmio_unix_stream_shutdown(&a, how));
    printf("b reads %zd: the end\n",
           cmio_unix_stream_read(&b, text, sizeof text));
    (void)cmio_unix_stream_write(&b, "bye", 3);
    printf("a reads %zd bytes\n",
           cmio_unix_stream_read(&a, text, sizeof text));
    (void)cmio_unix_stream_close(&a);
    (void)cmio_unix_stream_close(&b);
    return 0;
}
