/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timing wheel (Varghese and Lauck, 1987).
 *
 * Time is counted in ticks of 2^16 ns, some 66 microseconds; a timer expires at the first tick that
 * begins at or after its deadline, so never early. current is the tick up to which timers have
 * expired. A tick is a number with a lowest digit of 11 bits and further ones of 8, and so is
 * current; the highest digit in which a timer's tick differs from current is its level, and its
 * digit there is its slot on that level. So
 *
 *   - all slots in use on a level lie ahead of current's digit, and none wraps around;
 *   - the timers of a lower level come before those of a higher: slots are numbered level by level,
 * and the first that is in use is the next. Two bit scans find it;
 *   - when current reaches the beginning of a slot above level 0, its timers differ from current in
 * a lower digit: they move down, at most once a level in their life. At level 0 they are due.
 *
 * Slots are doubly linked lists through the timers, and a bit for each says that it is not empty.
 * The slots before those of level 0 hold what is due.
 *
 * A wait costs more than to expire many timers. So the next deadline is not that of the first slot
 * in use, but of the last one that begins less than SLACK ticks after it: those between come a
 * little late, all at once, and a timer that has no neighbour comes on its tick.
 *
 * Of many timers each is far from the next in memory, and a list tells where that is only once it
 * has come. So the slots of one millisecond become due together, and are taken from in turn: while
 * a timer of each of the others expires, the next one of this has time to come.
 */
#include <cmio/timers.h>

#include <errno.h>
#include <stdlib.h>

#include "posix/inline.h"

enum {
    TICK_BITS = 16,
    FIRST_BITS = 11, /* a digit of level 0 */
    LEVEL_BITS = 8,  /* of the levels above */
    /* Deadlines have 63 bits, ticks fewer by a tick's and one more for rounding up. */
    UPPER_LEVELS = (63 - TICK_BITS + 1 - FIRST_BITS + LEVEL_BITS - 1) / LEVEL_BITS,
    WORD_BITS = 64,

    /* Where slots begin: what is due has a word of bits for itself. */
    DUE = 0,
    FIRST = DUE + WORD_BITS,
    UPPER = FIRST + (1 << FIRST_BITS),
    SLOTS = UPPER + UPPER_LEVELS * (1 << LEVEL_BITS),
    WORDS = SLOTS / WORD_BITS,

    SLACK = 12,    /* 0.8 ms, and the rest of one for the system to wake the thread in */
    TOGETHER = 15, /* ticks whose timers are less than 1 ms apart */
};

