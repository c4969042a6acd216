/* SPDX-License-Identifier: MIT */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmio/cmio.h>

#include "common/second_signal.h"
#include "crew.h"
#include "progress.h"

enum {
    /*
     * One timestamp is taken for the arrival of a whole batch. With so few events, the last one is
     * handled within a millisecond or so of it.
     */
    EVENTS_AT_ONCE = 256,
    /* How many timers are handled between two polls for events. */
    TIMERS_AT_ONCE = 64,
    BUFFER_SIZE = 64 * 1024,
    /* For the terminal, the poll, the signals, and inherited descriptors. */
    DESCRIPTORS_RESERVED = 32,
};

/* A token is the address of a user, or one of these. */
static const cmio_token signals_token = 0;
static const cmio_token progress_token = 1;

struct load {
    const struct load_options *options;
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_signals signals;
    struct crew crew;
    struct cmio_timer progress_timer;
    struct progress progress;
};

uint64_t load_connections_max(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    if (limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    return limit.rlim_cur > DESCRIPTORS_RESERVED ? limit.rlim_cur - DESCRIPTORS_RESERVED : 0;
}

static void handle_signals(struct load *load) {
    for (int number; (number = cmio_signals_next(&load->signals)) > 0;)
        load->crew.results->signal = number;
}

static void show_progress(struct load *load, int64_t now) {
    const struct tally *all = &load->crew.results->all;
    progress_draw(&load->progress, all->succeeded + all->failed, all->failed,
                  now - load->crew.schedule.started);
    (void)cmio_timers_set(load->crew.timers, &load->progress_timer, now + PROGRESS_INTERVAL);
}

/* Handles some timers. The rest are popped after the next poll for events. */
static void run_timers(struct load *load) {
    struct crew *crew = &load->crew;
    int64_t now = cmio_now();
    crew->wire.now = now;
    for (int i = 0; i < TIMERS_AT_ONCE; i++) {
        struct cmio_timer *timer = cmio_timers_pop(crew->timers, now);
        if (timer == NULL)
            return;
        if (timer->token == progress_token)
            show_progress(load, now);
        else
            crew_handle_timer(crew, (struct user *)timer->token);
    }
}

/* The loop: wait until the next deadline, handle the events, pop the expired timers. */
static int run_loop(struct load *load) {
    struct crew *crew = &load->crew;
    while (!crew_is_done(crew) && crew->results->signal == 0) {
        int count = cmio_poll_wait_until(load->poll, load->events, crew_next_deadline(crew));
        if (count < 0 && count != -EINTR) /* -EINTR: the wait was interrupted, go on */
            return count;
        crew->wire.now = cmio_now();
        CMIO_EVENTS_FOREACH (event, load->events) {
            if (event->token == signals_token)
                handle_signals(load);
            else
                crew_handle_event(crew, (struct user *)event->token, event);
        }
        run_timers(load);
        crew_handle_arrivals(crew);
    }
    return 0;
}

static void finish_run(struct load *load) {
    struct crew *crew = &load->crew;
    crew->results->duration = cmio_now() - crew->schedule.started;
    crew->results->error = crew->wire.error;
    crew_stop(crew);
}

static int run(struct load *load) {
    const struct load_options *options = load->options;
    bool shown = options->shows_progress;
    crew_start(&load->crew);
    if (shown) {
        progress_init(&load->progress, requests_total(load->crew.requests, options->iterations));
        load->progress.duration = options->duration;
        (void)cmio_timer_init(&load->progress_timer, progress_token);
        (void)cmio_timers_set(load->crew.timers, &load->progress_timer,
                              cmio_now() + PROGRESS_INTERVAL);
    }
    int result = run_loop(load);
    finish_run(load);
    if (shown)
        progress_end(&load->progress);
    return result;
}

static int listen_to_signals(struct load *load) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int result = cmio_signals_init(&load->signals, numbers, sizeof numbers / sizeof *numbers);
    if (result < 0)
        return result;
    result = second_signal_exits();
    if (result < 0)
        return result;
    return cmio_registry_register(load->crew.wire.registry, &load->signals.source, signals_token,
                                  CMIO_READABLE);
}

static int take_memory(struct load *load) {
    struct crew *crew = &load->crew;
    crew->wire.size = BUFFER_SIZE;
    crew->wire.buffer = malloc(BUFFER_SIZE);
    crew->users = calloc((size_t)crew->size, sizeof *crew->users);
    if (crew->wire.buffer == NULL || crew->users == NULL)
        return -ENOMEM;
    int result = cmio_events_new(&load->events, EVENTS_AT_ONCE);
    return result < 0 ? result : cmio_timers_new(&crew->timers);
}

static int open_poll(struct load *load) {
    const char *backend = load->options->backend;
    int result =
        backend == NULL ? cmio_poll_new(&load->poll) : cmio_poll_new_with(&load->poll, backend);
    if (result < 0)
        return result;
    load->crew.wire.registry = cmio_poll_registry(load->poll);
    return listen_to_signals(load);
}

/* Every call here accepts objects that were never made. */
static void release(struct load *load) {
    (void)cmio_signals_close(&load->signals);
    cmio_timers_free(load->crew.timers);
    cmio_events_free(load->events);
    cmio_poll_free(load->poll);
    free(load->crew.users);
    free(load->crew.wire.buffer);
}

int load_run(const struct load_options *options, const struct requests *requests,
             struct results *results, const char **backend_out) {
    struct load load = {.options = options,
                        .crew = {.requests = requests,
                                 .results = results,
                                 .wire.servers = requests->servers.list,
                                 .schedule = {.iterations = options->iterations,
                                              .duration = options->duration,
                                              .rate = options->rate,
                                              .rampup = options->rampup},
                                 .timeout = options->timeout,
                                 .size = options->concurrency}};
    int result = take_memory(&load);
    if (result == 0)
        result = open_poll(&load);
    if (result == 0) {
        *backend_out = cmio_poll_backend(load.poll);
        result = run(&load);
    }
    release(&load);
    return result;
}
