/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EVENT_H
#define CMIO_EVENT_H

/**
 * @file
 * Events: what a wait reports about one source.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/export.h>
#include <cmio/interest.h>

CMIO_BEGIN_DECLS

/**
 * The bits that an event may have besides CMIO_READABLE, CMIO_WRITABLE and CMIO_PRIORITY, as
 * constants of an enumeration.
 *
 * Programs in C and C++ see the macros of these names, which are unsigned like the types that hold
 * them. Tools that read C but no macros (LuaJIT, cffi, generators of bindings) see the enumeration.
 */
enum {
    CMIO_ERROR = 0x8,         /**< An error is pending. */
    CMIO_READ_CLOSED = 0x10,  /**< Nothing more will arrive. */
    CMIO_WRITE_CLOSED = 0x20, /**< Nothing can be sent any more. */
};

/**
 * In an event: an error is pending, which the next I/O or the take_error function of the source
 * returns.
 *
 * This is a hint. A system may leave it out, but it is never there without cause.
 */
#define CMIO_ERROR UINT32_C(0x8)

/**
 * In an event: nothing more will arrive, because the peer closed or shut down writing.
 *
 * This is a hint. A system may leave it out, but it is never there without cause.
 * The other side of a FIFO or a terminal may be opened again, even before the event arrives, and
 * then more can follow.
 */
#define CMIO_READ_CLOSED UINT32_C(0x10)

/**
 * In an event: nothing can be sent any more.
 *
 * This is a hint. A system may leave it out, but it is never there without cause.
 * A FIFO or a terminal whose other side is opened again can be written to again.
 */
#define CMIO_WRITE_CLOSED UINT32_C(0x20)

/**
 * An event is the whole readiness of one source.
 *
 * A source appears at most once in a batch. An error or a hang-up also shows as readable and
 * writable, so a program that only asks for these two finds the failure when it does its I/O. Bits
 * of a direction that was not registered carry no meaning. An event may be spurious, so -EAGAIN
 * after an event is not a failure.
 *
 * Events are plain values, which may be copied. Those in a batch belong to the batch.
 *
 * **Threads**: any thread may read an event while no thread changes the batch that it is in.
 */
struct cmio_event {
    /** The token that the source was registered with. */
    cmio_token token;
    /**
     * A set of CMIO_READABLE, CMIO_WRITABLE, CMIO_PRIORITY, CMIO_ERROR, CMIO_READ_CLOSED and
     * CMIO_WRITE_CLOSED. It is 0 in an event that cmio_events_purge() blanked.
     */
    uint32_t ready;
};

/**
 * Tells whether an event is readable: data, the end of file, a connection to accept or an error is
 * there.
 *
 * @param event  The event. Borrowed. It must not be NULL.
 *
 * **Returns** true if the event has CMIO_READABLE.
 *
 * **Threads**: any thread.
 */
CMIO_API CMIO_INLINE bool cmio_event_is_readable(const struct cmio_event *event);

/**
 * Tells whether an event is writable: there is room, a connect has ended, or writing will find an
 * error.
 *
 * @param event  The event. Borrowed. It must not be NULL.
 *
 * **Returns** true if the event has CMIO_WRITABLE.
 *
 * **Threads**: any thread.
 */
CMIO_API CMIO_INLINE bool cmio_event_is_writable(const struct cmio_event *event);

/**
 * Tells whether out-of-band data is there, for a source that was registered for CMIO_PRIORITY.
 *
 * @param event  The event. Borrowed. It must not be NULL.
 *
 * **Returns** true if the event has CMIO_PRIORITY.
 *
 * **Threads**: any thread.
 */
CMIO_API CMIO_INLINE bool cmio_event_is_priority(const struct cmio_event *event);

/**
 * Tells whether an error is pending, which the next I/O or the take_error function of the source
 * returns.
 *
 * @param event  The event. Borrowed. It must not be NULL.
 *
 * **Returns** true if the event has CMIO_ERROR. This is a hint: false does not exclude an error.
 *
 * **Threads**: any thread.
 */
CMIO_API CMIO_INLINE bool cmio_event_is_error(const struct cmio_event *event);

/**
 * Tells whether nothing more will arrive, because the peer closed or shut down writing.
 *
 * @param event  The event. Borrowed. It must not be NULL.
 *
 * **Returns** true if the event has CMIO_READ_CLOSED. This is a hint: false does not exclude an
 * end.
 *
 * **Threads**: any thread.
 */
CMIO_API CMIO_INLINE bool cmio_event_is_read_closed(const struct cmio_event *event);

/**
 * Tells whether nothing can be sent any more.
 *
 * @param event  The event. Borrowed. It must not be NULL.
 *
 * **Returns** true if the event has CMIO_WRITE_CLOSED. This is a hint: false does not exclude an
 * end.
 *
 * **Threads**: any thread.
 */
CMIO_API CMIO_INLINE bool cmio_event_is_write_closed(const struct cmio_event *event);

/**
 * Writes an event as text for logs, for example "token 7: readable, read-closed".
 *
 * 128 bytes hold the text of any event.
 *
 * @param event   The event. Borrowed.
 * @param buffer  Receives the text with a final NUL, cut to fit. The caller owns it. NULL is
 *                allowed if size is 0.
 * @param size    The size of buffer in bytes.
 *
 * **Returns** the length in bytes of the whole text without the NUL, as snprintf(3) does. If it is
 * size or more, the text was cut.
 *
 * **Errors**:
 * - -EINVAL: event is NULL, or buffer is NULL and size is not 0.
 *
 * **Threads**: any thread.
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
