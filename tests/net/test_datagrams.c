/* SPDX-License-Identifier: MIT */

/*
 * What the calls of every kind of datagram socket do. Each test is a row for each kind that it
 * makes sense for. What one kind alone has is in test_udp_socket.c and test_unix_datagram.c.
 */

#include "support/datagrams.h"
#include "support/pair.h"
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

enum { ROOM = 8 };

struct ends {
    const struct test_datagram_kind *kind;
    struct test_scratch scratch;
    struct test_datagram sockets[2];
    struct test_datagram *a;
    struct test_datagram *b;
    struct cmio_address a_address;
    struct cmio_address b_address;
};

/* Two sockets that can send to each other: by address, but for a pair. */
static void open_ends(struct ends *ends, void *const *state) {
    ends->kind = *state;
    ends->a = &ends->sockets[0];
    ends->b = &ends->sockets[1];
    test_scratch_open(&ends->scratch);
    if (!test_datagram_open(ends->kind, &ends->scratch, ends->sockets)) {
        (void)test_scratch_close(&ends->scratch);
        skip();
    }
    TEST_OK(datagram_local_address(ends->a, &ends->a_address));
    TEST_OK(datagram_local_address(ends->b, &ends->b_address));
}

static void open_connected_ends(struct ends *ends, void *const *state) {
    open_ends(ends, state);
    if (test_datagram_is_pair(ends->kind))
        return;
    TEST_OK(datagram_connect(ends->a, &ends->b_address));
    TEST_OK(datagram_connect(ends->b, &ends->a_address));
}

static void close_ends(struct ends *ends) {
    TEST_OK(datagram_close(ends->a));
    TEST_OK(datagram_close(ends->b));
    (void)test_scratch_close(&ends->scratch);
}

/* Waits with poll(2): these tests are about the calls, not events. */
static void await(const struct test_datagram *socket) {
    struct pollfd entry = {.fd = datagram_fd(socket), .events = POLLIN};
    TEST_GIVES(poll(&entry, 1, 30000), 1);
}

static ssize_t send_from(const struct ends *ends, struct test_datagram *socket, const char *text) {
    if (test_datagram_is_pair(ends->kind))
        return datagram_send(socket, text, strlen(text));
    return datagram_send_to(socket, text, strlen(text),
                            socket == ends->a ? &ends->b_address : &ends->a_address);
}

static void datagrams_go_both_ways(void **state) {
    struct ends ends;
    struct cmio_address peer;
    char buffer[ROOM] = "";
    open_ends(&ends, state);
    TEST_FAILS(datagram_recv(ends.a, buffer, ROOM, NULL), -EAGAIN);
    TEST_FAILS(datagram_recv_from(ends.a, buffer, ROOM, &peer, NULL), -EAGAIN);
    TEST_GIVES(send_from(&ends, ends.a, "abc"), 3);
    await(ends.b);
    TEST_GIVES(datagram_recv_from(ends.b, buffer, ROOM, &peer, NULL), 3);
    assert_string_equal(buffer, "abc");
    assert_true(cmio_address_equal(&peer, &ends.a_address));
    assert_int_equal(peer.length, ends.a_address.length);
    TEST_GIVES(send_from(&ends, ends.b, "xyzw"), 4);
    await(ends.a);
    TEST_GIVES(datagram_recv(ends.a, buffer, ROOM, NULL), 4);
    assert_string_equal(buffer, "xyzw");
    TEST_OK(datagram_take_error(ends.a));
    close_ends(&ends);
}

static void each_receive_takes_one_datagram(void **state) {
    struct ends ends;
    char buffer[ROOM] = "";
    open_connected_ends(&ends, state);
    TEST_GIVES(datagram_send(ends.a, "abc", 3), 3);
    TEST_GIVES(datagram_send(ends.a, "defg", 4), 4);
    await(ends.b);
    TEST_GIVES(datagram_recv(ends.b, buffer, ROOM, NULL), 3);
    assert_string_equal(buffer, "abc");
    await(ends.b);
    TEST_GIVES(datagram_recv(ends.b, buffer, ROOM, NULL), 4);
    assert_string_equal(buffer, "defg");
    TEST_FAILS(datagram_recv(ends.b, buffer, ROOM, NULL), -EAGAIN);
    close_ends(&ends);
}

