/* SPDX-License-Identifier: MIT */
#include "async/stack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "async/fiber.h"
#include "async/lock.h"
#include "async/stack_memory.h"

enum {
    POOLS = 40,           /* powers of two: the biggest stack is below a terabyte */
    LEAST = 16 * 1024,    /* bytes of the smallest stack */
    DEFAULT = 64 * 1024,  /* bytes if no size is given */
    ARENA = 4096 * 1024,  /* bytes of an arena without its guards, unless a stack is bigger */
    WARM = 8192 * 1024,   /* bytes of unused stacks that keep their pages */
    ARENA_STACKS = 64,    /* stacks in an arena at most */
    WARM_STACKS = 4 * 64, /* stacks that are kept warm at most */
};

/* An arena is in one of its pool's two lists, depending on whether it has cold stacks. */
struct cmio__stack_arena {
    struct cmio__stack_arena *next, **link;
    char *memory;
    size_t length;
    int pool;
    unsigned count;
    unsigned cold_count;
    struct cmio__stack *cold;
    struct cmio__stack stacks[];
};

/* unused = warm + cold; it is never less than promised. */
struct pool {
    struct cmio__lock lock;
    struct cmio__stack_arena *busy, *idle; /* arenas without cold stacks, and with some */
    struct cmio__stack *warm;
    size_t warm_count;
    size_t unused;
    size_t promised;
    size_t mapped;
};

static struct pool pools[POOLS];

static size_t at_most(size_t limit, size_t bytes, size_t size) {
    const size_t count = bytes / size;
    return count == 0 ? 1 : count < limit ? count : limit;
}

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The smallest size of a stack: the frame of a signal handler takes at most half of it. */
static size_t least(void) {
    const size_t frame = cmio__stack_signal_frame();
    return 2 * frame > LEAST ? 2 * frame : LEAST;
}

int cmio__stack_pool(size_t size) {
    if (size == 0)
        size = DEFAULT;
    if (size < least())
        size = least();
    if (size > SIZE_MAX / CMIO__FIBER_GROWTH)
        return -ENOMEM;
    size *= CMIO__FIBER_GROWTH;
    if (size < page_size())
        size = page_size();
    if (size > SIZE_MAX / 2 + 1) /* no power of two that is as big */
        return -ENOMEM;
    int pool = 0;
    while (pool < POOLS && ((size_t)1 << pool) < size)
        pool++;
    return pool < POOLS ? pool : -ENOMEM;
}

size_t cmio__stack_size(int pool) {
    return (size_t)1 << pool;
}

/* Arenas. The pool's lock is held for all of this, except for the system calls. */

static void unlink_arena(struct cmio__stack_arena *arena) {
    *arena->link = arena->next;
    if (arena->next != NULL)
        arena->next->link = arena->link;
}

static void link_arena(struct cmio__stack_arena *arena, struct cmio__stack_arena **list) {
    arena->next = *list;
    arena->link = list;
    if (arena->next != NULL)
        arena->next->link = &arena->next;
    *list = arena;
}

static void push_cold(struct pool *pool, struct cmio__stack *stack) {
    struct cmio__stack_arena *arena = stack->arena;
    stack->next = arena->cold;
    arena->cold = stack;
    if (arena->cold_count++ == 0) {
        unlink_arena(arena);
        link_arena(arena, &pool->idle);
    }
}

static struct cmio__stack *pop_cold(struct pool *pool) {
    struct cmio__stack_arena *arena = pool->idle;
    struct cmio__stack *stack = arena->cold;
    arena->cold = stack->next;
    if (--arena->cold_count == 0) {
        unlink_arena(arena);
        link_arena(arena, &pool->busy);
    }
    return stack;
}

static void unmap_arena(struct cmio__stack_arena *arena) {
    for (unsigned i = 0; i < arena->count; i++)
        cmio__valgrind_deregister(arena->stacks[i].watched);
    cmio__stack_unmap(arena->memory, arena->length);
    free(arena);
}

/* Puts a guard below each stack, as long as the system permits. Returns how many have one. */
static unsigned cut(struct cmio__stack_arena *arena, unsigned count) {
    const size_t size = cmio__stack_size(arena->pool);
    const size_t guard = page_size();
    for (unsigned i = 0; i < count; i++) {
        char *page = arena->memory + i * (size + guard);
        if (!cmio__stack_guard(page, guard))
            return i;
        arena->stacks[i] = (struct cmio__stack){.arena = arena, .bottom = page + guard};
        arena->stacks[i].watched = cmio__valgrind_register(page + guard, size);
    }
    return count;
}

