/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_ENTRIES_H
#define CMIO_POLL_ENTRIES_H

/*
 * The registered descriptors as poll(2) takes them: a dense array beside the fd_table. Each entry
 * belongs to one slot, which knows its place. When an entry is removed, the last entry takes its
 * place. After the last entry comes the selector's own descriptor. If poll(2) has found something
 * by the time it gets there, it need not enqueue itself on it, which is half the cost of a
 * descriptor.
 *
 * poll(2) is level-triggered, so edges and one-shots are made with bits in the slot's state, which
 * say what is armed: one bit per direction, one for hang-up, and one for the peer's half-close,
 * which is an event of its own even behind bytes that nobody has read yet. Delivering an event
 * disarms what it concerned. I/O on the source, or a reregister, arms it again; reading also arms
 * the half-close. poll(2) is asked only for what is armed. POLLERR and POLLHUP cannot be left out,
 * so an entry with nothing armed gets a negative descriptor, ~fd, which poll(2) skips.
 *
 * Some conditions last, and arming at once would make waits spin: see rest.h.
 *
 * Nothing here locks or waits: poll.c does.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/event.h>
#include <cmio/interest.h>

#include "core/fd_table.h"

/* Bits of a slot's state. Armed: the three directions of an interest, and these two. */
#define CMIO__HANGUP 0x8u
#define CMIO__HALF_CLOSE 0x10u
#define CMIO__ARMED 0x1fu

/* No I/O has made progress since the last event. */
#define CMIO__UNMOVED 0x20u

/* A probe was answered, so there is none now: see probe_of in entries.c. */
#define CMIO__NO_PROBE 0x40u

/* The directions to arm at the next look, shifted left by this much. */
#define CMIO__HELD_SHIFT 8
#define CMIO__HELD_DIRECTIONS (0x7u << CMIO__HELD_SHIFT)

/* The entry rests: poll(2) skips it, except at a look now and then. */
#define CMIO__RESTS 0x800u

/* It was held or rested, and no I/O has made progress since: pauses grow longer. */
#define CMIO__SLOWED 0x1000u

/*
 * Set in a slot's interest for a regular file that the system can watch, such as
 * /proc/self/mountinfo. Such a file is always readable, and news of it are errors. So reading does
 * not arm the reading direction. If a read ever returns -EAGAIN, the file is not always readable,
 * and the bit is cleared.
 */
#define CMIO__FILE 0x40000000u

struct cmio__poll_entries {
    struct cmio__fd_table table;
    struct pollfd *list; /* list[count] is the selector's own */
    size_t count;
    size_t capacity;

    /* See rest.h. */
    size_t waiting;    /* entries that are held or resting */
    size_t slowed;     /* entries that are slowed */
    int64_t pause;     /* nanoseconds between looks */
    int64_t next_look; /* a deadline, valid while any is waiting */
};

/* Makes the array with only own_fd in it, always asked for POLLIN. Returns -ENOMEM. */
int cmio__poll_entries_init(struct cmio__poll_entries *entries, int own_fd);
void cmio__poll_entries_free(struct cmio__poll_entries *entries);

/* Adds a descriptor, with all of its interest armed. Returns -EEXIST or -ENOMEM. */
int cmio__poll_entries_add(struct cmio__poll_entries *entries, int fd, cmio_token token,
                           cmio_interest interest);

/* The remaining functions take a slot that the table gave for fd. */
void cmio__poll_entries_replace(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                int fd, cmio_token token, cmio_interest interest);
void cmio__poll_entries_remove(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot);

/*
 * For an edge-triggered slot that made progress. is_armed returns whether these directions are
 * armed already, so that nothing is left to do. rearm arms those that the interest names.
 */
bool cmio__poll_slot_is_armed(const struct cmio__fd_slot *slot, cmio_interest directions);
void cmio__poll_entries_rearm(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                              int fd, cmio_interest directions);

/* What arming these directions adds to the state, and how to set the state. */
uint32_t cmio__poll_slot_armed_by(const struct cmio__fd_slot *slot, cmio_interest directions);
void cmio__poll_entries_set_state(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                  int fd, uint32_t state);

/*
 * The place of the first entry, from a place up to an end, about which poll(2) reported something;
 * or the end. With thousands of sources, nearly all of a wait's instructions are in here.
 */
size_t cmio__poll_find_ready(const struct pollfd *list, size_t place, size_t end);

/* The descriptor of an entry, armed or not. */
static inline int cmio__poll_entry_fd(const struct pollfd *entry) {
    return entry->fd >= 0 ? entry->fd : ~entry->fd;
}

/*
 * Returns what poll(2) reported for an entry as readiness, and disarms that. Returns 0 for a closed
 * descriptor, which has no events any more.
 */
uint32_t cmio__poll_entries_deliver(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                    int fd);

#endif
