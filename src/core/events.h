/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_EVENTS_H
#define CMIO_CORE_EVENTS_H

#include <stddef.h>

#include <cmio/events.h>

/*
 * A batch is one allocation: this struct, the decoded events, then the kernel's records, with room
 * for the largest record of any backend in the library. A wait fills records, then list; core sets
 * count. If a backend's records are no longer than events, the kernel may write them over list, and
 * they need no room of their own.
 */
struct cmio_events {
    size_t capacity;
    size_t count;
    void *records;
    struct cmio_event list[];
};

#endif
