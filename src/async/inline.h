/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_INLINE_H
#define CMIO_ASYNC_INLINE_H

#include <stddef.h>
#include <stdint.h> /* any header of the libc: glibc defines __GLIBC__ in it */

/* Always inlined, even if the library is built for size. */
#define CMIO__INLINE static inline __attribute__((always_inline))

/* Rarely called: never inlined. */
#define CMIO__COLD __attribute__((cold, noinline))

#define CMIO__UNLIKELY(condition) __builtin_expect((condition), 0)

/*
 * A thread-local object that is accessed without a call. glibc reserves room for those of libraries
 * that are loaded late. Elsewhere dlopen(3) would refuse the library.
 */
#if defined(__GLIBC__)
#define CMIO__THREAD_LOCAL __attribute__((tls_model("initial-exec"))) _Thread_local
#else
#define CMIO__THREAD_LOCAL _Thread_local
#endif

/*
 * True while glibc 2.32 or later knows that the process has only one thread. Locked instructions
 * are not needed then, which saves some twenty cycles each time.
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

/* The struct that has the member at this address. */
#define CMIO__CONTAINER(address, type, member)                                                     \
    ((type *)(void *)((char *)(address)-offsetof(type, member)))

#endif
