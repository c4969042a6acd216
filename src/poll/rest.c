/* SPDX-License-Identifier: MIT */
#include "poll/rest.h"

#include "posix/look.h"

enum { FIRST_PAUSE = CMIO_MILLISECOND, LONGEST_PAUSE = 50 * CMIO_MILLISECOND };

static bool is_waiting(uint32_t state) {
    return (state & (CMIO__RESTS | CMIO__HELD_DIRECTIONS)) != 0;
}

uint32_t cmio__poll_entries_forget(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot) {
    entries->waiting -= is_waiting(slot->state);
    entries->slowed -= (slot->state & CMIO__SLOWED) != 0;
    slot->state &= ~(CMIO__RESTS | CMIO__HELD_DIRECTIONS | CMIO__SLOWED);
    return slot->state;
}

static cmio_interest held_directions(const struct cmio__fd_slot *slot) {
    return (slot->state & CMIO__HELD_DIRECTIONS) >> CMIO__HELD_SHIFT;
}

/* Everything that was held is armed, even the reading of a file. */
static uint32_t armed_by_release(const struct cmio__fd_slot *slot) {
    const cmio_interest held = held_directions(slot);
    return held | cmio__poll_slot_armed_by(slot, held);
}

uint32_t cmio__poll_entries_resume(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot) {
    const uint32_t armed = armed_by_release(slot);
    return cmio__poll_entries_forget(entries, slot) | armed;
}

void cmio__poll_entries_drop_held(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                  cmio_interest directions) {
    const bool was_waiting = is_waiting(slot->state);
    slot->state &= ~((directions << CMIO__HELD_SHIFT) & CMIO__HELD_DIRECTIONS);
    entries->waiting -= was_waiting && !is_waiting(slot->state);
}

/* Continues the pause in progress, or schedules the next look one pause from now. */
static void begin_pause(struct cmio__poll_entries *entries) {
    if (entries->slowed == 0)
        entries->pause = FIRST_PAUSE;
    if (entries->waiting == 0)
        entries->next_look = cmio_now() + entries->pause;
}

/* Makes the slot wait for the next look. state contains one of the bits that mean this. */
static void wait_for_look(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd,
                          uint32_t state) {
    begin_pause(entries);
    (void)cmio__poll_entries_forget(entries, slot);
    entries->waiting++;
    entries->slowed++;
    cmio__poll_entries_set_state(entries, slot, fd, state | CMIO__SLOWED);
}

static void hold_entry(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd,
                       cmio_interest directions) {
    const uint32_t held = (directions & slot->interest & ~slot->state) << CMIO__HELD_SHIFT;
    if ((held & CMIO__HELD_DIRECTIONS) != 0)
        wait_for_look(entries, slot, fd, slot->state | (held & CMIO__HELD_DIRECTIONS));
}

/*
 * Whether these errors and hang-ups were reported. If not, the next wait reports them. A resting
 * entry is armed for them again, and remembers which were reported.
 */
static bool has_told(const struct cmio__fd_slot *slot, short ready) {
    if (slot->state & CMIO__RESTS)
        return slot->batch == 0 || (ready & ~(int)slot->batch) == 0;
    return (slot->state & CMIO__HANGUP) == 0;
}

/* told is what poll(2) reports by now, which is no news. Everything else asked for stays armed. */
static void rest_entry(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd,
                       cmio_interest directions, short told) {
    const uint32_t armed = cmio__poll_slot_armed_by(slot, directions);
    slot->batch = (unsigned short)told;
    wait_for_look(entries, slot, fd, slot->state | armed | CMIO__RESTS);
}

/* Other directions that are held stay held. The slot stays slowed until I/O makes progress. */
static void arm_entry(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd,
                      cmio_interest directions) {
    const uint32_t held = (held_directions(slot) & ~directions) << CMIO__HELD_SHIFT;
    const uint32_t state = (slot->state & ~(CMIO__RESTS | CMIO__HELD_DIRECTIONS)) | held;
    entries->waiting -= is_waiting(slot->state) && !is_waiting(state);
    cmio__poll_entries_set_state(entries, slot, fd,
                                 state | cmio__poll_slot_armed_by(slot, directions));
}

static short asked_for(cmio_interest directions) {
    return (short)((directions & CMIO_READABLE ? POLLIN : 0) |
                   (directions & CMIO_WRITABLE ? POLLOUT : 0) |
                   (directions & CMIO_PRIORITY ? POLLPRI : 0));
}

/*
 * Handles -EAGAIN right after an event: what the event reported was wrong, or is over. If another
 * thread was quicker, the system reports the descriptor as not ready. If the system reports it as
 * ready, either something has just come, or the socket is shut for reading and will always be
 * reported as ready.
 */
static void settle_blocked(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd,
                           cmio_interest directions) {
    const short asked = asked_for(directions);
    const short ready = cmio__look_at(fd, asked);
    if (ready & asked)
        hold_entry(entries, slot, fd, directions);
    else if (ready != 0 && has_told(slot, ready))
        rest_entry(entries, slot, fd, directions, ready);
    else
        arm_entry(entries, slot, fd, directions);
}

/*
 * Input may be available although the read found the end: the input has just come, or the system
 * withholds it from this process, as it does a terminal's input from a background process. So the
 * direction is held. If the slot waits for room to write too, only poll(2) can look.
 */
