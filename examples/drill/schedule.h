/* SPDX-License-Identifier: MIT */
#ifndef DRILL_SCHEDULE_H
#define DRILL_SCHEDULE_H

/*
 * When iterations of the plan begin, and when no more do.
 *
 * Without a rate the loop is closed: an iteration begins as soon as a user is free. A server that
 * stalls then gets fewer requests, and the figures do not show the missing ones.
 *
 * With a rate the loop is open: the n-th iteration is due at a fixed time, whatever the server
 * does. If no user is free, it is taken late, and its latency counts from the time at which it was
 * due.
 */

#include <stdbool.h>
#include <stdint.h>

/* Rates are read like seconds, with nine decimals. */
#define RATE_UNIT INT64_C(1000000000)

struct schedule {
    uint64_t iterations; /* how many at most; UINT64_MAX: no limit */
    int64_t duration;    /* nanoseconds after which no more are due; 0: no limit */
    int64_t rate;        /* iterations per second, in parts of RATE_UNIT; 0: a closed loop */
    int64_t rampup;      /* nanoseconds in which the rate rises from nothing */
    int64_t started;
    int64_t ends; /* INT64_MAX without a duration */
    uint64_t taken;
};

/* What a free user must do. */
enum turn {
    TURN_NOW,   /* begin the iteration that was taken */
    TURN_LATER, /* wait until one is due */
    TURN_NEVER, /* there will be no more */
};

/* Begins. The caller sets the first four members. */
void schedule_start(struct schedule *schedule, int64_t now);

/*
 * Takes the next iteration. With a rate, sets *due to when it was or will be due. Without a rate,
 * *due is untouched.
 */
enum turn schedule_take(struct schedule *schedule, int64_t now, int64_t *due);

/* Whether only TURN_NEVER can follow, in a closed loop as of now. */
bool schedule_is_over(const struct schedule *schedule, int64_t now);

/* Whether a request may begin that was not due before. */
bool schedule_has_time(const struct schedule *schedule, int64_t now);

/* How many iterations are due by now but not taken. Always 0 in a closed loop. */
uint64_t schedule_overdue(const struct schedule *schedule, int64_t now);

#endif
