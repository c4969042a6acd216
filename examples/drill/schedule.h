/* SPDX-License-Identifier: MIT */
#ifndef DRILL_SCHEDULE_H
#define DRILL_SCHEDULE_H

/*
 * When iterations of the plan begin, and when no more do.
 *
 * Without a rate the loop is closed: an iteration begins as soon as a user is free for it. A server
 * that stalls is then asked less, and what it would have been asked meanwhile is in no figure.
 *
 * With a rate the loop is open: the n-th iteration is due at a time of its own, whatever the server
 * does. One that finds no user free is taken late, and its time counts from when it was due.
 */

#include <stdbool.h>
#include <stdint.h>

/* Rates are read as seconds are, with nine decimals. */
#define RATE_UNIT INT64_C(1000000000)

struct schedule {
    uint64_t iterations; /* how many at most: UINT64_MAX for any number */
    int64_t duration;    /* nanoseconds after which no more are due; 0 for any time */
    int64_t rate;        /* how many a second, in parts of RATE_UNIT; 0 for a closed loop */
    int64_t rampup;      /* nanoseconds in which the rate rises from nothing */
    int64_t started;
    int64_t ends; /* INT64_MAX without a duration */
    uint64_t taken;
};

/* What a user that is free is to do. */
enum turn {
    TURN_NOW,   /* begin an iteration, which was taken */
    TURN_LATER, /* wait until one is due */
    TURN_NEVER, /* there will be no more */
};

/* Begins with the first four members set. */
void schedule_start(struct schedule *schedule, int64_t now);

/*
 * Takes the next iteration. With a rate *due is when it was due, or is going to be; without one *due
 * is untouched.
 */
enum turn schedule_take(struct schedule *schedule, int64_t now, int64_t *due);

/* Whether TURN_NEVER is all that will come; in a closed loop as of now. */
bool schedule_is_over(const struct schedule *schedule, int64_t now);

/* Whether a request may begin that was not due before. */
bool schedule_has_time(const struct schedule *schedule, int64_t now);

/* How many iterations were due by now and not taken: 0 in a closed loop. */
uint64_t schedule_overdue(const struct schedule *schedule, int64_t now);

#endif
