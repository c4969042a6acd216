/* SPDX-License-Identifier: MIT */
#include "poll/entries.h"

#include <errno.h>
#include <stdlib.h>

#include "poll/rest.h"
#include "posix/features.h"
#include "posix/inline.h"
#include "posix/readiness.h"

enum { FIRST_CAPACITY = 16 };

/* State bits with which progress alone does not arm a slot. */
static const uint32_t unusual = CMIO__RESTS | CMIO__HELD_DIRECTIONS | CMIO__SLOWED;

static const cmio_interest directions_of_all = CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY;

int cmio__poll_entries_init(struct cmio__poll_entries *entries, int own_fd) {
    struct pollfd *list = malloc(FIRST_CAPACITY * sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    list[0] = (struct pollfd){.fd = own_fd, .events = POLLIN};
    *entries = (struct cmio__poll_entries){.list = list, .capacity = FIRST_CAPACITY};
    return 0;
}

void cmio__poll_entries_free(struct cmio__poll_entries *entries) {
    cmio__fd_table_free(&entries->table);
    free(entries->list);
}

/*
 * If only hang-up is armed, some kernels do not enqueue the caller at all, and a reset does not
 * wake a poll(2) that already sleeps. So the entry also asks for an event that hardly ever comes, a
 * probe, until it does come: docs/platform-notes.md, "poll(2): readiness and edges".
 */
CMIO__COLD static int probe_of(uint32_t state) {
    if (state & CMIO__NO_PROBE)
        return 0;
    return state & CMIO_WRITABLE ? POLLIN : POLLPRI;
}

/* Other kernels tell a writer that its reader is gone only if the entry asks for input too. */
CMIO__INLINE bool needs_probe(int events) {
    return events == 0 || (CMIO__POLL_MISSES_LOST_READER && events == POLLOUT);
}

/* Translates what is armed to what poll(2) is asked for. */
CMIO__INLINE short events_of(uint32_t armed) {
    int events = 0;
    if (armed & CMIO_READABLE)
        events |= POLLIN;
    if (armed & CMIO__HALF_CLOSE)
        events |= CMIO__POLLRDHUP;
    if (armed & CMIO_WRITABLE)
        events |= POLLOUT;
    if (armed & CMIO_PRIORITY)
        events |= POLLPRI;
    if (needs_probe(events))
        events |= probe_of(armed);
    return (short)events;
}

/* Converts to an unsigned word, because short has a sign. */
CMIO__INLINE uint32_t mask_of(short events) {
    return (unsigned short)events;
}

/* Everything that an interest arms. */
static uint32_t armed_at_first(cmio_interest interest) {
    const uint32_t half_close = interest & CMIO_READABLE ? CMIO__HALF_CLOSE : 0;
    return (interest & directions_of_all) | CMIO__HANGUP | half_close;
}

/* What an event concerns, and disarms. Error and hang-up concern all, and cannot be masked. */
CMIO__INLINE uint32_t armed_for(short events, uint32_t ready) {
    if (cmio__readiness_is_usual(mask_of(events)))
        return ready;
    if (events & (POLLERR | POLLHUP))
        return CMIO__ARMED;
    const uint32_t half_close = events & CMIO__POLLRDHUP ? CMIO__HALF_CLOSE : 0;
    return (ready & directions_of_all) | half_close;
}

CMIO__HOT void cmio__poll_entries_set_state(struct cmio__poll_entries *entries,
                                            struct cmio__fd_slot *slot, int fd, uint32_t state) {
    const bool is_asked_for = (state & CMIO__ARMED) != 0 && !(state & CMIO__RESTS);
    slot->state = state;
    entries->list[slot->place].fd = is_asked_for ? fd : ~fd;
    entries->list[slot->place].events = events_of(state);
}

/* Reserves room for one more entry and the selector's own. */
static int reserve_entry(struct cmio__poll_entries *entries) {
    if (entries->count + 1 < entries->capacity)
        return 0;
    const size_t capacity = entries->capacity * 2;
    struct pollfd *list = realloc(entries->list, capacity * sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    entries->list = list;
    entries->capacity = capacity;
    return 0;
}

int cmio__poll_entries_add(struct cmio__poll_entries *entries, int fd, cmio_token token,
                           cmio_interest interest) {
    struct cmio__fd_slot *slot;
    int error = reserve_entry(entries);
    if (error == 0)
        error = cmio__fd_table_insert(&entries->table, fd, token, interest, &slot);
    if (error < 0)
        return error;
    slot->place = (uint32_t)entries->count++;
    entries->list[entries->count] = entries->list[slot->place]; /* the selector's own */
    entries->list[slot->place].revents = 0;
    cmio__poll_entries_set_state(entries, slot, fd, armed_at_first(interest));
    return 0;
}

void cmio__poll_entries_replace(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                int fd, cmio_token token, cmio_interest interest) {
    (void)cmio__poll_entries_forget(entries, slot);
    slot->token = token;
    slot->interest = interest | (slot->interest & CMIO__FILE);
    cmio__poll_entries_set_state(entries, slot, fd, armed_at_first(interest));
}

void cmio__poll_entries_remove(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot) {
    (void)cmio__poll_entries_forget(entries, slot);
    const struct pollfd last = entries->list[--entries->count];
    if (slot->place != entries->count) {
        cmio__fd_table_at(&entries->table, cmio__poll_entry_fd(&last))->place = slot->place;
        entries->list[slot->place] = last;
    }
    entries->list[entries->count] = entries->list[entries->count + 1]; /* the selector's own */
    cmio__fd_table_remove(slot);
}

/* armed_by() for slots without edges, and for files. */
CMIO__COLD static uint32_t armed_rarely_by(const struct cmio__fd_slot *slot,
                                           cmio_interest directions) {
    if (slot->interest & (CMIO_LEVEL | CMIO_ONESHOT))
        return 0; /* always armed, or only after the next reregister */
    return armed_at_first(directions & slot->interest & ~CMIO_READABLE);
}

/*
 * What arming these directions adds. Reading calls also take out-of-band data, so reading and
 * priority are one direction.
 */
CMIO__INLINE uint32_t armed_by(const struct cmio__fd_slot *slot, cmio_interest directions) {
    if (directions & CMIO_READABLE)
        directions |= CMIO_PRIORITY;
    if (slot->interest & (CMIO_LEVEL | CMIO_ONESHOT | CMIO__FILE))
        return armed_rarely_by(slot, directions);
    return armed_at_first(directions & slot->interest);
}

uint32_t cmio__poll_slot_armed_by(const struct cmio__fd_slot *slot, cmio_interest directions) {
    return armed_by(slot, directions);
}

bool cmio__poll_slot_is_armed(const struct cmio__fd_slot *slot, cmio_interest directions) {
    return (armed_by(slot, directions) & ~slot->state) == 0 && !(slot->state & unusual);
}

CMIO__HOT void cmio__poll_entries_rearm(struct cmio__poll_entries *entries,
                                        struct cmio__fd_slot *slot, int fd,
                                        cmio_interest directions) {
    uint32_t state = slot->state;
    if (state & unusual)
        state = cmio__poll_entries_resume(entries, slot);
    state = (state | armed_by(slot, directions)) & ~(CMIO__UNMOVED | CMIO__NO_PROBE);
    if (state != slot->state)
        cmio__poll_entries_set_state(entries, slot, fd, state);
}

/* Entries that are tested together. They usually fill one cache line. */
enum { STRIDE = 8 };

CMIO__INLINE int reported_by_four(const struct pollfd *list) {
    return list[0].revents | list[1].revents | list[2].revents | list[3].revents;
}

CMIO__HOT size_t cmio__poll_find_ready(const struct pollfd *list, size_t place, size_t end) {
    while (end - place >= STRIDE &&
           (reported_by_four(&list[place]) | reported_by_four(&list[place + 4])) == 0)
        place += STRIDE;
    while (place < end && list[place].revents == 0)
        place++;
    return place;
}

/* Hides what the entry asked for only as a probe, and stops asking for it. */
CMIO__COLD static short without_probe(struct cmio__fd_slot *slot, short events) {
    const int unasked =
        (slot->state & CMIO_PRIORITY ? 0 : POLLPRI) | (slot->state & CMIO_READABLE ? 0 : POLLIN);
    if ((events & unasked) != 0)
        slot->state |= CMIO__NO_PROBE;
    return (short)(events & ~unasked);
}

/* Whether the events include one that may have been asked for as a probe. */
CMIO__INLINE bool may_be_probe(short events) {
    return !cmio__readiness_is_usual(mask_of(events)) ||
           (CMIO__POLL_MISSES_LOST_READER && (events & POLLIN) != 0);
}

CMIO__HOT uint32_t cmio__poll_entries_deliver(struct cmio__poll_entries *entries,
                                              struct cmio__fd_slot *slot, int fd) {
    short events = entries->list[slot->place].revents;
    if (may_be_probe(events) && (events = without_probe(slot, events)) == 0) {
        cmio__poll_entries_set_state(entries, slot, fd, slot->state);
        return 0;
    }
    const uint32_t ready = cmio__readiness_of(mask_of(events), CMIO__POLLRDHUP);
    if (slot->state & CMIO__HELD_DIRECTIONS)
        cmio__poll_entries_drop_held(entries, slot, ready);
    if (events & POLLNVAL)
        (void)cmio__poll_entries_forget(entries, slot);
    if ((events & POLLNVAL) || (slot->interest & CMIO_ONESHOT))
        cmio__poll_entries_set_state(entries, slot, fd, 0);
    else if (!(slot->interest & CMIO_LEVEL))
        cmio__poll_entries_set_state(entries, slot, fd,
                                     (slot->state & ~armed_for(events, ready)) | CMIO__UNMOVED);
    return events & POLLNVAL ? 0 : ready;
}
