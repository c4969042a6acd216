/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_WAKE_H
#define CMIO_BENCH_WAKE_H

/*
 * Waking a loop from another thread.
 *
 * --mode 0, latency: two threads, each with a loop, wake each other in turn, --count times each.
 * The results are the time of one way and the processor time of both threads for it, without the
 * first 100 wakes. A thread must see what the other wrote before waking it, so both extra and
 * missing wakes are noticed.
 *
 * --mode 1, flood: --threads threads call wake --count times each, without a pause, while another
 * thread runs the loop and takes the events. The result is the processor time of a call in the
 * calling threads. Before its last call each thread marks itself as done with a plain atomic store.
 * If the loop has not seen all of these marks a while later, the last wake was lost, which is
 * reported.
 *
 * --mode 2, coalesced: one thread calls wake --count times while nobody runs the loop, then runs it
 * and sees the wake. The result is the time of a call. All except the first coalesce.
 *
 * --processors 1 keeps all threads on one processor. 2 spreads them over two: the loop, or the
 * first of two threads, is on one, and the callers alternate, beginning with the other.
 *
 * --spin N lets a wait look for wakes for N nanoseconds before it sleeps, if the library can do that.
 * Others ignore it.
 *
 * A library's file includes this, and adds:
 *
 *     struct loop                               the loop and its waker
 *     static struct loop *loop_new(void (*seen)(struct loop *));
 *                                               seen is called for each event of the waker
 *     static void loop_wake(struct loop *loop); from any thread
 *     static void loop_run(struct loop *loop);  until seen has called loop_stop
 *     static void loop_stop(struct loop *loop);
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/bench.h"

enum { WAKE_LATENCY, WAKE_FLOOD, WAKE_COALESCED };
enum { WAKE_WARM_UP = 100, WAKE_MOST_THREADS = 64, WAKE_PATIENCE = 5 /* seconds */ };

static long mode = WAKE_LATENCY;
static long callers = 1;
static long count; /* 0: 20000 for latency, 1000000 for a flood */
static long processors = 2;
static long spin;

struct loop;
static struct loop *loop_new(void (*seen)(struct loop *));
static void loop_wake(struct loop *loop);
static void loop_run(struct loop *loop);
static void loop_stop(struct loop *loop);

static pthread_barrier_t start;

static void pin(long thread) {
    bench_pin((int)(thread % processors));
}

static void begin_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
    BENCH_CHECK(pthread_create(thread, NULL, run, argument) == 0);
}

/* Latency. Side 0 begins. */
static struct side {
    struct loop *loop;
    atomic_long number; /* of the wake, written by the other */
    long last;
} sides[2];
static struct bench_begin warm;

static void wake_other(struct side *side) {
    struct side *other = side == &sides[0] ? &sides[1] : &sides[0];
    const long next = atomic_load_explicit(&other->number, memory_order_relaxed) + 1;
    atomic_store_explicit(&other->number, next, memory_order_relaxed);
    loop_wake(other->loop);
}

static void latency_seen(struct loop *loop) {
    struct side *side = loop == sides[0].loop ? &sides[0] : &sides[1];
    const long number = atomic_load_explicit(&side->number, memory_order_relaxed);
    if (number == side->last)
        return; /* an extra wake */
    BENCH_CHECK(number == side->last + 1);
    side->last = number;
    if (side == &sides[0] && number == WAKE_WARM_UP)
        warm = bench_begin();
    if (side == &sides[1] || number < count)
        wake_other(side);
    if (number == count)
        loop_stop(loop);
}

static void *run_second(void *unused) {
    (void)unused;
    pin(1);
    sides[1].loop = loop_new(latency_seen);
    (void)pthread_barrier_wait(&start);
    loop_run(sides[1].loop);
    return NULL;
}

