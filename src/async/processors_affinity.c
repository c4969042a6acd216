/* SPDX-License-Identifier: MIT */
/* Systems where a process can be confined to some of the processors: sched_getaffinity(2). */
#include "async/processors.h"

#include <sched.h>
#include <unistd.h>

int cmio__processors(int limit) {
    cpu_set_t usable;
    long count = sched_getaffinity(0, sizeof usable, &usable) == 0
                     ? CPU_COUNT(&usable)
                     : sysconf(_SC_NPROCESSORS_ONLN); /* more processors than cpu_set_t has bits */
    if (count < 1)
        count = 1;
    return count < limit ? (int)count : limit;
}
