/* SPDX-License-Identifier: MIT */
#define HTTP_LOOPS
#include "http/http.h"

#include <cmio/cmio.h>

struct client {
    struct http http;
    struct cmio_tcp_stream stream;
    struct cmio_timer timer;
};

static _Thread_local struct cmio_timers *timers;
static _Thread_local int64_t now; /* 0: not read since the wait */

static int64_t loop_now(void) {
    if (now == 0)
        now = cmio_now();
    return now;
}

static ssize_t with_errno(ssize_t result) {
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

static inline ssize_t http_send(struct http *http, const void *buffer, size_t length) {
    return with_errno(cmio_tcp_stream_write(&((struct client *)http)->stream, buffer, length));
}

static inline ssize_t http_receive(struct http *http, void *buffer, size_t length) {
    return with_errno(cmio_tcp_stream_read(&((struct client *)http)->stream, buffer, length));
}

static void http_sleep(struct http *http, uint32_t milliseconds) {
    (void)cmio_timers_set(timers, &((struct client *)http)->timer,
                          loop_now() + milliseconds * CMIO_MILLISECOND);
}

static void http_watch(struct http *http) {
    (void)http;
}

static void http_close(struct http *http) {
    struct client *client = (struct client *)http;
    (void)cmio_timers_cancel(timers, &client->timer);
    (void)cmio_tcp_stream_close(&client->stream);
    http_free(http);
    free(client);
}

static void accept_all(struct cmio_registry *registry, struct cmio_tcp_listener *listener) {
    struct cmio_tcp_stream stream;
    int error;
    while ((error = cmio_tcp_listener_accept(listener, &stream, NULL)) == 0) {
        struct client *client = calloc(1, sizeof *client);
        BENCH_CHECK(client != NULL);
        client->stream = stream;
        (void)cmio_timer_init(&client->timer, (cmio_token)client);
        BENCH_CHECK(cmio_registry_register(registry, &client->stream.source, (cmio_token)client,
                                           CMIO_READABLE | CMIO_WRITABLE) == 0);
    }
    BENCH_CHECK(error == -EAGAIN || error == -ECONNABORTED);
}

static void begin_spinning(struct cmio_poll *poll) {
    struct cmio_waker *waker;
    BENCH_CHECK(cmio_waker_new(&waker, cmio_poll_registry(poll), 0) == 0);
    BENCH_CHECK(cmio_poll_set_spin(poll, spin) == 0);
}

static void serve(int fd) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_tcp_listener listener;
    BENCH_CHECK(cmio_poll_new(&poll) == 0 && cmio_events_new(&events, 256) == 0);
    BENCH_CHECK(cmio_timers_new(&timers) == 0 && cmio_tcp_listener_from_fd(&listener, fd) == 0);
    struct cmio_registry *registry = cmio_poll_registry(poll);
    BENCH_CHECK(cmio_registry_register(registry, &listener.source, 0, CMIO_READABLE) == 0);
    if (spin > 0)
        begin_spinning(poll);
    for (;;) {
        (void)cmio_poll_wait_until(poll, events, cmio_timers_next_deadline(timers));
        now = 0;
        CMIO_EVENTS_FOREACH (event, events) {
            struct client *client = (struct client *)event->token;
            if (client == NULL)
                accept_all(registry, &listener);
            else if (!cmio_event_is_writable(event) || http_write(&client->http))
                (void)http_read(&client->http, cmio_event_is_read_closed(event));
        }
        if (cmio_timers_next_deadline(timers) == CMIO_FOREVER)
            continue;
        for (struct cmio_timer *timer; (timer = cmio_timers_pop(timers, loop_now())) != NULL;)
            (void)http_wake(&((struct client *)timer->token)->http);
    }
}
