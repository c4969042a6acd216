/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_UDP_H
#define CMIO_TESTS_UDP_H

/* UDP sockets of cmio on 127.0.0.1, without a poll. All functions fail the test on an error. */

#include <cmio/udp_socket.h>

struct cmio_address test_address(const char *text);

/* Binds to a free port of the host, as in "127.0.0.1:0". Returns the address that it got. */
struct cmio_address test_udp_open(struct cmio_udp_socket *socket, const char *host);

struct test_udp_pair {
    struct cmio_udp_socket a;
    struct cmio_udp_socket b;
    struct cmio_address a_address;
    struct cmio_address b_address;
};

void test_udp_pair_open(struct test_udp_pair *pair);
/* Opens the pair, and connects each socket to the other. */
void test_udp_pair_connect(struct test_udp_pair *pair);
void test_udp_pair_close(struct test_udp_pair *pair);

/* Waits with poll(2) until something has come, for tests of the calls rather than of events. */
void test_udp_await(struct cmio_udp_socket *socket);

/*
 * A port that refuses, because its socket is connected to another one. Nobody can take the port as
 * long as holder is open.
 */
struct cmio_address test_udp_open_refusing(struct cmio_udp_socket *holder);

/* Expects a datagram of the holder of a refusing port to reach the socket that was refused. */
void test_udp_expect_arrival(struct cmio_udp_socket *holder, struct cmio_udp_socket *socket);

#endif