static void an_empty_datagram_is_0_and_no_end(void **state) {
    struct ends ends;
    struct cmio_address peer;
    char buffer[ROOM];
    bool truncated = true;
    open_connected_ends(&ends, state);
    TEST_GIVES(datagram_send(ends.a, NULL, 0), 0);
    TEST_GIVES(datagram_send(ends.b, NULL, 0), 0);
    TEST_GIVES(datagram_send(ends.a, "abc", 3), 3);
    await(ends.b);
    TEST_GIVES(datagram_recv_from(ends.b, buffer, ROOM, &peer, &truncated), 0);
    assert_false(truncated);
    assert_true(cmio_address_equal(&peer, &ends.a_address));
    await(ends.b);
    TEST_GIVES(datagram_recv(ends.b, buffer, ROOM, NULL), 3);
    TEST_FAILS(datagram_recv(ends.b, buffer, ROOM, NULL), -EAGAIN);
    await(ends.a);
    TEST_GIVES(datagram_recv(ends.a, NULL, 0, NULL), 0);
    TEST_FAILS(datagram_recv(ends.a, NULL, 0, NULL), -EAGAIN);
    close_ends(&ends);
}

static void a_datagram_that_does_not_fit_says_so(void **state) {
    struct ends ends;
    struct cmio_address peer;
    char buffer[ROOM + 1] = "________";
    bool truncated = false;
    open_connected_ends(&ends, state);
    for (int i = 0; i < 2; i++)
        TEST_GIVES(datagram_send(ends.a, "abcdef", 6), 6);
    await(ends.b);
    TEST_GIVES(datagram_recv(ends.b, buffer, 4, &truncated), 4);
    assert_true(truncated);
    assert_string_equal(buffer, "abcd____");
    memset(buffer, '_', ROOM);
    await(ends.b);
    TEST_GIVES(datagram_recv_from(ends.b, buffer, 6, &peer, &truncated), 6);
    assert_false(truncated);
    truncated = true;
    TEST_FAILS(datagram_recv_from(ends.b, buffer, 6, &peer, &truncated), -EAGAIN);
    assert_true(truncated);
    assert_true(cmio_address_equal(&peer, &ends.a_address));
    close_ends(&ends);
}

static void who_does_not_ask_for_truncated_gets_what_fits(void **state) {
    struct ends ends;
    struct cmio_address peer;
    char buffer[ROOM + 1] = "________";
    open_connected_ends(&ends, state);
    for (int i = 0; i < 2; i++)
        TEST_GIVES(datagram_send(ends.a, "abcdef", 6), 6);
    await(ends.b);
    TEST_GIVES(datagram_peek(ends.b, buffer, 2, NULL), 2);
    assert_string_equal(buffer, "ab______");
    TEST_GIVES(datagram_peek_from(ends.b, buffer, 3, &peer, NULL), 3);
    assert_string_equal(buffer, "abc_____");
    assert_true(cmio_address_equal(&peer, &ends.a_address));
    TEST_GIVES(datagram_recv(ends.b, buffer, 4, NULL), 4);
    assert_string_equal(buffer, "abcd____");
    memset(&peer, 0, sizeof peer);
    await(ends.b);
    TEST_GIVES(datagram_recv_from(ends.b, buffer, 5, &peer, NULL), 5);
    assert_string_equal(buffer, "abcde___");
    assert_true(cmio_address_equal(&peer, &ends.a_address));
    TEST_FAILS(datagram_recv(ends.b, buffer, 5, NULL), -EAGAIN);
    close_ends(&ends);
}

static void a_peek_leaves_the_datagram_in_place(void **state) {
    struct ends ends;
    struct cmio_address peer;
    char buffer[ROOM] = "";
    bool truncated = false;
    open_ends(&ends, state);
    TEST_FAILS(datagram_peek(ends.b, buffer, ROOM, NULL), -EAGAIN);
    TEST_GIVES(send_from(&ends, ends.a, "abcdef"), 6);
    await(ends.b);
    TEST_GIVES(datagram_peek(ends.b, buffer, 4, NULL), 4);
    TEST_GIVES(datagram_peek(ends.b, buffer, 4, &truncated), 4);
    assert_true(truncated);
    TEST_GIVES(datagram_peek_from(ends.b, buffer, ROOM, &peer, &truncated), 6);
    assert_false(truncated);
    assert_true(cmio_address_equal(&peer, &ends.a_address));
    TEST_GIVES(datagram_recv(ends.b, buffer, ROOM, NULL), 6);
    assert_string_equal(buffer, "abcdef");
    TEST_FAILS(datagram_peek(ends.b, buffer, ROOM, NULL), -EAGAIN);
    close_ends(&ends);
}

/* Peers. */

static void sending_without_a_peer_is_an_error(void **state) {
    struct ends ends;
    struct cmio_address peer = {.length = 77};
    open_ends(&ends, state);
    const ssize_t result = datagram_send(ends.a, "abc", 3);
    assert_true(result == -EDESTADDRREQ || result == -ENOTCONN);
    TEST_FAILS(datagram_peer_address(ends.a, &peer), -ENOTCONN);
    assert_int_equal(peer.length, 77);
    close_ends(&ends);
}

static void a_connected_socket_knows_its_peer(void **state) {
    struct ends ends;
    struct cmio_address peer;
    open_connected_ends(&ends, state);
    TEST_OK(datagram_peer_address(ends.a, &peer));
    assert_true(cmio_address_equal(&peer, &ends.b_address));
    assert_int_equal(peer.length, ends.b_address.length);
    close_ends(&ends);
}

