/* SPDX-License-Identifier: MIT */
#ifndef CMIO_VERSION_H
#define CMIO_VERSION_H

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * The version of these headers. Until 1.0 a new minor version may change the API and the ABI; the
 * soname carries both numbers.
 */
#define CMIO_VERSION_MAJOR 0
#define CMIO_VERSION_MINOR 1
#define CMIO_VERSION_PATCH 0
#define CMIO_VERSION_STRING "0.1.0"

/* One number to compare with, for example CMIO_VERSION >= 200 for 0.2.0. */
#define CMIO_VERSION (CMIO_VERSION_MAJOR * 10000 + CMIO_VERSION_MINOR * 100 + CMIO_VERSION_PATCH)

/*
 * The version of the library that the program runs with, for example "0.1.0": static storage, never
 * NULL. It differs from CMIO_VERSION_STRING where a shared library was replaced. Any thread.
 */
CMIO_API const char *cmio_version(void);

CMIO_END_DECLS

#endif
