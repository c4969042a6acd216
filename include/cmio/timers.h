/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TIMERS_H
#define CMIO_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * Timers for a loop: wait until the next deadline, handle the events, pop what expired.
 *
 *     int n = cmio_poll_wait_until(poll, events, cmio_timers_next_deadline(timers));
 *     if (n < 0 && n != -EINTR)
 *         return n;
 *     ...
 *     int64_t now = cmio_now();
 *     for (struct cmio_timer *t; (t = cmio_timers_pop(timers, now)) != NULL;)
 *         ...
 *
 * The timers are kept in a hierarchical wheel: setting, resetting and cancelling one takes the same
 * short time with one timer as with a million. A timer is never early, not by a nanosecond. In an
 * idle loop it is at most a millisecond late, because cmio_timers_next_deadline() lets neighbours
 * share a wait; cmio_timers_pop() itself holds back no timer that is due. The order among timers of
 * the same millisecond is unspecified. A set of timers and its timers belong to one thread at a
 * time. Nothing is allocated per timer.
 */
struct cmio_timers;

/*
 * One timer, in the caller's memory, usually inside the struct that it is about. Its members are
 * private but for the token, which the program may read and write at any time. While it is set it
 * must be neither moved nor freed. A struct of zeros is a timer that is not set, with the token 0,
 * and may be used without cmio_timer_init().
 */
struct cmio_timer {
    struct cmio_timer *next;
    struct cmio_timer **previous;
    struct cmio_timers *timers;
    int64_t deadline;
    cmio_token token;
};

/* Makes an empty set of timers, which the caller frees. Errors: -EINVAL for null, -ENOMEM. */
CMIO_API int cmio_timers_new(struct cmio_timers **out);

/* Cancels every timer that is set, and frees the set. NULL is allowed. */
CMIO_API void cmio_timers_free(struct cmio_timers *timers);

/*
 * Makes a timer that is not set; zeroed memory is one already, with the token 0. The token is the
 * program's: timer->token when the timer is popped. -EINVAL for NULL.
 */
CMIO_API int cmio_timer_init(struct cmio_timer *timer, cmio_token token);

/* Whether the timer is set: neither cancelled nor popped yet. NULL: false. */
CMIO_API bool cmio_timer_is_set(const struct cmio_timer *timer);

/* The deadline that the timer is set to, or CMIO_FOREVER where it is not set. */
CMIO_API int64_t cmio_timer_deadline(const struct cmio_timer *timer);

/*
 * Sets the timer to expire at the deadline, on the clock of cmio_now(), or moves it there if it was
 * set already. A deadline in the past is allowed: the timer is due at once. CMIO_FOREVER cancels
 * the timer. Errors, which change nothing: -EINVAL for a null argument or another negative
 * deadline; -EEXIST when it is set in another cmio_timers.
 */
CMIO_API int cmio_timers_set(struct cmio_timers *timers, struct cmio_timer *timer,
                             int64_t deadline);

/*
 * Takes the timer back, so that it does not expire. Returns 0; -ENOENT if it was not set, or had
 * expired and been popped; -EEXIST when it is set in another cmio_timers; -EINVAL for a null
 * argument.
 */
CMIO_API int cmio_timers_cancel(struct cmio_timers *timers, struct cmio_timer *timer);

/*
 * When to pop next: less than a millisecond after the first deadline, or a time that has passed
 * already where a timer is known to be due. Timers whose deadlines are closer together than a
 * millisecond share a wait; one that has no neighbour is waited for to a tenth of a millisecond.
 * The result may be earlier than the first deadline: the pop then finds nothing, and the next call
 * tells a later time. CMIO_FOREVER when no timer is set, and for NULL.
 */
CMIO_API int64_t cmio_timers_next_deadline(const struct cmio_timers *timers);

/*
 * Takes out one timer whose deadline is not after now, or returns NULL when no such timer is left:
 * after NULL, the deadline of every timer that is set is after now. The timer that is returned is
 * not set any more, so the program may set it again at once, or free it. now is a value of
 * cmio_now(). Each pop takes a short time that does not depend on the number of timers, unless now
 * is earlier than in the call before: the answer is right then too, but the call looks at every
 * timer.
 */
CMIO_API struct cmio_timer *cmio_timers_pop(struct cmio_timers *timers, int64_t now);

CMIO_END_DECLS

#endif
