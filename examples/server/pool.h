/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_POOL_H
#define SLEEP_SERVER_POOL_H

#include <stddef.h>

/*
 * Objects of one size, cut from larger chunks. The overhead of malloc(3) is paid once per chunk,
 * taking and giving back is one step in a list, and all objects can be visited. An object that is
 * taken for the first time is all zeros. An object that was given back keeps its bytes, except for
 * the first few, the size of a pointer. Chunks are freed only with the pool. A pool belongs to one
 * thread at a time.
 */
struct pool {
    struct pool_chunk *chunks;
    void *unused; /* a list of the objects that were given back */
    size_t object_size;
    size_t fresh; /* objects of the newest chunk that were never taken */
};

/* object_size is a multiple of a pointer's alignment, as sizeof of a struct with a pointer is. */
void pool_init(struct pool *pool, size_t object_size);

/* Frees all objects, also those that were not given back. */
void pool_free(struct pool *pool);

/* Takes an object. Returns NULL if there is no memory. */
void *pool_take(struct pool *pool);

void pool_give(struct pool *pool, void *object);

/*
 * Visits every object that was ever taken, including those given back since. The visitor tells them
 * apart by their contents. It may give back the object that it visits, but must not take any.
 */
void pool_visit(struct pool *pool, void (*visit)(void *object, void *context), void *context);

#endif
