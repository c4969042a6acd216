/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EVENTS_H
#define CMIO_EVENTS_H

/**
 * @file
 * Batches of events: what a wait fills, and how to go through it.
 */

#include <stddef.h>

#include <cmio/event.h>
#include <cmio/export.h>
#include <cmio/interest.h>

CMIO_BEGIN_DECLS

/**
 * A batch of events is the room that cmio_poll_wait() fills.
 *
 * cmio_events_new() allocates it once, and every wait uses it again. One batch may serve several
 * polls in turn. The caller frees it with cmio_events_free(). All functions that take a batch,
 * except the waits, accept NULL and treat it as an empty batch of capacity 0.
 *
 * **Threads**: one thread at a time uses a batch.
 */
struct cmio_events;

/**
 * Makes an empty batch of events.
 *
 * Events that do not fit into the batch come with the next wait. A capacity of 64 to 1,024 suits
 * most programs.
 *
 * @param out       Receives the batch. The caller frees it with cmio_events_free(). Untouched on
 *                  failure.
 * @param capacity  How many events a wait reports at most: from 1 to INT_MAX / 64.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: out is NULL, or capacity is 0 or more than INT_MAX / 64.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_events_new(struct cmio_events **out, size_t capacity);

/**
 * Frees a batch, and with it the events in it.
 *
 * @param events  The batch. NULL is allowed.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API void cmio_events_free(struct cmio_events *events);

/**
 * Returns how many events are in a batch.
 *
 * @param events  The batch. Borrowed. NULL is allowed.
 *
 * **Returns** the number of events that the last wait reported, including those that
 * cmio_events_purge() has blanked since. Returns 0 if events is NULL.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API size_t cmio_events_count(const struct cmio_events *events);

/**
 * Returns how many events fit into a batch.
 *
 * @param events  The batch. Borrowed. NULL is allowed.
 *
 * **Returns** the capacity that cmio_events_new() was called with. Returns 0 if events is NULL.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API size_t cmio_events_capacity(const struct cmio_events *events);

/**
 * Empties a batch.
 *
 * A wait empties its batch by itself, so few programs need this.
 *
 * @param events  The batch. NULL is allowed.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API void cmio_events_clear(struct cmio_events *events);

/**
 * Blanks the events of a batch that carry a token, so that CMIO_EVENTS_FOREACH skips them.
 *
 * Call it before you free what a token points to while you go through a batch: deregistering or
 * closing a source leaves its events in the current batch. A blanked event stays in the batch with
 * a `ready` of 0. The call takes time proportional to the number of events.
 *
 * @param events  The batch. NULL is allowed.
 * @param token   The token.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API void cmio_events_purge(struct cmio_events *events, cmio_token token);

/**
 * Returns the first event of a batch.
 *
 * The events of a batch are an array from cmio_events_begin() to cmio_events_end(). Blanked events
 * stand in it with a `ready` of 0. CMIO_EVENTS_FOREACH goes through it and skips them.
 *
 * @param events  The batch. Borrowed. NULL is allowed.
 *
 * **Returns** a pointer to the first event, which belongs to the batch and is valid until the next
 * wait, cmio_events_clear() or cmio_events_free(). In an empty batch it equals cmio_events_end().
 * Returns NULL if events is NULL.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API const struct cmio_event *cmio_events_begin(const struct cmio_events *events);

/**
 * Returns the place behind the last event of a batch.
 *
 * The events of a batch are an array from cmio_events_begin() to cmio_events_end(). Blanked events
 * stand in it with a `ready` of 0. CMIO_EVENTS_FOREACH goes through it and skips them.
 *
 * @param events  The batch. Borrowed. NULL is allowed.
 *
 * **Returns** a pointer behind the last event, which must not be dereferenced and is valid until
 * the next wait, cmio_events_clear() or cmio_events_free(). In an empty batch it equals
 * cmio_events_begin(). Returns NULL if events is NULL.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API const struct cmio_event *cmio_events_end(const struct cmio_events *events);

/**
 * Returns the first event at or after a place in a batch that is not blanked.
 *
 * This is the step of CMIO_EVENTS_FOREACH.
 *
 * @param event  Where to begin: between cmio_events_begin() and cmio_events_end() of a batch.
 *               Borrowed. NULL is allowed if end is NULL.
 * @param end    What cmio_events_end() returned for the batch. Borrowed.
 *
 * **Returns** a pointer to the event, or end if there is none.
 *
 * **Threads**: the thread that the batch belongs to.
 */
CMIO_API CMIO_INLINE const struct cmio_event *cmio_events_next_set(const struct cmio_event *event,
                                                                   const struct cmio_event *end);

/**
 * Goes through the events of a batch that are not blanked, as the head of a loop.
 *
 * @code{.c}
 * CMIO_EVENTS_FOREACH (event, events)
 *     handle_event(event->token, event);
 * @endcode
 *
 * break and continue work as in any loop. The body may call cmio_events_purge(). It must not wait
 * into, clear or free the batch and then continue the loop. Loops may nest. If two nested loops use
 * one name, the event of the inner loop hides the event of the outer loop, without a warning from
 * -Wshadow.
 *
 * @param event   The name of the variable that the loop declares: a const struct cmio_event *.
 * @param events  The batch: a struct cmio_events *. NULL is allowed and has no events. It is
 *                evaluated twice.
 *
 * **Threads**: the thread that the batch belongs to.
 */
#define CMIO_EVENTS_FOREACH(event, events)                                                         \
    CMIO__SHADOWING                                                                                \
    for (const struct cmio_event *event = cmio_events_begin(events),                               \
                                 *event##_end = cmio_events_end(events);                           \
         (event = cmio_events_next_set(event, event##_end)) != event##_end; event++)               \
    CMIO__SHADOWING_END
/** Internal: allows a nested CMIO_EVENTS_FOREACH to use a name again. */
#define CMIO__SHADOWING                                                                            \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
/** Internal: ends what CMIO__SHADOWING began. */
#define CMIO__SHADOWING_END _Pragma("GCC diagnostic pop")

#ifndef CMIO_NO_INLINE

CMIO_INLINE const struct cmio_event *cmio_events_next_set(const struct cmio_event *event,
                                                          const struct cmio_event *end) {
    while (event != end && event->ready == 0)
        event++;
    return event;
}

#endif

CMIO_END_DECLS

#endif
