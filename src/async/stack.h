/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_STACK_H
#define CMIO_ASYNC_STACK_H

/*
 * The stacks of green threads, for all executors of the process. Sizes are powers of two, with a
 * pool for each. A pool maps stacks in arenas of some megabytes, with a guard page below each
 * stack, so running over the end of a stack is a fault.
 *
 * A stack is promised first, which may fail for lack of memory, and taken when it is needed, which
 * cannot fail. So a thousand green threads that wait for their first turn, and end in it, use the
 * same stack one after another. The stack given back last is taken first, because its pages are
 * there and in the cache. A pool keeps some megabytes of such stacks (warm). The pages of the
 * others (cold) go back to the system. So does an arena whose stacks are all cold, if enough others
 * are left.
 */

#include <stddef.h>

struct cmio__stack_arena;

struct cmio__stack {
    struct cmio__stack *next; /* in a list of unused stacks */
    struct cmio__stack_arena *arena;
    char *bottom;     /* the lowest address, above the guard */
    unsigned watched; /* valgrind's number for it */
};

/* The pool for stacks of at least size bytes, 0: of the default size. -ENOMEM if too big. */
int cmio__stack_pool(size_t size);

/* The size of the stacks in a pool. */
size_t cmio__stack_size(int pool);

/* Makes sure that a stack can be taken. Errors: -ENOMEM. */
int cmio__stack_promise(int number);

/* Gives up a promised stack. */
void cmio__stack_forgo(int number);

/* Takes a promised stack. */
struct cmio__stack *cmio__stack_take(int number);

/* Gives a stack back. */
void cmio__stack_give(struct cmio__stack *stack);

/* How many stacks are mapped, in use or not; and how many of the unused ones have their pages. */
size_t cmio__stack_mapped(int number);
size_t cmio__stack_warm(int number);

#endif
