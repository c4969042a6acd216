/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_FD_TABLE_H
#define CMIO_CORE_FD_TABLE_H

/*
 * What a backend knows about each registered descriptor, found by number in constant time. For
 * backends whose system does not keep it. Slots are in pages that never move, so a high number
 * costs one page instead of a slot for every lower number. The table has no lock of its own: the
 * backend locks it.
 */

#include <stddef.h>
#include <stdint.h>

#include <cmio/interest.h>

#include "posix/inline.h"

struct cmio__fd_slot {
    cmio_token token;
    cmio_interest interest; /* 0: the slot is free */
    uint32_t state;         /* the backend's */
    uint32_t place;         /* the backend's */
    uint32_t batch;         /* the backend's */
};

enum { CMIO__FD_PAGE_SLOTS = 512 };

struct cmio__fd_page {
    struct cmio__fd_slot slots[CMIO__FD_PAGE_SLOTS];
};

struct cmio__fd_table {
    struct cmio__fd_page **pages;
    size_t page_count;
};

/* A zeroed table is empty. This empties it again. */
void cmio__fd_table_free(struct cmio__fd_table *table);

/* Takes the slot of a non-negative descriptor number. Returns -EEXIST or -ENOMEM. */
int cmio__fd_table_insert(struct cmio__fd_table *table, int fd, cmio_token token,
                          cmio_interest interest, struct cmio__fd_slot **out);

/* The slot of a descriptor known to be registered. */
CMIO__INLINE struct cmio__fd_slot *cmio__fd_table_at(const struct cmio__fd_table *table, int fd) {
    return &table->pages[(unsigned)fd / CMIO__FD_PAGE_SLOTS]
                ->slots[(unsigned)fd % CMIO__FD_PAGE_SLOTS];
}

/* The slot of any descriptor, or NULL if it is not registered. It stays in place until removed. */
CMIO__INLINE struct cmio__fd_slot *cmio__fd_table_find(const struct cmio__fd_table *table, int fd) {
    const size_t index = (unsigned)fd / CMIO__FD_PAGE_SLOTS;
    if (fd < 0 || index >= table->page_count || table->pages[index] == NULL)
        return NULL;
    struct cmio__fd_slot *slot = cmio__fd_table_at(table, fd);
    return slot->interest != 0 ? slot : NULL;
}

/* Gives the slot back. */
void cmio__fd_table_remove(struct cmio__fd_slot *slot);

#endif
