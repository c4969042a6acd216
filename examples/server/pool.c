/* SPDX-License-Identifier: MIT */
#include "server/pool.h"

#include <stdlib.h>

enum { CHUNK_OBJECTS = 256 };

struct pool_chunk {
    struct pool_chunk *next;
    void *objects[]; /* for its alignment; the objects lie here */
};

void pool_init(struct pool *pool, size_t object_size) {
    *pool = (struct pool){.object_size = object_size};
}

void pool_free(struct pool *pool) {
    while (pool->chunks != NULL) {
        struct pool_chunk *chunk = pool->chunks;
        pool->chunks = chunk->next;
        free(chunk);
    }
    pool_init(pool, pool->object_size);
}

static void *object_at(const struct pool *pool, struct pool_chunk *chunk, size_t index) {
    return (char *)chunk->objects + index * pool->object_size;
}

void *pool_take(struct pool *pool) {
    void *object = pool->unused;
    if (object != NULL) {
        pool->unused = *(void **)object;
        return object;
    }
    if (pool->fresh == 0) {
        struct pool_chunk *chunk = calloc(1, sizeof *chunk + CHUNK_OBJECTS * pool->object_size);
        if (chunk == NULL)
            return NULL;
        chunk->next = pool->chunks;
        pool->chunks = chunk;
        pool->fresh = CHUNK_OBJECTS;
    }
    return object_at(pool, pool->chunks, CHUNK_OBJECTS - pool->fresh--);
}

void pool_give(struct pool *pool, void *object) {
    *(void **)object = pool->unused;
    pool->unused = object;
}

void pool_visit(struct pool *pool, void (*visit)(void *object, void *context), void *context) {
    size_t taken = CHUNK_OBJECTS - pool->fresh;
    for (struct pool_chunk *chunk = pool->chunks; chunk != NULL; chunk = chunk->next) {
        for (size_t i = 0; i < taken; i++)
            visit(object_at(pool, chunk, i), context);
        taken = CHUNK_OBJECTS;
    }
}
