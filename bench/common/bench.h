/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_H
#define CMIO_BENCH_H

/*
 * What all benchmarks share: numbers from the command line, clocks, descriptors, and the way a
 * result is told. A program is one workload on one library:
 *
 *     bench_pipes_cmio --pairs 1000 --active 100
 *
 * It prints one "name value" a line and ends with 0; a benchmark that cannot go on says why and
 * ends with 1. Nothing here is part of what is measured but bench_now and bench_cpu.
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
 * Reads the options, of which the last has no name. --help lists them with their defaults and ends
 * the program.
 */
void bench_options(int argc, char **argv, const struct bench_option *options);

/* The monotonic clock, and what this thread has used of a processor: nanoseconds. */
int64_t bench_now(void);
int64_t bench_cpu(void);

/* Ends the program unless it is true: for what cannot be measured when it fails. */
#define BENCH_CHECK(condition) ((condition) ? (void)0 : bench_fail(#condition, __FILE__, __LINE__))
_Noreturn void bench_fail(const char *text, const char *file, int line);

/*
 * The same for the result of a wait. One that was interrupted has no events, and is waited again:
 * so a benchmark that was stopped and continued (Ctrl-Z and fg) goes on.
 */
#define BENCH_CHECK_WAIT(count) BENCH_CHECK(bench_has_waited(count))
static inline bool bench_has_waited(int count) {
    return count >= 0 || count == -EINTR;
}

/* Lets the process have so many descriptors. */
void bench_need_descriptors(long count);

/* Connected Unix stream sockets, non-blocking and close-on-exec. */
void bench_socketpair(int fds[2]);

/*
 * A TCP listener on a free port of the loopback interface, non-blocking and close-on-exec, and a
 * connection to it, the same with TCP_NODELAY, that leaves nothing behind when it is closed: it is
 * reset.
 */
struct sockaddr_in;
int bench_listen(struct sockaddr_in *address);
int bench_connect(const struct sockaddr_in *address);

/* Keeps the calling thread on one processor. */
void bench_pin(int processor);

/* How much memory is resident, in bytes. */
int64_t bench_resident(void);

/* One line of the result. */
void bench_report(const char *name, double value);

/*
 * When something began, by the wall clock and by what all threads of the process had used. The report
 * is of what has passed since then, in nanoseconds for each of so many: "ns", and "cpu_ns".
 */
struct bench_begin {
    int64_t wall, processor;
};
struct bench_begin bench_begin(void);
void bench_report_each(struct bench_begin begin, long count);

/* A generator that gives every program the same numbers (xorshift64*); the seed is not 0. */
static inline uint64_t bench_random(uint64_t *state) {
    uint64_t value = *state;
    value ^= value >> 12;
    value ^= value << 25;
    value ^= value >> 27;
    *state = value;
    return value * UINT64_C(2685821657736338717);
}

#endif
