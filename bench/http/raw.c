/* SPDX-License-Identifier: MIT */
/* The yardstick: epoll(7) by hand, edge-triggered, and a binary heap of deadlines. */
#define HTTP_LOOPS
#include "http/http.h"

#include <sys/epoll.h>

struct client {
    struct http http;
    int fd;
    uint32_t place; /* in the heap, from 1 on; 0: not in it */
};

struct alarm {
    int64_t deadline;
    struct client *client;
};

struct loop {
    int set;
    int64_t now; /* 0: not read since the wait */
    struct alarm *heap;
    uint32_t count;
    uint32_t capacity;
    struct epoll_event events[256];
};

static _Thread_local struct loop loop;

static int64_t loop_now(void) {
    if (loop.now == 0)
        loop.now = bench_now();
    return loop.now;
}

/* ---- The heap ---- */

static void heap_put(uint32_t place, struct alarm alarm) {
    loop.heap[place] = alarm;
    alarm.client->place = place;
}

static void heap_up(uint32_t place, struct alarm alarm) {
    for (; place > 1 && loop.heap[place / 2].deadline > alarm.deadline; place /= 2)
        heap_put(place, loop.heap[place / 2]);
    heap_put(place, alarm);
}

static void heap_down(uint32_t place, struct alarm alarm) {
    for (uint32_t child; (child = place * 2) <= loop.count; place = child) {
        if (child < loop.count && loop.heap[child + 1].deadline < loop.heap[child].deadline)
            child++;
        if (loop.heap[child].deadline >= alarm.deadline)
            break;
        heap_put(place, loop.heap[child]);
    }
    heap_put(place, alarm);
}

static void heap_add(struct alarm alarm) {
    if (loop.count + 1 >= loop.capacity) {
        loop.capacity = loop.capacity == 0 ? 64 : loop.capacity * 2;
        loop.heap = realloc(loop.heap, loop.capacity * sizeof *loop.heap);
        BENCH_CHECK(loop.heap != NULL);
    }
    heap_up(++loop.count, alarm);
}

static void heap_remove(struct client *client) {
    const uint32_t place = client->place;
    client->place = 0;
    const struct alarm last = loop.heap[loop.count--];
    if (last.client == client)
        return;
    if (place > 1 && loop.heap[place / 2].deadline > last.deadline)
        heap_up(place, last);
    else
        heap_down(place, last);
}

/* ---- The functions that http.h needs ---- */

static inline ssize_t http_send(struct http *http, const void *buffer, size_t length) {
    return send(((struct client *)http)->fd, buffer, length, MSG_NOSIGNAL);
}

static inline ssize_t http_receive(struct http *http, void *buffer, size_t length) {
    return recv(((struct client *)http)->fd, buffer, length, 0);
}

static void http_sleep(struct http *http, uint32_t milliseconds) {
    heap_add((struct alarm){loop_now() + (int64_t)milliseconds * 1000000, (struct client *)http});
}

static void http_watch(struct http *http) {
    (void)http;
}

static void http_close(struct http *http) {
    struct client *client = (struct client *)http;
    if (client->place != 0)
        heap_remove(client);
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
    if (loop.count == 0)
        return epoll_wait(loop.set, loop.events, 256, -1);
    int64_t span = loop.heap[1].deadline - loop_now();
    if (span < 0)
        span = 0;
    const struct timespec time = {.tv_sec = span / 1000000000, .tv_nsec = span % 1000000000};
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
        while (loop.count > 0 && loop.heap[1].deadline <= loop_now()) {
            struct client *client = loop.heap[1].client;
            heap_remove(client);
            (void)http_wake(&client->http);
        }
    }
}
