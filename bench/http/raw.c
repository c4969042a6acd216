/* SPDX-License-Identifier: MIT */
/* The yardstick: epoll(7) by hand, edge-triggered, and a binary heap of deadlines. */
#define HTTP_LOOPS
#include "http/http.h"

#include <sys/epoll.h>

#include "http/heap.h"

struct client {
    struct http http;
    struct heap_client alarm;
    int fd;
};

struct loop {
    int set;
    int64_t now; /* 0: not read since the wait */
    struct heap heap;
    struct epoll_event events[256];
};

static _Thread_local struct loop loop;

static int64_t loop_now(void) {
    if (loop.now == 0)
        loop.now = bench_now();
    return loop.now;
}

static struct client *client_of(struct heap_client *alarm) {
    return (struct client *)((char *)alarm - offsetof(struct client, alarm));
}

/* ---- The functions that http.h needs ---- */

static inline ssize_t http_send(struct http *http, const void *buffer, size_t length) {
    return send(((struct client *)http)->fd, buffer, length, MSG_NOSIGNAL);
}

static inline ssize_t http_receive(struct http *http, void *buffer, size_t length) {
    return recv(((struct client *)http)->fd, buffer, length, 0);
}

static void http_sleep(struct http *http, uint32_t milliseconds) {
    heap_add(&loop.heap, &((struct client *)http)->alarm,
             loop_now() + (int64_t)milliseconds * 1000000);
}

static void http_watch(struct http *http) {
    (void)http;
}

static void http_close(struct http *http) {
    struct client *client = (struct client *)http;
    heap_remove(&loop.heap, &client->alarm);
    (void)epoll_ctl(loop.set, EPOLL_CTL_DEL, client->fd, NULL);
    close(client->fd);
    http_free(http);
    free(client);
}

/* ---- The loop ---- */

static void watch(int fd, uint32_t interest, struct client *client) {
    struct epoll_event event = {.events = interest | EPOLLET, .data.ptr = client};
    BENCH_CHECK(epoll_ctl(loop.set, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void accept_all(int listener) {
    int fd;
    /* The kernel keeps the only pointer to a client. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while (http_is_accepted(fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC))) {
        struct client *client = calloc(1, sizeof *client);
        BENCH_CHECK(client != NULL);
        client->fd = fd;
        watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, client);
    }
}

static int wait_for_events(void) {
    if (loop.heap.count == 0)
        return epoll_wait(loop.set, loop.events, 256, -1);
    const struct timespec time = heap_span(&loop.heap, loop_now());
    return epoll_pwait2(loop.set, loop.events, 256, &time, NULL);
}

static void serve(int fd) {
    loop.set = epoll_create1(EPOLL_CLOEXEC);
    BENCH_CHECK(loop.set >= 0);
    watch(fd, EPOLLIN, NULL);
    for (;;) {
        const int count = wait_for_events();
        loop.now = 0;
        for (int i = 0; i < count; i++) {
            struct client *client = loop.events[i].data.ptr;
            const uint32_t ready = loop.events[i].events;
            if (client == NULL)
                accept_all(fd);
            else if ((ready & EPOLLOUT) == 0 || http_write(&client->http))
                (void)http_read(&client->http, (ready & ~(uint32_t)(EPOLLIN | EPOLLOUT)) != 0);
        }
        struct heap_client *alarm;
        while (loop.heap.count > 0 && (alarm = heap_pop(&loop.heap, loop_now())) != NULL)
            (void)http_wake(&client_of(alarm)->http);
    }
}
