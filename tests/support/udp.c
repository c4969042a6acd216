/* SPDX-License-Identifier: MIT */
#include "support/udp.h"

#include <poll.h>

#include "support/test.h"

void test_udp_await(struct cmio_udp_socket *socket) {
    struct pollfd entry = {.fd = cmio_udp_socket_fd(socket), .events = POLLIN};
    assert_int_equal(poll(&entry, 1, 30000), 1);
}

struct cmio_address test_address(const char *text) {
    struct cmio_address address;
    assert_int_equal(cmio_address_parse(text, &address), 0);
    return address;
}

struct cmio_address test_udp_open(struct cmio_udp_socket *socket, const char *host) {
    struct cmio_address address = test_address(host);
    assert_int_equal(cmio_udp_socket_bind(socket, &address, NULL), 0);
    assert_int_equal(cmio_udp_socket_local_address(socket, &address), 0);
    assert_true(cmio_address_port(&address) != 0);
    return address;
}

void test_udp_pair_open(struct test_udp_pair *pair) {
    pair->a_address = test_udp_open(&pair->a, "127.0.0.1:0");
    pair->b_address = test_udp_open(&pair->b, "127.0.0.1:0");
}

void test_udp_pair_connect(struct test_udp_pair *pair) {
    test_udp_pair_open(pair);
    assert_int_equal(cmio_udp_socket_connect(&pair->a, &pair->b_address), 0);
    assert_int_equal(cmio_udp_socket_connect(&pair->b, &pair->a_address), 0);
}

void test_udp_pair_close(struct test_udp_pair *pair) {
    assert_int_equal(cmio_udp_socket_close(&pair->a), 0);
    assert_int_equal(cmio_udp_socket_close(&pair->b), 0);
}

struct cmio_address test_udp_open_refusing(struct cmio_udp_socket *holder) {
    const struct cmio_address elsewhere = test_address("127.0.0.1:9");
    const struct cmio_address address = test_udp_open(holder, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(holder, &elsewhere), 0);
    return address;
}

void test_udp_expect_arrival(struct cmio_udp_socket *holder, struct cmio_udp_socket *socket) {
    struct cmio_address address;
    char buffer[8];
    assert_int_equal(cmio_udp_socket_local_address(socket, &address), 0);
    assert_int_equal(cmio_udp_socket_connect(holder, &address), 0);
    assert_int_equal(cmio_udp_socket_send(holder, "abc", 3), 3);
    test_udp_await(socket);
    assert_int_equal(cmio_udp_socket_recv(socket, buffer, sizeof buffer, NULL), 3);
}
