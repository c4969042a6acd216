/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CANCEL_H
#define CMIO_ASYNC_CANCEL_H

/*
 * Deferred cancellation (pthread_cancel(3)) is disabled while a thread runs tasks, or has something
 * on its stack that tasks refer to. If the thread ended there, tasks would refer to a lost stack.
 */

#include <pthread.h>

#include "async/inline.h"

#ifdef PTHREAD_CANCEL_DISABLE

/* Returns the previous state, for cmio__cancellation_restore(). */
CMIO__INLINE int cmio__cancellation_disable(void) {
    int state = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* fails only for a bad state */
    return state;
}

CMIO__INLINE void cmio__cancellation_restore(int state) {
    (void)pthread_setcancelstate(state, &state); /* it was in force before */
}

#else /* Android has no pthread_cancel(3) */

CMIO__INLINE int cmio__cancellation_disable(void) {
    return 0;
}

CMIO__INLINE void cmio__cancellation_restore(int state) {
    (void)state;
}

#endif

#endif
