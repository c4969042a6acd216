/* SPDX-License-Identifier: MIT */
#include <errno.h>
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

/* Waits until the stream that is registered has an event. */
static void wait_for(struct cmio_poll *poll,
                     struct cmio_events *events) {
    int n;
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) == -EINTR)
        continue;
    check(n);
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream client, server;
    struct cmio_address address;
    int error;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_tcp_listener_local_address(&listener, &address));

    check(cmio_tcp_stream_connect(&client, &address));
    check(cmio_poll_register(poll, &client.source, 0,
                             CMIO_READABLE | CMIO_WRITABLE));
    do {
        wait_for(poll, events);
        error = cmio_tcp_stream_finish_connect(&client);
    } while (error == -EINPROGRESS);
    check(error);
    check(cmio_tcp_listener_accept(&listener, &server, NULL));
    check(cmio_tcp_stream_write(&server, "hello", 5));
    check(cmio_tcp_stream_shutdown(&server, CMIO_SHUTDOWN_WRITE));

    char text[64];
    ssize_t n;
    while ((n = cmio_tcp_stream_read(&client, text, sizeof text)) != 0)
        if (n == -EAGAIN)
            wait_for(poll, events);
        else
            printf("received %.*s\n", (int)check(n), text);
    puts("the end");
    (void)cmio_tcp_stream_close(&server);
    (void)cmio_tcp_stream_close(&client);
    (void)cmio_tcp_listener_close(&listener);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
