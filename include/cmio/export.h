/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EXPORT_H
#define CMIO_EXPORT_H

/*
 * What every public header needs: C linkage for C++ programs, and the mark on the functions that
 * the shared library exports. All else in it is hidden.
 */

#define CMIO_API __attribute__((__visibility__("default")))

#ifdef __cplusplus
#define CMIO_BEGIN_DECLS extern "C" {
#define CMIO_END_DECLS }
#else
#define CMIO_BEGIN_DECLS
#define CMIO_END_DECLS
#endif

#endif
