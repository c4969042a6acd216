/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ERROR_H
#define CMIO_ERROR_H

/**
 * @file
 * Errors, which are negative errno values, and their texts.
 *
 * A function that can fail returns int or ssize_t: 0 or a count on success, and a negative errno
 * value such as -EAGAIN on failure. errno itself carries no meaning after a call. Results besides
 * the count come through an output parameter, which is untouched on failure.
 */

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * Returns the text for the result of a function, for example "Connection refused" for
 * -ECONNREFUSED.
 *
 * It is the text of strerror(3), in the program's locale.
 *
 * @param code  What a function of cmio returned: a negative errno, 0 or a count.
 *
 * **Returns** the text, which must not be changed or freed. For 0 and for counts it is the text of
 * strerror(0), "Success" with glibc. The text for a code that the system does not know is valid
 * until the next call with such a code. Never NULL.
 *
 * **Threads**: any thread, if strerror(3) of the C library allows it: glibc since 2.32, and musl.
 *
 * **Source**: strerror(3).
 */
CMIO_API const char *cmio_strerror(long code);

CMIO_END_DECLS

#endif