/* Two connected ends, and another two: on Unix sockets the system refuses the strangers' sends. */

static void a_connected_socket_hears_its_peer_alone(void **state) {
    struct ends ends;
    struct ends strangers;
    struct cmio_address peer;
    char buffer[ROOM];
    open_connected_ends(&ends, state);
    open_ends(&strangers, state);
    TEST_GIVES(datagram_send_to(strangers.a, "no", 2, &ends.b_address), 2);
    TEST_GIVES(datagram_send(ends.a, "yes", 3), 3);
    await(ends.b);
    TEST_GIVES(datagram_recv_from(ends.b, buffer, ROOM, &peer, NULL), 3);
    assert_true(cmio_address_equal(&peer, &ends.a_address));
    TEST_FAILS(datagram_recv(ends.b, buffer, ROOM, NULL), -EAGAIN);
    close_ends(&strangers);
    close_ends(&ends);
}

static void connecting_again_changes_the_peer(void **state) {
    struct ends ends;
    struct ends others;
    struct cmio_address peer;
    char buffer[ROOM];
    open_connected_ends(&ends, state);
    open_ends(&others, state);
    struct test_datagram *third = others.a;
    TEST_OK(datagram_connect(ends.a, &others.a_address));
    TEST_OK(datagram_peer_address(ends.a, &peer));
    assert_true(cmio_address_equal(&peer, &others.a_address));
    TEST_GIVES(datagram_send(ends.b, "no", 2), 2);
    TEST_GIVES(datagram_send(ends.a, "to third", 8), 8);
    await(third);
    TEST_GIVES(datagram_recv(third, buffer, ROOM, NULL), 8);
    TEST_GIVES(datagram_send_to(third, "yes", 3, &ends.a_address), 3);
    await(ends.a);
    TEST_GIVES(datagram_recv(ends.a, buffer, ROOM, NULL), 3);
    close_ends(&others);
    close_ends(&ends);
}

static void a_connected_socket_sends_to_an_address_where_the_system_does(void **state) {
    struct ends ends;
    open_connected_ends(&ends, state);
    TEST_GIVES(datagram_send_to(ends.b, "", 0, &ends.a_address),
               test_answers()->connected_sends_to ? 0 : -EISCONN);
    close_ends(&ends);
}

/* Descriptors. */

static void expect_prepared(const struct test_datagram *socket) {
    assert_true(fcntl(datagram_fd(socket), F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(datagram_fd(socket), F_GETFD) & FD_CLOEXEC);
}

static void descriptors_are_nonblocking_and_close_on_exec(void **state) {
    struct ends ends;
    open_ends(&ends, state);
    expect_prepared(ends.a);
    expect_prepared(ends.b);
    const int fd = datagram_into_fd(ends.a);
    TEST_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
    TEST_OK(fcntl(fd, F_SETFD, 0));
    TEST_OK(datagram_from_fd(ends.a, fd));
    TEST_GIVES(datagram_fd(ends.a), fd);
    expect_prepared(ends.a);
    close_ends(&ends);
}

static void a_descriptor_is_given_away_open(void **state) {
    struct ends ends;
    char byte;
    open_connected_ends(&ends, state);
    const int fd = datagram_into_fd(ends.a);
    assert_true(fd >= 0);
    TEST_FAILS(datagram_fd(ends.a), -EBADF);
    TEST_FAILS(datagram_into_fd(ends.a), -EBADF);
    test_put(fd, 1);
    await(ends.b);
    TEST_GIVES(datagram_recv(ends.b, &byte, 1, NULL), 1);
    test_close(fd);
    close_ends(&ends);
}

static const struct CMUnitTest tests[] = {
    EACH_DATAGRAM(datagrams_go_both_ways),
    EACH_DATAGRAM(each_receive_takes_one_datagram),
    EACH_DATAGRAM(an_empty_datagram_is_0_and_no_end),
    EACH_DATAGRAM(a_datagram_that_does_not_fit_says_so),
    EACH_DATAGRAM(who_does_not_ask_for_truncated_gets_what_fits),
    EACH_DATAGRAM(a_peek_leaves_the_datagram_in_place),
    EACH_NAMED(sending_without_a_peer_is_an_error),
    EACH_DATAGRAM(a_connected_socket_knows_its_peer),
    EACH_UDP(a_connected_socket_hears_its_peer_alone),
    EACH_UDP(connecting_again_changes_the_peer),
    EACH_UDP(a_connected_socket_sends_to_an_address_where_the_system_does),
    EACH_DATAGRAM(descriptors_are_nonblocking_and_close_on_exec),
    EACH_DATAGRAM(a_descriptor_is_given_away_open),
};

TEST_GROUP(net_datagrams, tests)