static struct cmio__stack_arena *map_arena(int pool) {
    const size_t size = cmio__stack_size(pool);
    const unsigned count = (unsigned)at_most(ARENA_STACKS, ARENA, size);
    struct cmio__stack_arena *arena = calloc(1, sizeof *arena + count * sizeof arena->stacks[0]);
    if (arena == NULL)
        return NULL;
    arena->pool = pool;
    arena->length = count * (size + page_size());
    arena->memory = cmio__stack_map(arena->length);
    if (arena->memory == NULL) {
        free(arena);
        return NULL;
    }
    arena->count = cut(arena, count);
    if (arena->count == 0) {
        unmap_arena(arena);
        return NULL;
    }
    return arena;
}

static void add_arena(struct pool *pool, struct cmio__stack_arena *arena) {
    link_arena(arena, &pool->busy);
    for (unsigned i = arena->count; i > 0; i--)
        push_cold(pool, &arena->stacks[i - 1]);
    pool->unused += arena->count;
    pool->mapped += arena->count;
}

/* Removes an arena with no stack in use, unless promised stacks may need it. */
static struct cmio__stack_arena *remove_if_spare(struct pool *pool,
                                                 struct cmio__stack_arena *arena) {
    if (arena->cold_count < arena->count || pool->unused - arena->count < pool->promised + 1)
        return NULL;
    unlink_arena(arena);
    pool->unused -= arena->count;
    pool->mapped -= arena->count;
    return arena;
}

/* Stacks */

static bool promise(struct pool *pool) {
    if (pool->unused == pool->promised)
        return false;
    pool->promised++;
    return true;
}

int cmio__stack_promise(int number) {
    struct pool *pool = &pools[number];
    cmio__lock_take(&pool->lock);
    bool promised = promise(pool);
    cmio__lock_release(&pool->lock);
    while (!promised) {
        struct cmio__stack_arena *arena = map_arena(number);
        if (arena == NULL)
            return -ENOMEM;
        cmio__lock_take(&pool->lock);
        add_arena(pool, arena);
        promised = promise(pool);
        cmio__lock_release(&pool->lock);
    }
    return 0;
}

void cmio__stack_forgo(int number) {
    struct pool *pool = &pools[number];
    cmio__lock_take(&pool->lock);
    pool->promised--;
    cmio__lock_release(&pool->lock);
}

struct cmio__stack *cmio__stack_take(int number) {
    struct pool *pool = &pools[number];
    cmio__lock_take(&pool->lock);
    struct cmio__stack *stack = pool->warm;
    if (stack != NULL) {
        pool->warm = stack->next;
        pool->warm_count--;
    } else {
        stack = pop_cold(pool);
    }
    pool->promised--;
    pool->unused--;
    cmio__lock_release(&pool->lock);
    return stack;
}

/* Keeps the stack with its pages, unless enough such stacks are kept. */
static bool keep_warm(struct pool *pool, struct cmio__stack *stack, size_t size) {
    cmio__lock_take(&pool->lock);
    const bool kept = pool->warm_count < at_most(WARM_STACKS, WARM, size);
    if (kept) {
        stack->next = pool->warm;
        pool->warm = stack;
        pool->warm_count++;
        pool->unused++;
    }
    cmio__lock_release(&pool->lock);
    return kept;
}

void cmio__stack_give(struct cmio__stack *stack) {
    const size_t size = cmio__stack_size(stack->arena->pool);
    struct pool *pool = &pools[stack->arena->pool];
    if (keep_warm(pool, stack, size))
        return;
    cmio__stack_give_pages(stack->bottom, size);
    cmio__lock_take(&pool->lock);
    push_cold(pool, stack);
    pool->unused++;
    struct cmio__stack_arena *spare = remove_if_spare(pool, stack->arena);
    cmio__lock_release(&pool->lock);
    if (spare != NULL)
        unmap_arena(spare);
}

size_t cmio__stack_mapped(int number) {
    struct pool *pool = &pools[number];
    cmio__lock_take(&pool->lock);
    const size_t mapped = pool->mapped;
    cmio__lock_release(&pool->lock);
    return mapped;
}

size_t cmio__stack_warm(int number) {
    struct pool *pool = &pools[number];
    cmio__lock_take(&pool->lock);
    const size_t warm = pool->warm_count;
    cmio__lock_release(&pool->lock);
    return warm;
}
