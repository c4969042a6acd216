/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_STACK_MEMORY_H
#define CMIO_ASYNC_STACK_MEMORY_H

/* Memory for stacks, as the system provides it: stack_memory_linux.c and _posix.c. */

#include <stdbool.h>
#include <stddef.h>

/* Maps memory, of which a page is used only once it is touched. NULL without memory. */
void *cmio__stack_map(size_t length);

void cmio__stack_unmap(void *memory, size_t length);

/*
 * Makes access to a page fault. Returns false without memory. On some systems each such page splits
 * a mapping, of which a process may have only so many (vm.max_map_count on Linux).
 */
bool cmio__stack_guard(void *page, size_t length);

/* Gives pages back to the system until they are touched again. */
void cmio__stack_give_pages(void *memory, size_t length);

/* How much stack a signal handler may need before its own first local. */
size_t cmio__stack_signal_frame(void);

#endif
