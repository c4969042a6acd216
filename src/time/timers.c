/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timing wheel (Varghese and Lauck, 1987).
 *
 * A deadline is a number of nanoseconds. Its digits are, from the lowest: two of 8 bits, one of 11
 * and further ones of 8. current, the time up to which timers have expired, has the same digits.
 * The highest digit in which a timer's deadline differs from current is the timer's level, and the
 * value of that digit is its slot on the level. So
 *
 *   - all slots in use on a level are ahead of current's digit, and none wraps around;
 *   - the timers of a lower level come before those of a higher level. Slots are numbered level by
 *     level, so the first slot in use is the next one. Two bit scans find it;
 *   - when current reaches a slot, the slot's timers differ from current in a lower digit or not at
 *     all. They move down, at most once per level in their life, or they are due.
 *
 * The digit of 11 bits counts ticks of 2^16 ns, some 66 microseconds. A tick that has passed
 * completely becomes due as a whole, without a look at its timers. Only the tick that a pop falls
 * into is taken apart, into the two levels below. What is due leaves it, and what is not due is
 * never early, not even by a nanosecond. A timer is moved there at most twice, however often pop
 * looks.
 *
 * Slots are doubly linked lists through the timers, and a bit for each slot says that it is not
 * empty. The slots before those of the levels hold what is due: no deadline in them is after
 * current.
 *
 * A wait costs more than expiring many timers. So the next deadline is not the first timer's. It is
 * the end of the last tick in use that begins less than SLACK ticks after the first timer's tick.
 * The timers between come a little late, all at once, and a timer that has no neighbour comes with
 * its tick.
 *
 * Many timers are far apart in memory, and a list reveals where the next timer is only once the
 * current one is loaded. So the slots of one millisecond become due together, and timers are taken
 * from them in turn. While a timer of each other slot expires, the next timer of this slot has time
 * to arrive.
 */
#include <cmio/timers.h>

#include <errno.h>
#include <stdlib.h>

#include "posix/inline.h"

enum {
    LEVEL_BITS = 8,  /* a digit of any level but the ticks' */
    FINE_LEVELS = 2, /* below the ticks */
    TICK_BITS = FINE_LEVELS * LEVEL_BITS,
    FIRST_BITS = 11, /* the digit that counts ticks */
    /* Deadlines have 63 bits. */
    UPPER_LEVELS = (63 - TICK_BITS - FIRST_BITS + LEVEL_BITS - 1) / LEVEL_BITS,
    SLOTS_PER_WORD = 64,

    /* Where slots begin. What is due has a word of bits for itself. */
    DUE = 0,
    FINE = DUE + SLOTS_PER_WORD,
    FIRST = FINE + FINE_LEVELS * (1 << LEVEL_BITS),
    UPPER = FIRST + (1 << FIRST_BITS),
    SLOTS = UPPER + UPPER_LEVELS * (1 << LEVEL_BITS),
    SLOT_WORDS = SLOTS / SLOTS_PER_WORD,

    SLACK = 12,    /* ticks: 0.8 ms; the rest of a ms is for the system to wake the thread */
    TOGETHER = 15, /* ticks whose timers are less than 1 ms apart */
};

_Static_assert(SLOT_WORDS <= SLOTS_PER_WORD, "one word has a bit for each word of bits");

struct cmio_timers {
    uint64_t current;
    uint64_t words_in_use;             /* a bit per word of slots_in_use */
    uint64_t slots_in_use[SLOT_WORDS]; /* a bit per slot */
    unsigned turn;                     /* the due slot to take from next */
    struct cmio_timer *lists[SLOTS];
};

/* The index of the lowest or highest bit; bits is not 0. */
static unsigned lowest_bit(uint64_t bits) {
    return (unsigned)__builtin_ctzll(bits);
}

static unsigned highest_bit(uint64_t bits) {
    return 63U - (unsigned)__builtin_clzll(bits);
}

/* The last nanosecond of the tick that contains a time. */
CMIO__INLINE uint64_t end_of_tick(uint64_t time) {
    return time | ((UINT64_C(1) << TICK_BITS) - 1);
}

int cmio_timers_new(struct cmio_timers **out) {
    if (out == NULL)
        return -EINVAL;
    struct cmio_timers *timers = calloc(1, sizeof *timers);
    if (timers == NULL)
        return -ENOMEM;
    timers->current = (uint64_t)cmio_now();
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
    timers->words_in_use |= UINT64_C(1) << slot / SLOTS_PER_WORD;
    timers->slots_in_use[slot / SLOTS_PER_WORD] |= UINT64_C(1) << slot % SLOTS_PER_WORD;
}

