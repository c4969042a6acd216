/* SPDX-License-Identifier: MIT */
#define ECHO_OWN_SOCKETS
#include "echo/echo.h"

#include <cmio/async.h>

/* Each end has a task. The task of a client's end sends the next message after each answer. */
struct end {
    struct cmio_coroutine coroutine;
    long number;
    union {
        struct cmio_read_future read;
        struct cmio_write_all_future write;
    } now;
    char message[2 * ECHO_LENGTH];
};

static struct cmio_executor *executor;
static struct cmio_tcp_stream *streams;
static struct cmio_io *ios;
static struct cmio_notify done;

static inline ssize_t echo_send(long end, const void *buffer, size_t length) {
    return cmio_tcp_stream_write(&streams[end], buffer, length);
}

static inline ssize_t echo_receive(long end, void *buffer, size_t length) {
    return cmio_tcp_stream_read(&streams[end], buffer, length);
}

static enum cmio_future_state run_end(struct cmio_coroutine *coroutine,
                                      struct cmio_context *context) {
    struct end *end = (struct end *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (;;) {
        (void)cmio_read_future_init(&end->now.read, &ios[end->number], end->message,
                                    sizeof end->message);
        CMIO_AWAIT(&end->now.read.future);
        BENCH_CHECK(end->now.read.future.result == ECHO_LENGTH);
        if (end->number % 2 == 0 && !echo_next(end->number, end->message)) {
            if (echo_done())
                cmio_notify_one(&done);
            continue;
        }
        (void)cmio_write_all_future_init(&end->now.write, &ios[end->number], end->message,
                                         ECHO_LENGTH);
        CMIO_AWAIT(&end->now.write.future);
        BENCH_CHECK(end->now.write.future.result == ECHO_LENGTH);
    }
    CMIO_END;
}

static void watch_all(void) {
    const struct cmio_executor_options options = {.workers = CMIO_CURRENT_THREAD};
    BENCH_CHECK(cmio_executor_new(&executor, &options) == 0 && cmio_notify_init(&done) == 0);
    streams = calloc(2 * (size_t)connections, sizeof *streams);
    ios = calloc(2 * (size_t)connections, sizeof *ios);
    BENCH_CHECK(streams != NULL && ios != NULL);
    for (long i = 0; i < 2 * connections; i++) {
        struct end end = {.number = i};
        BENCH_CHECK(cmio_tcp_stream_from_fd(&streams[i], ends[i]) == 0);
        BENCH_CHECK(cmio_io_bind_tcp_stream(&ios[i], executor, &streams[i]) == 0);
        (void)cmio_coroutine_init(&end.coroutine, run_end);
        BENCH_CHECK(cmio_spawn(executor, &end.coroutine.future, sizeof end, NULL, NULL) == 0);
    }
}

static void run_once(void) {
    struct cmio_notify_future future;
    (void)cmio_notify_future_init(&future, &done);
    BENCH_CHECK(cmio_block_on(executor, &future.future) == 0);
}
