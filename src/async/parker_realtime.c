/* SPDX-License-Identifier: MIT */
/*
 * Condition variables that can wait only by the time of day. Someone may set that during a wait, so
 * the naps are short enough for it to matter little.
 */
#include "async/parker.h"

#include <time.h>

#include <cmio/time.h>

#define LONGEST_NAP (100 * CMIO_MILLISECOND)

int cmio__parker_init_condition(pthread_cond_t *condition) {
    return -pthread_cond_init(condition, NULL);
}

void cmio__parker_nap(struct cmio__parker *parker, int64_t deadline) {
    const int64_t left = deadline - cmio_now();
    const int64_t nap = left < 0 ? 0 : left < LONGEST_NAP ? left : LONGEST_NAP;
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    const int64_t nanoseconds = until.tv_nsec + nap;
    until.tv_sec += (time_t)(nanoseconds / CMIO_SECOND);
    until.tv_nsec = (long)(nanoseconds % CMIO_SECOND);
    (void)pthread_cond_timedwait(&parker->unparked, &parker->lock, &until);
}