static void mark_empty(struct cmio_timers *timers, unsigned slot) {
    const unsigned word = slot / SLOTS_PER_WORD;
    timers->slots_in_use[word] &= ~(UINT64_C(1) << slot % SLOTS_PER_WORD);
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
    /* It was the last of its list. If a list's head points to it, it was also the only one. */
    const uintptr_t place = (uintptr_t)timer->previous - (uintptr_t)timers->lists;
    if (place < sizeof timers->lists)
        mark_empty(timers, (unsigned)(place / sizeof *timers->lists));
}

enum { TICKS = FINE_LEVELS }; /* the level whose digit counts ticks */

/*
 * The level of a slot, and the level of a deadline by the highest bit in which it differs from
 * current.
 */
CMIO__INLINE unsigned level_of_slot(unsigned slot) {
    if (slot >= UPPER)
        return TICKS + 1 + (slot - UPPER) / (1 << LEVEL_BITS);
    return slot >= FIRST ? TICKS : (slot - FINE) / (1 << LEVEL_BITS);
}

CMIO__INLINE unsigned level_of_bit(unsigned bit) {
    if (bit >= TICK_BITS + FIRST_BITS)
        return TICKS + 1 + (bit - TICK_BITS - FIRST_BITS) / LEVEL_BITS;
    return bit >= TICK_BITS ? TICKS : bit / LEVEL_BITS;
}

/* For a level: its first slot, the width of its digit, and the number of bits below that digit. */
CMIO__INLINE unsigned first_of(unsigned level) {
    if (level > TICKS)
        return UPPER + (level - TICKS - 1) * (1 << LEVEL_BITS);
    return level == TICKS ? FIRST : FINE + level * (1 << LEVEL_BITS);
}

CMIO__INLINE unsigned bits_of(unsigned level) {
    return level == TICKS ? FIRST_BITS : LEVEL_BITS;
}

CMIO__INLINE unsigned bits_below(unsigned level) {
    return level * LEVEL_BITS + (level > TICKS ? FIRST_BITS - LEVEL_BITS : 0);
}

