/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EVENT_H
#define CMIO_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/export.h>
#include <cmio/interest.h>

CMIO_BEGIN_DECLS

/*
 * What may stand in an event besides CMIO_READABLE, CMIO_WRITABLE and CMIO_PRIORITY. These three
 * are hints: a system may leave them out, but none is ever there without cause.
 */

/* Each is a constant of an enumeration as well, for bindings: see interest.h. */
enum {
    CMIO_ERROR = 0x8,
    CMIO_READ_CLOSED = 0x10,
    CMIO_WRITE_CLOSED = 0x20,
};

/* An error is pending: the next I/O, or take_error, names it. */
#define CMIO_ERROR UINT32_C(0x8)
/* Nothing more will arrive: the peer closed or shut down writing. */
#define CMIO_READ_CLOSED UINT32_C(0x10)
/* Nothing can be sent any more. */
#define CMIO_WRITE_CLOSED UINT32_C(0x20)

/*
 * One source's readiness, all of it: a source appears at most once in a batch. Error and hang-up
 * show as readable and writable too, so that a program that only asks those two finds the failure
 * when it does its I/O. Flags of a direction that was not registered carry no meaning. An event may
 * be spurious: -EAGAIN after one is no error.
 *
 * token is what the source was registered with; ready is a set of CMIO_READABLE ...
 * CMIO_WRITE_CLOSED, and 0 in an event that cmio_events_purge() blanked.
 */
struct cmio_event {
    cmio_token token;
    uint32_t ready;
};

/* Whether there is something to read: data, the end of file, a connection to accept or an error. Cannot fail; any thread. */
CMIO_API CMIO_INLINE bool cmio_event_is_readable(const struct cmio_event *event);

/* Whether writing may get on: there is room, a connect has ended, or there is an error to be found. Cannot fail; any thread. */
CMIO_API CMIO_INLINE bool cmio_event_is_writable(const struct cmio_event *event);

/* Whether out-of-band data is there, as CMIO_PRIORITY was registered for. Cannot fail; any thread. */
CMIO_API CMIO_INLINE bool cmio_event_is_priority(const struct cmio_event *event);

/* Whether an error is pending, which the next I/O or take_error names. A hint: false says nothing. Cannot fail; any thread. */
CMIO_API CMIO_INLINE bool cmio_event_is_error(const struct cmio_event *event);

/* Whether nothing more will arrive. A hint: false says nothing. Cannot fail; any thread. */
CMIO_API CMIO_INLINE bool cmio_event_is_read_closed(const struct cmio_event *event);

/* Whether nothing can be sent any more. A hint: false says nothing. Cannot fail; any thread. */
CMIO_API CMIO_INLINE bool cmio_event_is_write_closed(const struct cmio_event *event);

/*
 * Writes the event as text for logs, for example "token 7: readable, read-closed", at most size
 * bytes with the final NUL. Returns the length of the whole text without the NUL, as snprintf(3)
 * does, so that a result >= size says that it was cut; -EINVAL for a null event, or a null buffer
 * with a size other than 0. 128 bytes hold any event. Any thread.
 */
CMIO_API int cmio_event_format(const struct cmio_event *event, char *buffer, size_t size);

#ifndef CMIO_NO_INLINE

CMIO_INLINE bool cmio_event_is_readable(const struct cmio_event *event) {
    return (event->ready & CMIO_READABLE) != 0;
}

CMIO_INLINE bool cmio_event_is_writable(const struct cmio_event *event) {
    return (event->ready & CMIO_WRITABLE) != 0;
}

CMIO_INLINE bool cmio_event_is_priority(const struct cmio_event *event) {
    return (event->ready & CMIO_PRIORITY) != 0;
}

CMIO_INLINE bool cmio_event_is_error(const struct cmio_event *event) {
    return (event->ready & CMIO_ERROR) != 0;
}

CMIO_INLINE bool cmio_event_is_read_closed(const struct cmio_event *event) {
    return (event->ready & CMIO_READ_CLOSED) != 0;
}

CMIO_INLINE bool cmio_event_is_write_closed(const struct cmio_event *event) {
    return (event->ready & CMIO_WRITE_CLOSED) != 0;
}

#endif

CMIO_END_DECLS

#endif
