/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timing wheel (Varghese and Lauck, 1987).
 *
 * Time is counted in ticks of 2^19 ns, about half a millisecond; a timer expires at the first tick
 * that begins at or after its deadline, so never early. current is the tick up to which timers have
 * expired. A tick is a number in base 64, and so is current; the highest digit in which a timer's
 * tick differs from current is its level, and its digit there is its slot. So
 *
 *   - all slots in use on a level lie ahead of current's digit, and none wraps around;
 *   - the timers of a lower level come before those of a higher, so the first slot in use on the
 * lowest level in use is the next: two bit scans find it;
 *   - when current reaches the beginning of a slot above level 0, its timers differ from current in
 * a lower digit: they move down, at most once a level in their life. At level 0 they are due.
 *
 * Slots are doubly linked lists through the timers; due is one more, outside of the levels.
 */
#include <cmio/timers.h>

#include <errno.h>
#include <stdlib.h>

enum {
    TICK_BITS = 19,
    LEVEL_BITS = 6,
    SLOTS = 1 << LEVEL_BITS,
    /* Deadlines have 63 bits, ticks 44 and one for rounding up. */
    LEVELS = (63 - TICK_BITS + 1 + LEVEL_BITS - 1) / LEVEL_BITS,
    DUE = LEVELS * SLOTS,
};

struct cmio_timers {
    uint64_t current;
    uint64_t levels_in_use;        /* a bit a level */
    uint64_t slots_in_use[LEVELS]; /* a bit a slot */
    struct cmio_timer *lists[DUE + 1];
};

/* The index of the lowest and of the highest bit; bits is not 0. */
static unsigned lowest_bit(uint64_t bits) {
    return (unsigned)__builtin_ctzll(bits);
}

static unsigned highest_bit(uint64_t bits) {
    return 63U - (unsigned)__builtin_clzll(bits);
}

static uint64_t tick_at_or_after(int64_t deadline) {
    return ((uint64_t)deadline + (UINT64_C(1) << TICK_BITS) - 1) >> TICK_BITS;
}

int cmio_timers_new(struct cmio_timers **out) {
    if (out == NULL)
        return -EINVAL;
    struct cmio_timers *timers = calloc(1, sizeof *timers);
    if (timers == NULL)
        return -ENOMEM;
    timers->current = (uint64_t)cmio_now() >> TICK_BITS;
    *out = timers;
    return 0;
}

void cmio_timers_free(struct cmio_timers *timers) {
    if (timers == NULL)
        return;
    for (unsigned slot = 0; slot <= DUE; slot++)
        while (timers->lists[slot] != NULL)
            (void)cmio_timers_cancel(timers, timers->lists[slot]); /* it is set: cannot fail */
    free(timers);
}

int cmio_timer_init(struct cmio_timer *timer, cmio_token token) {
    if (timer == NULL)
        return -EINVAL;
    *timer = (struct cmio_timer){.token = token};
    return 0;
}

bool cmio_timer_is_set(const struct cmio_timer *timer) {
    return timer != NULL && timer->timers != NULL;
}

int64_t cmio_timer_deadline(const struct cmio_timer *timer) {
    return cmio_timer_is_set(timer) ? timer->deadline : CMIO_FOREVER;
}

static void link_timer(struct cmio_timers *timers, struct cmio_timer *timer, unsigned slot) {
    struct cmio_timer **list = &timers->lists[slot];
    timer->slot = slot;
    timer->previous = list;
    timer->next = *list;
    if (timer->next != NULL)
        timer->next->previous = &timer->next;
    *list = timer;
}

/* Where a timer of this tick belongs, seen from current. */
static void insert_timer(struct cmio_timers *timers, struct cmio_timer *timer, uint64_t tick) {
    if (tick <= timers->current) {
        link_timer(timers, timer, DUE);
        return;
    }
    const unsigned level = highest_bit(tick ^ timers->current) / LEVEL_BITS;
    const unsigned digit = (unsigned)(tick >> (level * LEVEL_BITS)) % SLOTS;
    timers->levels_in_use |= UINT64_C(1) << level;
    timers->slots_in_use[level] |= UINT64_C(1) << digit;
    link_timer(timers, timer, level * SLOTS + digit);
}

