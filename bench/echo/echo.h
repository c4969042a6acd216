/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_ECHO_H
#define CMIO_BENCH_ECHO_H

/*
 * TCP ping-pong: both ends of all connections are in one loop of one thread. On each connection a
 * client sends 64 bytes, and the server's end sends back what it received. The client checks that
 * these are the bytes that it sent, and sends the next. The result is the time from the first send
 * to the last answer, without connecting and registering.
 *
 * A library's file includes this, and defines how to watch a descriptor and how to run the loop:
 *
 *     static void watch_all(void);      watches ends[0 .. 2 * connections - 1] for reading
 *     static void run_once(void);       waits once and calls echo_ready(end) for each readable end;
 *                                       or runs the loop until echo_done()
 *
 * A library with sockets of its own defines ECHO_OWN_SOCKETS, echo_send and echo_receive: one
 * send(2) and one recv(2), like the functions here.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bench.h"

enum { ECHO_LENGTH = 64 };

static long connections = 100;
static long messages = 100000; /* round trips, on all connections together */

/* The client's end of connection i is 2 * i, the server's is 2 * i + 1. */
static int *ends;
static uint64_t *expected; /* the number that connection i waits for */
static uint64_t last_number;
static long left_to_send;
static long left_to_return;

#ifdef ECHO_OWN_SOCKETS
static inline ssize_t echo_send(long end, const void *buffer, size_t length);
static inline ssize_t echo_receive(long end, void *buffer, size_t length);
#else
static inline ssize_t echo_send(long end, const void *buffer, size_t length) {
    return send(ends[end], buffer, length, MSG_NOSIGNAL);
}

static inline ssize_t echo_receive(long end, void *buffer, size_t length) {
    return recv(ends[end], buffer, length, 0);
}
#endif

/* Writes the next number that the connection of this end waits for into a message. */
static inline void echo_number(long end, char message[ECHO_LENGTH]) {
    expected[end / 2] = ++last_number;
    memcpy(message, &last_number, sizeof last_number);
    left_to_send--;
}

static inline void echo_ask(long end) {
    char message[ECHO_LENGTH] = {0};
    echo_number(end, message);
    BENCH_CHECK(echo_send(end, message, sizeof message) == ECHO_LENGTH);
}

/* Checks an answer to a client. False at the end; otherwise message is the next to send. */
static inline bool echo_next(long end, char message[ECHO_LENGTH]) {
    BENCH_CHECK(memcmp(message, &expected[end / 2], sizeof *expected) == 0);
    left_to_return--;
    if (left_to_send == 0)
        return false;
    echo_number(end, message);
    return true;
}

/* Asks for more than there is, so that a short read shows that the socket is drained: epoll(7). */
static inline void echo_ready(long end) {
    char message[2 * ECHO_LENGTH];
    const ssize_t count = echo_receive(end, message, sizeof message);
    if (count < 0)
        return;
    BENCH_CHECK(count == ECHO_LENGTH);
    if (end % 2 == 1 || echo_next(end, message))
        BENCH_CHECK(echo_send(end, message, ECHO_LENGTH) == ECHO_LENGTH);
}

static inline bool echo_done(void) {
    return left_to_return == 0;
}

static void watch_all(void);
static void run_once(void);

static int64_t echo_run(long count) {
    left_to_send = left_to_return = count;
    const int64_t begin = bench_now();
    for (long i = 0; i < connections && left_to_send > 0; i++)
        echo_ask(2 * i);
    while (!echo_done())
        run_once();
    return bench_now() - begin;
}

static void echo_connect(void) {
    struct sockaddr_in address;
    const int listener = bench_listen(&address);
    for (long i = 0; i < connections; i++) {
        const int client = bench_connect(&address);
        const int server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        BENCH_CHECK(client >= 0 && server >= 0);
        BENCH_CHECK(setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0);
        ends[2 * i] = client;
        ends[2 * i + 1] = server;
    }
    close(listener);
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"connections", &connections, 1, 1000000},
        {"messages", &messages, 1, 1000000000},
        {.name = NULL},
    };
    bench_options(argc, argv, options);
    bench_need_descriptors(2 * connections + 50);
    ends = calloc(2 * (size_t)connections, sizeof *ends);
    expected = calloc((size_t)connections, sizeof *expected);
    BENCH_CHECK(ends != NULL && expected != NULL);
    echo_connect();
    watch_all();
    (void)echo_run(connections + messages / 10); /* to warm up */
    const struct bench_begin begin = bench_begin();
    bench_report("ns_per_trip", (double)echo_run(messages) / (double)messages);
    bench_report_each(begin, messages);
    return 0;
}

#endif
