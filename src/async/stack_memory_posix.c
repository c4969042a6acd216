/* SPDX-License-Identifier: MIT */
#include "async/stack_memory.h"

#include <sys/mman.h>

#include "async/stack_flags.h"

void *cmio__stack_map(size_t length) {
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, CMIO__STACK_FLAGS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void cmio__stack_unmap(void *memory, size_t length) {
    (void)munmap(memory, length); /* whole mappings of ours */
}

bool cmio__stack_guard(void *page, size_t length) {
    return mprotect(page, length, PROT_NONE) == 0;
}

void cmio__stack_give_pages(void *memory, size_t length) {
    (void)madvise(memory, length, MADV_FREE); /* only advice */
}

size_t cmio__stack_signal_frame(void) {
    return 0; /* MINSIGSTKSZ of these systems fits a stack several times */
}
