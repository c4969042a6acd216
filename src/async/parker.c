/* SPDX-License-Identifier: MIT */
#include "async/parker.h"

#include <cmio/time.h>

int cmio__parker_init(struct cmio__parker *parker) {
    parker->is_unparked = false;
    int error = -pthread_mutex_init(&parker->lock, NULL);
    if (error != 0)
        return error;
    error = cmio__parker_init_condition(&parker->unparked);
    if (error != 0)
        (void)pthread_mutex_destroy(&parker->lock);
    return error;
}

void cmio__parker_destroy(struct cmio__parker *parker) {
    (void)pthread_cond_destroy(&parker->unparked);
    (void)pthread_mutex_destroy(&parker->lock);
}

void cmio__parker_unpark(struct cmio__parker *parker) {
    (void)pthread_mutex_lock(&parker->lock);
    parker->is_unparked = true;
    (void)pthread_cond_signal(&parker->unparked);
    (void)pthread_mutex_unlock(&parker->lock);
}

static void unlock_parker(void *lock) {
    (void)pthread_mutex_unlock(lock);
}

bool cmio__parker_park(struct cmio__parker *parker, int64_t deadline) {
    bool unparked;
    (void)pthread_mutex_lock(&parker->lock);
    pthread_cleanup_push(unlock_parker, &parker->lock);
    while (!parker->is_unparked) {
        if (deadline == CMIO_FOREVER)
            (void)pthread_cond_wait(&parker->unparked, &parker->lock);
        else if (cmio_now() < deadline)
            cmio__parker_nap(parker, deadline);
        else
            break;
    }
    unparked = parker->is_unparked;
    parker->is_unparked = false;
    pthread_cleanup_pop(1);
    return unparked;
}
