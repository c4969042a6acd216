/* SPDX-License-Identifier: MIT */

/*
 * Random scenes: a kind, an interest and steps in any order. Steps tolerate every state that they
 * may find, so nothing here asserts what a call of the peer returns.
 */
#include "backend/rig.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/pair.h"

enum { LARGE = 65536, MOST_CALLS = 2000, FEWEST_STEPS = 6, MOST_IN_POOL = 48 };

static char buffer[LARGE];

/* splitmix64: each seed its own sequence. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned below(uint64_t *state, size_t bound) {
    return bound > 0 ? (unsigned)(next_random(state) % bound) : 0;
}

/* The argument as a length: short ones more often, and now and then all that the buffer holds. */
static size_t length_of(const struct rig *rig) {
    static const size_t most[] = {1, 8, 16, 300, 5000, LARGE};
    return 1 + rig->argument / 8 % most[rig->argument % (sizeof most / sizeof *most)];
}

/* The argument as an interest in what the kind can do, in some mode. */
static cmio_interest interest_of(const struct rig *rig) {
    static const cmio_interest modes[] = {0, 0, 0, CMIO_LEVEL, CMIO_ONESHOT};
    static const cmio_interest wanted[] = {
        CMIO_READABLE,
        CMIO_WRITABLE,
        CMIO_READABLE | CMIO_WRITABLE,
        CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY,
    };
    const cmio_interest possible = rig->kind->interest | (rig->interest & CMIO_PRIORITY);
    const cmio_interest asked = wanted[rig->argument / 8 % 4] & possible;
    return (asked & ~CMIO_PRIORITY ? asked : rig->kind->interest) | modes[rig->argument % 5];
}

/* Registration. */

void owner_registers(struct rig *rig) {
    const bool is_registered = cmio_source_is_registered(&rig->owner.source);
    const cmio_interest interest = interest_of(rig);
    rig->result =
        cmio_registry_register(rig->loop.registry, &rig->owner.source, RIG_TOKEN, interest);
    if (!is_registered && rig->result == 0)
        rig->interest = interest;
}

void owner_reregisters_as(struct rig *rig) {
    const bool is_registered = cmio_source_is_registered(&rig->owner.source);
    const cmio_interest interest = interest_of(rig);
    rig->result =
        cmio_registry_reregister(rig->loop.registry, &rig->owner.source, RIG_TOKEN, interest);
    if (is_registered && rig->result == 0)
        rig->interest = interest;
}

void owner_deregisters(struct rig *rig) {
    rig->result = cmio_registry_deregister(rig->loop.registry, &rig->owner.source);
}

/* The owner's I/O. */

static void owner_reads_some(struct rig *rig) {
    const size_t length = length_of(rig);
    (void)rig_note(rig, CMIO_READABLE, rig->kind->receive(rig, buffer, length), length);
}

static void owner_reads_all(struct rig *rig) {
    ssize_t result;
    int calls = 0;
    do
        result = rig_note(rig, CMIO_READABLE, rig->kind->receive(rig, buffer, LARGE), LARGE);
    while (++calls < MOST_CALLS && (result > 0 || (result == 0 && rig->kind->has_messages)));
}

/* A peek that gave all that was asked for ends no turn. */
static void owner_peeks_some(struct rig *rig) {
    const size_t length = length_of(rig);
    const ssize_t result = rig->kind->peek(rig, buffer, length);
    if (result < (ssize_t)length)
        (void)rig_note(rig, CMIO_READABLE, result, length);
    else
        rig->result = 1;
}

static void owner_writes_some(struct rig *rig) {
    const size_t length = length_of(rig);
    (void)rig_note(rig, CMIO_WRITABLE, rig->kind->send(rig, buffer, length), length);
}

static void owner_fills_it(struct rig *rig) {
    int calls = 0;
    while (rig_note(rig, CMIO_WRITABLE, rig->kind->send(rig, buffer, 4096), 4096) > 0 &&
           calls < MOST_CALLS)
        calls++;
}

static void owner_shuts(struct rig *rig) {
    static const enum cmio_shutdown ways[] = {CMIO_SHUTDOWN_READ, CMIO_SHUTDOWN_WRITE,
                                              CMIO_SHUTDOWN_BOTH};
    rig->result = rig->kind->shutdown(rig, ways[rig->argument % 3]);
}

/* The peer's. */

static void peer_sends_some(struct rig *rig) {
    memset(buffer, 1, sizeof buffer);
    (void)!write(rig->peer, buffer, length_of(rig));
}

static void peer_takes_some(struct rig *rig) {
    (void)!read(rig->peer, buffer, length_of(rig));
}

