/* SPDX-License-Identifier: MIT */
#include "http/talk.h"

#include <cmio/async.h>

struct client {
    struct cmio_coroutine coroutine;
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct talk *talk;
    union {
        struct cmio_read_future read;
        struct cmio_write_all_future write;
        struct cmio_sleep_future sleep;
    } now;
};

static struct cmio_executor *executor;

static enum cmio_future_state run_client(struct cmio_coroutine *coroutine,
                                         struct cmio_context *context) {
    struct client *client = (struct client *)coroutine;
    struct talk *talk = client->talk;
    CMIO_BEGIN(coroutine, context);
    BENCH_CHECK(cmio_io_bind_tcp_stream(&client->io, executor, &client->stream) == 0);
    while (!talk->is_bad) {
        (void)cmio_read_future_init(&client->now.read, &client->io, talk->input + talk->length,
                                    sizeof talk->input - talk->length);
        CMIO_AWAIT(&client->now.read.future);
        if (client->now.read.future.result <= 0)
            CMIO_RETURN(0);
        talk->length += (size_t)client->now.read.future.result;
        do {
            talk_take(talk);
            while (talk->due > 0) {
                (void)cmio_write_all_future_init(&client->now.write, &client->io, http_output,
                                                 talk_next_output(talk));
                CMIO_AWAIT(&client->now.write.future);
                if (client->now.write.future.result < 0)
                    CMIO_RETURN(0);
            }
            if (talk->milliseconds > 0) {
                (void)cmio_sleep_future_init(&client->now.sleep,
                                             talk->milliseconds * CMIO_MILLISECOND);
                CMIO_AWAIT(&client->now.sleep.future);
                talk->due = 1;
            }
        } while (talk->due > 0);
    }
    CMIO_FINALLY;
    (void)cmio_io_close(&client->io);
    (void)cmio_tcp_stream_close(&client->stream);
    free(talk);
    CMIO_END;
}

static void welcome(struct cmio_tcp_stream stream) {
    struct client client = {.stream = stream, .talk = malloc(sizeof(struct talk))};
    BENCH_CHECK(client.talk != NULL);
    client.talk->length = client.talk->due = 0;
    client.talk->is_bad = false;
    (void)cmio_coroutine_init(&client.coroutine, run_client);
    BENCH_CHECK(cmio_spawn(executor, &client.coroutine.future, sizeof client, NULL, NULL) == 0);
}

struct greeter {
    struct cmio_coroutine coroutine;
    struct cmio_tcp_listener listener;
    struct cmio_io io;
    struct cmio_tcp_stream stream;
    struct cmio_accept_future accept;
};

static enum cmio_future_state run_greeter(struct cmio_coroutine *coroutine,
                                          struct cmio_context *context) {
    struct greeter *greeter = (struct greeter *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (;;) {
        (void)cmio_accept_tcp_future_init(&greeter->accept, &greeter->io, &greeter->stream, NULL);
        CMIO_AWAIT(&greeter->accept.future);
        BENCH_CHECK(greeter->accept.future.result == 0);
        welcome(greeter->stream);
    }
    CMIO_END;
}

static void serve(int fd) {
    static struct greeter greeter;
    const struct cmio_executor_options options = {.workers = CMIO_CURRENT_THREAD};
    BENCH_CHECK(cmio_executor_new(&executor, &options) == 0);
    BENCH_CHECK(cmio_tcp_listener_from_fd(&greeter.listener, fd) == 0);
    BENCH_CHECK(cmio_io_bind_tcp_listener(&greeter.io, executor, &greeter.listener) == 0);
    (void)cmio_coroutine_init(&greeter.coroutine, run_greeter);
    (void)cmio_block_on(executor, &greeter.coroutine.future);
}
