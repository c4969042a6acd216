/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_REST_H
#define CMIO_POLL_REST_H

/*
 * Conditions that last. An edge-triggered source has told of one, and its turn ended in a way other
 * than -EAGAIN, or the system calls it ready although it is not. To arm it at once would make every
 * wait return; not to arm it would miss what comes next. There are two kinds:
 *
 *   - Held: what arrives next looks the same, as after accept's -EMFILE. The directions are armed
 *     at the next look, and the event may be spurious.
 *   - Resting: what arrives next looks different, as at the end of a FIFO's data, or with an error
 *     queue that was told of. The entry is skipped by poll(2) and looked at now and then. A FIFO or
 *     terminal has news when bytes are queued; a socket when poll(2) says something that was not
 *     told before.
 *
 * All of a selector are looked at together, after a pause of 1 ms that doubles until it is 50 ms.
 * It starts over when none is slowed: each that was held or rested has made progress, or is
 * registered anew.
 *
 * The end of a connection is final and neither held nor rests.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/backend.h"
#include "poll/entries.h"

/*
 * The rarer outcomes of I/O on an edge-triggered slot: all but CMIO__PROGRESS, and CMIO__BLOCKED
 * that follows progress.
 */
void cmio__poll_entries_settle(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                               int fd, cmio_interest directions, enum cmio__outcome outcome);

/* The slot is no longer held, resting or slowed: returns its state without these bits. */
uint32_t cmio__poll_entries_forget(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot);

/* The same for I/O that made progress: with what was held armed. */
uint32_t cmio__poll_entries_resume(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot);

/* An event told of these directions, so the next look need not arm them. */
void cmio__poll_entries_drop_held(struct cmio__poll_entries *entries, struct cmio__fd_slot *slot,
                                  cmio_interest directions);

/*
 * To call before poll(2), with a timeout, while entries are waiting: looks if the time has come, or
 * if the timeout is 0. Returns the timeout for poll(2), which reaches no further than the next
 * look. *looking is set if resting sockets are among the entries this time; then call end_look
 * after poll(2).
 */
int64_t cmio__poll_entries_begin_look(struct cmio__poll_entries *entries, int64_t timeout,
                                      bool *looking);

/* Has those that have no news rest again. Returns how many of those that were ready are left. */
int cmio__poll_entries_end_look(struct cmio__poll_entries *entries, int ready);

#endif