static void peer_takes_all(struct rig *rig) {
    int calls = 0;
    while (calls < MOST_CALLS && read(rig->peer, buffer, LARGE) > 0)
        calls++;
}

static void peer_shuts(struct rig *rig) {
    static const int ways[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
    (void)shutdown(rig->peer, ways[rig->argument % 3]);
}

static void peer_closes_if_open(struct rig *rig) {
    if (rig->peer >= 0)
        peer_closes(rig);
}

static void peer_resets_if_open(struct rig *rig) {
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (rig->peer < 0)
        return;
    (void)setsockopt(rig->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer_closes(rig);
}

static void peer_opens_if_closed(struct rig *rig) {
    if (rig->peer < 0)
        rig->peer = rig->kind->open_peer(rig);
    if (rig->peer >= 0)
        test_set_nonblocking(rig->peer);
}

static void nothing_happens(struct rig *rig) {
    (void)rig;
}

/* Scenes. */

#define S RIG_STEP

/* What happens often stands here more than once. */
static const struct rig_action of_all[] = {
    S(nothing_happens),      S(owner_registers),     S(owner_reregisters_as), S(owner_deregisters),
    S(owner_reregisters_as), S(peer_closes_if_open), S(peer_resets_if_open),  S(peer_sends_some),
    S(peer_sends_some),      S(peer_sends_some),     S(peer_takes_some),      S(peer_takes_all),
    S(peer_takes_all),       S(peer_shuts),
};
static const struct rig_action of_readers[] = {S(owner_reads_some), S(owner_reads_some),
                                               S(owner_reads_all), S(owner_reads_all),
                                               S(owner_reads_all)};
static const struct rig_action of_writers[] = {S(owner_writes_some), S(owner_writes_some),
                                               S(owner_fills_it)};
static const struct rig_action of_peekers[] = {S(owner_peeks_some)};
static const struct rig_action of_shutters[] = {S(owner_shuts)};
static const struct rig_action of_failing[] = {S(owner_takes_error)};
static const struct rig_action of_reopening[] = {S(peer_opens_if_closed), S(peer_opens_if_closed)};

struct pool {
    struct rig_action list[MOST_IN_POOL];
    size_t count;
};

static void add(struct pool *pool, bool wanted, const struct rig_action *list, size_t count) {
    for (size_t i = 0; wanted && i < count && list[i].run != NULL; i++)
        pool->list[pool->count++] = list[i];
}
#define ADD(pool, wanted, list) add((pool), (wanted), (list), sizeof(list) / sizeof *(list))

static void fill_pool(struct pool *pool, const struct rig_choice *choice) {
    const struct rig_kind *kind = choice->kind;
    pool->count = 0;
    ADD(pool, true, of_all);
    ADD(pool, kind->receive != NULL, of_readers);
    ADD(pool, kind->send != NULL, of_writers);
    ADD(pool, kind->peek != NULL, of_peekers);
    ADD(pool, kind->shutdown != NULL, of_shutters);
    ADD(pool, kind->take_error != NULL, of_failing);
    ADD(pool, kind->open_peer != NULL, of_reopening);
    ADD(pool, true, choice->own);
    ADD(pool, true, choice->own);
}

static const struct rig_choice *choose(uint64_t *state, bool traced) {
    const struct rig_choices portable = rig_portable_choices();
    const struct rig_choices system = rig_system_choices();
    const struct rig_choice *choice;
    do {
        const size_t number = below(state, portable.count + system.count);
        choice = number < portable.count ? &portable.list[number]
                                         : &system.list[number - portable.count];
    } while (traced && choice->is_untraced);
    return choice;
}

static cmio_interest random_interest(uint64_t *state, const struct rig_kind *kind, bool priority) {
    const struct rig rig = {
        .kind = kind,
        .argument = below(state, 1 << 16),
        .interest = priority && below(state, 4) == 0 ? CMIO_PRIORITY : 0,
    };
    return interest_of(&rig);
}

void rig_make_random_scene(struct rig_scene *scene, uint64_t seed, bool for_kqueue) {
    uint64_t state = seed;
    struct pool pool;
    const struct rig_choice *choice = choose(&state, for_kqueue);
    fill_pool(&pool, choice);
    *scene = (struct rig_scene){.name = choice->name, .kind = choice->kind};
    scene->interest = random_interest(&state, choice->kind, !for_kqueue);
    const size_t count = FEWEST_STEPS + below(&state, RIG_MOST_STEPS - FEWEST_STEPS + 1);
    for (size_t i = 0; i < count; i++) {
        scene->steps[i] = pool.list[below(&state, pool.count)];
        scene->steps[i].argument = below(&state, 1 << 20);
        scene->steps[i].unheard = below(&state, 3) == 0;
    }
    scene->steps[count - 1].unheard = false;
}
