/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_REST_H
#define CMIO_POLL_REST_H

/*
 * Conditions that last. An edge-triggered source has reported one, and its turn ended without
 * -EAGAIN, or the system calls it ready although it is not. Arming it at once would make every wait
 * return; not arming it would miss what comes next. There are two kinds:
 *
 *   - Held: what arrives next looks the same, as after accept's -EMFILE. The directions are armed
 *     at the next look, and the event may be spurious.
 *   - Resting: what arrives next looks different, as at the end of a FIFO's data, or after an error
 *     queue was reported. poll(2) skips the entry, which is looked at now and then. A FIFO or
 *     terminal has news when bytes are queued. A socket has news when poll(2) reports something
 *     that was not reported before.
 *
 * All such entries of a selector are looked at together, after a pause of 1 ms that doubles up to
 * 50 ms. The pause starts over when no entry is slowed: each one that was held or rested has made
 * progress or was registered anew.
 *
 * The end of a connection is final, and neither held nor resting.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/backend.h"
#include "poll/entries.h"

/*
 * Handles the rarer outcomes of I/O on an edge-triggered slot: all but CMIO__PROGRESS, and
 * CMIO__BLOCKED after progress.
 */
void cmio__poll_entries_settle(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                               int fd, cmio_interest directions, enum cmio__outcome outcome);

/* The slot is no longer held, resting or slowed. Returns its state without these bits. */
uint32_t cmio__poll_entries_forget(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot);

/* Forgets after I/O that made progress. Returns the state with everything armed that was held. */
uint32_t cmio__poll_entries_resume(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot);

/* An event reported these directions, so the next look need not arm them. */
void cmio__poll_entries_drop_held(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                  cmio_interest directions);

/*
 * Call it before poll(2), with the timeout, while entries are waiting. It looks at them if the time
 * has come or the timeout is 0. Returns the timeout for poll(2), which reaches no further than the
 * next look. Sets *looking if resting sockets are among the entries this time; in that case call
 * end_look after poll(2).
 */
int64_t cmio__poll_entries_begin_look(struct cmio__poll_entries *entries, int64_t timeout,
                                      bool *looking);

/* Lets the entries without news rest again. Returns how many of the ready entries remain. */
int cmio__poll_entries_end_look(struct cmio__poll_entries *entries, int ready);

#endif
