/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_H
#define CMIO_BENCH_H

/*
 * Shared by all benchmarks: numbers from the command line, clocks, descriptors, and the report of
 * results. A program is one workload on one library:
 *
 *     bench_pipes_cmio --pairs 1000 --active 100
 *
 * It prints one "name value" per line and exits with 0. A benchmark that cannot go on prints why
 * and exits with 1. Nothing here is part of a measurement except bench_now and bench_cpu.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number that the command line may change: --name value. */
struct bench_option {
    const char *name;
    long *value;
    long least;
    long most;
};

/*
 * Reads the options. The last one has no name. --help lists them with their defaults and ends the
 * program.
 */
void bench_options(int argc, char **argv, const struct bench_option *options);

/* The monotonic clock, and the processor time of this thread, in nanoseconds. */
int64_t bench_now(void);
int64_t bench_cpu(void);

/* Ends the program unless the condition is true. For failures that make measuring impossible. */
#define BENCH_CHECK(condition) ((condition) ? (void)0 : bench_fail(#condition, __FILE__, __LINE__))
_Noreturn void bench_fail(const char *text, const char *file, int line);

/*
 * BENCH_CHECK() for the result of a wait. An interrupted wait has no events and is repeated, so a
 * benchmark that was stopped and continued (Ctrl-Z and fg) goes on.
 */
#define BENCH_CHECK_WAIT(count) BENCH_CHECK(bench_has_waited(count))
static inline bool bench_has_waited(int count) {
    return count >= 0 || count == -EINTR;
}

/* Raises the limit so that the process can have so many descriptors. */
void bench_need_descriptors(long count);

/* Connected Unix stream sockets, non-blocking and close-on-exec. */
void bench_socketpair(int fds[2]);

/*
 * A TCP listener on a free port of the loopback interface, and a connection to it. Both are
 * non-blocking and close-on-exec. The connection has TCP_NODELAY, and closing it resets it, so it
 * leaves nothing behind.
 */
struct sockaddr_in;
int bench_listen(struct sockaddr_in *address);
int bench_connect(const struct sockaddr_in *address);

/* Keeps the calling thread on one processor. */
void bench_pin(int processor);

/* The resident memory, in bytes. */
int64_t bench_resident(void);

/* Prints one line of the result. */
void bench_report(const char *name, double value);

/*
 * When a measurement began, by the wall clock and by the processor time of all threads. The report
 * is the time since then, divided by a count, in nanoseconds: "ns" and "cpu_ns".
 */
struct bench_begin {
    int64_t wall, processor;
};
struct bench_begin bench_begin(void);
void bench_report_each(struct bench_begin begin, long count);

/* A generator that gives every program the same numbers (xorshift64*). The seed must not be 0. */
static inline uint64_t bench_random(uint64_t *state) {
    uint64_t value = *state;
    value ^= value >> 12;
    value ^= value << 25;
    value ^= value >> 27;
    *state = value;
    return value * UINT64_C(2685821657736338717);
}

#endif
