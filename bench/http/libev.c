/* SPDX-License-Identifier: MIT */
/*
 * libev has no edges, so a client is watched for writing only while it is a slow reader. Sleeping
 * clients stay watched for reading, which costs nothing and reports when they leave.
 */
#include "http/http.h"

#include <ev.h>

struct client {
    struct http http;
    ev_io io;
    ev_timer timer;
};

static struct ev_loop *loop;

static inline ssize_t http_send(struct http *http, const void *buffer, size_t length) {
    return send(((struct client *)http)->io.fd, buffer, length, MSG_NOSIGNAL);
}

static inline ssize_t http_receive(struct http *http, void *buffer, size_t length) {
    return recv(((struct client *)http)->io.fd, buffer, length, 0);
}

static void http_sleep(struct http *http, uint32_t milliseconds) {
    ev_timer *timer = &((struct client *)http)->timer;
    ev_timer_set(timer, milliseconds * 1e-3, 0.);
    ev_timer_start(loop, timer);
}

static void http_watch(struct http *http) {
    ev_io *io = &((struct client *)http)->io;
    ev_io_stop(loop, io);
    ev_io_set(io, io->fd,
              (http_wants_to_read(http) ? EV_READ : 0) |
                  (http_wants_to_write(http) ? EV_WRITE : 0));
    ev_io_start(loop, io);
}

static void http_close(struct http *http) {
    struct client *client = (struct client *)http;
    ev_timer_stop(loop, &client->timer);
    ev_io_stop(loop, &client->io);
    close(client->io.fd);
    http_free(http);
    free(client);
}

static void on_timer(struct ev_loop *unused, ev_timer *timer, int ready) {
    (void)unused, (void)ready;
    (void)http_wake(timer->data);
}

static void on_client(struct ev_loop *unused, ev_io *io, int ready) {
    (void)unused;
    if ((ready & EV_WRITE) == 0 || http_write(io->data))
        (void)http_read(io->data, false);
}

static void on_listener(struct ev_loop *unused, ev_io *io, int ready) {
    (void)unused, (void)ready;
    int fd;
    while (http_is_accepted(fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC))) {
        struct client *client = calloc(1, sizeof *client);
        BENCH_CHECK(client != NULL);
        ev_init(&client->timer, on_timer);
        ev_io_init(&client->io, on_client, fd, EV_READ);
        client->timer.data = client->io.data = client;
        ev_io_start(loop, &client->io);
    }
}

static void serve(int fd) {
    ev_io listener;
    loop = ev_default_loop(0);
    BENCH_CHECK(loop != NULL);
    ev_io_init(&listener, on_listener, fd, EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
}