/* Links a timer into the slot where it belongs relative to current. */
CMIO__INLINE void insert_timer(struct cmio_timers *timers, struct cmio_timer *timer) {
    const uint64_t deadline = (uint64_t)timer->deadline;
    unsigned slot = DUE;
    if (deadline > timers->current) {
        const unsigned level = level_of_bit(highest_bit(deadline ^ timers->current));
        slot = first_of(level) +
               ((unsigned)(deadline >> bits_below(level)) & ((1U << bits_of(level)) - 1));
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
        insert_timer(timers, timer);
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
    return timers->slots_in_use[DUE / SLOTS_PER_WORD] != 0;
}

/* The words in use that belong to levels: all but the word of what is due. */
CMIO__INLINE uint64_t level_words(const struct cmio_timers *timers) {
    return timers->words_in_use & ~(UINT64_C(1) << DUE / SLOTS_PER_WORD);
}

/* The next slot in use on the levels, and the time at which it begins. There must be one. */
static uint64_t next_slot(const struct cmio_timers *timers, unsigned *slot) {
    const unsigned word = lowest_bit(level_words(timers));
    *slot = word * SLOTS_PER_WORD + lowest_bit(timers->slots_in_use[word]);
    const unsigned level = level_of_slot(*slot), below = bits_below(level);
    const uint64_t above = timers->current >> below >> bits_of(level) << bits_of(level);
    return (above | (*slot - first_of(level))) << below;
}

/* How many ticks after this slot's tick the last tick begins that may come with it. */
static unsigned slack_after(const struct cmio_timers *timers, unsigned slot) {
    const unsigned word = slot / SLOTS_PER_WORD, bit = slot % SLOTS_PER_WORD;
    uint64_t slots = timers->slots_in_use[word] >> bit;
    if (bit > SLOTS_PER_WORD - SLACK && word + 1 < UPPER / SLOTS_PER_WORD)
        slots |= timers->slots_in_use[word + 1] << (SLOTS_PER_WORD - bit);
    return highest_bit((slots & ((1U << SLACK) - 1)) | 1); /* 1: not in use if taken apart */
}

int64_t cmio_timers_next_deadline(const struct cmio_timers *timers) {
    if (timers == NULL || timers->words_in_use == 0)
        return CMIO_FOREVER;
    if (are_due(timers))
        return (int64_t)timers->current;
    unsigned slot;
    const uint64_t begin = next_slot(timers, &slot);
    if (slot >= UPPER)
        return (int64_t)begin;
    const uint64_t tick = begin >> TICK_BITS;
    const unsigned slack = slack_after(timers, FIRST + ((unsigned)tick & ((1U << FIRST_BITS) - 1)));
    return (int64_t)end_of_tick((tick + slack) << TICK_BITS);
}

/* Takes the whole list of a slot that is in use. */
static struct cmio_timer *take_list(struct cmio_timers *timers, unsigned slot) {
    struct cmio_timer *first = timers->lists[slot];
    timers->lists[slot] = NULL;
    mark_empty(timers, slot);
    return first;
}

/* Makes the slot of a tick due by moving its list's head, without a look at the timers. */
static void expire_slot(struct cmio_timers *timers, unsigned slot, unsigned due) {
    struct cmio_timer *first = take_list(timers, slot);
    first->previous = &timers->lists[due];
    timers->lists[due] = first;
    mark_in_use(timers, due);
}

/* Puts each timer of a list linked only by next where it belongs. */
static void insert_list(struct cmio_timers *timers, struct cmio_timer *timer) {
    while (timer != NULL) {
        struct cmio_timer *next = timer->next;
        insert_timer(timers, timer);
        timer = next;
    }
}

/*
 * Moves on to the next slot in use, which spans a tick or less, as far into it as last allows. It
 * becomes due as a whole, or its timers that are not due move down. due counts the lists of what is
 * due.
 */
static void enter_slot(struct cmio_timers *timers, unsigned slot, uint64_t begin, uint64_t last,
                       unsigned *due) {
    const unsigned below = bits_below(level_of_slot(slot));
    const uint64_t end = begin | ((UINT64_C(1) << below) - 1);
    timers->current = end < last ? end : last;
    if (slot >= FIRST && end <= last)
        expire_slot(timers, slot, ++*due);
    else
        insert_list(timers, take_list(timers, slot));
}

/* Moves on to now, or to the end of the first millisecond before now in which something is due. */
static void advance(struct cmio_timers *timers, uint64_t now) {
    uint64_t last = now;
    unsigned due = DUE; /* the list for timers that are due without their whole tick */
    while (level_words(timers) != 0) {
        unsigned slot;
        const uint64_t begin = next_slot(timers, &slot);
        if (begin > last)
            break;
        if (slot < UPPER) {
            enter_slot(timers, slot, begin, last, &due);
        } else {
            timers->current = begin;
            insert_list(timers, take_list(timers, slot));
        }
        const uint64_t together = end_of_tick(begin) + ((uint64_t)(TOGETHER - 1) << TICK_BITS);
        if (are_due(timers) && last > together)
            last = together;
    }
    if (!are_due(timers))
        timers->current = now;
}

/* Takes out all timers, as a list linked only by next. */
static struct cmio_timer *take_all(struct cmio_timers *timers) {
    struct cmio_timer *all = NULL;
    while (timers->words_in_use != 0) {
        const unsigned word = lowest_bit(timers->words_in_use);
        struct cmio_timer *timer =
            take_list(timers, word * SLOTS_PER_WORD + lowest_bit(timers->slots_in_use[word]));
        while (timer != NULL) {
            struct cmio_timer *next = timer->next;
            timer->next = all;
            all = timer;
            timer = next;
        }
    }
    return all;
}

/*
 * now is before current, and so before the set was made if the program follows the rules. Even then
 * no timer may be early, so each is put where it belongs relative to now.
 */
CMIO__COLD static void go_back(struct cmio_timers *timers, uint64_t now) {
    struct cmio_timer *all = take_all(timers);
    timers->current = now;
    insert_list(timers, all);
}

/* The first timer of the due slot whose turn it is. There must be one. */
static struct cmio_timer *next_due(struct cmio_timers *timers) {
    const uint64_t in_use = timers->slots_in_use[DUE / SLOTS_PER_WORD];
    const uint64_t later = in_use >> timers->turn << timers->turn;
    const unsigned slot = lowest_bit(later != 0 ? later : in_use);
    timers->turn = (slot + 1) % SLOTS_PER_WORD;
    return timers->lists[slot];
}

struct cmio_timer *cmio_timers_pop(struct cmio_timers *timers, int64_t now) {
    if (timers == NULL || now < 0)
        return NULL;
    if ((uint64_t)now < timers->current)
        go_back(timers, (uint64_t)now);
    if (!are_due(timers))
        advance(timers, (uint64_t)now);
    if (!are_due(timers))
        return NULL;
    struct cmio_timer *timer = next_due(timers);
    __builtin_prefetch(timer->next, 1);      /* even of NULL, which does nothing */
    (void)cmio_timers_cancel(timers, timer); /* it is set: cannot fail */
    return timer;
}
