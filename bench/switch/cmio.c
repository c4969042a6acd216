/* SPDX-License-Identifier: MIT */

/*
 * The switch of green threads alone, from one stack to another and back, without a task around it.
 * Linked with the objects of libcmio-async, which does not export it. The result is in nanoseconds
 * each way.
 */
#include <stdlib.h>

#include "async/switch.h"

#include "common/bench.h"

static long count = 10000000;

static void *here, *there;

static _Noreturn void bounce(void *argument) {
    (void)argument;
    for (;;)
        cmio__switch(&there, here);
}

int main(int argc, char **argv) {
    enum { STACK = 65536 };
    const struct bench_option options[] = {
        {"count", &count, 2, 1000000000},
        {NULL, NULL, 0, 0},
    };
    bench_options(argc, argv, options);
    void *stack = aligned_alloc(16, STACK);
    BENCH_CHECK(stack != NULL);
    there = cmio__switch_prepare(stack, STACK, bounce, NULL);
    cmio__switch(&here, there); /* the first one sets up */
    const struct bench_begin begin = bench_begin();
    for (long i = 0; i < count / 2; i++)
        cmio__switch(&here, there);
    bench_report_each(begin, count);
    free(stack);
    return 0;
}
