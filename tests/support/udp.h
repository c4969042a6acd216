/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_UDP_H
#define CMIO_TESTS_UDP_H

/* UDP sockets of cmio on 127.0.0.1, without a poll. All here fail the test on an error. */

#include <cmio/udp_socket.h>

struct cmio_address test_address(const char *text);

/* Binds to a free port of the host, as in "127.0.0.1:0": the address that it got. */
struct cmio_address test_udp_open(struct cmio_udp_socket *socket, const char *host);

struct test_udp_pair {
    struct cmio_udp_socket a;
    struct cmio_udp_socket b;
    struct cmio_address a_address;
    struct cmio_address b_address;
};

void test_udp_pair_open(struct test_udp_pair *pair);
/* The same, and each is connected to the other. */
void test_udp_pair_connect(struct test_udp_pair *pair);
void test_udp_pair_close(struct test_udp_pair *pair);

/* Waits until something came, with poll(2): for tests that are about the calls, not events. */
void test_udp_await(struct cmio_udp_socket *socket);

/*
 * A port that refuses, since its socket is connected to somebody else. Nobody can take the port as
 * long as that is open.
 */
struct cmio_address test_udp_open_refusing(struct cmio_udp_socket *holder);

/* A datagram comes from the holder of a refusing port to the socket that was refused. */
void test_udp_expect_arrival(struct cmio_udp_socket *holder, struct cmio_udp_socket *socket);

#endif
