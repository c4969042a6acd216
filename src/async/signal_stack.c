/* SPDX-License-Identifier: MIT */
#include "async/signal_stack.h"

#include <signal.h>

#include "async/stack_memory.h"

enum { ROOM = 32 * 1024 }; /* for a handler, beside what the system puts there */

void cmio__signal_stack_begin(struct cmio__signal_stack *stack) {
    stack_t before;
    *stack = (struct cmio__signal_stack){.size = ROOM + cmio__stack_signal_frame()};
    if (sigaltstack(NULL, &before) != 0 || (before.ss_flags & SS_DISABLE) == 0)
        return;
    void *memory = cmio__stack_map(stack->size);
    if (memory == NULL)
        return;
    if (sigaltstack(&(stack_t){.ss_sp = memory, .ss_size = stack->size}, NULL) == 0)
        stack->memory = memory;
    else
        cmio__stack_unmap(memory, stack->size);
}

void cmio__signal_stack_end(struct cmio__signal_stack *stack) {
    if (stack->memory == NULL)
        return;
    (void)sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL); /* cannot fail outside a handler */
    cmio__stack_unmap(stack->memory, stack->size);
    stack->memory = NULL;
}
