/* SPDX-License-Identifier: MIT */
#include "async/stack_memory.h"

#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* Since Linux 6.13 and 5.14; older headers do not have them. */
enum {
    GUARD_INSTALL = 102, /* MADV_GUARD_INSTALL */
    MINIMUM_FRAME = 51,  /* AT_MINSIGSTKSZ */
    UNKNOWN = 0x7fffff,  /* no advice */
};

void *cmio__stack_map(size_t length) {
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    /* A huge page would hold a dozen stacks, each of which uses one page. */
    (void)madvise(memory, length, MADV_NOHUGEPAGE); /* EINVAL: the kernel has no huge pages */
    return memory;
}

void cmio__stack_unmap(void *memory, size_t length) {
    (void)munmap(memory, length); /* whole mappings of ours */
}

/*
 * qemu's emulation of user programs accepts advice that it does not know, and does nothing. Its
 * success then proves no guard. A real kernel refuses advice that no kernel knows.
 */
static bool answers_are_true(void *page, size_t length) {
    static atomic_int known; /* 1: true, -1: not */
    if (atomic_load_explicit(&known, memory_order_relaxed) == 0) {
        const bool is_refused = madvise(page, length, UNKNOWN) != 0;
        atomic_store_explicit(&known, is_refused ? 1 : -1, memory_order_relaxed);
    }
    return atomic_load_explicit(&known, memory_order_relaxed) > 0;
}

/*
 * A guard that is only a mark in the page table needs no mapping of its own. Kernels before 6.13 do
 * not know it, and no kernel can set it in locked memory.
 */
bool cmio__stack_guard(void *page, size_t length) {
    return (madvise(page, length, GUARD_INSTALL) == 0 && answers_are_true(page, length)) ||
           mprotect(page, length, PROT_NONE) == 0;
}

void cmio__stack_give_pages(void *memory, size_t length) {
    (void)madvise(memory, length, MADV_DONTNEED); /* EINVAL: locked memory, which stays */
}

size_t cmio__stack_signal_frame(void) {
    return getauxval(MINIMUM_FRAME); /* 0: not known */
}
