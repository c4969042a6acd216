/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_CHURN_H
#define CMIO_BENCH_CHURN_H

/*
 * The watched descriptors change all the time, beside --sources that stay registered and silent.
 *
 * --mode 0: a descriptor is registered for reading and deregistered; the two are one operation.
 * --mode 1: a registered descriptor is watched for writing too, or only for reading again; each is
 *           an operation.
 * --mode 2: a client connects; the loop reports the listener, and the connection is accepted and
 *           registered; the client resets the connection; the loop reports that, and it is
 *           deregistered and closed. All of this is one operation, with the client's calls.
 *
 * In modes 0 and 1 the descriptors are sockets that are neither readable nor writable. After each
 * hundred changes in one direction the loop is run once without waiting, because some libraries
 * only record changes and make them in the loop. At the end the sockets become ready, and the
 * events must come for watched sockets and must not come for others.
 *
 * A library's file includes this, and adds:
 *
 *     static void churn_open(void);             a loop, and room for fds[0 .. fds_count - 1]
 *     static void churn_register(long i);       fds[i], for reading
 *     static void churn_deregister(long i);
 *     static void churn_widen(long i);          for reading and writing
 *     static void churn_narrow(long i);         only for reading
 *     static void churn_run(bool wait);         runs the loop once; calls churn_ready(i) and for
 *                                               mode 2 churn_on_listener and churn_on_connection
 *     static void churn_listen(int fd);         registers the listener
 *     static bool churn_accept(void);           one accept4(2), and registers the connection, the
 *                                               only one at that time; false if there is none
 *     static ssize_t churn_receive(void *buffer, size_t length);        one recv(2) on it
 *     static void churn_close(void);            deregisters and closes it
 */

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bench.h"

enum { CHURN_REGISTER, CHURN_INTEREST, CHURN_CONNECT, CHURN_BATCH = 100 };

static long mode = CHURN_REGISTER;
static long sources = 1000;
static long count; /* 0: 20000 in mode 2, 200000 in the others */

/* The first CHURN_BATCH change, the others stay. */
static int *fds;
static long fds_count;

static void churn_open(void);
static inline void churn_register(long i);
static inline void churn_deregister(long i);
static inline void churn_widen(long i);
static inline void churn_narrow(long i);
static void churn_run(bool wait);
static void churn_listen(int fd);
static inline bool churn_accept(void);
static inline ssize_t churn_receive(void *buffer, size_t length);
static inline void churn_close(void);

static int peers[CHURN_BATCH];
static bool seen[CHURN_BATCH];
static long seen_count;
static long accepted;
static long closed;

static inline void churn_ready(long i) {
    BENCH_CHECK(i < CHURN_BATCH);
    if (!seen[i])
        seen_count++;
    seen[i] = true;
}

static inline void churn_on_listener(void) {
    while (churn_accept())
        accepted++;
}

static inline void churn_on_connection(void) {
    char buffer[64];
    BENCH_CHECK(churn_receive(buffer, sizeof buffer) < 0);
    churn_close();
    closed++;
}

static int64_t measure_register(void) {
    const int64_t begin = bench_now();
    for (long i = 0; i < count; i += CHURN_BATCH) {
        for (long j = 0; j < CHURN_BATCH; j++)
            churn_register(j);
        churn_run(false);
        for (long j = 0; j < CHURN_BATCH; j++)
            churn_deregister(j);
        churn_run(false);
    }
    return bench_now() - begin;
}

static int64_t measure_interest(void) {
    const int64_t begin = bench_now();
    for (long i = 0; i < count; i += 2 * CHURN_BATCH) {
        for (long j = 0; j < CHURN_BATCH; j++)
            churn_widen(j);
        churn_run(false);
        for (long j = 0; j < CHURN_BATCH; j++)
            churn_narrow(j);
        churn_run(false);
    }
    return bench_now() - begin;
}

