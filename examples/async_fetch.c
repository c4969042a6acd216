/* SPDX-License-Identifier: MIT */

/*
 * Fetches many URLs over plain HTTP, with a green thread for each: straight-line code that
 * connects, asks, reads and tries again. All of them run on the thread of main(). A semaphore
 * limits how many are active at once. When the time of a try is up, a timeout cancels whatever it
 * waits for. A signal aborts all: from then on each await returns -ECANCELED, and the functions
 * return.
 *
 *     async_fetch --concurrency 4 http://127.0.0.1:6969/100 http://localhost:6969/200
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async.h>

#include "async/host.h"
#include "async/url.h"
#include "common/arguments.h"
#include "common/program.h"
#include "drill/progress.h"
#include "drill/response.h"

static const int64_t first_pause = 100 * CMIO_MILLISECOND; /* before another try; it doubles */

/* One run of the program, on one thread. */
static struct {
    struct url *urls;
    uint64_t count, done, failed;
    uint64_t concurrency, retries;
    int64_t timeout;
    struct cmio_semaphore room;
} run = {.concurrency = 8, .retries = 2, .timeout = 30 * CMIO_SECOND};

/* Waits for the future until the deadline, then gives it up. */
static ssize_t await_until(struct cmio_future *future, int64_t deadline) {
    struct cmio_timeout_future timeout;
    int result = cmio_timeout_until_future_init(&timeout, future, deadline);
    return result < 0 ? result : cmio_await(&timeout.future);
}

/* Sends the request on a connection. Returns the status of the answer. */
static ssize_t ask(struct url *url, struct cmio_io *io, int64_t deadline) {
    struct cmio_write_all_future write;
    struct cmio_read_future read;
    struct response response;
    char buffer[4096];
    int length = snprintf(
        buffer, sizeof buffer, "GET %s%s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n\r\n",
        *url->path == '/' ? "" : "/", url->path, url->authority_length, url->authority);
    (void)cmio_write_all_future_init(&write, io, buffer, (size_t)length);
    ssize_t n = await_until(&write.future, deadline);
    enum response_result state = RESPONSE_MORE;
    response_init(&response, false);
    while (n >= 0 && state == RESPONSE_MORE) {
        size_t used;
        (void)cmio_read_future_init(&read, io, buffer, sizeof buffer);
        n = await_until(&read.future, deadline);
        if (n > 0)
            state = response_feed(&response, buffer, (size_t)n, &used);
        else if (n == 0)
            state = response_end(&response);
        url->bytes += n > 0 ? (uint64_t)n : 0;
    }
    return n < 0 ? n : state == RESPONSE_COMPLETE ? response.status : -EPROTO;
}

static ssize_t try_once(struct url *url) {
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct cmio_connect_name_future connect;
    int64_t begin = cmio_now();
    url->bytes = 0;
    ssize_t result =
        cmio_connect_name_future_init(&connect, &io, &stream, url->target.host, url->target.port);
    if (result < 0)
        return result;
    result = await_until(&connect.future, begin + run.timeout);
    if (result == 0)
        result = ask(url, &io, begin + run.timeout);
    (void)cmio_io_close(&io);
    (void)cmio_tcp_stream_close(&stream);
    url->took = cmio_now() - begin;
    return result;
}

/* A green thread: tries to fetch one URL until it succeeds or the tries are used up. */
static ssize_t fetch(void *argument) {
    struct url *url = argument;
    struct cmio_sleep_future pause;
    ssize_t slept = 0;
    int64_t duration = first_pause;
    do {
        url->result = try_once(url);
        url->tries++;
        if (url->result == -ECANCELED || (url->result >= 0 && url->result < 500) ||
            url->tries > run.retries)
            break;
        (void)cmio_sleep_future_init(&pause, duration);
        slept = cmio_await(&pause.future);
        duration *= 2;
    } while (slept == 0);
    run.done++;
    run.failed += url->result < 0 || url->result >= 400;
    return cmio_semaphore_release(&run.room, 1);
}

