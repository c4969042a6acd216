/* SPDX-License-Identifier: MIT */
#include <cmio/error.h>

#include <limits.h>
#include <string.h>

const char *cmio_strerror(long code) {
    if (code >= 0)
        return strerror(0);
    return strerror(code < -INT_MAX ? INT_MAX : (int)-code);
}