static void settle_reopenable(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                              int fd, cmio_interest directions) {
    const short ready = cmio__look_at(fd, POLLIN);
    const bool is_told = has_told(slot, POLLHUP);
    if ((ready & POLLIN) && (!is_told || cmio__look_queued(fd)))
        hold_entry(entries, slot, fd, directions);
    else if (ready == 0 || !is_told)
        arm_entry(entries, slot, fd, directions);
    else
        rest_entry(entries, slot, fd, directions, slot->state & CMIO_WRITABLE ? ready : 0);
}

static void settle_ended(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd,
                         cmio_interest directions) {
    switch (cmio__look_kind(fd)) {
    case CMIO__REOPENABLE:
        settle_reopenable(entries, slot, fd, directions);
        return;
    case CMIO__MESSAGES: /* an empty message */
    case CMIO__FILE_END:
        arm_entry(entries, slot, fd, directions);
        return;
    case CMIO__UNKNOWN_END:
        hold_entry(entries, slot, fd, directions);
        return;
    case CMIO__FINAL_END:
        return;
    }
}

void cmio__poll_entries_settle(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                               int fd, cmio_interest directions, enum cmio__outcome outcome) {
    if (slot->interest & (CMIO_LEVEL | CMIO_ONESHOT))
        return; /* no edge to arm */
    if (outcome == CMIO__BLOCKED)
        slot->interest &= ~CMIO__FILE; /* it is not always readable */
    if (outcome == CMIO__BLOCKED)
        settle_blocked(entries, slot, fd, directions);
    else if (outcome == CMIO__ENDED)
        settle_ended(entries, slot, fd, directions);
    else
        hold_entry(entries, slot, fd, directions);
}

/* Arms what was held. The slot stays slowed until I/O makes progress. */
static void release_entry(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd) {
    const uint32_t armed = armed_by_release(slot);
    const uint32_t state = slot->state & ~CMIO__HELD_DIRECTIONS;
    if (!(state & CMIO__RESTS))
        entries->waiting--;
    cmio__poll_entries_set_state(entries, slot, fd, state | armed);
}

/* Ends the rest: poll(2) is asked for what is armed again. */
static void rouse_entry(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot, int fd) {
    const uint32_t state = slot->state & ~CMIO__RESTS;
    entries->waiting -= !is_waiting(state);
    cmio__poll_entries_set_state(entries, slot, fd, state);
}

/* Looks at a resting entry. Returns whether that takes a poll(2). */
static bool look_at_resting(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                            int fd) {
    if (slot->batch != 0) {
        entries->list[slot->place].fd = fd; /* for this once */
        return true;
    }
    if (cmio__look_queued(fd))
        rouse_entry(entries, slot, fd);
    return false;
}

static struct cmio__fd_slot *slot_at(const struct cmio__poll_entries *entries, size_t place,
                                     int *fd) {
    *fd = cmio__poll_entry_fd(&entries->list[place]);
    return cmio__fd_table_at(&entries->table, *fd);
}

static void look_at_all(struct cmio__poll_entries *entries, bool is_due, bool *looking) {
    for (size_t place = 0; place < entries->count; place++) {
        int fd;
        struct cmio__fd_slot *slot = slot_at(entries, place, &fd);
        if (is_due && (slot->state & CMIO__HELD_DIRECTIONS) != 0)
            release_entry(entries, slot, fd);
        if (slot->state & CMIO__RESTS)
            *looking |= look_at_resting(entries, slot, fd);
    }
}

int64_t cmio__poll_entries_begin_look(struct cmio__poll_entries *entries, int64_t timeout,
                                      bool *looking) {
    const int64_t now = cmio_now();
    const bool is_due = now >= entries->next_look;
    if (is_due || timeout == 0)
        look_at_all(entries, is_due, looking);
    if (is_due) {
        entries->pause = entries->pause * 2 < LONGEST_PAUSE ? entries->pause * 2 : LONGEST_PAUSE;
        entries->next_look = now + entries->pause;
    }
    if (*looking)
        return 0;
    if (entries->waiting == 0)
        return timeout;
    const int64_t left = entries->next_look - now;
    return timeout == CMIO_FOREVER || left < timeout ? left : timeout;
}

/* Whether poll(2) reported only what a resting entry has reported before. */
static bool has_no_news(const struct cmio__fd_slot *slot, const struct pollfd *entry) {
    return entry->revents != 0 && (entry->revents & ~(int)slot->batch) == 0;
}

int cmio__poll_entries_end_look(struct cmio__poll_entries *entries, int ready) {
    const bool failed = ready < 0; /* nothing is known then, and all of them keep resting */
    for (size_t place = 0; place < entries->count; place++) {
        int fd;
        struct cmio__fd_slot *slot = slot_at(entries, place, &fd);
        struct pollfd *entry = &entries->list[place];
        if (!(slot->state & CMIO__RESTS) || entry->fd < 0)
            continue;
        if (!failed && !has_no_news(slot, entry)) {
            rouse_entry(entries, slot, fd);
            continue;
        }
        ready -= !failed;
        entry->fd = ~fd;
        entry->revents = 0;
    }
    return ready;
}
