/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_INLINE_H
#define CMIO_POSIX_INLINE_H

/*
 * The path of every byte and every event. A system call's kernel code pushes the program's code out
 * of the nearest cache. What counts afterwards is how many cache lines the way back touches. They
 * are few if the functions on it lie side by side, without the code that they seldom need.
 */

/* Always inlined into its callers, even if the library is built to be small. */
#define CMIO__INLINE static inline __attribute__((always_inline))

/*
 * The same for a function that pushes a clean-up handler. Without -fexceptions that takes a
 * setjmp(3), and such a function cannot be inlined.
 */
#ifdef __EXCEPTIONS
#define CMIO__INLINE_CLEANUP CMIO__INLINE
#else
#define CMIO__INLINE_CLEANUP static inline
#endif

/* On the path: placed beside the others that are. */
#define CMIO__HOT __attribute__((hot))

/* Off the path: never inlined into its callers. */
#define CMIO__COLD __attribute__((cold, noinline))

/* On the path of some callers. The others are shorter without it. */
#define CMIO__APART __attribute__((hot, noinline))

/* A condition that leaves the path. What follows from it is placed off the path, too. */
#define CMIO__UNLIKELY(condition) __builtin_expect((condition), 0)

#endif
