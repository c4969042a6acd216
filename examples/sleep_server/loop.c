/* SPDX-License-Identifier: MIT */

/* loop_run() is the core of a cmio program. The rest gives the loop's events their meaning. */

#include "sleep_server/loop.h"

#include <errno.h>
#include <signal.h>

#include "common/program.h"
#include "sleep_server/connection.h"
#include "sleep_server/server.h"

enum { EVENTS_A_WAIT = 256 };

/* ---- Stopping ---- */

/*
 * Stops in the middle of a batch. Its events for the listener and for connections that are closed
 * here must not be handled any more, so they are purged. Clients still waiting to be accepted came
 * before the signal and are answered too. If there is no room for all of them, the listener stays
 * open until there is.
 */
static void loop_stop(struct loop *loop) {
    loop->stopping = true;
    loop_accept(loop);
    (void)cmio_timers_set(loop->timers, &loop->grace, cmio_now() + loop->server->options.grace);
    pool_visit(&loop->connections, connection_close_if_idle, loop);
}

static void loop_on_waker(struct loop *loop) {
    if (atomic_load(&loop->server->stopping) && !loop->stopping)
        loop_stop(loop);
}

/* Signals are events too, so there is no handler that has to be async-signal-safe. */
static void loop_on_signals(struct loop *loop) {
    for (int number; (number = cmio_signals_next(&loop->server->signals)) > 0;) {
        if (number == SIGHUP)
            server_reopen_log(loop->server);
        else
            server_stop(loop->server); /* a second one ends the process: second_signal.c */
    }
}

/* The first loop receives the signals, so it stays until the others are done. */
static bool loop_is_done(struct loop *loop) {
    bool is_first = loop == loop->server->loops;
    bool is_empty = loop->open == 0 && !loop->listening;
    return loop->stopping && (is_empty || loop->grace_over) &&
           (!is_first || atomic_load(&loop->server->running) == 0);
}

/* ---- Events ---- */

static void loop_on_event(struct loop *loop, const struct cmio_event *event) {
    switch (event->token) {
    case TOKEN_LISTENER:
        if (!cmio_timer_is_set(&loop->accept_again))
            loop_accept(loop);
        break;
    case TOKEN_SIGNALS:
        loop_on_signals(loop);
        break;
    case TOKEN_WAKER:
        loop_on_waker(loop);
        break;
    default:
        connection_on_event(loop, (struct connection *)event->token, event);
    }
}

static void loop_on_timer(struct loop *loop, const struct cmio_timer *timer) {
    switch (timer->token) {
    case TOKEN_ACCEPT_AGAIN:
        loop_accept(loop);
        break;
    case TOKEN_GRACE:
        loop->grace_over = true;
        break;
    default:
        connection_on_timer(loop, (struct connection *)timer->token);
    }
}

/* Handles each busy connection once. One that is busy again goes to the end of the list. */
static void loop_continue_busy(struct loop *loop) {
    struct connection **end = loop->busy_end;
    for (bool is_last = loop->busy == NULL; !is_last;) {
        struct connection *connection = loop->busy;
        is_last = &connection->next_busy == end;
        connection_continue(loop, connection);
    }
}

/*
 * The core of a cmio program: wait until there is an event or the next timer is due, handle the
 * events, handle the timers. While a connection has more to do, the wait returns at once.
 */
int loop_run(struct loop *loop) {
    while (!loop_is_done(loop)) {
        int64_t deadline = loop->busy != NULL ? 0 : cmio_timers_next_deadline(loop->timers);
        int count = cmio_poll_wait_until(loop->poll, loop->events, deadline);
        if (count < 0 && count != -EINTR) /* -EINTR: the wait was interrupted, go on */
            return complain("cannot wait for events", count);
        CMIO_EVENTS_FOREACH (event, loop->events)
            loop_on_event(loop, event);
        int64_t now = cmio_now();
        for (struct cmio_timer *timer; (timer = cmio_timers_pop(loop->timers, now)) != NULL;)
            loop_on_timer(loop, timer);
        loop_continue_busy(loop);
    }
    return 0;
}

/* ---- Beginning and end ---- */

static int loop_create_poll(struct loop *loop) {
    const char *backend = loop->server->options.backend;
    if (backend == NULL)
        return cmio_poll_new(&loop->poll);
    return cmio_poll_new_with(&loop->poll, backend);
}

/* Whatever this returns, loop_close() cleans up. */
int loop_init(struct loop *loop, struct server *server) {
    loop->server = server;
    loop->busy_end = &loop->busy;
    pool_init(&loop->connections, sizeof(struct connection));
    (void)cmio_timer_init(&loop->accept_again, TOKEN_ACCEPT_AGAIN);
    (void)cmio_timer_init(&loop->grace, TOKEN_GRACE);
    int result = loop_create_poll(loop);
    if (result < 0)
        return result;
    result = cmio_events_new(&loop->events, EVENTS_A_WAIT);
    if (result < 0)
        return result;
    result = cmio_timers_new(&loop->timers);
    if (result < 0)
        return result;
    return cmio_waker_new(&loop->waker, cmio_poll_registry(loop->poll), TOKEN_WAKER);
}

/* cmio's destructors accept objects that were never made, so one way out serves every case. */
void loop_close(struct loop *loop) {
    pool_visit(&loop->connections, connection_cut_off, loop);
    pool_free(&loop->connections);
    (void)cmio_tcp_listener_close(&loop->listener);
    cmio_waker_free(loop->waker);
    cmio_timers_free(loop->timers);
    cmio_events_free(loop->events);
    cmio_poll_free(loop->poll);
}
