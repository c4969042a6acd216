/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TIMERS_H
#define CMIO_TIMERS_H

/**
 * @file
 * Timers for an event loop: sets of deadlines that tell when to wake up and what has expired.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/**
 * A set of timers for an event loop.
 *
 * The loop waits until the next deadline, handles the events, and pops the timers that have
 * expired:
 *
 * @code{.c}
 * int n = cmio_poll_wait_until(poll, events, cmio_timers_next_deadline(timers));
 * if (n < 0 && n != -EINTR)
 *     return n;
 * handle(events);
 * int64_t now = cmio_now();
 * for (struct cmio_timer *timer; (timer = cmio_timers_pop(timers, now)) != NULL;)
 *     expire(timer);
 * @endcode
 *
 * A timer never expires early, not by a nanosecond. In an idle loop it expires at most a
 * millisecond late, or two if the system waits in whole milliseconds, because
 * cmio_timers_next_deadline() lets neighbours share a wait. cmio_timers_pop() itself holds back no
 * expired timer. The order among the timers of one millisecond is unspecified.
 *
 * The timers are kept in a hierarchical wheel. The time that it takes to set, move or cancel a
 * timer does not depend on the number of timers. Moving a timer to a later deadline is the cheapest:
 * far from its time, the deadline is merely stored. Nothing is allocated per timer. cmio_timers_new()
 * makes a set, and cmio_timers_free() frees it. The set does not own the timers, which the caller
 * allocates.
 *
 * **Threads**: one thread at a time uses a set and its timers.
 */
struct cmio_timers;

/**
 * A timer, which is a deadline with a token.
 *
 * The caller allocates it, usually inside the struct that it is about. While the timer is set, it
 * must be neither moved nor freed. A timer in zeroed memory is not set and has the token 0. It may
 * be used without cmio_timer_init().
 *
 * **Threads**: one thread at a time uses a set of timers and its timers.
 */
struct cmio_timer {
    struct cmio_timer *previous; /**< Internal, like all members but the token. */
    int64_t deadline;            /**< Internal. See cmio_timer_deadline(). */
    struct cmio_timer **list;    /**< Internal. */
    struct cmio_timer *next;     /**< Internal. */
    cmio_token token;            /**< The program's, to read and write at any time. */
};

/**
 * Makes an empty set of timers.
 *
 * @param out  Receives the set. The caller frees it with cmio_timers_free(). Untouched on failure.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: out is NULL.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_timers_new(struct cmio_timers **out);

/**
 * Cancels every timer that is set, and frees the set.
 *
 * The timers themselves stay the caller's. They are not set afterwards.
 *
 * @param timers  The set. NULL is allowed.
 *
 * **Threads**: the thread that the set belongs to.
 */
CMIO_API void cmio_timers_free(struct cmio_timers *timers);

/**
 * Makes a timer that is not set.
 *
 * Zeroed memory is such a timer already, with the token 0.
 *
 * @param timer  Receives the timer. The caller owns it. It must not be set.
 * @param token  The program's number for the timer, which is timer->token when the timer is popped.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: timer is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_timer_init(struct cmio_timer *timer, cmio_token token);

/**
 * Tells whether a timer is set, which means that it was neither cancelled nor popped yet.
 *
 * @param timer  The timer. Borrowed. NULL is allowed.
 *
 * **Returns** true if the timer is set. Returns false if it is not, and if timer is NULL.
 *
 * **Threads**: the thread that the timer belongs to.
 */
CMIO_API bool cmio_timer_is_set(const struct cmio_timer *timer);

/**
 * Returns the deadline that a timer is set to.
 *
 * @param timer  The timer. Borrowed. NULL is allowed.
 *
 * **Returns** the deadline, in nanoseconds on the clock of cmio_now(). Returns CMIO_FOREVER if the
 * timer is not set, and if timer is NULL.
 *
 * **Threads**: the thread that the timer belongs to.
 */
CMIO_API int64_t cmio_timer_deadline(const struct cmio_timer *timer);

/**
 * Sets a timer to expire at a deadline, or moves it there if it is set already.
 *
 * A timer whose deadline is in the past expires at once: the next cmio_timers_pop() may return it.
 *
 * @param timers    The set that the timer joins. Borrowed.
 * @param timer     The timer. Borrowed. It must stay at its address until it is cancelled or
 *                  popped.
 * @param deadline  When to expire, in nanoseconds on the clock of cmio_now(). CMIO_FOREVER cancels
 *                  the timer.
 *
 * **Returns** 0.
 *
 * **Errors**, which change nothing:
 * - -EINVAL: timers or timer is NULL, or the deadline is negative and not CMIO_FOREVER.
 * - -EEXIST: the timer is set in another set of timers.
 *
 * **Threads**: the thread that the set belongs to.
 */
CMIO_API int cmio_timers_set(struct cmio_timers *timers, struct cmio_timer *timer,
                             int64_t deadline);

/**
 * Cancels a timer, so that it does not expire.
 *
 * @param timers  The set that the timer is in. Borrowed.
 * @param timer   The timer. Borrowed. It may be moved or freed afterwards.
 *
 * **Returns** 0.
 *
 * **Errors**, which change nothing:
 * - -EINVAL: timers or timer is NULL.
 * - -ENOENT: the timer is not set: it was never set, or it was cancelled or popped.
 * - -EEXIST: the timer is set in another set of timers.
 *
 * **Threads**: the thread that the set belongs to.
 */
CMIO_API int cmio_timers_cancel(struct cmio_timers *timers, struct cmio_timer *timer);

/**
 * Returns when to call cmio_timers_pop() next: the deadline for the loop's wait.
 *
 * The result is less than a millisecond after the first deadline, because timers whose deadlines
 * are less than a millisecond apart share a wait. A timer without such neighbours is waited for to
 * a tenth of a millisecond. If a timer is known to have expired, the result is not in the future.
 *
 * The result may also be earlier than the first deadline: when it is time to sort timers that are
 * far away, or to look at one that was moved to a later deadline. The pop then finds nothing, and
 * the next call returns a later time. This makes fewer than eight needless waits a second, however
 * often timers are moved.
 *
 * @param timers  The set. Borrowed. NULL is allowed.
 *
 * **Returns** the time, in nanoseconds on the clock of cmio_now(). Returns CMIO_FOREVER if no timer
 * is set, and if timers is NULL.
 *
 * **Threads**: the thread that the set belongs to.
 */
CMIO_API int64_t cmio_timers_next_deadline(const struct cmio_timers *timers);

/**
 * Takes one expired timer out of a set.
 *
 * A timer has expired if its deadline is not after now. Call this until it returns NULL: then the
 * deadline of every timer that is set is after now. The timer that is returned is not set any more,
 * so the program may set it again at once, or free it.
 *
 * On average a pop takes a short time that does not depend on the number of timers. A single pop
 * may take longer when time reaches a slot of the wheel that holds many timers, because they move
 * to finer slots then, which happens to each timer a few times at most. If now is earlier than in a
 * call before, the answer is right, but the call looks at every timer.
 *
 * @param timers  The set. Borrowed. NULL is allowed.
 * @param now     The current time: a value of cmio_now(), in nanoseconds.
 *
 * **Returns** the timer, which is the caller's memory. Returns NULL if no expired timer is left, if
 * now is negative, and if timers is NULL.
 *
 * **Threads**: the thread that the set belongs to.
 */
CMIO_API struct cmio_timer *cmio_timers_pop(struct cmio_timers *timers, int64_t now);

CMIO_END_DECLS

#endif
