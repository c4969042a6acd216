/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* I/O past cmio: a library may do this with the descriptor. */
static ssize_t foreign_read(struct cmio_unix_stream *stream,
                            char *buffer, size_t size) {
    const ssize_t n = recv(cmio_unix_stream_fd(stream), buffer, size, 0);
    if (n < 0 && errno == EAGAIN)
        return cmio_source_rearm(&stream->source, CMIO_READABLE);
    return n;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_unix_stream a, b;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_unix_stream_pair(&a, &b));
    check(cmio_poll_register(poll, &a.source, 0, CMIO_READABLE));
    for (int i = 0; i < 3; i++) {
        char buffer[16];
        (void)cmio_unix_stream_write(&b, "x", 1);
        const int n = cmio_poll_wait(poll, events, 0);
        while (foreign_read(&a, buffer, sizeof buffer) > 0)
            continue; /* until EAGAIN */
        printf("round %d: %d event\n", i, n);
        if (n != 1)
            return 1;
    }
    (void)cmio_unix_stream_close(&a);
    (void)cmio_unix_stream_close(&b);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
