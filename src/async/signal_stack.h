/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SIGNAL_STACK_H
#define CMIO_ASYNC_SIGNAL_STACK_H

/*
 * An alternate stack for the signal handlers of the running thread (sigaltstack(2)), so that a
 * handler with SA_ONSTACK can report that the stack of a green thread has overflowed.
 */

#include <stddef.h>

struct cmio__signal_stack {
    void *memory; /* NULL: the library has set up none */
    size_t size;
};

/* Sets one up unless the thread already has one or there is no memory. */
void cmio__signal_stack_begin(struct cmio__signal_stack *stack);

void cmio__signal_stack_end(struct cmio__signal_stack *stack);

#endif
