/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include <cmio/cmio.h>

static int set_up(struct cmio_tcp_stream *stream) {
    const struct cmio_tcp_stream_options options = {
        .keepalive = true,
        .keepalive_idle = 60,
        .keepalive_interval = 10,
        .keepalive_count = 3};
    int error;
    if ((error = cmio_tcp_stream_set_options(stream, &options)) <
            0 ||
        (error = cmio_tcp_stream_set_nodelay(stream, true)) < 0 ||
        (error = cmio_tcp_stream_set_ttl(stream, 64)) < 0)
        return error;
    return cmio_tcp_stream_set_linger(stream, true,
                                      0); /* close resets */
}

static int show(const struct cmio_tcp_stream *stream) {
    struct cmio_tcp_stream_options options;
    bool nodelay, lingers;
    uint32_t ttl, seconds;
    int error;
    if ((error = cmio_tcp_stream_get_options(stream, &options)) <
            0 ||
        (error = cmio_tcp_stream_nodelay(stream, &nodelay)) < 0 ||
        (error = cmio_tcp_stream_ttl(stream, &ttl)) < 0 ||
        (error =
             cmio_tcp_stream_linger(stream, &lingers, &seconds)) < 0)
        return error;
    printf("probes after %" PRIu32 " s, nodelay %d, TTL %" PRIu32
           ", linger %d\n",
           options.keepalive_idle, nodelay, ttl, lingers);
    return 0;
}

int main(void) {
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_address address;
    int error;
    if ((error = cmio_address_parse("127.0.0.1:0", &address)) < 0 ||
        (error = cmio_tcp_listener_bind(&listener, &address, NULL)) <
            0 ||
        (error = cmio_tcp_listener_local_address(&listener,
                                                 &address)) < 0 ||
        (error = cmio_tcp_stream_connect(&stream, &address)) < 0 ||
        (error = set_up(&stream)) < 0 ||
        (error = show(&stream)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    (void)cmio_tcp_stream_close(&stream);
    (void)cmio_tcp_listener_close(&listener);
    return 0;
}
