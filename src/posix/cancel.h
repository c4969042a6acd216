/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_CANCEL_H
#define CMIO_POSIX_CANCEL_H

/*
 * Deferred cancellation (pthread_cancel(3)). A thread that is cancelled inside a system call goes
 * no further than that call. So whatever calls one with something in hand that must be put back or
 * given out, such as a lock, a flag or a new descriptor, puts cancellation off around it. The
 * system calls concerned never block, so the cancellation comes late by next to nothing. A wait,
 * which does block, can be cancelled, and has clean-up handlers instead.
 *
 * In glibc, musl and FreeBSD's libthr these functions store to the thread's own memory and do no
 * more, so a signal handler may call them there, although POSIX does not list them for that.
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

/*
 * Around a single blocking call that libc does not make a cancellation point. A signal handler that
 * runs during the call can be cancelled anywhere, as in the calls that libc makes cancellation points
 * itself. Returns the type before, for cmio__cancel_defer_again().
 */
CMIO__INLINE int cmio__cancel_at_once(void) {
    int type = PTHREAD_CANCEL_DEFERRED;
    /* For one call alone. NOLINTNEXTLINE(concurrency-thread-canceltype-asynchronous) */
    (void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    return type;
}

CMIO__INLINE void cmio__cancel_defer_again(int type) {
    (void)pthread_setcanceltype(type, &type); /* it was in force before */
}

#else /* Android has no pthread_cancel(3) */

CMIO__INLINE int cmio__cancel_disable(void) {
    return 0;
}

CMIO__INLINE void cmio__cancel_restore(int state) {
    (void)state;
}

CMIO__INLINE int cmio__cancel_at_once(void) {
    return 0;
}

CMIO__INLINE void cmio__cancel_defer_again(int type) {
    (void)type;
}

#endif

#endif
