/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EXPORT_H
#define CMIO_EXPORT_H

/*
 * What every public header needs: C linkage for C++ programs, and the mark on the functions that
 * the shared library exports. All else in it is hidden.
 */

#define CMIO_API __attribute__((__visibility__("default")))

/*
 * Small functions that compilers of C and C++ put into their callers. The library also has them as
 * ordinary functions, for other languages and for pointers to them. Define CMIO_NO_INLINE before you
 * include a header of cmio to have it declare them without bodies, as generators of bindings need
 * it. With -fgnu89-inline, which gives inline another meaning, that is so by itself.
 */
#if defined(__GNUC_GNU_INLINE__) && !defined(CMIO_NO_INLINE)
#define CMIO_NO_INLINE
#endif
#ifdef CMIO_NO_INLINE
#define CMIO_INLINE
#else
#define CMIO_INLINE inline __attribute__((__always_inline__))
#endif

#ifdef __cplusplus
#define CMIO_BEGIN_DECLS extern "C" {
#define CMIO_END_DECLS }
#else
#define CMIO_BEGIN_DECLS
#define CMIO_END_DECLS
#endif

#endif
