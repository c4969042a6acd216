/* SPDX-License-Identifier: MIT */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmio/cmio.h>

#include "client.h"
#include "progress.h"

enum {
    /*
     * Few enough that the last of a batch is handled within a millisecond or so of the time that
     * is taken for the arrival of all.
     */
    EVENTS_AT_ONCE = 256,
    /* How many users begin between two looks at the events. */
    TIMERS_AT_ONCE = 64,
    BUFFER_SIZE = 64 * 1024,
    /* For the terminal, the poll, the signals, and what was inherited. */
    DESCRIPTORS_RESERVED = 32,
};

/* Tokens are users, by their address, and these two. */
static const cmio_token signals_token = 0;
static const cmio_token progress_token = 1;

/*
 * One of those who make requests. The client comes first, so that the client's events, which carry
 * its address, lead here. The timer is set as long as there is anything to do: to the moment at
 * which the user begins its next request or, while one is on its way, at which it has taken too
 * long.
 */
struct user {
    struct client client;
    struct cmio_timer timer;
    int64_t started; /* the request on its way */
    size_t item; /* at which it is, of the iteration that it has; item_count where it has none */
    bool is_waiting; /* for an answer */
};

struct load {
    const struct load_options *options;
    const struct requests *requests;
    struct results *results;
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_timers *timers;
    struct cmio_timer progress_timer;
    struct cmio_signals signals;
    struct wire wire;
    struct user *users;
    uint64_t active;          /* users that are not done */
    uint64_t iterations_left; /* not taken by any user yet */
    int64_t started;
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

/* Moves the user to its next request. False when it is done: there are no iterations left. */
static bool advance(struct load *load, struct user *user) {
    if (++user->item < load->requests->count)
        return true;
    if (load->iterations_left > 0) {
        load->iterations_left--;
        user->item = 0;
        return true;
    }
    client_close(&user->client);
    load->active--;
    return false;
}

/* Notes how the user's request ended. The timer is set only while an answer was waited for. */
static void end_request(struct load *load, struct user *user, enum outcome outcome, int64_t now) {
    (void)cmio_timers_cancel(load->timers, &user->timer); /* -ENOENT where it was popped or unset */
    user->is_waiting = false;
    const struct client *client = &user->client;
    const struct ending ending = {.outcome = outcome,
                                  .status = client->response.status,
                                  .latency = now - user->started,
                                  .bytes = client->received,
                                  .connects = client->connects,
                                  .reused = client->reused};
    results_add(load->results, user->item, &ending);
}

static int set_timer(struct load *load, struct user *user, int64_t deadline) {
    return cmio_timers_set(load->timers, &user->timer, deadline);
}

static int64_t request_deadline(const struct load *load, const struct user *user) {
    int64_t timeout = load->options->timeout;
    return timeout == CMIO_FOREVER ? CMIO_FOREVER : user->started + timeout;
}

/*
 * Begins the user's next request. One that fails at once is followed by the next one through the
 * timers rather than in a loop here, so that a server that refuses everybody cannot keep the rest
 * of the program from running.
 */
static void begin_request(struct load *load, struct user *user) {
    user->started = cmio_now();
    user->is_waiting = true;
    enum outcome outcome =
        client_start(&user->client, &load->wire, &load->requests->list[user->item]);
    if (outcome == OUTCOME_PENDING) {
        (void)set_timer(load, user, request_deadline(load, user)); /* cannot fail: it is ours */
        return;
    }
    end_request(load, user, outcome, cmio_now());
    if (advance(load, user))
        (void)set_timer(load, user, load->wire.now);
}

static void handle_user(struct load *load, const struct cmio_event *event) {
    struct user *user = (struct user *)event->token;
    enum outcome outcome = client_handle(&user->client, &load->wire, event);
    if (outcome == OUTCOME_PENDING)
        return;
    end_request(load, user, outcome, load->wire.now);
    if (advance(load, user))
        begin_request(load, user);
}

static void handle_signals(struct load *load) {
    for (int number; (number = cmio_signals_next(&load->signals)) > 0;)
        load->results->signal = number;
}

static void handle_user_timer(struct load *load, struct user *user) {
    if (user->is_waiting) {
        client_close(&user->client);
        end_request(load, user, OUTCOME_TIMEOUT, load->wire.now);
        if (!advance(load, user))
            return;
    } else if (user->item == load->requests->count && !advance(load, user)) {
        return; /* ramping up took longer than the iterations */
    }
    begin_request(load, user);
}

static void show_progress(struct load *load, int64_t now) {
    const struct results *results = load->results;
    const struct tally *all = &results->all;
    progress_draw(&load->progress, all->succeeded + all->failed, all->failed, now - load->started);
    (void)cmio_timers_set(load->timers, &load->progress_timer, now + PROGRESS_INTERVAL);
}

/* Those that did not get their turn are popped after the next look at the events. */
static void run_timers(struct load *load) {
    int64_t now = cmio_now();
    load->wire.now = now;
    for (int i = 0; i < TIMERS_AT_ONCE; i++) {
        struct cmio_timer *timer = cmio_timers_pop(load->timers, now);
        if (timer == NULL)
            return;
        if (timer->token == progress_token)
            show_progress(load, now);
        else
            handle_user_timer(load, (struct user *)timer->token);
    }
}

/* The loop: wait until the next deadline, handle the events, pop the timers that expired. */
static int run_loop(struct load *load) {
    while (load->active > 0 && load->results->signal == 0) {
        int count =
            cmio_poll_wait_until(load->poll, load->events, cmio_timers_next_deadline(load->timers));
        if (count < 0 && count != -EINTR) /* which says that the wait was interrupted: go on */
            return count;
        load->wire.now = cmio_now();
        CMIO_EVENTS_FOREACH (event, load->events) {
            if (event->token == signals_token)
                handle_signals(load);
            else
                handle_user(load, event);
        }
        run_timers(load);
    }
    return 0;
}

/* Sets every user's timer to the moment at which it begins. */
static void schedule_users(struct load *load) {
    const struct load_options *options = load->options;
    load->started = cmio_now();
    for (uint64_t i = 0; i < options->concurrency; i++) {
        struct user *user = &load->users[i];
        double part = (double)i / (double)options->concurrency;
        int64_t begins = load->started + (int64_t)((double)options->rampup * part);
        user->item = load->requests->count;
        user->client.number = (uint32_t)i;
        (void)cmio_timer_init(&user->timer, (cmio_token)user);
        (void)set_timer(load, user, begins);
    }
    load->active = options->concurrency;
    load->iterations_left = options->iterations;
}

static void finish_run(struct load *load) {
    load->results->duration = cmio_now() - load->started;
    load->results->error = load->wire.error;
    for (uint64_t i = 0; i < load->options->concurrency; i++) {
        load->results->unfinished += load->users[i].is_waiting;
        client_close(&load->users[i].client);
    }
}

static int run(struct load *load) {
    bool shown = load->options->shows_progress;
    if (shown) {
        progress_init(&load->progress, load->options->iterations * load->requests->count);
        (void)cmio_timer_init(&load->progress_timer, progress_token);
        (void)cmio_timers_set(load->timers, &load->progress_timer, cmio_now() + PROGRESS_INTERVAL);
    }
    schedule_users(load);
    int result = run_loop(load);
    finish_run(load);
    if (shown)
        progress_erase(&load->progress);
    return result;
}

static int listen_to_signals(struct load *load) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int result = cmio_signals_init(&load->signals, numbers, sizeof numbers / sizeof *numbers);
    if (result < 0)
        return result;
    return cmio_registry_register(load->wire.registry, &load->signals.source, signals_token,
                                  CMIO_READABLE);
}

