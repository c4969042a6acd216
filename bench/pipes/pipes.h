/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_PIPES_H
#define CMIO_BENCH_PIPES_H

/*
 * Many socket pairs, of which a few are busy. Each round writes a byte to some pairs, spread
 * evenly. Each read of a byte writes to the next pair, or to the one so many steps away, until all
 * writes of the round are made. The result is the time from the first write of a round to its last
 * read, without registration.
 *
 * A library's file includes this, and defines how to watch a descriptor and how to run the loop
 * once:
 *
 *     static void watch_all(void);      watches readers[0 .. pairs - 1] for reading
 *     static void run_once(void);       waits once and calls pipes_read(i) for each readable one;
 *                                       or runs the loop until pipes_done()
 *
 * A library with sockets of its own defines PIPES_OWN_SOCKETS, pipes_send and pipes_receive: one
 * send(2) and one recv(2), like the functions here.
 */

#include <stdlib.h>
#include <sys/socket.h>

#include "common/bench.h"

static long pairs = 1000;
static long active = 100;
static long writes = 1000; /* per round, including the first ones */
static long rounds = 100;
static long step = 1; /* from a pair to the next one; pairs - 1: back to the one before */

static int *readers;
static int *writers;
static long left_to_write;
static long left_to_read;

#ifdef PIPES_OWN_SOCKETS
static inline ssize_t pipes_send(long i, const void *buffer, size_t length);
static inline ssize_t pipes_receive(long i, void *buffer, size_t length);
#else
static inline ssize_t pipes_send(long i, const void *buffer, size_t length) {
    return send(writers[i], buffer, length, MSG_NOSIGNAL);
}

static inline ssize_t pipes_receive(long i, void *buffer, size_t length) {
    return recv(readers[i], buffer, length, 0);
}
#endif

static inline void pipes_write(long i) {
    BENCH_CHECK(pipes_send(i, "e", 1) == 1);
    left_to_write--;
}

/* Asks for more than there is, so that a short read shows that the socket is drained: epoll(7). */
static inline void pipes_read(long i) {
    char buffer[64];
    const ssize_t count = pipes_receive(i, buffer, sizeof buffer);
    if (count <= 0)
        return;
    left_to_read -= count;
    if (left_to_write > 0)
        pipes_write(i + step < pairs ? i + step : i + step - pairs);
}

static inline bool pipes_done(void) {
    return left_to_read == 0;
}

static void watch_all(void);
static void run_once(void);

static int64_t pipes_round(void) {
    left_to_write = left_to_read = writes;
    const long apart = pairs / active;
    const int64_t begin = bench_now();
    for (long i = 0; i < active; i++)
        pipes_write(i * apart);
    while (!pipes_done())
        run_once();
    return bench_now() - begin;
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"pairs", &pairs, 1, 1000000},   {"active", &active, 1, 1000000},
        {"writes", &writes, 1, 1000000}, {"rounds", &rounds, 1, 1000000},
        {"step", &step, 1, 1000000},     {.name = NULL},
    };
    bench_options(argc, argv, options);
    BENCH_CHECK(active <= pairs && active <= writes && step <= pairs);
    bench_need_descriptors(2 * pairs + 50);
    readers = calloc((size_t)pairs, sizeof *readers);
    writers = calloc((size_t)pairs, sizeof *writers);
    BENCH_CHECK(readers != NULL && writers != NULL);
    for (long i = 0; i < pairs; i++) {
        int fds[2];
        bench_socketpair(fds);
        readers[i] = fds[0];
        writers[i] = fds[1];
    }
    watch_all();
    (void)pipes_round(); /* to warm up */
    int64_t time = 0;
    for (long i = 0; i < rounds; i++)
        time += pipes_round();
    bench_report("ns_per_event", (double)time / (double)(rounds * writes));
    return 0;
}

#endif
