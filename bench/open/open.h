/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_OPEN_H
#define CMIO_BENCH_OPEN_H

/*
 * The cost of opening a loop that another thread can wake, --count times. Each loop is closed
 * again, unless --close is 0.
 *
 * A library's file defines struct loop, the loop and its waker, includes this, and adds:
 *
 *     static void open_loop(struct loop *loop);
 *     static void close_loop(struct loop *loop);
 */

#include <stdlib.h>

#include "common/bench.h"

enum { OPEN_DESCRIPTORS_MOST = 8 /* that any library has for a loop */ };

static long count = 10000;
static long closing = 1;

static void open_loop(struct loop *loop);
static void close_loop(struct loop *loop);

static void open_many(struct loop *loops) {
    for (long i = 0; i < count; i++) {
        struct loop *loop = &loops[closing ? 0 : i];
        open_loop(loop);
        if (closing)
            close_loop(loop);
    }
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"count", &count, 1, 1000000},
        {"close", &closing, 0, 1},
        {.name = NULL},
    };
    bench_options(argc, argv, options);
    bench_need_descriptors(50 + (closing ? 1 : count) * OPEN_DESCRIPTORS_MOST);
    struct loop *loops = calloc(closing ? 1 : (size_t)count, sizeof *loops);
    BENCH_CHECK(loops != NULL);
    const int64_t begin = bench_now();
    open_many(loops);
    bench_report("ns_per_open", (double)(bench_now() - begin) / (double)count);
    return 0;
}

#endif
