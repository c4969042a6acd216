/* SPDX-License-Identifier: MIT */
/*
 * struct event with recv and send, because a bufferevent copies every byte once more and holds two
 * buffers per connection. Without EV_ET, because libevent does not distinguish a failed connection
 * from a readable one. After an edge one would have to read until nothing is left, which costs one
 * recv(2) per request. So a client is watched for writing only while it is a slow reader.
 */
#include "http/http.h"

#include <event2/event.h>
#include <event2/event_struct.h>

struct client {
    struct http http;
    struct event io;
    struct event timer;
};

static struct event_base *base;

static inline ssize_t http_send(struct http *http, const void *buffer, size_t length) {
    return send(event_get_fd(&((struct client *)http)->io), buffer, length, MSG_NOSIGNAL);
}

static inline ssize_t http_receive(struct http *http, void *buffer, size_t length) {
    return recv(event_get_fd(&((struct client *)http)->io), buffer, length, 0);
}

static void http_sleep(struct http *http, uint32_t milliseconds) {
    const struct timeval time = {
        .tv_sec = milliseconds / 1000,
        .tv_usec = milliseconds % 1000 * 1000,
    };
    BENCH_CHECK(event_add(&((struct client *)http)->timer, &time) == 0);
}

static void on_client(evutil_socket_t fd, short ready, void *client);

static void watch(struct client *client, evutil_socket_t fd, short interest) {
    BENCH_CHECK(event_assign(&client->io, base, fd, interest, on_client, client) == 0);
    BENCH_CHECK(event_add(&client->io, NULL) == 0);
}

static void http_watch(struct http *http) {
    struct client *client = (struct client *)http;
    (void)event_del(&client->io);
    watch(client, event_get_fd(&client->io),
          (short)(EV_PERSIST | (http_wants_to_read(http) ? EV_READ : 0) |
                  (http_wants_to_write(http) ? EV_WRITE : 0)));
}

static void http_close(struct http *http) {
    struct client *client = (struct client *)http;
    (void)event_del(&client->timer);
    (void)event_del(&client->io);
    close(event_get_fd(&client->io));
    http_free(http);
    free(client);
}

static void on_timer(evutil_socket_t fd, short ready, void *client) {
    (void)fd, (void)ready;
    (void)http_wake(client);
}

static void on_client(evutil_socket_t fd, short ready, void *client) {
    (void)fd;
    if ((ready & EV_WRITE) == 0 || http_write(client))
        (void)http_read(client, false);
}

static void on_listener(evutil_socket_t listener, short ready, void *unused) {
    (void)ready, (void)unused;
    int fd;
    while (http_is_accepted(fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC))) {
        struct client *client = calloc(1, sizeof *client);
        BENCH_CHECK(client != NULL);
        BENCH_CHECK(evtimer_assign(&client->timer, base, on_timer, client) == 0);
        watch(client, fd, EV_READ | EV_PERSIST);
    }
}

static void serve(int fd) {
    base = event_base_new();
    BENCH_CHECK(base != NULL);
    struct event *listener = event_new(base, fd, EV_READ | EV_ET | EV_PERSIST, on_listener, NULL);
    BENCH_CHECK(listener != NULL && event_add(listener, NULL) == 0);
    event_base_dispatch(base);
}
