/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_MEMORY_H
#define CMIO_BENCH_MEMORY_H

/*
 * The resident memory for each of --count objects: descriptors registered for reading in --mode 0,
 * timers set at random within a minute in --mode 1. The library's struct in the program's memory is
 * counted. The empty loop, the descriptors themselves and memory in the kernel are not.
 *
 * A library's file includes this, and adds:
 *
 *     static void memory_open(void);     a loop that has run once; it is not counted
 *     static void memory_watch(void);    registers fds[0 .. count - 1], and runs the loop once
 *                                        without waiting, as some libraries do it there
 *     static void memory_set(void);      sets timers, each to a result of memory_delay()
 *     static void memory_run(void);      runs the loop once; calls memory_ready(i)
 */

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/bench.h"

enum { MEMORY_SOURCES, MEMORY_TIMERS };

static long mode = MEMORY_SOURCES;
static long count; /* 0: 10000 sources, 1000000 timers */

static int *fds;
static bool *seen;
static long seen_count;
static uint64_t seed = 1;
static size_t own; /* bytes in the program's memory for each */

static void memory_open(void);
static void memory_watch(void);
static void memory_set(void);
static void memory_run(void);

/* From one millisecond to a minute, in milliseconds. */
static inline int64_t memory_delay(void) {
    return 1 + (int64_t)(bench_random(&seed) % 60000);
}

/* Allocates an element for each object. */
static inline void *memory_allocate(size_t size) {
    own += size;
    void *memory = calloc((size_t)count, size);
    BENCH_CHECK(memory != NULL);
    return memory;
}

static inline void memory_ready(long i) {
    seen_count += !seen[i];
    seen[i] = true;
}

static void make_descriptors(void) {
    bench_need_descriptors(count + 50);
    fds = memory_allocate(sizeof *fds);
    fds[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (long i = 1; i < count; i++)
        fds[i] = dup(fds[0]);
    BENCH_CHECK(fds[count - 1] >= 0);
}

/* All are the same eventfd, so one write makes all of them readable. */
static void check_sources(void) {
    const uint64_t one = 1;
    seen = memory_allocate(sizeof *seen);
    BENCH_CHECK(write(fds[0], &one, sizeof one) == sizeof one);
    while (seen_count < count)
        memory_run();
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"mode", &mode, MEMORY_SOURCES, MEMORY_TIMERS},
        {"count", &count, 0, 100000000},
        {.name = NULL},
    };
    bench_options(argc, argv, options);
    if (count == 0)
        count = mode == MEMORY_SOURCES ? 10000 : 1000000;
    if (mode == MEMORY_SOURCES)
        make_descriptors();
    memory_open();
    (void)bench_resident(); /* warms up its own memory */
    own = 0;
    const int64_t before = bench_resident();
    if (mode == MEMORY_SOURCES)
        memory_watch();
    else
        memory_set();
    const int64_t after = bench_resident();
    bench_report("bytes_own", (double)own);
    if (mode == MEMORY_SOURCES)
        check_sources();
    bench_report("bytes_each", (double)(after - before) / (double)count);
    return 0;
}

#endif
