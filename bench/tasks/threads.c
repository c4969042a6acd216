/* SPDX-License-Identifier: MIT */

/*
 * System threads instead of tasks, for the modes of bench/tasks/cmio.c in which that makes sense:
 *
 *     mode 1    create a thread and join it, one by one
 *          6    --count threads that sleep, with stacks of 16 KiB
 *          10   two threads that hand over with a mutex and a condition variable
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/bench.h"

static long mode = 1;
static long count = 10000;
static long seconds = 10;
static long pin = 0;

static const struct bench_option options[] = {
    {"mode", &mode, 1, 10},
    {"count", &count, 1, 100000000},
    {"seconds", &seconds, 2, 1000},
    {"pin", &pin, 0, 1},
    {NULL, NULL, 0, 0},
};

static void *do_nothing(void *argument) {
    return argument;
}

static void run_spawns(void) {
    const struct bench_begin begin = bench_begin();
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        BENCH_CHECK(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
        BENCH_CHECK(pthread_join(thread, NULL) == 0);
    }
    bench_report_each(begin, count);
}

/* Sleeping */

static int64_t sleep_end;

static void *sleep_until(void *argument) {
    const int64_t deadline = sleep_end - (argument != NULL ? 1000000000 : 0);
    const struct timespec time = {deadline / 1000000000, deadline % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0)
        continue;
    return NULL;
}

static void run_sleepers(void) {
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    pthread_attr_t small;
    BENCH_CHECK(threads != NULL && pthread_attr_init(&small) == 0);
    BENCH_CHECK(pthread_attr_setstacksize(&small, 16384) == 0);
    const int64_t resident = bench_resident();
    const int64_t begin = bench_now();
    sleep_end = begin + seconds * 1000000000;
    for (long i = 0; i < count; i++)
        BENCH_CHECK(pthread_create(&threads[i], &small, sleep_until, NULL) == 0);
    bench_report("spawned_s", (double)(bench_now() - begin) / 1e9);
    (void)sleep_until(&count);
    bench_report("bytes", (double)(bench_resident() - resident) / (double)count);
    for (long i = 0; i < count; i++)
        BENCH_CHECK(pthread_join(threads[i], NULL) == 0);
    bench_report("late_s", (double)(bench_now() - sleep_end) / 1e9);
    free(threads);
}

/* Handing over */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static int turn = 0;

static void play(int own) {
    if (pin != 0)
        bench_pin(own);
    BENCH_CHECK(pthread_mutex_lock(&lock) == 0);
    for (long left = count / 2; left > 0; left--) {
        while (turn != own)
            BENCH_CHECK(pthread_cond_wait(&changed[own], &lock) == 0);
        turn = !own;
        BENCH_CHECK(pthread_cond_signal(&changed[!own]) == 0);
    }
    BENCH_CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *play_second(void *argument) {
    play(1);
    return argument;
}

static void run_apart(void) {
    pthread_t thread;
    const struct bench_begin begin = bench_begin();
    BENCH_CHECK(pthread_create(&thread, NULL, play_second, NULL) == 0);
    play(0);
    BENCH_CHECK(pthread_join(thread, NULL) == 0);
    bench_report_each(begin, count);
}

int main(int argc, char **argv) {
    bench_options(argc, argv, options);
    switch (mode) {
    case 1:
        run_spawns();
        break;
    case 6:
        run_sleepers();
        break;
    case 10:
        run_apart();
        break;
    default:
        BENCH_CHECK(!"such a mode");
        break;
    }
    return 0;
}
