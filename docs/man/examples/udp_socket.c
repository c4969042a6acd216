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
    ssize_t n;
    int count = 0;
    while ((n = cmio_udp_socket_recv_from(socket, buffer,
                                          sizeof buffer, &peer,
                                          &truncated)) != -EAGAIN) {
        if (n < 0 || truncated)
            continue; /* the network, or half a request */
        (void)cmio_udp_socket_send_to(socket, buffer, (size_t)n,
                                      &peer);
        count++;
    }
    return count;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_udp_socket server, client;
    struct cmio_address address, any;
    int answered = 0;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_address_parse("127.0.0.1:0", &any));
    check(cmio_udp_socket_bind(&server, &any, NULL));
    check(cmio_udp_socket_local_address(&server, &address));
    check(cmio_poll_register(poll, &server.source, SERVER,
                             CMIO_READABLE));
    check(cmio_udp_socket_bind(&client, &any, NULL));
    check(cmio_udp_socket_connect(&client, &address));
    check(cmio_udp_socket_send(&client, "ping", 4));
    int n = 0;
    while (answered == 0 &&
           ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) >= 0 ||
            n == -EINTR))
        CMIO_EVENTS_FOREACH (event, events)
            answered = answer_all(&server);
    char buffer[16];
    const ssize_t got =
        cmio_udp_socket_recv(&client, buffer, sizeof buffer, NULL);
    printf("answered %d: %.*s\n", answered, (int)got, buffer);
    (void)cmio_udp_socket_close(&client);
    (void)cmio_udp_socket_close(&server);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return n < 0 || got < 0;
}