static int take_memory(struct load *load) {
    load->wire.size = BUFFER_SIZE;
    load->wire.buffer = malloc(BUFFER_SIZE);
    load->users = calloc((size_t)load->options->concurrency, sizeof *load->users);
    if (load->wire.buffer == NULL || load->users == NULL)
        return -ENOMEM;
    int result = cmio_events_new(&load->events, EVENTS_AT_ONCE);
    return result < 0 ? result : cmio_timers_new(&load->timers);
}

static int open_poll(struct load *load) {
    const char *backend = load->options->backend;
    int result =
        backend == NULL ? cmio_poll_new(&load->poll) : cmio_poll_new_with(&load->poll, backend);
    if (result < 0)
        return result;
    load->wire.registry = cmio_poll_registry(load->poll);
    return listen_to_signals(load);
}

/* Everything here takes what was never made. */
static void release(struct load *load) {
    (void)cmio_signals_close(&load->signals);
    cmio_timers_free(load->timers);
    cmio_events_free(load->events);
    cmio_poll_free(load->poll);
    free(load->users);
    free(load->wire.buffer);
}

int load_run(const struct load_options *options, const struct requests *requests,
             struct results *results, const char **backend_out) {
    struct load load = {.options = options, .requests = requests, .results = results};
    load.wire.servers = requests->servers.list;
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
