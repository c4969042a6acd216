/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

/* Waits until the one stream that is registered has an event. */
static int await(struct cmio_poll *poll,
                 struct cmio_events *events) {
    int n;
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) ==
           -EINTR)
        continue;
    return n;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream client, server = {0};
    struct cmio_address address;
    int error;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_address_parse("127.0.0.1:0", &address)) < 0 ||
        (error = cmio_tcp_listener_bind(&listener, &address, NULL)) <
            0 ||
        (error = cmio_tcp_listener_local_address(&listener,
                                                 &address)) < 0 ||
        (error = cmio_tcp_stream_connect(&client, &address)) < 0 ||
        (error = cmio_poll_register(poll, &client.source, 0,
                                    CMIO_READABLE | CMIO_WRITABLE)) <
            0)
        goto failed;
    do { /* an event may be spurious: only this tells that it is connected */
        if ((error = await(poll, events)) < 0)
            goto failed;
    } while ((error = cmio_tcp_stream_finish_connect(&client)) ==
             -EINPROGRESS);
    if (error < 0 || (error = cmio_tcp_listener_accept(
                          &listener, &server, NULL)) < 0)
        goto failed;

    (void)cmio_tcp_stream_write(&server, "hello", 5);
    (void)cmio_tcp_stream_shutdown(&server, CMIO_SHUTDOWN_WRITE);
    char text[64];
    ssize_t n;
    while ((n = cmio_tcp_stream_read(&client, text, sizeof text)) !=
           0) {
        if (n > 0)
            printf("received %.*s\n", (int)n, text);
        else if (n != -EAGAIN || (error = await(poll, events)) < 0)
            goto failed;
    }
    puts("that was all");
    (void)cmio_tcp_stream_close(&server);
    (void)cmio_tcp_stream_close(&client);
    (void)cmio_tcp_listener_close(&listener);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
failed:
    fprintf(stderr, "%s\n", cmio_strerror(error));
    return 1;
}
