/* SPDX-License-Identifier: MIT */
/* Systems that report only how many processors there are: sysconf(3). */
#include "async/processors.h"

#include <unistd.h>

int cmio__processors(int limit) {
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1)
        return 1;
    return count < limit ? (int)count : limit;
}
