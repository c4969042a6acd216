/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_PARKER_H
#define CMIO_ASYNC_PARKER_H

/*
 * A plain thread sleeps here until another one unparks it. If the unpark comes first, it is kept
 * for the next park. The build picks how the thread waits for a deadline: by the monotonic clock if
 * condition variables can do that, otherwise in short naps by the time of day.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct cmio__parker {
    pthread_mutex_t lock;
    pthread_cond_t unparked;
    bool is_unparked;
};

/* Returns 0, -ENOMEM or -EAGAIN. */
int cmio__parker_init(struct cmio__parker *parker);
void cmio__parker_destroy(struct cmio__parker *parker);

/* Ends the current park, or the next one. Does not touch the parker after the park has ended. */
void cmio__parker_unpark(struct cmio__parker *parker);

/* Waits to be unparked until the deadline. Returns whether it was. A cancellation point. */
bool cmio__parker_park(struct cmio__parker *parker, int64_t deadline);

/* A condition variable for cmio__parker_nap(). Returns 0 or a negative errno. */
int cmio__parker_init_condition(pthread_cond_t *condition);

/* Waits until the deadline at most, and may return early. The caller holds the lock. */
void cmio__parker_nap(struct cmio__parker *parker, int64_t deadline);

#endif
