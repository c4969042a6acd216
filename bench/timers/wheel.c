/* SPDX-License-Identifier: MIT */
/*
 * A wheel in the style of an operating system's kernel, to show what precision costs.
 *
 * Time passes in ticks of a millisecond. A level has 64 slots, and those of the next level are
 * eight times as wide. A timer goes into the first level that reaches its deadline, is rounded up
 * to the end of a slot there, and never moves. So its lateness grows with its delay, up to an
 * eighth of it. The wait is epoll_wait(2) until the first slot in use.
 */
#include <stdint.h>

typedef int64_t timers_delay;
#include "timers/timers.h"

#include <sys/epoll.h>
#include <unistd.h>

enum { LEVELS = 8, SLOTS = 64, WIDER_BITS = 3 };

struct timer {
    struct timer *next, **previous;
    uint64_t deadline; /* in ticks */
    unsigned slot;     /* of all levels' slots */
};

static int set;
static struct timer *all;
static struct timer *slots[LEVELS * SLOTS];
static uint64_t in_use[LEVELS];
static uint64_t current; /* the tick up to which all timers have expired */
static int64_t now;

static uint64_t ticks_of(int64_t nanoseconds) {
    return (uint64_t)(nanoseconds + TIMERS_MILLISECOND - 1) / TIMERS_MILLISECOND;
}

static timers_delay timers_convert(int64_t nanoseconds) {
    return nanoseconds;
}

static void timers_open(void) {
    set = epoll_create1(EPOLL_CLOEXEC);
    all = calloc((size_t)timers, sizeof *all);
    BENCH_CHECK(set >= 0 && all != NULL);
    now = bench_now();
    current = (uint64_t)(now / TIMERS_MILLISECOND);
}

static void timers_inside(void (*what)(void)) {
    now = bench_now();
    what();
}

static int64_t timers_clock(void) {
    return now;
}

/* The first level whose slots reach that far from the current tick, and a slot of it not before. */
static inline unsigned slot_for(uint64_t deadline) {
    const uint64_t left_over = deadline - current;
    unsigned level = 0;
    while (level < LEVELS - 1 && left_over >> level * WIDER_BITS >= SLOTS - 2)
        level++;
    const unsigned below = level * WIDER_BITS;
    const uint64_t rounded_up = (deadline + (UINT64_C(1) << below) - 1) >> below;
    return level * SLOTS + (unsigned)(rounded_up % SLOTS);
}

static inline void link_timer(struct timer *timer, int64_t deadline) {
    const uint64_t tick = ticks_of(deadline);
    timer->deadline = tick > current ? tick : current + 1;
    timer->slot = slot_for(timer->deadline);
    struct timer **list = &slots[timer->slot];
    timer->next = *list;
    timer->previous = list;
    if (timer->next != NULL)
        timer->next->previous = &timer->next;
    *list = timer;
    in_use[timer->slot / SLOTS] |= UINT64_C(1) << timer->slot % SLOTS;
}

static inline void unlink_timer(struct timer *timer) {
    *timer->previous = timer->next;
    if (timer->next != NULL)
        timer->next->previous = timer->previous;
    timer->previous = NULL;
    if (slots[timer->slot] == NULL)
        in_use[timer->slot / SLOTS] &= ~(UINT64_C(1) << timer->slot % SLOTS);
}

static inline void timers_set(long i, timers_delay delay) {
    link_timer(&all[i], now + delay);
}

static inline void timers_reset(long i, timers_delay delay) {
    unlink_timer(&all[i]);
    link_timer(&all[i], now + delay);
}

static inline void timers_cancel(long i) {
    unlink_timer(&all[i]);
}

static bool timers_is_set(long i) {
    return all[i].previous != NULL;
}

static void expire_slot(unsigned slot) {
    for (struct timer *timer; (timer = slots[slot]) != NULL;) {
        unlink_timer(timer);
        timers_fired(timer - all);
    }
}

/* Every level's slot that ends with the current tick. */
static void expire_tick(void) {
    for (unsigned level = 0; level < LEVELS; level++) {
        const unsigned below = level * WIDER_BITS;
        if (current & ((UINT64_C(1) << below) - 1))
            break;
        expire_slot(level * SLOTS + (unsigned)((current >> below) % SLOTS));
    }
}

/* The tick at which a level's first slot in use ends; there must be one. */
static uint64_t first_on(unsigned level) {
    const unsigned below = level * WIDER_BITS;
    const uint64_t next = (current >> below) + 1;
    const unsigned turn = (unsigned)(next % SLOTS);
    const uint64_t ahead =
        turn == 0 ? in_use[level] : in_use[level] >> turn | in_use[level] << (SLOTS - turn);
    return (next + (unsigned)__builtin_ctzll(ahead)) << below;
}

static int time_left(void) {
    uint64_t first = UINT64_MAX;
    for (unsigned level = 0; level < LEVELS; level++)
        if (in_use[level] != 0 && first_on(level) < first)
            first = first_on(level);
    const int64_t left_over = (int64_t)first * TIMERS_MILLISECOND - now;
    return left_over <= 0 ? 0 : (int)ticks_of(left_over);
}

static void timers_run(void) {
    struct epoll_event events[64];
    const int ready = epoll_wait(set, events, 64, time_left());
    BENCH_CHECK(ready == 0 || errno == EINTR);
    now = bench_now();
    while (current < (uint64_t)(now / TIMERS_MILLISECOND)) {
        current++;
        expire_tick();
    }
}
