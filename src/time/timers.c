/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timing wheel (Varghese and Lauck, 1987).
 *
 * Time is counted in ticks of 2^19 ns, about half a millisecond; a timer expires at the first tick
 * that begins at or after its deadline, so never early. current is the tick up to which timers have
 * expired. A tick is a number in base 256, and so is current; the highest digit in which a timer's
 * tick differs from current is its level, and its digit there is its slot on that level. So
 *
 *   - all slots in use on a level lie ahead of current's digit, and none wraps around;
 *   - the timers of a lower level come before those of a higher: slots are numbered level by level,
 * and the first that is in use is the next. Two bit scans find it;
 *   - when current reaches the beginning of a slot above level 0, its timers differ from current in
 * a lower digit: they move down, at most once a level in their life. At level 0 they are due.
 *
 * Slots are doubly linked lists through the timers; due is one more, outside of the levels.
 *
 * Of many timers each is far from the next in memory, and a list tells where that is only once it
 * has come. So a timer remembers the one after its next, as a distance, and who takes timers off a
 * list has two under way. It is a hint: what was cancelled since is fetched in vain.
 */
#include <cmio/timers.h>

#include <errno.h>
#include <stdlib.h>

#include "posix/inline.h"

enum {
    TICK_BITS = 19,
    LEVEL_BITS = 8,
    SLOTS = 1 << LEVEL_BITS,
    /* Deadlines have 63 bits, ticks 44 and one for rounding up. */
    LEVELS = (63 - TICK_BITS + 1 + LEVEL_BITS - 1) / LEVEL_BITS,
    DUE = LEVELS * SLOTS,
    WORD_BITS = 64,
    WORDS = DUE / WORD_BITS,
};

struct cmio_timers {
    uint64_t current;
    uint64_t words_in_use;        /* a bit a word of the next */
    uint64_t slots_in_use[WORDS]; /* a bit a slot */
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

CMIO__INLINE int32_t distance(const struct cmio_timer *from, const struct cmio_timer *to) {
    return (int32_t)(((intptr_t)to - (intptr_t)from) / (intptr_t)sizeof(void *));
}

/* Asks for the timer after the next, to be changed. No address is wrong for a prefetch. */
static void fetch_ahead(const struct cmio_timer *timer) {
    const intptr_t bytes = (intptr_t)timer->ahead * (intptr_t)sizeof(void *);
    __builtin_prefetch((const void *)((intptr_t)timer + bytes), 1);
}

CMIO__INLINE void link_timer(struct cmio_timers *timers, struct cmio_timer *timer, unsigned slot) {
    struct cmio_timer **list = &timers->lists[slot];
    struct cmio_timer *first = *list;
    timer->slot = slot;
    timer->previous = list;
    timer->next = first;
    if (first != NULL) {
        first->previous = &timer->next;
        timer->ahead = distance(timer, first->next);
    }
    *list = timer;
}

/* Where a timer of this tick belongs, seen from current. */
CMIO__INLINE void insert_timer(struct cmio_timers *timers, struct cmio_timer *timer,
                               uint64_t tick) {
    if (tick <= timers->current) {
        link_timer(timers, timer, DUE);
        return;
    }
    const unsigned level = highest_bit(tick ^ timers->current) / LEVEL_BITS;
    const unsigned slot = level * SLOTS + (unsigned)(tick >> (level * LEVEL_BITS)) % SLOTS;
    timers->words_in_use |= UINT64_C(1) << slot / WORD_BITS;
    timers->slots_in_use[slot / WORD_BITS] |= UINT64_C(1) << slot % WORD_BITS;
    link_timer(timers, timer, slot);
}

static void mark_empty(struct cmio_timers *timers, unsigned slot) {
    const unsigned word = slot / WORD_BITS;
    timers->slots_in_use[word] &= ~(UINT64_C(1) << slot % WORD_BITS);
    if (timers->slots_in_use[word] == 0)
        timers->words_in_use &= ~(UINT64_C(1) << word);
}

CMIO__INLINE void remove_timer(struct cmio_timers *timers, struct cmio_timer *timer) {
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
    const unsigned word = lowest_bit(timers->words_in_use);
    *slot = word * WORD_BITS + lowest_bit(timers->slots_in_use[word]);
    const unsigned shift = *slot / SLOTS * LEVEL_BITS;
    const uint64_t above = timers->current >> shift >> LEVEL_BITS << LEVEL_BITS;
    return (above | *slot % SLOTS) << shift;
}

int64_t cmio_timers_next_deadline(const struct cmio_timers *timers) {
    unsigned slot;
    if (timers == NULL || (timers->words_in_use == 0 && timers->lists[DUE] == NULL))
        return CMIO_FOREVER;
    const uint64_t tick = timers->lists[DUE] != NULL ? timers->current : next_slot(timers, &slot);
    return tick > (uint64_t)INT64_MAX >> TICK_BITS ? INT64_MAX : (int64_t)(tick << TICK_BITS);
}

/* Takes the whole list of a slot that is in use. */
static struct cmio_timer *take_list(struct cmio_timers *timers, unsigned slot) {
    struct cmio_timer *first = timers->lists[slot];
    timers->lists[slot] = NULL;
    mark_empty(timers, slot);
    return first;
}

/*
 * Makes a slot of level 0 due: a change of heads, without a look at the timers. They keep their
 * slot's number, by which remove_timer marks that empty again if it is.
 */
static void expire_slot(struct cmio_timers *timers, unsigned slot) {
    struct cmio_timer *first = take_list(timers, slot);
    first->previous = &timers->lists[DUE];
    timers->lists[DUE] = first;
}

/* Sorts the timers of a slot that begins at current into lower levels. */
static void sort_slot(struct cmio_timers *timers, unsigned slot) {
    struct cmio_timer *timer = take_list(timers, slot);
    while (timer != NULL) {
        struct cmio_timer *next = timer->next;
        insert_timer(timers, timer, tick_at_or_after(timer->deadline));
        timer = next;
    }
}

/* Moves on to the tick, or to the first before it at which something is due. */
static void advance(struct cmio_timers *timers, uint64_t tick) {
    while (timers->lists[DUE] == NULL && timers->words_in_use != 0) {
        unsigned slot;
        const uint64_t begin = next_slot(timers, &slot);
        if (begin > tick)
            break;
        timers->current = begin;
        if (slot < SLOTS)
            expire_slot(timers, slot);
        else
            sort_slot(timers, slot);
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
    if (timer != NULL) {
        fetch_ahead(timer);
        (void)cmio_timers_cancel(timers, timer); /* it is set: cannot fail */
    }
    return timer;
}
