/* SPDX-License-Identifier: MIT */
/*
 * async/switch.h for processors without assembly here. The pointer to a suspended stack is the
 * address of its ucontext_t, which lies on the stack that it describes.
 */
/* Without the first, macOS refuses <ucontext.h>; without the second, it hides what is not POSIX. */
#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE 1

#include "async/switch.h"

#include <stdint.h>
#include <ucontext.h>

/* macOS declares ucontext(3) obsolete, but has nothing to replace it. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* At the upper end of a new stack. */
struct beginning {
    ucontext_t context;
    void (*entry)(void *argument);
    void *argument;
};

/* makecontext(3) passes integers, each of which holds half an address. */
static void begin_context(unsigned high, unsigned low) {
    const uintptr_t address = (uintptr_t)((uint64_t)high << 32 | low);
    const struct beginning *beginning = (const struct beginning *)address; // NOLINT
    beginning->entry(beginning->argument);
}

void *cmio__switch_prepare(void *bottom, size_t size, void (*entry)(void *argument),
                           void *argument) {
    const size_t rest = (size - sizeof(struct beginning)) / 64 * 64;
    struct beginning *beginning = (struct beginning *)(void *)((char *)bottom + rest);
    beginning->entry = entry;
    beginning->argument = argument;
    (void)getcontext(&beginning->context); /* cannot fail on any system */
    beginning->context.uc_stack.ss_sp = bottom;
    beginning->context.uc_stack.ss_size = rest;
    beginning->context.uc_link = NULL;
    const uint64_t address = (uintptr_t)beginning;
    makecontext(&beginning->context, (void (*)(void))begin_context, 2, (unsigned)(address >> 32),
                (unsigned)address);
    return &beginning->context;
}

void cmio__switch(void **from, void *to) {
    ucontext_t here;
    here.uc_stack = (stack_t){0}; /* AddressSanitizer looks at it */
    *from = &here;
    (void)swapcontext(&here, to); /* cannot fail on any system, with a context of ours */
}