struct cmio_timers {
    uint64_t current;
    uint64_t words_in_use;        /* a bit a word of the next */
    uint64_t slots_in_use[WORDS]; /* a bit a slot */
    unsigned turn;                /* the slot of those due that is next to be taken from */
    struct cmio_timer *lists[SLOTS];
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
    for (unsigned slot = 0; slot < SLOTS; slot++)
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

CMIO__INLINE void mark_in_use(struct cmio_timers *timers, unsigned slot) {
    timers->words_in_use |= UINT64_C(1) << slot / WORD_BITS;
    timers->slots_in_use[slot / WORD_BITS] |= UINT64_C(1) << slot % WORD_BITS;
}

static void mark_empty(struct cmio_timers *timers, unsigned slot) {
    const unsigned word = slot / WORD_BITS;
    timers->slots_in_use[word] &= ~(UINT64_C(1) << slot % WORD_BITS);
    if (timers->slots_in_use[word] == 0)
        timers->words_in_use &= ~(UINT64_C(1) << word);
}

CMIO__INLINE void link_timer(struct cmio_timers *timers, struct cmio_timer *timer, unsigned slot) {
    struct cmio_timer **list = &timers->lists[slot];
    timer->previous = list;
    timer->next = *list;
    if (timer->next != NULL)
        timer->next->previous = &timer->next;
    *list = timer;
    mark_in_use(timers, slot);
}

CMIO__INLINE void unlink_timer(struct cmio_timers *timers, struct cmio_timer *timer) {
    *timer->previous = timer->next;
    if (timer->next != NULL) {
        timer->next->previous = timer->previous;
        return;
    }
    /* The last of its list; and the only one, if what points to it is a list's head. */
    const uintptr_t place = (uintptr_t)timer->previous - (uintptr_t)timers->lists;
    if (place < sizeof timers->lists)
        mark_empty(timers, (unsigned)(place / sizeof *timers->lists));
}

/* The level of a slot, and that of a tick by the highest bit in which it differs from current. */
CMIO__INLINE unsigned level_of_slot(unsigned slot) {
    return slot < UPPER ? 0 : 1 + (slot - UPPER) / (1 << LEVEL_BITS);
}

CMIO__INLINE unsigned level_of_bit(unsigned bit) {
    return bit < FIRST_BITS ? 0 : 1 + (bit - FIRST_BITS) / LEVEL_BITS;
}

/* Of a level: its first slot, how many bits its digit has, and how many are below that in a tick.
 */
CMIO__INLINE unsigned first_of(unsigned level) {
    return level == 0 ? FIRST : UPPER + (level - 1) * (1 << LEVEL_BITS);
}

CMIO__INLINE unsigned bits_of(unsigned level) {
    return level == 0 ? FIRST_BITS : LEVEL_BITS;
}

CMIO__INLINE unsigned bits_below(unsigned level) {
    return level == 0 ? 0 : FIRST_BITS + (level - 1) * LEVEL_BITS;
}

/* Where a timer of this tick belongs, seen from current. */
CMIO__INLINE void insert_timer(struct cmio_timers *timers, struct cmio_timer *timer,
                               uint64_t tick) {
    unsigned slot = DUE;
    if (tick > timers->current) {
        const unsigned level = level_of_bit(highest_bit(tick ^ timers->current));
        slot = first_of(level) +
               ((unsigned)(tick >> bits_below(level)) & ((1U << bits_of(level)) - 1));
    }
    link_timer(timers, timer, slot);
}

int cmio_timers_set(struct cmio_timers *timers, struct cmio_timer *timer, int64_t deadline) {
    if (timers == NULL || timer == NULL || deadline < CMIO_FOREVER)
        return -EINVAL;
    if (timer->timers != NULL && timer->timers != timers)
        return -EEXIST;
    if (timer->timers != NULL)
        unlink_timer(timers, timer);
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
    unlink_timer(timers, timer);
    timer->timers = NULL;
    return 0;
}

CMIO__INLINE bool are_due(const struct cmio_timers *timers) {
    return timers->slots_in_use[DUE / WORD_BITS] != 0;
}

/* The words of the levels that are in use: all but that of what is due. */
CMIO__INLINE uint64_t level_words(const struct cmio_timers *timers) {
    return timers->words_in_use & ~(UINT64_C(1) << DUE / WORD_BITS);
}

/* The next slot in use on the levels, and the tick at which it begins; there is one. */
static uint64_t next_slot(const struct cmio_timers *timers, unsigned *slot) {
    const unsigned word = lowest_bit(level_words(timers));
    *slot = word * WORD_BITS + lowest_bit(timers->slots_in_use[word]);
    const unsigned level = level_of_slot(*slot), below = bits_below(level);
    const uint64_t above = timers->current >> below >> bits_of(level) << bits_of(level);
    return (above | (*slot - first_of(level))) << below;
}

/* How many ticks after this slot of level 0, which is in use, the last begins that goes with it. */
static unsigned slack_after(const struct cmio_timers *timers, unsigned slot) {
    const unsigned word = slot / WORD_BITS, bit = slot % WORD_BITS;
    uint64_t slots = timers->slots_in_use[word] >> bit;
    if (bit > WORD_BITS - SLACK && word + 1 < UPPER / WORD_BITS)
        slots |= timers->slots_in_use[word + 1] << (WORD_BITS - bit);
    return highest_bit(slots & ((1U << SLACK) - 1));
}

int64_t cmio_timers_next_deadline(const struct cmio_timers *timers) {
    if (timers == NULL || timers->words_in_use == 0)
        return CMIO_FOREVER;
    uint64_t tick = timers->current;
    if (!are_due(timers)) {
        unsigned slot;
        tick = next_slot(timers, &slot);
        if (slot < UPPER)
            tick += slack_after(timers, slot);
    }
    return tick > (uint64_t)INT64_MAX >> TICK_BITS ? INT64_MAX : (int64_t)(tick << TICK_BITS);
}

/* Takes the whole list of a slot that is in use. */
static struct cmio_timer *take_list(struct cmio_timers *timers, unsigned slot) {
    struct cmio_timer *first = timers->lists[slot];
    timers->lists[slot] = NULL;
    mark_empty(timers, slot);
    return first;
}

/* Makes a slot of level 0 due: a change of heads, without a look at the timers. */
static void expire_slot(struct cmio_timers *timers, unsigned slot, unsigned due) {
    struct cmio_timer *first = take_list(timers, slot);
    first->previous = &timers->lists[due];
    timers->lists[due] = first;
    mark_in_use(timers, due);
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

/* Moves on to the tick, or to the end of the first millisecond before it in which something is due.
 */
static void advance(struct cmio_timers *timers, uint64_t tick) {
    uint64_t last = tick;
    unsigned due = DUE; /* which what was due already, or is as it is sorted, has for itself */
    while (level_words(timers) != 0) {
        unsigned slot;
        const uint64_t begin = next_slot(timers, &slot);
        if (begin > last)
            break;
        timers->current = begin;
        if (slot < UPPER)
            expire_slot(timers, slot, ++due);
        else
            sort_slot(timers, slot);
        if (are_due(timers) && last - begin >= TOGETHER)
            last = begin + TOGETHER - 1;
    }
    if (!are_due(timers) && timers->current < tick)
        timers->current = tick;
}

/* The first of the slot whose turn it is of those that are due; there is one. */
static struct cmio_timer *next_due(struct cmio_timers *timers) {
    const uint64_t in_use = timers->slots_in_use[DUE / WORD_BITS];
    const uint64_t later = in_use >> timers->turn << timers->turn;
    const unsigned slot = lowest_bit(later != 0 ? later : in_use);
    timers->turn = (slot + 1) % WORD_BITS;
    return timers->lists[slot];
}

struct cmio_timer *cmio_timers_pop(struct cmio_timers *timers, int64_t now) {
    if (timers == NULL || now < 0)
        return NULL;
    if (!are_due(timers))
        advance(timers, (uint64_t)now >> TICK_BITS);
    if (!are_due(timers))
        return NULL;
    struct cmio_timer *timer = next_due(timers);
    __builtin_prefetch(timer->next, 1);      /* also of NULL, which is none */
    (void)cmio_timers_cancel(timers, timer); /* it is set: cannot fail */
    return timer;
}
