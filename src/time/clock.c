/* SPDX-License-Identifier: MIT */
#include <cmio/time.h>

#include <time.h>

int64_t cmio_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only for a bad clock or pointer */
    return (int64_t)now.tv_sec * CMIO_SECOND + now.tv_nsec;
}
