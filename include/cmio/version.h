/* SPDX-License-Identifier: MIT */
#ifndef CMIO_VERSION_H
#define CMIO_VERSION_H

/**
 * @file
 * The version of the headers, and the version of the library.
 *
 * Until 1.0 a new minor version may change the API and the ABI. The soname carries the major and
 * the minor version.
 */

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/** The major version of these headers: 1 in 1.2.3. */
#define CMIO_VERSION_MAJOR 0

/** The minor version of these headers: 2 in 1.2.3. */
#define CMIO_VERSION_MINOR 1

/** The patch level of these headers: 3 in 1.2.3. */
#define CMIO_VERSION_PATCH 0

/** The version of these headers as a string, for example "1.2.3". */
#define CMIO_VERSION_STRING "0.1.0"

/**
 * The version of these headers as one number to compare with: 10203 for 1.2.3.
 *
 * For example, CMIO_VERSION >= 200 asks for 0.2.0 or later, also in a condition of the
 * preprocessor.
 */
#define CMIO_VERSION (CMIO_VERSION_MAJOR * 10000 + CMIO_VERSION_MINOR * 100 + CMIO_VERSION_PATCH)

/**
 * Returns the version of the library that the program runs with.
 *
 * It differs from CMIO_VERSION_STRING if the shared library was replaced after the program was
 * compiled.
 *
 * **Returns** the version, for example "0.1.0", in static storage. Never NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API const char *cmio_version(void);

CMIO_END_DECLS

#endif