static int64_t measure_connect(const struct sockaddr_in *address) {
    const long last = accepted + count;
    const int64_t begin = bench_now();
    while (accepted < last) {
        const int client = bench_connect(address);
        for (const long before = accepted; accepted == before;)
            churn_run(true);
        BENCH_CHECK(close(client) == 0);
        while (closed < accepted)
            churn_run(true);
    }
    return bench_now() - begin;
}

static void send_to_all(void) {
    for (long i = 0; i < CHURN_BATCH; i++)
        BENCH_CHECK(send(peers[i], "e", 1, MSG_NOSIGNAL) == 1);
}

static void drain(int fd) {
    char buffer[4096];
    while (recv(fd, buffer, sizeof buffer, 0) > 0)
        ;
}

static void expect_all(void) {
    while (seen_count < CHURN_BATCH)
        churn_run(true);
    memset(seen, 0, sizeof seen);
    seen_count = 0;
}

/* Registered sockets are reported; deregistered ones are not. */
static void check_register(void) {
    BENCH_CHECK(seen_count == 0);
    for (long i = 0; i < CHURN_BATCH; i++)
        churn_register(i);
    send_to_all();
    expect_all();
    for (long i = 0; i < CHURN_BATCH; i++) {
        drain(fds[i]);
        churn_deregister(i);
    }
    churn_run(false);
    send_to_all();
    churn_run(false);
    BENCH_CHECK(seen_count == 0);
}

/* Sockets are reported as writable only if they are watched for writing. */
static void check_interest(void) {
    BENCH_CHECK(seen_count == 0);
    for (long i = 0; i < CHURN_BATCH; i++)
        drain(peers[i]);
    churn_run(false);
    BENCH_CHECK(seen_count == 0);
    for (long i = 0; i < CHURN_BATCH; i++)
        churn_widen(i);
    expect_all();
}

static void fill(int fd) {
    static const char buffer[4096];
    const int least = 1; /* the system raises it to its minimum */
    BENCH_CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least) == 0);
    while (send(fd, buffer, sizeof buffer, MSG_NOSIGNAL) > 0)
        ;
}

static void make_descriptors(void) {
    fds_count = CHURN_BATCH + sources;
    bench_need_descriptors(fds_count + CHURN_BATCH + 50);
    fds = calloc((size_t)fds_count, sizeof *fds);
    BENCH_CHECK(fds != NULL);
    for (long i = 0; i < CHURN_BATCH; i++) {
        int pair[2];
        bench_socketpair(pair);
        fill(pair[0]);
        fds[i] = pair[0];
        peers[i] = pair[1];
    }
    for (long i = CHURN_BATCH; i < fds_count; i++) {
        fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        BENCH_CHECK(fds[i] >= 0);
    }
}

static int64_t measure(void) {
    struct sockaddr_in address;
    int64_t time;
    if (mode == CHURN_REGISTER) {
        (void)measure_register(); /* to warm up, and below */
        time = measure_register();
        check_register();
        return time;
    }
    if (mode == CHURN_INTEREST) {
        for (long i = 0; i < CHURN_BATCH; i++)
            churn_register(i);
        (void)measure_interest();
        time = measure_interest();
        check_interest();
        return time;
    }
    churn_listen(bench_listen(&address));
    (void)measure_connect(&address);
    time = measure_connect(&address);
    BENCH_CHECK(accepted == 2 * count && closed == accepted);
    return time;
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"mode", &mode, CHURN_REGISTER, CHURN_CONNECT},
        {"sources", &sources, 0, 1000000},
        {"count", &count, 0, 1000000000},
        {.name = NULL},
    };
    bench_options(argc, argv, options);
    if (count == 0)
        count = mode == CHURN_CONNECT ? 20000 : 200000;
    if (mode != CHURN_CONNECT) /* whole batches in both directions */
        count = (count + 2 * CHURN_BATCH - 1) / (2 * CHURN_BATCH) * (2 * CHURN_BATCH);
    make_descriptors();
    churn_open();
    for (long i = CHURN_BATCH; i < fds_count; i++)
        churn_register(i);
    bench_report("ns_per_op", (double)measure() / (double)count);
    return 0;
}

#endif
