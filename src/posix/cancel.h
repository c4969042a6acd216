/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_CANCEL_H
#define CMIO_POSIX_CANCEL_H

/*
 * Deferred cancellation (pthread_cancel(3)). A thread that is cancelled inside a system call goes
 * no further than that call. So code that makes a system call while it holds something to give back
 * or hand out, such as a lock, a flag or a new descriptor, disables cancellation around the call.
 * These system calls never block, so the delay is negligible. A wait does block. It can be
 * cancelled, and has clean-up handlers instead.
 *
 * In glibc, musl and FreeBSD's libthr these functions only store to the thread's own memory, so a
 * signal handler may call them there, although POSIX does not list them as async-signal-safe.
 */

#include <pthread.h>

#include "posix/inline.h"

#ifdef PTHREAD_CANCEL_DISABLE

/* Returns the previous state, for cmio__cancel_restore(). */
CMIO__INLINE int cmio__cancel_disable(void) {
    int state = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* only a bad state fails */
    return state;
}

CMIO__INLINE void cmio__cancel_restore(int state) {
    (void)pthread_setcancelstate(state, &state); /* it was in force before */
}

/* A point of cancellation, for a wait that may return without a system call. */
CMIO__INLINE void cmio__cancel_test(void) {
    pthread_testcancel();
}

/*
 * For a single blocking call that libc does not make a cancellation point. A signal handler that
 * runs during the call can be cancelled anywhere, as in libc's own cancellation points. Returns the
 * previous type, for cmio__cancel_defer_again().
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

CMIO__INLINE void cmio__cancel_test(void) {
}

CMIO__INLINE int cmio__cancel_at_once(void) {
    return 0;
}

CMIO__INLINE void cmio__cancel_defer_again(int type) {
    (void)type;
}

#endif

#endif
