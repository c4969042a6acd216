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

enum { LISTENER };

/* Accepts until nobody waits any more. */
static int accept_all(struct cmio_tcp_listener *listener) {
    struct cmio_tcp_stream stream;
    struct cmio_address peer;
    int count = 0;
    for (;;) {
        int error = cmio_tcp_listener_accept(listener, &stream, &peer);
        if (error == -EAGAIN)
            return count;
        if (error == -ECONNABORTED)
            continue; /* this client has left */
        check(error); /* -EMFILE: a server would close something */
        printf("client at port %u\n", cmio_address_port(&peer));
        check(cmio_tcp_stream_close(&stream));
        count++;
    }
}
int main(void) {
    const struct cmio_tcp_listener_options options = {.backlog = 128};
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream client;
    struct cmio_address address;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 64));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, &options));
    check(cmio_tcp_listener_local_address(&listener, &address));
    check(cmio_poll_register(poll, &listener.source, LISTENER,
                             CMIO_READABLE));
    check(cmio_tcp_stream_connect(&client, &address));
    int accepted = 0;
    while (accepted == 0) {
        const int n = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if (n != -EINTR)
            check(n);
        CMIO_EVENTS_FOREACH (event, events)
            if (event->token == LISTENER)
                accepted += accept_all(&listener);
    }
    (void)cmio_tcp_stream_close(&client);
    (void)cmio_tcp_listener_close(&listener);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
