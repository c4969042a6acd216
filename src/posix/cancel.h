/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_CANCEL_H
#define CMIO_POSIX_CANCEL_H

/*
 * Deferred cancellation acts in close(2), read(2), write(2), fcntl(2) and many more. What must not
 * be left half done disables it first: a pending cancellation then acts in the caller's next call
 * that is a cancellation point.
 */

#include <pthread.h>

#include "posix/inline.h"

#ifdef PTHREAD_CANCEL_DISABLE

/* Returns the state before, for cmio__cancel_restore(). */
CMIO__INLINE int cmio__cancel_disable(void) {
    int state = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* fails for a bad state alone */
    return state;
}

CMIO__INLINE void cmio__cancel_restore(int state) {
    (void)pthread_setcancelstate(state, &state); /* it was in force before */
}

#else /* Android has no pthread_cancel(3) */

CMIO__INLINE int cmio__cancel_disable(void) {
    return 0;
}

CMIO__INLINE void cmio__cancel_restore(int state) {
    (void)state;
}

#endif

#endif
