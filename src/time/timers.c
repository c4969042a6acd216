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
 * A timer above the ticks may hang in a slot that is earlier than its deadline. When the program
 * moves such a timer to a later slot, only its deadline is stored. The timer moves when current
 * reaches the slot that it hangs in. The loop wakes up then anyway, at most once per 134 ms, to
 * move the slot's other timers down. In the ticks and below, every timer hangs in its own slot,
 * because there each slot is waited for.
 *
 * A wait costs more than expiring many timers. So the next deadline is not the first timer's. It is
 * the end of the last tick in use that begins less than SLACK ticks after the first timer's tick.
 * The timers between come a little late, all at once, and a timer that has no neighbour comes with
 * its tick.
 *
 * Many timers are far apart in memory, and a list reveals where the next timer is only once the
 * current one is loaded. So
 *
 *   - a slot has WAYS lists. They are filled in turn, RUN timers at a time: a list's first timer is
 *     written when another is put before it, and should still be in the cache then;
 *   - timers are taken from several lists in turn, and the next timer of each is prefetched. It has
 *     time to arrive while a timer of each other list is handled. All lists of the slots of one
 *     millisecond become due together;
 *   - the first timer of a list does not know that it is the first: its previous is not valid. So
 *     taking a list's first timer touches no other timer. list tells where a timer hangs.
 *
 * A bit for each slot says that one of its lists is not empty. The lists of a tick that becomes due
 * stay where they are. due points to them, and bits from DUE on, which stand for elements of due,
 * take the place of the slot's bit. The slot DUE has the timers that are due without their whole
 * tick. What is due has a deadline that is not after current, and nothing else has.
 */
#include <cmio/timers.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "posix/inline.h"

enum {
    LEVEL_BITS = 8,  /* a digit of any level but the ticks' */
    FINE_LEVELS = 2, /* below the ticks */
    TICK_BITS = FINE_LEVELS * LEVEL_BITS,
    FIRST_BITS = 11,                     /* the digit that counts ticks */
    UPPER_BITS = TICK_BITS + FIRST_BITS, /* below the levels above the ticks */
    /* Deadlines have 63 bits. */
    UPPER_LEVELS = (63 - UPPER_BITS + LEVEL_BITS - 1) / LEVEL_BITS,
    SLOTS_PER_WORD = 64,

    /* Where slots begin. What is due has a word of bits for itself, and the slot DUE. */
    DUE = 0,
    FINE = DUE + SLOTS_PER_WORD,
    FIRST = FINE + FINE_LEVELS * (1 << LEVEL_BITS),
    UPPER = FIRST + (1 << FIRST_BITS),
    SLOTS = UPPER + UPPER_LEVELS * (1 << LEVEL_BITS),
    SLOT_WORDS = SLOTS / SLOTS_PER_WORD,

    WAYS = 4,      /* lists per slot */
    RUN = 16,      /* timers that join a list before the slot's next list has its turn */
    SLACK = 12,    /* ticks: 0.8 ms; the rest of a ms is for the system to wake the thread */
    TOGETHER = 15, /* ticks whose timers are less than 1 ms apart */
};

_Static_assert(SLOT_WORDS <= SLOTS_PER_WORD, "one word has a bit for each word of bits");
_Static_assert((1 + TOGETHER) * WAYS <= SLOTS_PER_WORD, "due has room for what is due together");
_Static_assert(sizeof(void *) != 8 || sizeof(struct cmio_timer) == 40, "a timer takes 40 bytes");

struct cmio_timers {
    uint64_t current;
    uint64_t words_in_use;                   /* a bit per word of slots_in_use */
    uint64_t slots_in_use[SLOT_WORDS];       /* a bit per slot, from FINE on */
    unsigned turn;                           /* the element of due to take from next */
    struct cmio_timer **due[SLOTS_PER_WORD]; /* lists: first those of the slot DUE, then of ticks */
    uint8_t joined[SLOTS];                   /* timers that joined each slot, modulo 256 */
    struct cmio_timer *lists[SLOTS * WAYS];
};

