/* SPDX-License-Identifier: MIT */
#include "posix/watchable.h"

#include <errno.h>

int cmio__watchable(int fd, bool is_regular) {
    (void)fd;
    return is_regular ? -EPERM : 0;
}
