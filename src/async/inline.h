/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_INLINE_H
#define CMIO_ASYNC_INLINE_H

/* Part of its callers, also where the library is built to be small. */
#define CMIO__INLINE static inline __attribute__((always_inline))

/* Rarely needed: never part of its callers. */
#define CMIO__COLD __attribute__((cold, noinline))

#define CMIO__UNLIKELY(condition) __builtin_expect((condition), 0)

/* The struct of which a member is at the address. */
#define CMIO__CONTAINER(address, type, member)                                                     \
    ((type *)(void *)((char *)(address)-offsetof(type, member)))

#endif
