/* SPDX-License-Identifier: MIT */
/* The yardstick of the poll backend: poll(2) by hand, and a binary heap of deadlines. */
#include "http/http.h"

#include <poll.h>

#include "http/heap.h"

struct client {
    struct http http;
    struct heap_client alarm;
    uint32_t place; /* of its entry */
};

/* The listener's entry comes first. clients[i] belongs to entries[i]. */
static struct pollfd *entries;
static struct client **clients;
static uint32_t count;
static uint32_t capacity;
static struct heap heap;
static int64_t now; /* 0: not read since the wait */

static int64_t loop_now(void) {
    if (now == 0)
        now = bench_now();
    return now;
}

static struct client *client_of(struct heap_client *alarm) {
    return (struct client *)((char *)alarm - offsetof(struct client, alarm));
}

/* ---- The entries ---- */

static void add_entry(int fd, struct client *client) {
    if (count == capacity) {
        capacity = capacity == 0 ? 64 : capacity * 2;
        entries = realloc(entries, capacity * sizeof *entries);
        clients = realloc(clients, capacity * sizeof *clients);
        BENCH_CHECK(entries != NULL && clients != NULL);
    }
    entries[count] = (struct pollfd){.fd = fd, .events = POLLIN};
    clients[count++] = client;
}

/* The last entry takes the place. */
static void remove_entry(uint32_t place) {
    struct client *last = clients[--count];
    BENCH_CHECK(last != NULL); /* the listener stays first */
    entries[place] = entries[count];
    clients[place] = last;
    last->place = place;
}

/* ---- The functions that http.h needs ---- */

static int fd_of(const struct http *http) {
    return entries[((const struct client *)http)->place].fd;
}

static inline ssize_t http_send(struct http *http, const void *buffer, size_t length) {
    return send(fd_of(http), buffer, length, MSG_NOSIGNAL);
}

static inline ssize_t http_receive(struct http *http, void *buffer, size_t length) {
    return recv(fd_of(http), buffer, length, 0);
}

static void http_sleep(struct http *http, uint32_t milliseconds) {
    heap_add(&heap, &((struct client *)http)->alarm, loop_now() + (int64_t)milliseconds * 1000000);
}

static void http_watch(struct http *http) {
    const int events =
        (http_wants_to_read(http) ? POLLIN : 0) | (http_wants_to_write(http) ? POLLOUT : 0);
    entries[((struct client *)http)->place].events = (short)events;
}

static void http_close(struct http *http) {
    struct client *client = (struct client *)http;
    heap_remove(&heap, &client->alarm);
    close(fd_of(http));
    remove_entry(client->place);
    http_free(http);
    free(client);
}

/* ---- The loop ---- */

static void accept_all(int listener) {
    int fd;
    while (http_is_accepted(fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC))) {
        struct client *client = calloc(1, sizeof *client);
        BENCH_CHECK(client != NULL);
        client->place = count;
        add_entry(fd, client);
    }
}

static int wait_for_events(void) {
    if (heap.count == 0)
        return poll(entries, count, -1);
    const struct timespec time = heap_span(&heap, loop_now());
    return ppoll(entries, count, &time, NULL);
}

/* False if the client was closed. */
static bool handle(struct client *client, short ready) {
    if ((ready & POLLOUT) != 0 && !http_write(&client->http))
        return false;
    return (ready & ~POLLOUT) == 0 || http_read(&client->http, false);
}

static void serve(int fd) {
    add_entry(fd, NULL);
    for (;;) {
        int ready = wait_for_events();
        now = 0;
        if (ready > 0 && entries[0].revents != 0) {
            accept_all(fd); /* adds entries with nothing to report */
            ready--;
        }
        for (uint32_t place = 1; ready > 0;) {
            const short events = entries[place].revents;
            ready -= events != 0;
            if (events == 0 || handle(clients[place], events))
                place++; /* otherwise, another entry is here now */
        }
        struct heap_client *alarm;
        while (heap.count > 0 && (alarm = heap_pop(&heap, loop_now())) != NULL)
            (void)http_wake(&client_of(alarm)->http);
    }
}
