/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static const char path[] = "log.sock";

/* Receives what clients log. */
static int receive_all(struct cmio_unix_datagram *server) {
    char line[256];
    bool truncated;
    ssize_t n;
    int count = 0;
    while ((n = cmio_unix_datagram_recv(server, line, sizeof line,
                                        &truncated)) >= 0) {
        printf("%.*s%s\n", (int)n, line, truncated ? "..." : "");
        count++;
    }
    return n == -EAGAIN ? count : (int)n;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_unix_datagram server, client;
    struct cmio_address address;
    int n;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_address_from_path(path, &address));
    check(cmio_unix_datagram_bind_replacing_stale(&server, &address));
    check(cmio_poll_register(poll, &server.source, 0, CMIO_READABLE));
    check(cmio_unix_datagram_unbound(&client));
    check(cmio_unix_datagram_connect(&client, &address));
    check(cmio_unix_datagram_send(&client, "started", 7));
    check(cmio_unix_datagram_send(&client, "stopped", 7));
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) == -EINTR)
        continue;
    check(n);
    const int count = receive_all(&server);
    (void)unlink(path);
    (void)cmio_unix_datagram_close(&server);
    (void)cmio_unix_datagram_close(&client);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return count != 2;
}
