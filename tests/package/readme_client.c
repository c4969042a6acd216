/* SPDX-License-Identifier: MIT */
/*
 * The client of README.md as a program: it greets the server at the given address, prints what comes
 * back, and says why if nothing does.
 */
#include <errno.h>
#include <stdio.h>

#include "client.h"

static int start(struct cmio_poll *poll, struct cmio_tcp_stream *stream, const char *text) {
    struct cmio_address server;
    int code = cmio_address_parse(text, &server);
    if (code == 0)
        code = cmio_tcp_stream_connect(stream, &server);
    if (code == 0)
        code = cmio_registry_register(cmio_poll_registry(poll), &stream->source, 1,
                                      CMIO_READABLE | CMIO_WRITABLE);
    return code;
}

/* Takes what comes in parts, as a stream may, and prints it once it has a whole line. */
static ssize_t talk(struct cmio_poll *poll, struct cmio_events *events,
                    struct cmio_tcp_stream *stream) {
    char answer[64];
    size_t length = 0;
    int greeted = 0;
    while (length == 0 || answer[length - 1] != '\n') {
        int count = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if (count < 0 && count != -EINTR)
            return count;
        ssize_t n = client_on_event(stream, &greeted, answer + length, sizeof answer - length);
        if (n == 0)
            return -ECONNRESET;
        if (n < 0 && n != -EAGAIN && n != -EINPROGRESS)
            return n;
        length += n < 0 ? 0 : (size_t)n;
    }
    return fwrite(answer, 1, length, stdout) == length ? 0 : -EIO;
}

int main(int count, char **arguments) {
    struct cmio_poll *poll = NULL;
    struct cmio_events *events = NULL;
    struct cmio_tcp_stream stream;
    if (count != 2 || cmio_poll_new(&poll) < 0 || cmio_events_new(&events, 1) < 0)
        return 2;
    ssize_t code = start(poll, &stream, arguments[1]);
    if (code == 0) {
        code = talk(poll, events, &stream);
        (void)cmio_tcp_stream_close(&stream);
    }
    cmio_events_free(events);
    cmio_poll_free(poll);
    if (code < 0)
        fprintf(stderr, "%s\n", cmio_strerror((long)code));
    return code < 0;
}
