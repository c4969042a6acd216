/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_HTTP_HEAP_H
#define CMIO_BENCH_HTTP_HEAP_H

/*
 * The sleeping clients of a server without a library: a binary heap of deadlines. Each client knows
 * its place in the heap. A server embeds a struct heap_client in its struct client.
 */

#include <stdint.h>
#include <stdlib.h>

#include "common/bench.h"

struct heap_client {
    uint32_t place; /* in the heap, from 1 on; 0: not in it */
};

struct heap_alarm {
    int64_t deadline;
    struct heap_client *client;
};

struct heap {
    struct heap_alarm *alarms;
    uint32_t count;
    uint32_t capacity;
};

static void heap_put(struct heap *heap, uint32_t place, struct heap_alarm alarm) {
    heap->alarms[place] = alarm;
    alarm.client->place = place;
}

static void heap_up(struct heap *heap, uint32_t place, struct heap_alarm alarm) {
    for (; place > 1 && heap->alarms[place / 2].deadline > alarm.deadline; place /= 2)
        heap_put(heap, place, heap->alarms[place / 2]);
    heap_put(heap, place, alarm);
}

static void heap_down(struct heap *heap, uint32_t place, struct heap_alarm alarm) {
    const struct heap_alarm *alarms = heap->alarms;
    for (uint32_t child; (child = place * 2) <= heap->count; place = child) {
        if (child < heap->count && alarms[child + 1].deadline < alarms[child].deadline)
            child++;
        if (alarms[child].deadline >= alarm.deadline)
            break;
        heap_put(heap, place, alarms[child]);
    }
    heap_put(heap, place, alarm);
}

static inline void heap_add(struct heap *heap, struct heap_client *client, int64_t deadline) {
    if (heap->count + 1 >= heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
        heap->alarms = realloc(heap->alarms, heap->capacity * sizeof *heap->alarms);
        BENCH_CHECK(heap->alarms != NULL);
    }
    heap_up(heap, ++heap->count, (struct heap_alarm){deadline, client});
}

/* Does nothing if the client is not in the heap. */
static inline void heap_remove(struct heap *heap, struct heap_client *client) {
    const uint32_t place = client->place;
    if (place == 0)
        return;
    client->place = 0;
    const struct heap_alarm last = heap->alarms[heap->count--];
    if (last.client == client)
        return;
    if (place > 1 && heap->alarms[place / 2].deadline > last.deadline)
        heap_up(heap, place, last);
    else
        heap_down(heap, place, last);
}

/* The client whose deadline has passed and comes first, or NULL. It leaves the heap. */
static inline struct heap_client *heap_pop(struct heap *heap, int64_t now) {
    if (heap->count == 0 || heap->alarms[1].deadline > now)
        return NULL;
    struct heap_client *client = heap->alarms[1].client;
    heap_remove(heap, client);
    return client;
}

/* How long to wait for the first deadline. Only for a heap that is not empty. */
static inline struct timespec heap_span(const struct heap *heap, int64_t now) {
    const int64_t span = heap->alarms[1].deadline > now ? heap->alarms[1].deadline - now : 0;
    return (struct timespec){.tv_sec = span / 1000000000, .tv_nsec = span % 1000000000};
}

#endif
