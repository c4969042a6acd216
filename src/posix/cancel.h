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
 * Both functions store to the thread's own memory and do no more in glibc, musl and FreeBSD's
 * libthr, so a signal handler may call them there, although POSIX does not list them for that.
 */

#include <pthread.h>

#include "posix/inline.h"

CMIO__INLINE int cmio__cancel_disable(void) {
    int state = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* the argument is valid */
    return state;
}

CMIO__INLINE void cmio__cancel_restore(int state) {
    (void)pthread_setcancelstate(state, &(int){0}); /* it was in force before */
}

#endif