static void measure_latency(void) {
    pthread_t second;
    alarm((unsigned)(60 + count / 1000)); /* a lost wake would wait without end */
    pin(0);
    sides[0].loop = loop_new(latency_seen);
    BENCH_CHECK(pthread_barrier_init(&start, NULL, 2) == 0);
    begin_thread(&second, run_second, NULL);
    (void)pthread_barrier_wait(&start);
    wake_other(&sides[0]);
    loop_run(sides[0].loop);
    const struct bench_begin end = bench_begin();
    BENCH_CHECK(pthread_join(second, NULL) == 0);
    BENCH_CHECK(sides[0].last == count && sides[1].last == count);
    const double wakes = 2. * (double)(count - WAKE_WARM_UP);
    bench_report("ns_per_wake", (double)(end.wall - warm.wall) / wakes);
    bench_report("cpu_ns_per_wake", (double)(end.processor - warm.processor) / wakes);
    bench_report("lost", 0);
}

/* Flood. */
static struct loop *woken;
static atomic_bool enough;

static struct caller {
    _Alignas(64) atomic_bool is_done;
    pthread_t thread;
    int64_t time;
} all_callers[WAKE_MOST_THREADS];

static void flood_seen(struct loop *loop) {
    bool all_done = true;
    for (long i = 0; i < callers; i++)
        all_done = all_done && atomic_load_explicit(&all_callers[i].is_done, memory_order_relaxed);
    if (all_done || atomic_load(&enough))
        loop_stop(loop);
}

static void *run_woken(void *unused) {
    (void)unused;
    pin(0);
    woken = loop_new(flood_seen);
    (void)pthread_barrier_wait(&start);
    loop_run(woken);
    return NULL;
}

static void *call(void *argument) {
    struct caller *caller = argument;
    pin(caller - all_callers + 1);
    (void)pthread_barrier_wait(&start);
    const int64_t begin = bench_cpu();
    for (long i = 1; i < count; i++)
        loop_wake(woken);
    atomic_store_explicit(&caller->is_done, true, memory_order_relaxed);
    loop_wake(woken);
    caller->time = bench_cpu() - begin;
    return NULL;
}

/* Whether the loop ended by itself. Otherwise it is ended here. */
static bool was_seen(pthread_t loop) {
    struct timespec until;
    BENCH_CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_sec += WAKE_PATIENCE;
    if (pthread_timedjoin_np(loop, NULL, &until) == 0)
        return true;
    atomic_store(&enough, true);
    loop_wake(woken);
    BENCH_CHECK(pthread_join(loop, NULL) == 0);
    return false;
}

static void measure_flood(void) {
    pthread_t loop;
    int64_t time = 0;
    BENCH_CHECK(pthread_barrier_init(&start, NULL, (unsigned)callers + 1) == 0);
    begin_thread(&loop, run_woken, NULL);
    for (long i = 0; i < callers; i++)
        begin_thread(&all_callers[i].thread, call, &all_callers[i]);
    for (long i = 0; i < callers; i++) {
        BENCH_CHECK(pthread_join(all_callers[i].thread, NULL) == 0);
        time += all_callers[i].time;
    }
    const bool seen = was_seen(loop);
    bench_report("ns_per_wake", (double)time / ((double)count * (double)callers));
    bench_report("lost", seen ? 0 : 1);
}

/* Coalesced. */
static void measure_coalesced(void) {
    alarm(60); /* a lost wake would wait without end */
    pin(0);
    struct loop *loop = loop_new(loop_stop);
    const int64_t begin = bench_now();
    for (long i = 0; i < count; i++)
        loop_wake(loop);
    const int64_t time = bench_now() - begin;
    loop_run(loop);
    bench_report("ns_per_wake", (double)time / (double)count);
    bench_report("lost", 0);
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"mode", &mode, WAKE_LATENCY, WAKE_COALESCED},
        {"threads", &callers, 1, WAKE_MOST_THREADS},
        {"count", &count, 0, 1000000000},
        {"processors", &processors, 1, 2},
        {"spin", &spin, 0, 1000000000},
        {.name = NULL},
    };
    bench_options(argc, argv, options);
    if (count == 0)
        count = mode == WAKE_LATENCY ? 20000 : 1000000;
    BENCH_CHECK(mode != WAKE_LATENCY || count > WAKE_WARM_UP);
    if (mode == WAKE_LATENCY)
        measure_latency();
    else if (mode == WAKE_FLOOD)
        measure_flood();
    else
        measure_coalesced();
    return 0;
}

#endif
