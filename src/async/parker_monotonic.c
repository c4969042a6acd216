/* SPDX-License-Identifier: MIT */
/* Condition variables that wait by the clock of cmio_now(). */
#include "async/parker.h"

#include <time.h>

#include <cmio/time.h>

int cmio__parker_init_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error != 0)
        return -error;
    error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (error == 0)
        error = pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return -error;
}

/* Its end fits a 32-bit time_t. */
#define LONGEST_NAP (3600 * CMIO_SECOND)

void cmio__parker_nap(struct cmio__parker *parker, int64_t deadline) {
    const int64_t longest = cmio_now() + LONGEST_NAP;
    if (deadline > longest)
        deadline = longest;
    const struct timespec until = {.tv_sec = (time_t)(deadline / CMIO_SECOND),
                                   .tv_nsec = (long)(deadline % CMIO_SECOND)};
    (void)pthread_cond_timedwait(&parker->unparked, &parker->lock, &until);
}
