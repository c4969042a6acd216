/* SPDX-License-Identifier: MIT */
/* For systems whose sendmsg(2) returns the right error for refused descriptors. */
#include "posix/rights.h"

int cmio__rights_refused(int fd, size_t size, int error) {
    (void)fd, (void)size; /* the error alone is enough */
    return error;
}
