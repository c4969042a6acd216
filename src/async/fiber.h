/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_FIBER_H
#define CMIO_ASYNC_FIBER_H

/*
 * Tells the tools that watch a program about its stacks: AddressSanitizer and LeakSanitizer,
 * ThreadSanitizer, and valgrind if its header is there at build time. In a build without them the
 * functions are empty.
 *
 * A switch is reported twice: by cmio__fiber_leave() before it, and by cmio__fiber_arrive() as the
 * first thing on the other side.
 */

#include <stdbool.h>
#include <stddef.h>

#include "async/inline.h"

#if defined(__SANITIZE_ADDRESS__)
#define CMIO__ADDRESS_SANITIZER 1
#endif
#if defined(__SANITIZE_THREAD__)
#define CMIO__THREAD_SANITIZER 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CMIO__ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define CMIO__THREAD_SANITIZER 1
#endif
#endif

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

/* How many times as much stack code needs under a sanitizer. */
#if defined(CMIO__ADDRESS_SANITIZER) || defined(CMIO__THREAD_SANITIZER)
enum { CMIO__FIBER_GROWTH = 4 };
#else
enum { CMIO__FIBER_GROWTH = 1 };
#endif

/* A stack as the tools know it. */
struct cmio__fiber {
    const void *bottom;
    size_t size;
    void *fake;   /* AddressSanitizer's stack of locals, to detect use after return */
    void *thread; /* ThreadSanitizer's handle of it */
};

/* AddressSanitizer and LeakSanitizer */

#if defined(CMIO__ADDRESS_SANITIZER)

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>

CMIO__INLINE void cmio__address_leave(struct cmio__fiber *from, const struct cmio__fiber *to,
                                      bool for_good) {
    __sanitizer_start_switch_fiber(for_good ? NULL : &from->fake, to->bottom, to->size);
}

CMIO__INLINE void cmio__address_arrive(const struct cmio__fiber *at, struct cmio__fiber *from) {
    __sanitizer_finish_switch_fiber(at->fake, &from->bottom, &from->size);
}

/* Memory that the stack points to is no leak. */
CMIO__INLINE void cmio__address_begin(const struct cmio__fiber *fiber) {
    __asan_unpoison_memory_region(fiber->bottom, fiber->size);
    __lsan_register_root_region(fiber->bottom, fiber->size);
}

CMIO__INLINE void cmio__address_end(const struct cmio__fiber *fiber) {
    __lsan_unregister_root_region(fiber->bottom, fiber->size);
    __asan_unpoison_memory_region(fiber->bottom, fiber->size);
}

#else

CMIO__INLINE void cmio__address_leave(struct cmio__fiber *from, const struct cmio__fiber *to,
                                      bool for_good) {
    (void)from, (void)to, (void)for_good;
}

CMIO__INLINE void cmio__address_arrive(const struct cmio__fiber *at, struct cmio__fiber *from) {
    (void)at, (void)from;
}

CMIO__INLINE void cmio__address_begin(const struct cmio__fiber *fiber) {
    (void)fiber;
}

CMIO__INLINE void cmio__address_end(const struct cmio__fiber *fiber) {
    (void)fiber;
}

#endif

/*
 * ThreadSanitizer. The flags of a switch are 0 because both sides are one thread, so what came
 * before the switch on one side did come before what follows on the other. It can track only some
 * 4,000 (gcc) or 8,000 (Clang) threads and fibers at once, and ends the program beyond that.
 */

#if defined(CMIO__THREAD_SANITIZER)

/* Declared as in <sanitizer/tsan_interface.h>, which gcc does not install everywhere. */
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);

CMIO__INLINE void cmio__thread_leave(struct cmio__fiber *from, const struct cmio__fiber *to) {
    (void)from;
    __tsan_switch_to_fiber(to->thread, 0);
}

CMIO__INLINE void cmio__thread_self(struct cmio__fiber *fiber) {
    fiber->thread = __tsan_get_current_fiber();
}

CMIO__INLINE void cmio__thread_begin(struct cmio__fiber *fiber) {
    fiber->thread = __tsan_create_fiber(0);
}

CMIO__INLINE void cmio__thread_end(const struct cmio__fiber *fiber) {
    __tsan_destroy_fiber(fiber->thread);
}

#else

CMIO__INLINE void cmio__thread_leave(struct cmio__fiber *from, const struct cmio__fiber *to) {
    (void)from, (void)to;
}

CMIO__INLINE void cmio__thread_self(struct cmio__fiber *fiber) {
    (void)fiber;
}

CMIO__INLINE void cmio__thread_begin(struct cmio__fiber *fiber) {
    (void)fiber;
}

CMIO__INLINE void cmio__thread_end(const struct cmio__fiber *fiber) {
    (void)fiber;
}

#endif

/* valgrind notices a switch by itself if it knows where the stacks are. */

#if defined(VALGRIND_STACK_REGISTER)

CMIO__INLINE unsigned cmio__valgrind_register(const char *bottom, size_t size) {
    return (unsigned)VALGRIND_STACK_REGISTER(bottom, bottom + size - 1);
}

CMIO__INLINE void cmio__valgrind_deregister(unsigned id) {
    VALGRIND_STACK_DEREGISTER(id);
}

#else

CMIO__INLINE unsigned cmio__valgrind_register(const char *bottom, size_t size) {
    (void)bottom, (void)size;
    return 0;
}

CMIO__INLINE void cmio__valgrind_deregister(unsigned id) {
    (void)id;
}

#endif

/* All of them */

/* A stack is about to be used for the first time, or again. */
CMIO__INLINE void cmio__fiber_begin(struct cmio__fiber *fiber, const void *bottom, size_t size) {
    *fiber = (struct cmio__fiber){.bottom = bottom, .size = size};
    cmio__address_begin(fiber);
    cmio__thread_begin(fiber);
}

/* A stack is no longer used. Called on another stack. */
CMIO__INLINE void cmio__fiber_end(const struct cmio__fiber *fiber) {
    cmio__thread_end(fiber);
    cmio__address_end(fiber);
}

/* For the running stack, which the tools already know. */
CMIO__INLINE void cmio__fiber_self(struct cmio__fiber *fiber) {
    cmio__thread_self(fiber);
}

/* Called before a switch. for_good: nothing will return to the stack that is left. */
CMIO__INLINE void cmio__fiber_leave(struct cmio__fiber *from, const struct cmio__fiber *to,
                                    bool for_good) {
    cmio__address_leave(from, to, for_good);
    cmio__thread_leave(from, to);
}

/* Called after a switch. Stores in `from` where the stack that was left lies. */
CMIO__INLINE void cmio__fiber_arrive(const struct cmio__fiber *at, struct cmio__fiber *from) {
    cmio__address_arrive(at, from);
}

#endif
