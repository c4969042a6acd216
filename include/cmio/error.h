/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ERROR_H
#define CMIO_ERROR_H

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * Errors. A function of cmio that can fail returns int or ssize_t: 0 or a count on success, a
 * negative errno value (-EAGAIN, -EMFILE, ...) on failure. errno itself carries no meaning after a
 * call. What a function gives back besides the count comes through its last parameter, which is
 * untouched on failure.
 */

/*
 * The text for what a function of cmio returned: "Connection refused" for -ECONNREFUSED, "Success"
 * for 0 and for counts. It is strerror(3)'s text, in the program's locale: static storage, not to
 * be freed, valid until the next call where the code is unknown to the system. Any thread, as far
 * as the system's strerror allows (glibc 2.32, musl: always).
 */
CMIO_API const char *cmio_strerror(long code);

CMIO_END_DECLS

#endif
