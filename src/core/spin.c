/* SPDX-License-Identifier: MIT */
/*
 * Spinning: a wait looks for wakes for a short while before it sleeps, and a wake that finds it
 * looking makes no system call. The wait makes the event itself.
 *
 * This is an addition to the protocol in waker.c, between its W1 and W2. The registry has two more
 * flags: spinning (a wait looks for wakes) and offers (some waker may be offered). Each waker has
 * another flag, offered: whoever takes it away must make the waker's event.
 *
 *     wake:  W1  was = exchange(pending, true); if was, done
 *            O1  if spinning is not set, go to W2
 *            O2  offered = true
 *            O3  exchange(offers, true)
 *            O4  if spinning is still set, done: the wait takes the offer
 *            O5  if not exchange(offered, false), done: a wait has taken it
 *            W2  woken = true
 *            W3  make the event in the kernel
 *     wait:  S1  spinning = true
 *            S2  until offers is set, or the time is up: look, and sometimes ask the kernel
 *            S3  exchange(spinning, false)
 *            S4  if offers is not set, go to S6
 *            S5  exchange(offers, false); for each waker: if exchange(offered, false), make the event
 *            S6  if there is no event, sleep: K and R1 to R3 of waker.c
 *
 * O3, O4, S3 and S4 are sequentially consistent. O3 is an exchange, not a store, so that S5 sees
 * what each of several wakers did before its O3.
 *
 * No wake is lost. If O4 sees spinning set, O4 comes before S3 of the spin that had set it. So O3
 * comes before S4, and S4 sees offers set, unless S5 of an earlier spin cleared it after O3. In
 * that case, that S5 saw offered set as well, because O2 comes before O3, and took it. If O4 sees
 * spinning cleared, then O5 and S5 agree on who makes the event, and so each wake makes one event.
 *
 * Nothing else relies on O1, which only keeps wakes of sleeping waits from the cost of an offer.
 *
 * Every wait that sets spinning gets to S3 and S5: after it found wakes or kernel events, when the
 * time is up, after an error, and when the thread is cancelled in the kernel. In S5 a waker makes
 * an event of the batch, in three steps: take offered, clear pending, store the event. A later wake
 * therefore makes a new offer or a new event. An earlier one is part of this event. It is visible
 * to the thread that gets the event, because clearing pending is an exchange, as R3 is.
 *
 * If there is no room in the batch, or the wait ends with an error or is cancelled, S5 makes the
 * event in the kernel instead, by W2 and W3. The waker stays pending and woken is set, as if the
 * wake had found nobody spinning. So the poll's descriptor is readable, for a poll that is nested.
 *
 * S5 holds wakers_lock, so that no waker gets another token meanwhile. Wakes do not take the lock.
 * A signal handler on the waiting thread may wake at any of these steps.
 *
 * While it spins, the wait asks the kernel for events every LOOK_INTERVAL, also if each of several
 * waits is shorter than that. It asks at once if woken is set: a wake that came before S1 has made
 * its event, or is about to.
 *
 * A wait learns from those before it. A spin pays if it is ended by a wake that came while this
 * thread was running. If the thread was not running, it shared its processor with the waker, which
 * could not get on while this thread spun. After several spins in a row that did not pay, waits do
 * not spin for a multiple of the time that the last one wasted.
 */
#include "core/spin.h"

#include <errno.h>
#include <limits.h>

#include "core/waker.h"
#include "posix/cancel.h"
#include "posix/features.h"

/* How often the flags are read between two readings of the clock. */
enum { READINGS = 16 };

/* Between two looks for kernel events, plus a multiple of what a look takes. */
static const int64_t LOOK_INTERVAL = 10 * CMIO_MICROSECOND;
enum { LOOK_COSTS = 8 };

/* If READINGS took longer than this, the thread was not running all the time. */
static const int64_t INTERRUPTED = 2 * CMIO_MICROSECOND;

/* How many times the wasted time waits do not spin after it: by the number of failures before. */
static const int64_t abstinence[] = {0, 16, 128, 1024};
enum { MOST_FAILURES = sizeof abstinence / sizeof *abstinence - 1 };

/* One wait's spinning, in readings of the clock. */
struct spell {
    int64_t begin;
    int64_t end;
    int64_t before; /* the flags were last read */
    int64_t now;
    bool was_woken; /* when the kernel was last asked */
};

static bool has_offers(struct cmio_registry *registry) {
    return atomic_load_explicit(&registry->offers, memory_order_acquire);
}

static bool has_sign(struct cmio_registry *registry) {
    return has_offers(registry) || atomic_load_explicit(&registry->woken, memory_order_acquire);
}

static void read_flags(struct cmio_registry *registry) {
    for (int i = 0; i < READINGS && !has_sign(registry); i++)
        CMIO__RELAX();
}

/* A signal handler that interrupts this is not reported: a spinning wait does not block. */
static int ask_kernel(struct cmio__spin *spin, struct cmio_registry *registry,
                      struct cmio_events *events, struct spell *spell) {
    const int count = registry->backend->wait(registry->selector, events, 0);
    spell->now = cmio_now();
    spin->next_look = spell->now + LOOK_INTERVAL + (spell->now - spell->before) * LOOK_COSTS;
    return count == -EINTR ? 0 : count;
}

