/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_POOL_H
#define SLEEP_SERVER_POOL_H

#include <stddef.h>

/*
 * Objects of one size, cut from chunks of many: what malloc(3) would add to each is paid once a
 * chunk, taking and giving back is a step in a list, and all can be visited. An object that is new
 * to its first taker is zeros; one that was given back keeps all but its first pointer's worth of
 * bytes. Chunks are freed with the pool, not before. It belongs to one thread at a time.
 */
struct pool {
    struct pool_chunk *chunks;
    void *unused; /* the first of the objects that were given back */
    size_t object_size;
    size_t fresh; /* objects of the newest chunk that were never taken */
};

/* object_size is a multiple of a pointer's alignment, as sizeof of a struct with a pointer is. */
void pool_init(struct pool *pool, size_t object_size);

/* Frees all objects, also those that were not given back. */
void pool_free(struct pool *pool);

/* Takes an object: NULL when there is no memory. */
void *pool_take(struct pool *pool);

void pool_give(struct pool *pool, void *object);

/*
 * Visits every object that was ever taken, also those given back since: the visitor tells them
 * apart by what it keeps in them. It may give back the object that it visits, and take none.
 */
void pool_visit(struct pool *pool, void (*visit)(void *object, void *context), void *context);

#endif
