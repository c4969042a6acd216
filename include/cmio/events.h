/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EVENTS_H
#define CMIO_EVENTS_H

#include <stddef.h>

#include <cmio/event.h>
#include <cmio/export.h>
#include <cmio/interest.h>

CMIO_BEGIN_DECLS

/*
 * A batch of events: the room that cmio_poll_wait() fills, allocated once and used for every wait,
 * of one poll or of several in turn. It belongs to one thread at a time. All calls here accept NULL
 * and take it for an empty batch of capacity 0.
 */
struct cmio_events;

/*
 * Makes a batch for at most capacity events a wait; what does not fit comes with the next wait. 64
 * to 1,024 suits most programs. The caller frees it. Errors: -EINVAL for a capacity of 0 or above
 * INT_MAX / 64, or a null out; -ENOMEM.
 */
CMIO_API int cmio_events_new(struct cmio_events **out, size_t capacity);

/* Frees the batch and makes the pointers into it invalid. NULL is allowed. */
CMIO_API void cmio_events_free(struct cmio_events *events);

/* How many events the last wait delivered, those blanked since included. */
CMIO_API size_t cmio_events_count(const struct cmio_events *events);

/* How many events fit: what cmio_events_new() was given. */
CMIO_API size_t cmio_events_capacity(const struct cmio_events *events);

/* Empties the batch. A wait does so by itself. */
CMIO_API void cmio_events_clear(struct cmio_events *events);

/*
 * Blanks the events with this token, so that CMIO_EVENTS_FOREACH skips those not yet visited: for a
 * program that frees what a token points to while it goes through the batch. Takes time
 * proportional to the count.
 */
CMIO_API void cmio_events_purge(struct cmio_events *events, cmio_token token);

/*
 * The first event, and the place behind the last: an array, valid until the next wait, clear or
 * free. Blanked events stand in it with ready == 0.
 */
CMIO_API const struct cmio_event *cmio_events_begin(const struct cmio_events *events);
CMIO_API const struct cmio_event *cmio_events_end(const struct cmio_events *events);

/*
 * The first event at or after event that is not blanked, or end where there is none: the step of
 * CMIO_EVENTS_FOREACH. Both point into one batch, at what cmio_events_begin() and cmio_events_end()
 * gave or between. Cannot fail.
 */
CMIO_API CMIO_INLINE const struct cmio_event *cmio_events_next_set(const struct cmio_event *event,
                                                                   const struct cmio_event *end);

/*
 * Goes through the batch: CMIO_EVENTS_FOREACH(event, events) { ... } declares event, a
 * const struct cmio_event *, and visits each that is not blanked. break and continue work as in any
 * loop. The body may purge; it must not wait into, clear or free this same batch and then go on. Loops
 * may nest. If both use one name, the inner one's event hides the outer one's, and -Wshadow does not
 * warn.
 */
#define CMIO_EVENTS_FOREACH(event, events)                                                         \
    CMIO__SHADOWING                                                                                \
    for (const struct cmio_event *event = cmio_events_begin(events),                               \
                                 *event##_end = cmio_events_end(events);                           \
         (event = cmio_events_next_set(event, event##_end)) != event##_end; event++)               \
    CMIO__SHADOWING_END
#define CMIO__SHADOWING                                                                            \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
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