/* S2. Returns what the kernel answered last. */
static int look(struct cmio__spin *spin, struct cmio_registry *registry, struct cmio_events *events,
                struct spell *spell) {
    do {
        spell->before = spell->now;
        spell->was_woken = atomic_load_explicit(&registry->woken, memory_order_acquire);
        if (spell->was_woken || spell->now >= spin->next_look) {
            const int count = ask_kernel(spin, registry, events, spell);
            if (count != 0)
                return count;
        }
        read_flags(registry);
        spell->now = cmio_now();
    } while (!has_offers(registry) && spell->now < spell->end);
    return 0;
}

/* Whether one of the kernel's events is this one: a source is in a batch at most once. */
static bool has_event(const struct cmio_events *events, size_t count, cmio_token token) {
    for (size_t i = 0; i < count; i++)
        if (events->list[i].token == token && (events->list[i].ready & CMIO_READABLE))
            return true;
    return false;
}

/* Adds what the wakers offer to the kernel's events. S5, under the lock. */
static size_t add_offers(struct cmio_registry *registry, struct cmio_events *events, size_t count,
                         size_t capacity) {
    const size_t from_kernel = count;
    struct cmio_waker *waker = atomic_load_explicit(&registry->wakers, memory_order_relaxed);
    for (; waker != NULL; waker = waker->next) {
        if (!atomic_load_explicit(&waker->offered, memory_order_relaxed) ||
            !atomic_exchange_explicit(&waker->offered, false, memory_order_acq_rel))
            continue;
        if (count == capacity) {
            cmio__waker_pass_on(waker);
            continue;
        }
        (void)atomic_exchange_explicit(&waker->pending, false, memory_order_acq_rel);
        const cmio_token token = waker->wake.token;
        if (!has_event(events, from_kernel, token))
            events->list[count++] = (struct cmio_event){.token = token, .ready = CMIO_READABLE};
    }
    return count;
}

/* S3 to S5. Takes the kernel's answer, and returns the wait's. */
static int end_spinning(struct cmio_registry *registry, struct cmio_events *events, int count) {
    (void)atomic_exchange(&registry->spinning, false);
    if (count > 0)
        cmio__wakers_collect(registry);
    if (!atomic_load(&registry->offers))
        return count;
    cmio__wakers_lock(registry);
    (void)atomic_exchange(&registry->offers, false);
    if (count < 0)
        (void)add_offers(registry, events, 0, 0);
    else
        count = (int)add_offers(registry, events, (size_t)count, events->capacity);
    cmio__wakers_unlock(registry);
    return count;
}

/*
 * Whether it paid. An event of a wake that came before the spin tells nothing, so it changes
 * nothing.
 */
static void learn(struct cmio__spin *spin, const struct spell *spell, int count, int from_kernel) {
    if (from_kernel > 0 && spell->was_woken)
        return;
    if (count > from_kernel && spell->now - spell->before < INTERRUPTED) {
        spin->failures = 0;
        return;
    }
    int64_t wasted = spell->now - spell->begin;
    if (wasted > spell->end - spell->begin)
        wasted = spell->end - spell->begin; /* the process may have been stopped */
    spin->not_before = spell->now + wasted * abstinence[spin->failures];
    if (spin->failures < MOST_FAILURES)
        spin->failures++;
}

static int spin_for(struct cmio__spin *spin, struct cmio_registry *registry,
                    struct cmio_events *events, struct spell *spell) {
    int count, from_kernel;
    do {
        atomic_store_explicit(&registry->spinning, true, memory_order_release);
        from_kernel = look(spin, registry, events, spell);
        count = end_spinning(registry, events, from_kernel);
    } while (count == 0 && spell->now < spell->end); /* the offers had been withdrawn */
    learn(spin, spell, count, from_kernel);
    return count;
}

void cmio__spin_limit(struct cmio__spin *spin, int64_t limit) {
    const unsigned fitting = limit < UINT_MAX ? (unsigned)limit : UINT_MAX;
    atomic_store_explicit(&spin->limit, fitting, memory_order_relaxed);
}

/* How long this wait may spin. What was learned with another limit is forgotten. */
static int64_t span_of(struct cmio__spin *spin, int64_t timeout) {
    const unsigned limit = atomic_load_explicit(&spin->limit, memory_order_relaxed);
    if (limit != spin->known) {
        spin->known = limit;
        spin->failures = 0;
        spin->not_before = 0;
    }
    return timeout == CMIO_FOREVER || timeout > limit ? limit : timeout;
}

int cmio__spin_wait(struct cmio__spin *spin, struct cmio_registry *registry,
                    struct cmio_events *events, int64_t *timeout) {
    if (*timeout == 0 || atomic_load_explicit(&registry->wakers, memory_order_relaxed) == NULL)
        return 0;
    const int64_t span = span_of(spin, *timeout);
    const int64_t begin = cmio_now();
    if (begin < spin->not_before)
        return 0;
    cmio__cancel_test();
    struct spell spell = {.begin = begin, .end = begin + span, .now = begin};
    const int count = spin_for(spin, registry, events, &spell);
    if (*timeout != CMIO_FOREVER) {
        const int64_t spent = spell.now - begin;
        *timeout = *timeout > spent ? *timeout - spent : 0;
    }
    return count;
}

void cmio__spin_abandon(struct cmio_registry *registry) {
    (void)end_spinning(registry, NULL, -ECANCELED);
}

bool cmio__spin_offer(struct cmio_waker *waker) {
    struct cmio_registry *registry = waker->registry;
    atomic_store_explicit(&waker->offered, true, memory_order_release);
    (void)atomic_exchange(&registry->offers, true);
    return atomic_load(&registry->spinning) ||
           !atomic_exchange_explicit(&waker->offered, false, memory_order_acq_rel);
}
