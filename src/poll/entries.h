/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_ENTRIES_H
#define CMIO_POLL_ENTRIES_H

/*
 * The registered descriptors as poll(2) takes them: a dense array beside the fd_table. An entry
 * belongs to one slot, which knows its place; the last entry fills the place of one that is
 * removed. Behind the last comes the selector's own descriptor: poll(2) looks at it when it has
 * found something already, and so need not enqueue itself there, which is half of what a
 * descriptor costs.
 *
 * poll(2) is level-triggered, so edges and one-shots are made with bits in the slot's state: armed.
 * There is one a direction, one for hang-up, and one for the peer's half-close, which is an event
 * of its own also behind bytes that nobody has read yet. Delivering an event disarms what it was
 * about; the I/O of the source, or a reregister, arms it again, the half-close as reading does.
 * Only what is armed is asked for. POLLERR and POLLHUP cannot be left out, so an entry with nothing
 * armed gets a negative descriptor, ~fd, which poll(2) skips.
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

/* Something came that was only asked for as a probe: see probe_of in entries.c. */
#define CMIO__NO_PROBE 0x40u

/* The directions that are to be armed at the next look, this far to the left. */
#define CMIO__HELD_SHIFT 8
#define CMIO__HELD_DIRECTIONS (0x7u << CMIO__HELD_SHIFT)

/* The entry rests: it is looked at now and then, and skipped by poll(2) otherwise. */
#define CMIO__RESTS 0x800u

/* It was held, or rested, and no I/O has made progress since: pauses grow longer. */
#define CMIO__SLOWED 0x1000u

/*
 * In a slot's interest: a regular file that the system can watch, such as /proc/self/mountinfo. It
 * is always readable, and news of it are errors. So reading does not arm the reading direction,
 * unless it was told -EAGAIN once, which takes the bit away: the file is not always readable then.
 */
#define CMIO__FILE 0x40000000u

struct cmio__poll_entries {
    struct cmio__fd_table table;
    struct pollfd *list; /* list[count] is the selector's own */
    size_t count;
    size_t capacity;

    /* See rest.h. */
    size_t waiting;    /* entries that are held or rest */
    size_t slowed;     /* entries that are slowed */
    int64_t pause;     /* nanoseconds between looks */
    int64_t next_look; /* a deadline, while any is waiting */
};

/* Makes the array, with own_fd alone in it, always asked for POLLIN. -ENOMEM. */
int cmio__poll_entries_init(struct cmio__poll_entries *entries, int own_fd);
void cmio__poll_entries_free(struct cmio__poll_entries *entries);

/* Adds a descriptor, armed for all that the interest names. -EEXIST, -ENOMEM. */
int cmio__poll_entries_add(struct cmio__poll_entries *entries, int fd, cmio_token token,
                           cmio_interest interest);

/* The rest take a slot that the table gave for fd. */
void cmio__poll_entries_replace(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                int fd, cmio_token token, cmio_interest interest);
void cmio__poll_entries_remove(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot);

/*
 * Arms directions that the interest names, in an edge-triggered slot, which made progress; and
 * whether there is nothing to do for that.
 */
bool cmio__poll_slot_is_armed(const struct cmio__fd_slot *slot, cmio_interest directions);
void cmio__poll_entries_rearm(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                              int fd, cmio_interest directions);

/* The state that arming these directions leads to, and how to set it. */
uint32_t cmio__poll_slot_armed_by(const struct cmio__fd_slot *slot, cmio_interest directions);
void cmio__poll_entries_set_state(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                  int fd, uint32_t state);

/* The descriptor of an entry, whether it is armed or not. */
static inline int cmio__poll_entry_fd(const struct pollfd *entry) {
    return entry->fd >= 0 ? entry->fd : ~entry->fd;
}

/*
 * What poll(2) said of an entry, as readiness, and disarmed: 0 for a descriptor that was closed, of
 * which there is no event any more.
 */
uint32_t cmio__poll_entries_deliver(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                    int fd);

#endif
