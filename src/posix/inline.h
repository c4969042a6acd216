/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_INLINE_H
#define CMIO_POSIX_INLINE_H

/*
 * For the few small functions on the way of every byte and every event: part of their callers also
 * where the library is built to be small.
 */
#define CMIO__INLINE static inline __attribute__((always_inline))

#endif
