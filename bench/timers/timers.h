/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_TIMERS_H
#define CMIO_BENCH_TIMERS_H

/*
 * Many timers.
 *
 * --mode 0 sets them all, 1 moves all set timers to another time, 2 cancels them all. The times are
 * random within a minute. --mode 3 sets them within 100 milliseconds and runs the loop until all
 * have expired. --mode 4 sets them within 10 milliseconds and runs the loop after these are over,
 * so that it does not have to wait. --within changes these spans. The result is in the thread's
 * processor time, for modes 3 and 4 without the setting. All modes except 3 repeat --rounds times;
 * 3 runs once.
 *
 * --shuffled 1 visits the timers in random order instead of memory order. The random numbers are
 * the same for all libraries. Each timer must expire once. With at most 1000 timers, the lateness
 * of each is measured on the monotonic clock, and each must not be early on the loop's own clock.
 *
 * A library's file defines timers_delay, the type that the library takes for a span of time,
 * includes this, and adds:
 *
 *     static timers_delay timers_convert(int64_t nanoseconds);
 *     static void timers_open(void);            a loop and the timers, none of them set
 *     static void timers_inside(void (*what)(void));
 *                                               calls it as if from a handler of the loop, in which
 *                                               programs set timers and libraries know the time
 *     static int64_t timers_clock(void);        the loop's own time in nanoseconds, cached or not
 *     static void timers_set(long i, timers_delay delay);
 *     static void timers_reset(long i, timers_delay delay);
 *     static void timers_cancel(long i);
 *     static void timers_run(void);             runs the loop, once or until timers_done(); calls
 *                                               timers_fired(i) for each that expires
 *     static bool timers_is_set(long i);
 */

#include <stdlib.h>

#include "common/bench.h"

enum { TIMERS_SET, TIMERS_RESET, TIMERS_CANCEL, TIMERS_EXPIRE, TIMERS_EXPIRE_DUE };

#define TIMERS_MILLISECOND INT64_C(1000000)

static long timers = 1000;
static long mode = TIMERS_SET;
static long shuffled;
static long rounds; /* 0: enough for a million operations */
static long within; /* milliseconds; 0: as the mode has it */

static timers_delay timers_convert(int64_t nanoseconds);
static void timers_open(void);
static void timers_inside(void (*what)(void));
static int64_t timers_clock(void);
static inline void timers_set(long i, timers_delay delay);
static inline void timers_reset(long i, timers_delay delay);
static inline void timers_cancel(long i);
static void timers_run(void);
static bool timers_is_set(long i);

static long *order;
static int64_t *spans;       /* of timer i */
static timers_delay *delays; /* the spans in the order of use */
static uint64_t seed = 1;
static int64_t begin;       /* on the monotonic clock */
static int64_t begin_clock; /* on the loop's own clock */
static int64_t elapsed;
static long left;
static bool watching;
static int64_t worst_late;
static long early;

static bool timers_done(void) {
    return left == 0;
}

/* Floating-point clocks have a limited resolution. A microsecond is several of its steps. */
static void timers_look(long i) {
    const int64_t late = bench_now() - begin - spans[i];
    if (late > worst_late)
        worst_late = late;
    if (timers_clock() - begin_clock < spans[i] - 1000)
        early++;
}

static inline void timers_fired(long i) {
    left--;
    if (watching)
        timers_look(i);
}

static void set_all(void) {
    const int64_t cpu = bench_cpu();
    begin = bench_now();
    begin_clock = timers_clock();
    for (long i = 0; i < timers; i++)
        timers_set(order[i], delays[i]);
    elapsed += bench_cpu() - cpu;
}

static void reset_all(void) {
    const int64_t cpu = bench_cpu();
    for (long i = 0; i < timers; i++)
        timers_reset(order[i], delays[i]);
    elapsed += bench_cpu() - cpu;
}

static void cancel_all(void) {
    const int64_t cpu = bench_cpu();
    for (long i = 0; i < timers; i++)
        timers_cancel(order[i]);
    elapsed += bench_cpu() - cpu;
}

static long count_set(void) {
    long count = 0;
    for (long i = 0; i < timers; i++)
        count += timers_is_set(i);
    return count;
}

