/* SPDX-License-Identifier: MIT */
#include "core/events.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/backends.h"
#include "posix/inline.h"

/* The definition is in the header. */
extern CMIO_INLINE const struct cmio_event *cmio_events_next_set(const struct cmio_event *event,
                                                                 const struct cmio_event *end);

/* Keeps every size in bytes within what a kernel accepts as an int. */
enum { CAPACITY_MAX = INT_MAX / 64 };

/* Where the records begin: after the list, aligned for any record that a kernel writes. */
static size_t records_offset(size_t capacity) {
    const size_t alignment = _Alignof(max_align_t);
    const size_t end = offsetof(struct cmio_events, list) + capacity * sizeof(struct cmio_event);
    return (end + alignment - 1) / alignment * alignment;
}

int cmio_events_new(struct cmio_events **out, size_t capacity) {
    if (out == NULL || capacity == 0 || capacity > CAPACITY_MAX)
        return -EINVAL;
    const size_t records_at = records_offset(capacity);
    struct cmio_events *events = malloc(records_at + capacity * cmio__backends_record_size());
    if (events == NULL)
        return -ENOMEM;
    events->capacity = capacity;
    events->count = 0;
    events->records = (char *)events + records_at;
    *out = events;
    return 0;
}

void cmio_events_free(struct cmio_events *events) {
    free(events);
}

size_t cmio_events_count(const struct cmio_events *events) {
    return events == NULL ? 0 : events->count;
}

size_t cmio_events_capacity(const struct cmio_events *events) {
    return events == NULL ? 0 : events->capacity;
}

void cmio_events_clear(struct cmio_events *events) {
    if (events != NULL)
        events->count = 0;
}

void cmio_events_purge(struct cmio_events *events, cmio_token token) {
    for (size_t i = 0; i < cmio_events_count(events); i++)
        if (events->list[i].token == token)
            events->list[i].ready = 0;
}

CMIO__HOT const struct cmio_event *cmio_events_begin(const struct cmio_events *events) {
    return events == NULL ? NULL : events->list;
}

CMIO__HOT const struct cmio_event *cmio_events_end(const struct cmio_events *events) {
    return events == NULL ? NULL : events->list + events->count;
}
