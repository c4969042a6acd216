/* SPDX-License-Identifier: MIT */
#define ECHO_OWN_SOCKETS
#include "echo/echo.h"

#include <cmio/async.h>

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

static ssize_t read_message(long end, char message[2 * ECHO_LENGTH]) {
    struct cmio_read_future read;
    (void)cmio_read_future_init(&read, &ios[end], message, 2 * (size_t)ECHO_LENGTH);
    return cmio_await(&read.future);
}

static ssize_t write_message(long end, const char *message) {
    struct cmio_write_all_future write;
    (void)cmio_write_all_future_init(&write, &ios[end], message, ECHO_LENGTH);
    return cmio_await(&write.future);
}

static ssize_t run_end(void *argument) {
    const long end = (struct cmio_io *)argument - ios;
    char message[2 * ECHO_LENGTH];
    for (;;) {
        BENCH_CHECK(read_message(end, message) == ECHO_LENGTH);
        if (end % 2 == 1 || echo_next(end, message))
            BENCH_CHECK(write_message(end, message) == ECHO_LENGTH);
        else if (echo_done())
            cmio_notify_one(&done);
    }
}

static void watch_all(void) {
    static const struct cmio_green_options shallow = {.stack_size = 16384};
    const struct cmio_executor_options options = {.workers = CMIO_CURRENT_THREAD};
    BENCH_CHECK(cmio_executor_new(&executor, &options) == 0 && cmio_notify_init(&done) == 0);
    streams = calloc(2 * (size_t)connections, sizeof *streams);
    ios = calloc(2 * (size_t)connections, sizeof *ios);
    BENCH_CHECK(streams != NULL && ios != NULL);
    for (long i = 0; i < 2 * connections; i++) {
        BENCH_CHECK(cmio_tcp_stream_from_fd(&streams[i], ends[i]) == 0);
        BENCH_CHECK(cmio_io_bind_tcp_stream(&ios[i], executor, &streams[i]) == 0);
        BENCH_CHECK(cmio_green_spawn(executor, run_end, &ios[i], &shallow, NULL) == 0);
    }
}

static void run_once(void) {
    struct cmio_notify_future future;
    (void)cmio_notify_future_init(&future, &done);
    BENCH_CHECK(cmio_block_on(executor, &future.future) == 0);
}
