/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

enum { TICK, NEVER };

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_timers *timers;
    struct cmio_timer tick, never;
    int error, n;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_timers_new(&timers)) < 0 ||
        (error = cmio_timer_init(&tick, TICK)) < 0 ||
        (error = cmio_timer_init(&never, NEVER)) < 0 ||
        (error = cmio_timers_set(timers, &tick, cmio_now())) < 0 ||
        (error = cmio_timers_set(
             timers, &never, cmio_now() + 60 * CMIO_SECOND)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    for (int ticks = 0; ticks < 3;) {
        n = cmio_poll_wait_until(poll, events,
                                 cmio_timers_next_deadline(timers));
        if (n < 0 && n != -EINTR)
            return 1;
        const int64_t now = cmio_now();
        for (struct cmio_timer *timer;
             (timer = cmio_timers_pop(timers, now)) != NULL;) {
            printf("timer %zu expired\n", (size_t)timer->token);
            ticks++;
            (void)cmio_timers_set(timers, timer,
                                  now + 10 * CMIO_MILLISECOND);
        }
    }
    if (cmio_timer_is_set(&never) &&
        cmio_timer_deadline(&never) > cmio_now())
        error = cmio_timers_cancel(timers, &never);
    printf("the other one: cancelled, %s\n", cmio_strerror(error));
    cmio_timers_free(timers); /* cancels tick */
    cmio_events_free(events);
    cmio_poll_free(poll);
    return error < 0;
}
