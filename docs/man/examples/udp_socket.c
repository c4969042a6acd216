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

enum { SERVER };

/* Answers each datagram until there is none. */
static int answer_all(struct cmio_udp_socket *socket) {
    char buffer[1500];
    struct cmio_address peer;
    bool truncated;
    int count = 0;
    for (;;) {
        const ssize_t n = cmio_udp_socket_recv_from(
            socket, buffer, sizeof buffer, &peer, &truncated);
        if (n == -EAGAIN)
            return count;
        check(n);
        if (!truncated && cmio_udp_socket_send_to(socket, buffer,
                                                  (size_t)n, &peer) == n)
            count++;
    }
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_udp_socket server, client;
    struct cmio_address address, any;
    char buffer[16];
    int answered = 0;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_address_parse("127.0.0.1:0", &any));
    check(cmio_udp_socket_bind(&server, &any, NULL));
    check(cmio_udp_socket_local_address(&server, &address));
    check(
        cmio_poll_register(poll, &server.source, SERVER, CMIO_READABLE));
    check(cmio_udp_socket_bind(&client, &any, NULL));
    check(cmio_udp_socket_connect(&client, &address));
    check(cmio_udp_socket_send(&client, "ping", 4));
    while (answered == 0) {
        ssize_t n = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if (n != -EINTR)
            check(n);
        CMIO_EVENTS_FOREACH (event, events)
            if (event->token == SERVER)
                answered += answer_all(&server);
    }
    ssize_t n =
        cmio_udp_socket_recv(&client, buffer, sizeof buffer, NULL);
    printf("answered %d: %.*s\n", answered, (int)check(n), buffer);
    (void)cmio_udp_socket_close(&client);
    (void)cmio_udp_socket_close(&server);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
