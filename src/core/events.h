/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_EVENTS_H
#define CMIO_CORE_EVENTS_H

#include <stddef.h>

#include <cmio/events.h>

/*
 * A batch is one allocation: this struct, the decoded events, then the kernel's records, with room
 * for the largest record of any backend in the library. A wait fills records, then list; core sets
 * count. A backend whose records are no longer than events may let the kernel write them over list,
 * and needs no room for others.
 */
struct cmio_events {
    size_t capacity;
    size_t count;
    void *records;
    struct cmio_event list[];
};

#endif
