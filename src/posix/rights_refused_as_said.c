/* SPDX-License-Identifier: MIT */
/* Refused descriptors where sendmsg(2) says what it means. */
#include "posix/rights.h"

int cmio__rights_refused(int fd, size_t size, int error) {
    (void)fd, (void)size; /* the error says it all */
    return error;
}
