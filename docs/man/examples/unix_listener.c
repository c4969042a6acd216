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

static const char path[] = "example.sock";

int main(void) {
    const struct cmio_unix_listener_options options = {.backlog = 16};
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_unix_listener listener;
    struct cmio_unix_stream client, server;
    struct cmio_address address;
    int error;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_address_from_path(path, &address));
    check(cmio_unix_listener_bind_replacing_stale(&listener, &address,
                                                  &options));
    check(cmio_poll_register(poll, &listener.source, 0, CMIO_READABLE));
    check(cmio_unix_stream_connect(&client, &address));
    int n;
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) == -EINTR)
        continue;
    check(n);
    int accepted = 0;
    while ((error = cmio_unix_listener_accept(&listener, &server,
                                              NULL)) == 0) {
        accepted++;
        (void)cmio_unix_stream_close(&server);
    }
    printf("accepted %d, then: %s\n", accepted, cmio_strerror(error));
    printf("client: %s\n",
           cmio_strerror(cmio_unix_stream_finish_connect(&client)));

    (void)unlink(
        path); /* before the close: nobody else can be there yet */
    (void)cmio_unix_listener_close(&listener);
    (void)cmio_unix_stream_close(&client);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return accepted != 1;
}
