/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_INLINE_H
#define CMIO_POSIX_INLINE_H

/*
 * The way of every byte and every event. The kernel's code pushes a program's out of the nearest
 * cache, so what counts after a system call is how many cache lines the way back touches: few, if
 * the functions on it lie side by side and what they seldom need is not among them.
 */

/* Part of its callers, also where the library is built to be small. */
#define CMIO__INLINE static inline __attribute__((always_inline))

/* On the way: beside the others that are. */
#define CMIO__HOT __attribute__((hot))

/* Off the way: never part of its callers. */
#define CMIO__COLD __attribute__((cold, noinline))

/* A condition that is off the way: what follows from it is kept out of the way, too. */
#define CMIO__UNLIKELY(condition) __builtin_expect((condition), 0)

#endif
