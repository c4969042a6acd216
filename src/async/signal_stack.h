/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SIGNAL_STACK_H
#define CMIO_ASYNC_SIGNAL_STACK_H

/*
 * An alternate stack for the signal handlers of the running thread (sigaltstack(2)), so that one with
 * SA_ONSTACK can tell of a green thread's stack that overflowed.
 */

#include <stddef.h>

struct cmio__signal_stack {
    void *memory; /* NULL: the thread has none of ours */
    size_t size;
};

/* Sets one up, unless the thread has one, or there is no memory. */
void cmio__signal_stack_begin(struct cmio__signal_stack *stack);

void cmio__signal_stack_end(struct cmio__signal_stack *stack);

#endif