/* A green thread: starts the others, no more at once than allowed, and waits for the last. */
static ssize_t fetch_all(void *argument) {
    struct cmio_acquire_future acquire;
    for (struct url *url = run.urls; url < run.urls + run.count; url++) {
        (void)cmio_acquire_future_init(&acquire, &run.room, 1);
        ssize_t result = cmio_await(&acquire.future);
        if (result == 0)
            result = cmio_green_spawn(NULL, fetch, url, NULL, NULL);
        if (result < 0)
            return result;
    }
    (void)argument;
    (void)cmio_acquire_future_init(&acquire, &run.room, run.concurrency);
    return cmio_await(&acquire.future);
}

/* A green thread: shows the progress, until it is aborted. */
static ssize_t show_progress(void *argument) {
    struct cmio_sleep_future pause;
    struct progress progress;
    int64_t begin = cmio_now();
    (void)argument;
    progress_init(&progress, run.count);
    do {
        progress_draw(&progress, run.done, run.failed, cmio_now() - begin);
        (void)cmio_sleep_future_init(&pause, PROGRESS_INTERVAL);
    } while (cmio_await(&pause.future) == 0);
    progress_end(&progress);
    return 0;
}

/* Returns 0, the number of a signal, or a negative errno. */
static int fetch_until_signal(void) {
    const struct cmio_executor_options options = {.workers = CMIO_CURRENT_THREAD};
    struct cmio_executor *executor;
    struct cmio_join_handle *all = NULL;
    struct cmio_join_future join;
    struct interrupt interrupt = {0};
    int result = cmio_executor_new(&executor, &options);
    if (result < 0)
        return result;
    if (progress_is_possible()) /* the program works without it, too */
        (void)cmio_green_spawn(executor, show_progress, NULL, NULL, NULL);
    result = interrupt_open(&interrupt, executor);
    if (result == 0)
        result = cmio_green_spawn(executor, fetch_all, NULL, NULL, &all);
    if (result == 0 && (result = cmio_join_future_init(&join, all)) == 0)
        result = host_wait(executor, &interrupt, &join.future);
    interrupt_close(&interrupt);
    cmio_join_handle_drop(all);
    cmio_executor_free(executor);
    return result;
}

static const char help[] =
    "usage: async_fetch [OPTION]... URL...\n"
    "Fetches each http:// URL and prints its status, the size of the answer and how long that "
    "took.\n\n"
    "  --concurrency NUMBER  fetch up to this many at once (8)\n"
    "  --retries NUMBER      retry this often after a failure or a status of 500 or above (2)\n"
    "  --timeout TIME        give up a try after this time, such as 500ms or 10s (30s)\n"
    "  -h, --help            print this help\n\n"
    "Exit status: 0 if every URL was fetched with a status below 400, 1 if not, 2 if the "
    "arguments\n"
    "are invalid, 128 plus the signal's number after SIGINT or SIGTERM.\n";

int main(int argc, char **argv) {
    const struct argument options[] = {
        {.name = "concurrency", .number = &run.concurrency, .least = 1, .most = 10000},
        {.name = "retries", .number = &run.retries, .most = 20},
        {.name = "timeout", .time = &run.timeout},
        {0},
    };
    program_start("async_fetch");
    int status = arguments_parse(options, help, argc, argv);
    if (status >= 0)
        return status;
    run.urls = urls_parse(argv + optind, (size_t)(argc - optind));
    if (run.urls == NULL)
        return EXIT_USAGE;
    run.count = (uint64_t)(argc - optind);
    (void)cmio_semaphore_init(&run.room, run.concurrency);
    bool is_printed = true;
    int result = fetch_until_signal();
    if (result < 0)
        return host_complain("cannot fetch", result);
    for (uint64_t i = 0; i < run.count; i++)
        is_printed &= url_report(&run.urls[i]);
    free(run.urls);
    if (result > 0)
        return 128 + result;
    return run.failed == 0 && is_printed ? EXIT_SUCCESS : EXIT_FAILURE;
}
