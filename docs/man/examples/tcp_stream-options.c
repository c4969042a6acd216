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
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_address address;
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_tcp_listener_local_address(&listener, &address));
    check(cmio_tcp_stream_connect(&stream, &address));

    struct cmio_tcp_stream_options options = {.keepalive = true};
    options.keepalive_idle = 60; /* seconds of silence */
    options.keepalive_interval = 10;
    options.keepalive_count = 3; /* and then -ETIMEDOUT */
    check(cmio_tcp_stream_set_options(&stream, &options));
    check(cmio_tcp_stream_set_nodelay(&stream, true));
    check(cmio_tcp_stream_set_ttl(&stream, 64));
    check(cmio_tcp_stream_set_linger(&stream, true, 0)); /* reset */

    bool nodelay, lingers;
    uint32_t ttl, seconds;
    check(cmio_tcp_stream_get_options(&stream, &options));
    check(cmio_tcp_stream_nodelay(&stream, &nodelay));
    check(cmio_tcp_stream_ttl(&stream, &ttl));
    check(cmio_tcp_stream_linger(&stream, &lingers, &seconds));
    printf("keepalive: %d, after %" PRIu32 " s\n", options.keepalive,
           options.keepalive_idle);
    printf("nodelay: %d, TTL: %" PRIu32 "\n", nodelay, ttl);
    printf("linger: %d, %" PRIu32 " s\n", lingers, seconds);
    (void)cmio_tcp_stream_close(&stream);
    (void)cmio_tcp_listener_close(&listener);
    return 0;
}
