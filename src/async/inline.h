/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_INLINE_H
#define CMIO_ASYNC_INLINE_H

#include <stddef.h>
#include <stdint.h> /* of libc, which says whose it is */

/* Part of its callers, also where the library is built to be small. */
#define CMIO__INLINE static inline __attribute__((always_inline))

/* Rarely needed: never part of its callers. */
#define CMIO__COLD __attribute__((cold, noinline))

#define CMIO__UNLIKELY(condition) __builtin_expect((condition), 0)

/*
 * A thread-local object that is reached without a call. glibc sets room aside for those of libraries
 * that are loaded late; elsewhere dlopen(3) would refuse the library.
 */
#if defined(__GLIBC__)
#define CMIO__THREAD_LOCAL __attribute__((tls_model("initial-exec"))) _Thread_local
#else
#define CMIO__THREAD_LOCAL _Thread_local
#endif

/*
 * glibc 2.32 and later know whether the process has one thread: true while it has. What is plain
 * then need not be locked against others: that saves some twenty cycles each time.
 */
#ifdef __has_include
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define CMIO__IS_SINGLE_THREADED (__libc_single_threaded != 0)
#endif
#endif
#ifndef CMIO__IS_SINGLE_THREADED
#define CMIO__IS_SINGLE_THREADED 0
#endif

/* The struct of which a member is at the address. */
#define CMIO__CONTAINER(address, type, member)                                                     \
    ((type *)(void *)((char *)(address)-offsetof(type, member)))

#endif
