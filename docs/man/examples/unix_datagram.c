/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <cmio/cmio.h>

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
    int error;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_address_from_path(path, &address)) < 0 ||
        (error = cmio_unix_datagram_bind_replacing_stale(
             &server, &address)) < 0 ||
        (error = cmio_poll_register(poll, &server.source, 0,
                                    CMIO_READABLE)) < 0 ||
        (error = cmio_unix_datagram_unbound(&client)) < 0 ||
        (error = cmio_unix_datagram_connect(&client, &address)) <
            0 ||
        (error = (int)cmio_unix_datagram_send(&client, "started",
                                              7)) < 0 ||
        (error = (int)cmio_unix_datagram_send(&client, "stopped",
                                              7)) < 0) {
        fprintf(stderr, "%s: %s\n", path, cmio_strerror(error));
        return 1;
    }
    while ((error = cmio_poll_wait(poll, events, CMIO_FOREVER)) ==
           -EINTR)
        continue;
    const int count = receive_all(&server);
    (void)unlink(path);
    (void)cmio_unix_datagram_close(&server);
    (void)cmio_unix_datagram_close(&client);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return count != 2;
}
