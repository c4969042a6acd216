/* SPDX-License-Identifier: MIT */
#include "http/talk.h"

#include <cmio/async.h>

static struct cmio_executor *executor;

/* A connection, for its thread. */
struct client {
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct talk talk;
};

static bool read_some(struct client *client) {
    struct talk *talk = &client->talk;
    struct cmio_read_future read;
    (void)cmio_read_future_init(&read, &client->io, talk->input + talk->length,
                                sizeof talk->input - talk->length);
    const ssize_t count = cmio_await(&read.future);
    talk->length += count > 0 ? (size_t)count : 0;
    return count > 0;
}

static bool answer(struct client *client) {
    struct cmio_write_all_future write;
    ssize_t result = 0;
    while (client->talk.due > 0 && result >= 0) {
        (void)cmio_write_all_future_init(&write, &client->io, http_output,
                                         talk_next_output(&client->talk));
        result = cmio_await(&write.future);
    }
    return result >= 0;
}

static void sleep_if_asked(struct talk *talk) {
    struct cmio_sleep_future sleep;
    if (talk->milliseconds == 0)
        return;
    (void)cmio_sleep_future_init(&sleep, talk->milliseconds * CMIO_MILLISECOND);
    (void)cmio_await(&sleep.future);
    talk->due = 1;
}

static void talk_to(struct client *client) {
    struct talk *talk = &client->talk;
    while (!talk->is_bad && read_some(client)) {
        do {
            talk_take(talk);
            if (!answer(client))
                return;
            sleep_if_asked(talk);
        } while (talk->due > 0);
    }
}

static ssize_t run_client(void *argument) {
    struct client *client = argument;
    if (cmio_io_bind_tcp_stream(&client->io, executor, &client->stream) == 0) {
        talk_to(client);
        (void)cmio_io_close(&client->io);
    }
    (void)cmio_tcp_stream_close(&client->stream);
    free(client);
    return 0;
}

static void welcome(struct cmio_tcp_stream stream) {
    static const struct cmio_green_options options = {.stack_size = 16384};
    struct client *client = malloc(sizeof *client);
    BENCH_CHECK(client != NULL);
    client->stream = stream;
    client->talk.length = client->talk.due = 0;
    client->talk.is_bad = false;
    BENCH_CHECK(cmio_green_spawn(executor, run_client, client, &options, NULL) == 0);
}

static ssize_t greet(void *listener) {
    struct cmio_io io;
    struct cmio_tcp_stream stream;
    struct cmio_accept_future accept;
    BENCH_CHECK(cmio_io_bind_tcp_listener(&io, executor, listener) == 0);
    for (;;) {
        (void)cmio_accept_tcp_future_init(&accept, &io, &stream, NULL);
        BENCH_CHECK(cmio_await(&accept.future) == 0);
        welcome(stream);
    }
}

static void serve(int fd) {
    const struct cmio_executor_options options = {.workers = CMIO_CURRENT_THREAD};
    struct cmio_tcp_listener listener;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    BENCH_CHECK(cmio_executor_new(&executor, &options) == 0);
    BENCH_CHECK(cmio_tcp_listener_from_fd(&listener, fd) == 0);
    BENCH_CHECK(cmio_green_spawn(executor, greet, &listener, NULL, &handle) == 0);
    (void)cmio_join_future_init(&join, handle);
    (void)cmio_block_on(executor, &join.future);
}
