/* SPDX-License-Identifier: MIT */

/*
 * Readiness: cmio says which sockets have bytes; the program receives and sends with calls of its own.
 *
 *     bounce_cmio CONNECTIONS ACTIVE MESSAGES
 *
 * One buffer is enough for all connections. The sockets carry nothing but plain bytes, so a short
 * read means that the socket is empty.
 */
#define _POSIX_C_SOURCE 200809L
#include "bounce.h"

#include <cmio/cmio.h>

struct loop {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_unix_stream *ends;
};

static int watch(struct loop *loop, const struct bounce *bounce) {
    const int count = 2 * bounce->connections;
    int code = cmio_poll_new(&loop->poll);
    if (code == 0)
        code = cmio_events_new(&loop->events, 1024);
    loop->ends = (struct cmio_unix_stream *)calloc((size_t)count, sizeof *loop->ends);
    if (code == 0 && loop->ends == NULL)
        code = -ENOMEM;
    for (int i = 0; code == 0 && i < count; i++) {
        code = cmio_unix_stream_from_fd(&loop->ends[i], bounce->fds[i]);
        if (code == 0)
            code =
                cmio_poll_register(loop->poll, &loop->ends[i].source, (cmio_token)i, CMIO_READABLE);
    }
    return code;
}

static void unwatch(struct loop *loop, const struct bounce *bounce) {
    for (int i = 0; loop->ends != NULL && i < 2 * bounce->connections; i++)
        (void)cmio_unix_stream_close(&loop->ends[i]); /* with its descriptor */
    free(loop->ends);
    cmio_events_free(loop->events);
    cmio_poll_free(loop->poll);
}

/* Sends what one end has received back to the other. Returns the number of messages. */
static int bounce_one(struct cmio_unix_stream *end) {
    char buffer[2 * MESSAGE_SIZE];
    ssize_t n = cmio_unix_stream_read(end, buffer, sizeof buffer);
    if (n == -EAGAIN)
        return 0; /* a spurious event */
    if (n == MESSAGE_SIZE)
        n = cmio_unix_stream_write(end, buffer, MESSAGE_SIZE);
    if (n < 0)
        return (int)n;
    return n == MESSAGE_SIZE ? 1 : -EIO;
}

static int bounce_events(struct loop *loop) {
    int total = 0;
    CMIO_EVENTS_FOREACH (event, loop->events) {
        const int count = bounce_one(&loop->ends[event->token]);
        if (count < 0)
            return count;
        total += count;
    }
    return total;
}

static int run(const struct bounce *bounce, int64_t *start) {
    struct loop loop = {0};
    int code = watch(&loop, bounce);
    if (code == 0)
        code = bounce_serve(bounce);
    int total = 0;
    *start = bounce_now();
    while (code >= 0 && total < bounce->messages) {
        code = cmio_poll_wait(loop.poll, loop.events, CMIO_FOREVER);
        if (code >= 0)
            code = bounce_events(&loop);
        else if (code == -EINTR)
            code = 0;
        total += code;
    }
    unwatch(&loop, bounce);
    return code < 0 ? code : total;
}

int main(int argc, char **argv) {
    return bounce_main(argc, argv, run);
}
