/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

enum { TICK, NEVER };

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_timers *timers;
    struct cmio_timer tick, never;
    int n;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_timers_new(&timers));
    check(cmio_timer_init(&tick, TICK));
    check(cmio_timer_init(&never, NEVER));
    check(cmio_timers_set(timers, &tick, cmio_now()));
    check(
        cmio_timers_set(timers, &never, cmio_now() + 60 * CMIO_SECOND));
    for (int ticks = 0; ticks < 3;) {
        n = cmio_poll_wait_until(poll, events,
                                 cmio_timers_next_deadline(timers));
        if (n != -EINTR)
            check(n);
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
        check(cmio_timers_cancel(timers, &never));
    printf("the other one is set: %d\n", cmio_timer_is_set(&never));
    cmio_timers_free(timers); /* cancels tick */
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