static void *allocate(size_t size) {
    void *memory = calloc((size_t)timers, size);
    BENCH_CHECK(memory != NULL);
    return memory;
}

static void shuffle(void) {
    for (long i = timers - 1; i > 0; i--) {
        const long j = (long)(bench_random(&seed) % (uint64_t)(i + 1));
        const long other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

static void prepare(void) {
    order = allocate(sizeof *order);
    spans = allocate(sizeof *spans);
    delays = allocate(sizeof *delays);
    for (long i = 0; i < timers; i++)
        order[i] = i;
    if (shuffled)
        shuffle();
}

/* The span within which timers expire, in nanoseconds. */
static int64_t whole_span(void) {
    static const int64_t milliseconds[] = {
        [TIMERS_SET] = 60000,  [TIMERS_RESET] = 60000,   [TIMERS_CANCEL] = 60000,
        [TIMERS_EXPIRE] = 100, [TIMERS_EXPIRE_DUE] = 10,
    };
    return (within != 0 ? within : milliseconds[mode]) * TIMERS_MILLISECOND;
}

/* New delays for each round, or the processor would learn to predict the paths of a few timers. */
static void choose_delays(void) {
    const uint64_t span = (uint64_t)whole_span();
    for (long i = 0; i < timers; i++) {
        spans[order[i]] = (int64_t)(bench_random(&seed) % span);
        delays[i] = timers_convert(spans[order[i]]);
    }
}

/* Calls what for one round and checks how many are set afterwards. Returns the time it took. */
static int64_t one_round(void (*what)(void), long set_after) {
    elapsed = 0;
    choose_delays();
    timers_inside(what);
    BENCH_CHECK(count_set() == set_after);
    return elapsed;
}

static int64_t measure_round(void) {
    int64_t time = 0;
    if (mode == TIMERS_RESET)
        return one_round(reset_all, timers);
    time += one_round(set_all, timers) * (mode == TIMERS_SET);
    time += one_round(cancel_all, 0) * (mode == TIMERS_CANCEL);
    return time;
}

/* The first rounds warm up, and give libraries the chance to grow. */
static double measure(void) {
    int64_t time = 0;
    if (mode == TIMERS_RESET)
        (void)one_round(set_all, timers);
    (void)measure_round();
    for (long i = 0; i < rounds; i++)
        time += measure_round();
    return (double)time / (double)rounds;
}

/* Sets them all, waits until until_due has passed, and lets them expire. Returns the time taken. */
static int64_t expire_all(int64_t until_due) {
    choose_delays();
    timers_inside(set_all);
    left = timers;
    while (bench_now() - begin < until_due)
        ;
    const int64_t cpu = bench_cpu();
    while (!timers_done())
        timers_run();
    const int64_t time = bench_cpu() - cpu;
    BENCH_CHECK(left == 0 && count_set() == 0);
    return time;
}

static double expire(void) {
    (void)one_round(set_all, timers);
    (void)one_round(cancel_all, 0);
    watching = timers <= 1000;
    const int64_t time = expire_all(0);
    if (watching)
        bench_report("late_us", (double)worst_late / 1000);
    bench_report("early", (double)early);
    return (double)time;
}

/* Twice the span of the delays also covers what a clock of whole milliseconds adds. */
static double expire_due(void) {
    int64_t time = 0;
    (void)expire_all(2 * whole_span()); /* to warm up */
    for (long i = 0; i < rounds; i++)
        time += expire_all(2 * whole_span());
    return (double)time / (double)rounds;
}

static double run_mode(void) {
    if (mode == TIMERS_EXPIRE)
        return expire();
    return mode == TIMERS_EXPIRE_DUE ? expire_due() : measure();
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"timers", &timers, 1, 100000000}, {"mode", &mode, TIMERS_SET, TIMERS_EXPIRE_DUE},
        {"shuffled", &shuffled, 0, 1},     {"rounds", &rounds, 0, 1000000},
        {"within", &within, 0, 3600000},   {.name = NULL},
    };
    bench_options(argc, argv, options);
    const long operations = mode == TIMERS_EXPIRE_DUE ? 20000 : 1000000;
    if (rounds == 0)
        rounds = timers < operations ? operations / timers : 1;
    prepare();
    timers_open();
    bench_report("ns_per_timer", run_mode() / (double)timers);
    return 0;
}

#endif
