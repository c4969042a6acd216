/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EXPORT_H
#define CMIO_EXPORT_H

/**
 * @file
 * What every public header needs: C linkage for C++ programs, and the marks of exported and of
 * inline functions.
 */

/** Marks a function that the shared library exports. Everything else in the library is hidden. */
#define CMIO_API __attribute__((__visibility__("default")))

#if defined(__GNUC_GNU_INLINE__) && !defined(CMIO_NO_INLINE)
/**
 * Makes the headers declare the inline functions without bodies.
 *
 * Define it before you include a header of cmio, for example for a generator of bindings. The
 * headers define it themselves if inline has another meaning for the compiler (-fgnu89-inline).
 */
#define CMIO_NO_INLINE
#endif

/**
 * @def CMIO_INLINE
 * Marks a small function that compilers of C and C++ put into its callers.
 *
 * The library also has each as an ordinary function, for other languages and for pointers to it. A
 * program may define CMIO_NO_INLINE before it includes a header of cmio. The mark is then empty,
 * and the headers declare these functions without bodies, as generators of bindings need it.
 */
#ifdef CMIO_NO_INLINE
#define CMIO_INLINE
#else
#define CMIO_INLINE inline __attribute__((__always_inline__))
#endif

/**
 * @def CMIO_BEGIN_DECLS
 * Begins declarations of functions with C linkage. Empty in C.
 */
/**
 * @def CMIO_END_DECLS
 * Ends what CMIO_BEGIN_DECLS began. Empty in C.
 */
#ifdef __cplusplus
#define CMIO_BEGIN_DECLS extern "C" {
#define CMIO_END_DECLS }
#else
#define CMIO_BEGIN_DECLS
#define CMIO_END_DECLS
#endif

#endif
