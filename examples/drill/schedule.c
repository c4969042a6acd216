/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <math.h>

void schedule_start(struct schedule *schedule, int64_t now) {
    schedule->started = now;
    schedule->ends = schedule->duration == 0 ? INT64_MAX : now + schedule->duration;
    schedule->taken = 0;
}

/* Iterations per nanosecond. */
static double rate_of(const struct schedule *schedule) {
    return (double)schedule->rate / (double)RATE_UNIT / 1e9;
}

/*
 * While the rate rises evenly, rate * t * t / (2 * rampup) iterations are due by the time t. At the
 * end of the ramp-up this is half of what the full rate would give. After that they come evenly.
 */
static int64_t due_at(const struct schedule *schedule, uint64_t number) {
    double rate = rate_of(schedule);
    double rampup = (double)schedule->rampup;
    double place = (double)number;
    double elapsed =
        place < rate * rampup / 2 ? sqrt(2 * place * rampup / rate) : rampup / 2 + place / rate;
    double limit = (double)(INT64_MAX / 4);
    return schedule->started + (int64_t)(elapsed < limit ? elapsed + 0.5 : limit);
}

bool schedule_has_time(const struct schedule *schedule, int64_t now) {
    return now < schedule->ends;
}

static bool has_more(const struct schedule *schedule, int64_t due) {
    return schedule->taken < schedule->iterations && schedule_has_time(schedule, due);
}

bool schedule_is_over(const struct schedule *schedule, int64_t now) {
    return !has_more(schedule, schedule->rate == 0 ? now : due_at(schedule, schedule->taken));
}

enum turn schedule_take(struct schedule *schedule, int64_t now, int64_t *due) {
    int64_t next = schedule->rate == 0 ? now : due_at(schedule, schedule->taken);
    if (!has_more(schedule, next))
        return TURN_NEVER;
    if (schedule->rate != 0)
        *due = next;
    if (next > now)
        return TURN_LATER;
    schedule->taken++;
    return TURN_NOW;
}

uint64_t schedule_overdue(const struct schedule *schedule, int64_t now) {
    if (schedule->rate == 0)
        return 0;
    double elapsed = (double)((now < schedule->ends ? now : schedule->ends) - schedule->started);
    double rampup = (double)schedule->rampup;
    double rate = rate_of(schedule);
    double due =
        elapsed < rampup ? rate * elapsed * elapsed / (2 * rampup) : rate * (elapsed - rampup / 2);
    if (due >= (double)schedule->iterations)
        return schedule->iterations - schedule->taken;
    return due > (double)schedule->taken ? (uint64_t)due - schedule->taken : 0;
}