/* The index of the lowest or highest bit; bits is not 0. */
static unsigned lowest_bit(uint64_t bits) {
    return (unsigned)__builtin_ctzll(bits);
}

static unsigned highest_bit(uint64_t bits) {
    return 63U ^ (unsigned)__builtin_clzll(bits);
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
    for (unsigned way = 0; way < WAYS; way++)
        timers->due[way] = &timers->lists[DUE * WAYS + way];
    *out = timers;
    return 0;
}

int cmio_timer_init(struct cmio_timer *timer, cmio_token token) {
    if (timer == NULL)
        return -EINVAL;
    *timer = (struct cmio_timer){.token = token};
    return 0;
}

bool cmio_timer_is_set(const struct cmio_timer *timer) {
    return timer != NULL && timer->list != NULL;
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

CMIO__INLINE bool are_due(const struct cmio_timers *timers) {
    return timers->slots_in_use[DUE / SLOTS_PER_WORD] != 0;
}

/* Links a timer into the list of a slot whose turn it is. */
CMIO__INLINE void link_timer(struct cmio_timers *timers, struct cmio_timer *timer, unsigned slot) {
    const unsigned way = timers->joined[slot]++ / RUN % WAYS;
    struct cmio_timer **list = &timers->lists[slot * WAYS + way];
    struct cmio_timer *next = *list;
    timer->list = list;
    timer->next = next;
    *list = timer;
    if (next != NULL)
        next->previous = timer;
    else
        mark_in_use(timers, slot == DUE ? DUE + way : slot);
}

/* The slot that a list belongs to. */
CMIO__INLINE unsigned slot_of(const struct cmio_timers *timers, struct cmio_timer **list) {
    return (unsigned)(list - timers->lists) / WAYS;
}

/* The last timer has left a list of what is due. */
static void note_empty_due(struct cmio_timers *timers, struct cmio_timer **list) {
    unsigned place = 0;
    while (timers->due[place] != list)
        place++;
    mark_empty(timers, DUE + place);
}

/* The last timer has left a list of a slot, which may have timers in its other lists. */
static void note_empty_list(struct cmio_timers *timers, struct cmio_timer **list) {
    const unsigned slot = slot_of(timers, list);
    for (unsigned way = 0; way < WAYS; way++)
        if (timers->lists[slot * WAYS + way] != NULL)
            return;
    mark_empty(timers, slot);
}

CMIO__INLINE void unlink_timer(struct cmio_timers *timers, const struct cmio_timer *timer) {
    struct cmio_timer **list = timer->list, *next = timer->next;
    if (*list != timer) {
        timer->previous->next = next;
        if (next != NULL)
            next->previous = timer->previous;
        return;
    }
    *list = next;
    if (next != NULL)
        return;
    if ((uint64_t)timer->deadline <= timers->current)
        note_empty_due(timers, list);
    else
        note_empty_list(timers, list);
}

enum { TICKS = FINE_LEVELS }; /* the level whose digit counts ticks */

CMIO__INLINE unsigned level_of_slot(unsigned slot) {
    if (slot >= UPPER)
        return TICKS + 1 + (slot - UPPER) / (1 << LEVEL_BITS);
    return slot >= FIRST ? TICKS : (slot - FINE) / (1 << LEVEL_BITS);
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

/* A slot of a level with digits of LEVEL_BITS, by the first slot of that level's kind. */
CMIO__INLINE unsigned slot_on(unsigned first, unsigned level, uint64_t digit) {
    return first + level * (1U << LEVEL_BITS) + (unsigned)digit % (1U << LEVEL_BITS);
}

/* The slot where a deadline belongs relative to current. */
CMIO__INLINE unsigned slot_for(const struct cmio_timers *timers, uint64_t deadline) {
    if (deadline <= timers->current)
        return DUE;
    const unsigned bit = highest_bit(deadline ^ timers->current);
    if (bit < TICK_BITS) {
        const unsigned level = bit / LEVEL_BITS;
        return slot_on(FINE, level, deadline >> level * LEVEL_BITS);
    }
    if (bit < UPPER_BITS)
        return FIRST + (unsigned)(deadline >> TICK_BITS) % (1U << FIRST_BITS);
    const unsigned level = (bit - UPPER_BITS) / LEVEL_BITS;
    return slot_on(UPPER, level, deadline >> UPPER_BITS >> level * LEVEL_BITS);
}

/* Whether a timer that is set need not move for its deadline to become one that belongs to slot. */
CMIO__INLINE bool may_stay(const struct cmio_timers *timers, const struct cmio_timer *timer,
                           unsigned slot) {
    const unsigned current_slot = slot_of(timers, timer->list);
    return slot == current_slot || (slot > current_slot && current_slot >= UPPER);
}

/* Whether a timer that is set is set in these timers. */
CMIO__INLINE bool has_timer(const struct cmio_timers *timers, const struct cmio_timer *timer) {
    return (uintptr_t)timer->list - (uintptr_t)timers < sizeof *timers;
}

/* CMIO_FOREVER, for a timer that may be set, or invalid arguments. */
CMIO__COLD static int set_to_none(struct cmio_timers *timers, struct cmio_timer *timer,
                                  int64_t deadline) {
    if (timers == NULL || timer == NULL || deadline != CMIO_FOREVER)
        return -EINVAL;
    return timer->list == NULL ? 0 : cmio_timers_cancel(timers, timer);
}

int cmio_timers_set(struct cmio_timers *timers, struct cmio_timer *timer, int64_t deadline) {
    if (timers == NULL || timer == NULL || deadline < 0)
        return set_to_none(timers, timer, deadline);
    const unsigned slot = slot_for(timers, (uint64_t)deadline);
    if (timer->list != NULL) {
        if (!has_timer(timers, timer))
            return -EEXIST;
        if (may_stay(timers, timer, slot)) {
            timer->deadline = deadline;
            return 0;
        }
        unlink_timer(timers, timer);
    }
    timer->deadline = deadline;
    link_timer(timers, timer, slot);
    return 0;
}

int cmio_timers_cancel(struct cmio_timers *timers, struct cmio_timer *timer) {
    if (timers == NULL || timer == NULL)
        return -EINVAL;
    if (timer->list == NULL)
        return -ENOENT;
    if (!has_timer(timers, timer))
        return -EEXIST;
    unlink_timer(timers, timer);
    timer->list = NULL;
    return 0;
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

/* A timer that is taken soon: what take_due touches of it, and the token. */
static void prefetch_due(const struct cmio_timer *timer) {
    __builtin_prefetch(&timer->list, 1);
    __builtin_prefetch(&timer->token);
}

/* Makes a tick that has passed due, without a look at its timers. due: how many lists are due. */
static void expire_tick(struct cmio_timers *timers, unsigned slot, unsigned *due) {
    struct cmio_timer **lists = &timers->lists[slot * WAYS];
    mark_empty(timers, slot);
    for (unsigned way = 0; way < WAYS; way++) {
        if (lists[way] == NULL)
            continue;
        prefetch_due(lists[way]);
        mark_in_use(timers, DUE + *due);
        timers->due[(*due)++] = &lists[way];
    }
}

/* Puts a slot's timers where they belong now, from its lists in turn. */
static void move_timers(struct cmio_timers *timers, unsigned slot) {
    struct cmio_timer *rest[WAYS];
    memcpy(rest, &timers->lists[slot * WAYS], sizeof rest);
    memset(&timers->lists[slot * WAYS], 0, sizeof rest);
    mark_empty(timers, slot);
    for (unsigned way = 0, empty = 0; empty < WAYS; way = (way + 1) % WAYS) {
        struct cmio_timer *timer = rest[way];
        empty = timer != NULL ? 0 : empty + 1;
        if (timer == NULL)
            continue;
        rest[way] = timer->next;
        if (timer->next != NULL)
            __builtin_prefetch(timer->next, 1);
        link_timer(timers, timer, slot_for(timers, (uint64_t)timer->deadline));
    }
}

/*
 * Moves on to the next slot in use, which spans a tick or less, as far into it as last allows. It
 * becomes due as a whole, or its timers that are not due move down. due counts the lists that are
 * due.
 */
static void enter_slot(struct cmio_timers *timers, unsigned slot, uint64_t begin, uint64_t last,
                       unsigned *due) {
    const unsigned below = bits_below(level_of_slot(slot));
    const uint64_t end = begin | ((UINT64_C(1) << below) - 1);
    timers->current = end < last ? end : last;
    if (slot >= FIRST && end <= last)
        expire_tick(timers, slot, due);
    else
        move_timers(timers, slot);
}

/* Moves on to now, or to the end of the first millisecond before now in which something is due. */
static void advance(struct cmio_timers *timers, uint64_t now) {
    uint64_t last = now;
    unsigned due = WAYS; /* lists, those of the slot DUE included */
    while (level_words(timers) != 0) {
        unsigned slot;
        const uint64_t begin = next_slot(timers, &slot);
        if (begin > last)
            break;
        if (slot < UPPER) {
            enter_slot(timers, slot, begin, last, &due);
        } else {
            timers->current = begin;
            move_timers(timers, slot);
        }
        const uint64_t together = end_of_tick(begin) + ((uint64_t)(TOGETHER - 1) << TICK_BITS);
        if (are_due(timers) && last > together)
            last = together;
    }
    if (!are_due(timers))
        timers->current = now;
}

/* Takes out all timers, as a list linked only by next. They still look as if they were set. */
static struct cmio_timer *take_all(struct cmio_timers *timers) {
    struct cmio_timer *next, *all = NULL;
    if (timers->words_in_use == 0)
        return NULL;
    for (size_t i = 0; i < SLOTS * WAYS; i++) {
        for (struct cmio_timer *timer = timers->lists[i]; timer != NULL; timer = next) {
            next = timer->next;
            timer->next = all;
            all = timer;
        }
        timers->lists[i] = NULL;
    }
    timers->words_in_use = 0;
    memset(timers->slots_in_use, 0, sizeof timers->slots_in_use);
    return all;
}

void cmio_timers_free(struct cmio_timers *timers) {
    if (timers == NULL)
        return;
    for (struct cmio_timer *timer = take_all(timers); timer != NULL; timer = timer->next)
        timer->list = NULL;
    free(timers);
}

/*
 * now is before current, and so before the set was made if the program follows the rules. Even then
 * no timer may be early, so each is put where it belongs relative to now.
 */
CMIO__COLD static void go_back(struct cmio_timers *timers, uint64_t now) {
    struct cmio_timer *next, *all = take_all(timers);
    timers->current = now;
    for (struct cmio_timer *timer = all; timer != NULL; timer = next) {
        next = timer->next;
        link_timer(timers, timer, slot_for(timers, (uint64_t)timer->deadline));
    }
}

/* Takes the first timer of the due list whose turn it is. There must be one. */
static struct cmio_timer *take_due(struct cmio_timers *timers) {
    const uint64_t in_use = timers->slots_in_use[DUE / SLOTS_PER_WORD];
    const uint64_t later = in_use >> timers->turn << timers->turn;
    const unsigned place = lowest_bit(later != 0 ? later : in_use);
    timers->turn = (place + 1) % SLOTS_PER_WORD;
    struct cmio_timer *timer = *timers->due[place];
    *timers->due[place] = timer->next;
    if (timer->next != NULL)
        prefetch_due(timer->next);
    else
        mark_empty(timers, DUE + place);
    timer->list = NULL;
    return timer;
}

struct cmio_timer *cmio_timers_pop(struct cmio_timers *timers, int64_t now) {
    if (timers == NULL || now < 0)
        return NULL;
    if ((uint64_t)now < timers->current)
        go_back(timers, (uint64_t)now);
    if (!are_due(timers))
        advance(timers, (uint64_t)now);
    return are_due(timers) ? take_due(timers) : NULL;
}
