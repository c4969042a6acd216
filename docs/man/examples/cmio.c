/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmio/cmio.h>

enum { LISTENER, SERVER, CLIENT };

static struct cmio_poll *poll;
static struct cmio_tcp_listener listener;
static struct cmio_tcp_stream server, client;
static bool done;

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static void accept_all(void) {
    while (cmio_tcp_listener_accept(&listener, &server, NULL) == 0)
        check(cmio_poll_register(poll, &server.source, SERVER,
                                 CMIO_READABLE));
}

static void echo(void) {
    char buffer[512];
    ssize_t n;
    while ((n = cmio_tcp_stream_read(&server, buffer, sizeof buffer)) >
           0)
        check(cmio_tcp_stream_write(&server, buffer, (size_t)n));
}

static void show_answer(void) {
    char buffer[512];
    ssize_t n;
    while ((n = cmio_tcp_stream_read(&client, buffer, sizeof buffer)) >
           0) {
        printf("the server says %.*s\n", (int)n, buffer);
        done = true;
    }
}

int main(void) {
    struct cmio_events *events;
    struct cmio_address address;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 64));
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_poll_register(poll, &listener.source, LISTENER,
                             CMIO_READABLE));
    check(cmio_tcp_listener_local_address(&listener, &address));
    check(cmio_tcp_stream_connect(&client, &address));
    check(cmio_poll_register(poll, &client.source, CLIENT,
                             CMIO_READABLE | CMIO_WRITABLE));

    bool sent = false;
    while (!done) {
        const int n = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if (n != -EINTR)
            check(n);
        CMIO_EVENTS_FOREACH (event, events) {
            if (event->token == LISTENER)
                accept_all();
            else if (event->token == SERVER)
                echo();
            else if (!sent && cmio_event_is_writable(event))
                sent = cmio_tcp_stream_write(&client, "hello", 5) == 5;
            else
                show_answer();
        }
    }
    (void)cmio_tcp_stream_close(&client);
    (void)cmio_tcp_stream_close(&server);
    (void)cmio_tcp_listener_close(&listener);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
