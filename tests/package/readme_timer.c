/* SPDX-License-Identifier: MIT */
/* The timer of README.md as a program: it ends at the second tick, which the first has to set. */
#include <errno.h>
#include <stdlib.h>

#include "timer.h"

enum { TICKS = 2 };

static int run(struct cmio_poll *poll, struct cmio_events *events, struct cmio_timers *timers) {
    struct cmio_timer timer;
    int code = cmio_timer_init(&timer, 7);
    if (code == 0)
        code = cmio_timers_set(timers, &timer, cmio_now() + CMIO_MILLISECOND);
    int64_t deadline = cmio_timer_deadline(&timer);
    for (int ticks = 0; code >= 0 && ticks < TICKS;) {
        code = wait_with_timers(poll, events, timers);
        if (code == -EINTR)
            code = 0;
        ticks += cmio_timer_deadline(&timer) != deadline;
        deadline = cmio_timer_deadline(&timer);
    }
    (void)cmio_timers_cancel(timers, &timer); /* it ends with this function */
    return code;
}

int main(void) {
    struct cmio_poll *poll = NULL;
    struct cmio_events *events = NULL;
    struct cmio_timers *timers = NULL;
    int code = cmio_poll_new(&poll);
    if (code == 0)
        code = cmio_events_new(&events, 1);
    if (code == 0)
        code = cmio_timers_new(&timers);
    if (code == 0)
        code = run(poll, events, timers);
    cmio_timers_free(timers);
    cmio_events_free(events);
    cmio_poll_free(poll);
    if (code < 0)
        fprintf(stderr, "%s\n", cmio_strerror(code));
    return code < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