static void mark_empty(struct cmio_timers *timers, unsigned slot) {
    const unsigned level = slot / SLOTS;
    timers->slots_in_use[level] &= ~(UINT64_C(1) << slot % SLOTS);
    if (timers->slots_in_use[level] == 0)
        timers->levels_in_use &= ~(UINT64_C(1) << level);
}

static void remove_timer(struct cmio_timers *timers, struct cmio_timer *timer) {
    *timer->previous = timer->next;
    if (timer->next != NULL)
        timer->next->previous = timer->previous;
    if (timers->lists[timer->slot] == NULL && timer->slot != DUE)
        mark_empty(timers, timer->slot);
}

int cmio_timers_set(struct cmio_timers *timers, struct cmio_timer *timer, int64_t deadline) {
    if (timers == NULL || timer == NULL || deadline < CMIO_FOREVER)
        return -EINVAL;
    if (timer->timers != NULL && timer->timers != timers)
        return -EEXIST;
    if (timer->timers != NULL)
        remove_timer(timers, timer);
    timer->timers = deadline == CMIO_FOREVER ? NULL : timers;
    timer->deadline = deadline;
    if (deadline != CMIO_FOREVER)
        insert_timer(timers, timer, tick_at_or_after(deadline));
    return 0;
}

int cmio_timers_cancel(struct cmio_timers *timers, struct cmio_timer *timer) {
    if (timers == NULL || timer == NULL)
        return -EINVAL;
    if (timer->timers == NULL)
        return -ENOENT;
    if (timer->timers != timers)
        return -EEXIST;
    remove_timer(timers, timer);
    timer->timers = NULL;
    return 0;
}

/* The next slot in use, and the tick at which it begins; there is one. */
static uint64_t next_slot(const struct cmio_timers *timers, unsigned *slot) {
    const unsigned level = lowest_bit(timers->levels_in_use);
    const unsigned digit = lowest_bit(timers->slots_in_use[level]);
    const unsigned shift = level * LEVEL_BITS;
    const uint64_t above = timers->current >> shift >> LEVEL_BITS << LEVEL_BITS;
    *slot = level * SLOTS + digit;
    return (above | digit) << shift;
}

int64_t cmio_timers_next_deadline(const struct cmio_timers *timers) {
    unsigned slot;
    if (timers == NULL || (timers->levels_in_use == 0 && timers->lists[DUE] == NULL))
        return CMIO_FOREVER;
    const uint64_t tick = timers->lists[DUE] != NULL ? timers->current : next_slot(timers, &slot);
    return tick > (uint64_t)INT64_MAX >> TICK_BITS ? INT64_MAX : (int64_t)(tick << TICK_BITS);
}

/* Takes the whole list of a slot that begins at current: due, or to be sorted into lower levels. */
static void empty_slot(struct cmio_timers *timers, unsigned slot) {
    struct cmio_timer *timer = timers->lists[slot];
    timers->lists[slot] = NULL;
    mark_empty(timers, slot);
    while (timer != NULL) {
        struct cmio_timer *next = timer->next;
        insert_timer(timers, timer, tick_at_or_after(timer->deadline));
        timer = next;
    }
}

/* Moves on to the tick, or to the first before it at which something is due. */
static void advance(struct cmio_timers *timers, uint64_t tick) {
    while (timers->lists[DUE] == NULL && timers->levels_in_use != 0) {
        unsigned slot;
        const uint64_t begin = next_slot(timers, &slot);
        if (begin > tick)
            break;
        timers->current = begin;
        empty_slot(timers, slot);
    }
    if (timers->lists[DUE] == NULL && timers->current < tick)
        timers->current = tick;
}

struct cmio_timer *cmio_timers_pop(struct cmio_timers *timers, int64_t now) {
    if (timers == NULL || now < 0)
        return NULL;
    if (timers->lists[DUE] == NULL)
        advance(timers, (uint64_t)now >> TICK_BITS);
    struct cmio_timer *timer = timers->lists[DUE];
    if (timer != NULL)
        (void)cmio_timers_cancel(timers, timer); /* it is set: cannot fail */
    return timer;
}
