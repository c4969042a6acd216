/* SPDX-License-Identifier: MIT */
/*
 * The calls of a UDP socket. Built twice: with the batches of the system, and with those that make
 * a call for each datagram. No test may tell them apart.
 */
#include "support/scale.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmio/udp_socket.h>

/* Waits until something came, with poll(2): these tests are about the calls, not events. */
static void await(struct cmio_udp_socket *socket) {
    struct pollfd entry = {.fd = cmio_udp_socket_fd(socket), .events = POLLIN};
    assert_int_equal(poll(&entry, 1, 30000), 1);
}

static struct cmio_address address_of(const char *text) {
    struct cmio_address address;
    assert_int_equal(cmio_address_parse(text, &address), 0);
    return address;
}

/* Bound to a free port, whose address is returned. */
static struct cmio_address open_on(struct cmio_udp_socket *socket, const char *host) {
    struct cmio_address address = address_of(host);
    assert_int_equal(cmio_udp_socket_bind(socket, &address, NULL), 0);
    assert_int_equal(cmio_udp_socket_local_address(socket, &address), 0);
    assert_true(cmio_address_port(&address) != 0);
    return address;
}

struct pair {
    struct cmio_udp_socket a;
    struct cmio_udp_socket b;
    struct cmio_address a_address;
    struct cmio_address b_address;
};

static void open_pair(struct pair *pair) {
    pair->a_address = open_on(&pair->a, "127.0.0.1:0");
    pair->b_address = open_on(&pair->b, "127.0.0.1:0");
}

static void open_connected_pair(struct pair *pair) {
    open_pair(pair);
    assert_int_equal(cmio_udp_socket_connect(&pair->a, &pair->b_address), 0);
    assert_int_equal(cmio_udp_socket_connect(&pair->b, &pair->a_address), 0);
}

static void close_pair(struct pair *pair) {
    assert_int_equal(cmio_udp_socket_close(&pair->a), 0);
    assert_int_equal(cmio_udp_socket_close(&pair->b), 0);
}

static bool has_v6(void) {
    struct cmio_udp_socket socket;
    const struct cmio_address address = address_of("[::1]:0");
    return cmio_udp_socket_bind(&socket, &address, NULL) == 0 &&
           cmio_udp_socket_close(&socket) == 0;
}

static void expect_exchange(const char *host) {
    struct cmio_udp_socket a;
    struct cmio_udp_socket b;
    struct cmio_address peer;
    char buffer[8] = "";
    const struct cmio_address a_address = open_on(&a, host);
    const struct cmio_address b_address = open_on(&b, host);
    assert_int_equal(cmio_udp_socket_recv(&a, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_recv_from(&a, buffer, sizeof buffer, &peer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_send_to(&a, "abc", 3, &b_address), 3);
    await(&b);
    assert_int_equal(cmio_udp_socket_recv_from(&b, buffer, sizeof buffer, &peer, NULL), 3);
    assert_string_equal(buffer, "abc");
    assert_true(cmio_address_equal(&peer, &a_address));
    assert_int_equal(cmio_udp_socket_send_to(&b, "xyzw", 4, &peer), 4);
    await(&a);
    assert_int_equal(cmio_udp_socket_recv(&a, buffer, sizeof buffer, NULL), 4);
    assert_string_equal(buffer, "xyzw");
    assert_int_equal(cmio_udp_socket_close(&a), 0);
    assert_int_equal(cmio_udp_socket_close(&b), 0);
}

static void datagrams_go_both_ways_over_v4(void **state) {
    (void)state;
    expect_exchange("127.0.0.1:0");
}

static void datagrams_go_both_ways_over_v6(void **state) {
    (void)state;
    if (!has_v6())
        skip();
    expect_exchange("[::1]:0");
}

static void a_connected_socket_hears_its_peer_alone(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_udp_socket stranger;
    struct cmio_address peer;
    char buffer[8];
    open_connected_pair(&pair);
    (void)open_on(&stranger, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_peer_address(&pair.a, &peer), 0);
    assert_true(cmio_address_equal(&peer, &pair.b_address));
    assert_int_equal(cmio_udp_socket_send_to(&stranger, "no", 2, &pair.b_address), 2);
    assert_int_equal(cmio_udp_socket_send(&pair.a, "yes", 3), 3);
    await(&pair.b);
    assert_int_equal(cmio_udp_socket_recv_from(&pair.b, buffer, sizeof buffer, &peer, NULL), 3);
    assert_true(cmio_address_equal(&peer, &pair.a_address));
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_close(&stranger), 0);
    close_pair(&pair);
}

static void connecting_again_changes_the_peer(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_udp_socket third;
    struct cmio_address peer;
    char buffer[8];
    open_connected_pair(&pair);
    const struct cmio_address third_address = open_on(&third, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&pair.a, &third_address), 0);
    assert_int_equal(cmio_udp_socket_peer_address(&pair.a, &peer), 0);
    assert_true(cmio_address_equal(&peer, &third_address));
    assert_int_equal(cmio_udp_socket_send(&pair.b, "no", 2), 2);
    assert_int_equal(cmio_udp_socket_send(&pair.a, "to third", 8), 8);
    await(&third);
    assert_int_equal(cmio_udp_socket_recv(&third, buffer, sizeof buffer, NULL), 8);
    assert_int_equal(cmio_udp_socket_send_to(&third, "yes", 3, &pair.a_address), 3);
    await(&pair.a);
    assert_int_equal(cmio_udp_socket_recv(&pair.a, buffer, sizeof buffer, NULL), 3);
    assert_int_equal(cmio_udp_socket_close(&third), 0);
    close_pair(&pair);
}

static void sending_without_a_peer_is_an_error(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_address peer = {.length = 77};
    open_pair(&pair);
    ssize_t result = cmio_udp_socket_send(&pair.a, "abc", 3);
    assert_true(result == -EDESTADDRREQ || result == -ENOTCONN);
    assert_int_equal(cmio_udp_socket_peer_address(&pair.a, &peer), -ENOTCONN);
    assert_int_equal(peer.length, 77);
    close_pair(&pair);
}

static void an_empty_datagram_is_0_and_no_end(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_address peer;
    char buffer[8];
    bool truncated = true;
    open_connected_pair(&pair);
    assert_int_equal(cmio_udp_socket_send(&pair.a, NULL, 0), 0);
    assert_int_equal(cmio_udp_socket_send_to(&pair.b, "", 0, &pair.a_address), 0);
    assert_int_equal(cmio_udp_socket_send(&pair.a, "abc", 3), 3);
    await(&pair.b);
    assert_int_equal(cmio_udp_socket_recv_from(&pair.b, buffer, sizeof buffer, &peer, &truncated),
                     0);
    assert_false(truncated);
    assert_true(cmio_address_equal(&peer, &pair.a_address));
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), 3);
    await(&pair.a);
    assert_int_equal(cmio_udp_socket_recv(&pair.a, NULL, 0, NULL), 0);
    assert_int_equal(cmio_udp_socket_recv(&pair.a, NULL, 0, NULL), -EAGAIN);
    close_pair(&pair);
}

static void a_datagram_that_does_not_fit_says_so(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_address peer = {.length = 77};
    char buffer[8] = "________";
    bool truncated = false;
    open_connected_pair(&pair);
    for (int i = 0; i < 3; i++)
        assert_int_equal(cmio_udp_socket_send(&pair.a, "abcdef", 6), 6);
    await(&pair.b);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, 4, &truncated), 4);
    assert_true(truncated);
    assert_memory_equal(buffer, "abcd____", 8);
    memset(buffer, '_', sizeof buffer);
    assert_int_equal(cmio_udp_socket_recv_from(&pair.b, buffer, 4, &peer, NULL), -EMSGSIZE);
    assert_memory_equal(buffer, "abcd____", 8);
    assert_int_equal(peer.length, 77);
    assert_int_equal(cmio_udp_socket_recv_from(&pair.b, buffer, 6, &peer, &truncated), 6);
    assert_false(truncated);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, 6, &truncated), -EAGAIN);
    close_pair(&pair);
}

static void a_peek_leaves_the_datagram_in_place(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_address peer;
    char buffer[8] = "";
    bool truncated = false;
    open_pair(&pair);
    assert_int_equal(cmio_udp_socket_peek(&pair.b, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_send_to(&pair.a, "abcdef", 6, &pair.b_address), 6);
    await(&pair.b);
    assert_int_equal(cmio_udp_socket_peek(&pair.b, buffer, 4, NULL), -EMSGSIZE);
    assert_int_equal(cmio_udp_socket_peek(&pair.b, buffer, 4, &truncated), 4);
    assert_true(truncated);
    assert_int_equal(cmio_udp_socket_peek_from(&pair.b, buffer, sizeof buffer, &peer, &truncated),
                     6);
    assert_false(truncated);
    assert_true(cmio_address_equal(&peer, &pair.a_address));
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), 6);
    assert_string_equal(buffer, "abcdef");
    assert_int_equal(cmio_udp_socket_peek(&pair.b, buffer, sizeof buffer, NULL), -EAGAIN);
    close_pair(&pair);
}

static void a_datagram_that_is_too_long_is_refused(void **state) {
    (void)state;
    static const char bytes[70000];
    struct pair pair;
    open_connected_pair(&pair);
    assert_int_equal(cmio_udp_socket_send(&pair.a, bytes, sizeof bytes), -EMSGSIZE);
    assert_int_equal(cmio_udp_socket_send(&pair.a, bytes, 1), 1);
    close_pair(&pair);
}

/*
 * A port that refuses: its socket is connected to somebody else. Nobody can take the port as long
 * as it is open.
 */
static struct cmio_address open_refusing(struct cmio_udp_socket *holder) {
    const struct cmio_address elsewhere = address_of("127.0.0.1:9");
    const struct cmio_address address = open_on(holder, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(holder, &elsewhere), 0);
    return address;
}

/* From the holder of a refusing port to the socket that was refused. */
static void expect_arrival(struct cmio_udp_socket *holder, struct cmio_udp_socket *socket) {
    struct cmio_address address;
    char buffer[8];
    assert_int_equal(cmio_udp_socket_local_address(socket, &address), 0);
    assert_int_equal(cmio_udp_socket_connect(holder, &address), 0);
    assert_int_equal(cmio_udp_socket_send(holder, "abc", 3), 3);
    await(socket);
    assert_int_equal(cmio_udp_socket_recv(socket, buffer, sizeof buffer, NULL), 3);
}

static void a_refusal_is_told_once_and_datagrams_still_arrive(void **state) {
    (void)state;
    struct cmio_udp_socket holder;
    struct cmio_udp_socket socket;
    char buffer[8];
    const struct cmio_address refusing = open_refusing(&holder);
    (void)open_on(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&socket, &refusing), 0);
    assert_int_equal(cmio_udp_socket_send(&socket, "abc", 3), 3);
    await(&socket);
    assert_int_equal(cmio_udp_socket_recv(&socket, buffer, sizeof buffer, NULL), -ECONNREFUSED);
    assert_int_equal(cmio_udp_socket_recv(&socket, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_send(&socket, "abc", 3), 3);
    await(&socket);
    assert_int_equal(cmio_udp_socket_take_error(&socket), -ECONNREFUSED);
    assert_int_equal(cmio_udp_socket_take_error(&socket), 0);
    expect_arrival(&holder, &socket);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
    assert_int_equal(cmio_udp_socket_close(&holder), 0);
}

static void ports_are_shared_only_by_those_who_say_so(void **state) {
    (void)state;
    static const struct cmio_udp_socket_options rows[] = {{.reuse_address = true},
                                                          {.reuse_port = true}};
    for (size_t i = 0; i < 2; i++) {
        struct cmio_udp_socket first;
        struct cmio_udp_socket second = {.source.fd = 77};
        struct cmio_address address = address_of("127.0.0.1:0");
        if (cmio_udp_socket_bind(&first, &address, &rows[i]) == -ENOTSUP)
            continue;
        assert_int_equal(cmio_udp_socket_local_address(&first, &address), 0);
        assert_int_equal(cmio_udp_socket_bind(&second, &address, NULL), -EADDRINUSE);
        assert_int_equal(second.source.fd, 77);
        /* The BSDs ask for SO_REUSEPORT here, but for multicast addresses. */
        int again = cmio_udp_socket_bind(&second, &address, &rows[i]);
        assert_true(again == 0 || (rows[i].reuse_address && again == -EADDRINUSE));
        if (again == 0)
            assert_int_equal(cmio_udp_socket_close(&second), 0);
        assert_int_equal(cmio_udp_socket_close(&first), 0);
    }
}

static void bind_refuses_what_it_cannot_do(void **state) {
    (void)state;
    struct cmio_udp_socket socket = {.source.fd = 77};
    const struct cmio_address v4 = address_of("127.0.0.1:0");
    const struct cmio_address path = address_of("unix:/tmp/x");
    const struct cmio_udp_socket_options only = {.v6only = CMIO_V6ONLY_ON};
    const struct cmio_udp_socket_options wrong = {.v6only = (enum cmio_v6only)3};
    assert_int_equal(cmio_udp_socket_bind(&socket, &v4, &only), -EINVAL);
    assert_int_equal(cmio_udp_socket_bind(&socket, &v4, &wrong), -EINVAL);
    assert_int_equal(cmio_udp_socket_bind(&socket, &path, NULL), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_bind(&socket, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_bind(NULL, &v4, NULL), -EINVAL);
    assert_int_equal(socket.source.fd, 77);
}

static void v6only_is_set_with_bind_and_read(void **state) {
    (void)state;
    static const enum cmio_v6only ways[] = {CMIO_V6ONLY_ON, CMIO_V6ONLY_OFF};
    const struct cmio_address v4 = address_of("127.0.0.1:0");
    struct cmio_udp_socket socket;
    bool only = true;
    if (!has_v6())
        skip();
    for (size_t i = 0; i < 2; i++) {
        const struct cmio_address any = address_of("[::]:0");
        const struct cmio_udp_socket_options options = {.v6only = ways[i]};
        if (cmio_udp_socket_bind(&socket, &any, &options) < 0)
            continue; /* OpenBSD has IPv6 sockets for IPv6 alone */
        assert_int_equal(cmio_udp_socket_v6only(&socket, &only), 0);
        assert_int_equal(only, ways[i] == CMIO_V6ONLY_ON);
        assert_int_equal(cmio_udp_socket_close(&socket), 0);
    }
    only = true;
    assert_int_equal(cmio_udp_socket_bind(&socket, &v4, NULL), 0);
    assert_true(cmio_udp_socket_v6only(&socket, &only) < 0);
    assert_true(only);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

static void a_socket_of_both_families_hears_v4_peers(void **state) {
    (void)state;
    struct cmio_udp_socket both;
    struct cmio_udp_socket v4;
    struct cmio_address peer;
    char buffer[8];
    const struct cmio_address any = address_of("[::]:0");
    const struct cmio_udp_socket_options options = {.v6only = CMIO_V6ONLY_OFF};
    if (cmio_udp_socket_bind(&both, &any, &options) < 0)
        skip();
    struct cmio_address address = open_on(&v4, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_local_address(&both, &peer), 0);
    assert_int_equal(cmio_address_set_port(&address, cmio_address_port(&peer)), 0);
    assert_int_equal(cmio_udp_socket_send_to(&v4, "abc", 3, &address), 3);
    await(&both);
    assert_int_equal(cmio_udp_socket_recv_from(&both, buffer, sizeof buffer, &peer, NULL), 3);
    assert_int_equal(cmio_address_family(&peer), AF_INET6);
    assert_int_equal(cmio_udp_socket_send_to(&both, "xyz", 3, &peer), 3);
    await(&v4);
    assert_int_equal(cmio_udp_socket_recv(&v4, buffer, sizeof buffer, NULL), 3);
    assert_int_equal(cmio_udp_socket_close(&both), 0);
    assert_int_equal(cmio_udp_socket_close(&v4), 0);
}

static void options_are_set_and_read(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    bool on = true;
    uint32_t ttl = 77;
    (void)open_on(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_broadcast(&socket, &on), 0);
    assert_false(on);
    assert_int_equal(cmio_udp_socket_set_broadcast(&socket, true), 0);
    assert_int_equal(cmio_udp_socket_broadcast(&socket, &on), 0);
    assert_true(on);
    assert_int_equal(cmio_udp_socket_set_ttl(&socket, 9), 0);
    assert_int_equal(cmio_udp_socket_ttl(&socket, &ttl), 0);
    assert_int_equal(ttl, 9);
    assert_int_equal(cmio_udp_socket_set_ttl(&socket, 256), -EINVAL);
    assert_int_equal(cmio_udp_socket_multicast_loop_v4(&socket, &on), 0);
    assert_true(on);
    assert_int_equal(cmio_udp_socket_set_multicast_loop_v4(&socket, false), 0);
    assert_int_equal(cmio_udp_socket_multicast_loop_v4(&socket, &on), 0);
    assert_false(on);
    assert_int_equal(cmio_udp_socket_multicast_ttl_v4(&socket, &ttl), 0);
    assert_int_equal(ttl, 1);
    assert_int_equal(cmio_udp_socket_set_multicast_ttl_v4(&socket, 255), 0);
    assert_int_equal(cmio_udp_socket_multicast_ttl_v4(&socket, &ttl), 0);
    assert_int_equal(ttl, 255);
    assert_int_equal(cmio_udp_socket_set_multicast_ttl_v4(&socket, 0), 0);
    assert_int_equal(cmio_udp_socket_set_multicast_ttl_v4(&socket, 256), -EINVAL);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

static void options_of_v6_are_set_and_read(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    bool on = false;
    uint32_t ttl = 77;
    if (!has_v6())
        skip();
    (void)open_on(&socket, "[::1]:0");
    assert_int_equal(cmio_udp_socket_multicast_loop_v6(&socket, &on), 0);
    assert_true(on);
    assert_int_equal(cmio_udp_socket_set_multicast_loop_v6(&socket, false), 0);
    assert_int_equal(cmio_udp_socket_multicast_loop_v6(&socket, &on), 0);
    assert_false(on);
    assert_int_equal(cmio_udp_socket_set_ttl(&socket, 9), 0);
    assert_int_equal(cmio_udp_socket_ttl(&socket, &ttl), 0);
    assert_int_equal(ttl, 9);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

/* Some address to which a datagram is a broadcast here: one that is refused as such. */
static bool find_broadcast(struct cmio_udp_socket *socket, struct cmio_address *out) {
    static const char *const tries[] = {"255.255.255.255:9", "127.255.255.255:9"};
    for (size_t i = 0; i < 2; i++) {
        *out = address_of(tries[i]);
        if (cmio_udp_socket_send_to(socket, "abc", 3, out) == -EACCES)
            return true;
    }
    return false;
}

static void broadcasts_are_refused_until_they_are_allowed(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    struct cmio_address address = address_of("0.0.0.0:0");
    assert_int_equal(cmio_udp_socket_bind(&socket, &address, NULL), 0);
    const bool found = find_broadcast(&socket, &address);
    if (found) {
        assert_int_equal(cmio_udp_socket_set_broadcast(&socket, true), 0);
        assert_int_equal(cmio_udp_socket_send_to(&socket, "abc", 3, &address), 3);
        assert_int_equal(cmio_udp_socket_set_broadcast(&socket, false), 0);
        assert_int_equal(cmio_udp_socket_send_to(&socket, "abc", 3, &address), -EACCES);
    }
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
    if (!found)
        skip(); /* no interface of this system broadcasts */
}

static void members_of_a_v4_group_hear_it_until_they_leave(void **state) {
    (void)state;
    struct cmio_udp_socket member;
    struct cmio_udp_socket sender;
    char buffer[8];
    const struct cmio_address loopback = address_of("127.0.0.1:0");
    struct cmio_address group = address_of("239.255.77.77:0");
    const struct cmio_address port = open_on(&member, "0.0.0.0:0");
    (void)open_on(&sender, "127.0.0.1:0");
    assert_int_equal(cmio_address_set_port(&group, cmio_address_port(&port)), 0);
    assert_int_equal(setsockopt(cmio_udp_socket_fd(&sender), IPPROTO_IP, IP_MULTICAST_IF,
                                &loopback.u.v4.sin_addr, sizeof loopback.u.v4.sin_addr),
                     0);
    const int joined = cmio_udp_socket_join_multicast_v4(&member, &group, &loopback);
    bool heard = joined == 0 && cmio_udp_socket_send_to(&sender, "abc", 3, &group) == 3;
    if (heard) {
        await(&member);
        assert_int_equal(cmio_udp_socket_recv(&member, buffer, sizeof buffer, NULL), 3);
        /* A second group beside the first, and each is left alone. */
        struct cmio_address other = address_of("239.255.77.78:0");
        assert_int_equal(cmio_address_set_port(&other, cmio_address_port(&port)), 0);
        assert_int_equal(cmio_udp_socket_join_multicast_v4(&member, &other, &loopback), 0);
        assert_true(cmio_udp_socket_join_multicast_v4(&member, &other, &loopback) < 0);
        assert_int_equal(cmio_udp_socket_leave_multicast_v4(&member, &group, &loopback), 0);
        assert_true(cmio_udp_socket_leave_multicast_v4(&member, &group, &loopback) < 0);
        (void)cmio_udp_socket_send_to(&sender, "no", 2, &group); /* may have no taker now */
        assert_int_equal(cmio_udp_socket_send_to(&sender, "other", 5, &other), 5);
        await(&member);
        assert_int_equal(cmio_udp_socket_recv(&member, buffer, sizeof buffer, NULL), 5);
        assert_int_equal(cmio_udp_socket_leave_multicast_v4(&member, &other, &loopback), 0);
    }
    assert_int_equal(cmio_udp_socket_close(&member), 0);
    assert_int_equal(cmio_udp_socket_close(&sender), 0);
    if (!heard)
        skip(); /* the loopback of this system knows no multicast */
}

/* Over the interface with the index: false where it knows no multicast. */
static bool is_heard_over(unsigned index) {
    struct cmio_udp_socket member;
    struct cmio_udp_socket sender;
    char buffer[8];
    struct cmio_address group = address_of("[ff01::77:77]:0"); /* leaves no interface */
    const struct cmio_address port = open_on(&member, "[::]:0");
    (void)open_on(&sender, "[::]:0");
    assert_int_equal(cmio_address_set_port(&group, cmio_address_port(&port)), 0);
    const bool heard = setsockopt(cmio_udp_socket_fd(&sender), IPPROTO_IPV6, IPV6_MULTICAST_IF,
                                  &index, sizeof index) == 0 &&
                       cmio_udp_socket_join_multicast_v6(&member, &group, index) == 0 &&
                       cmio_udp_socket_send_to(&sender, "abc", 3, &group) == 3;
    if (heard) {
        await(&member);
        assert_int_equal(cmio_udp_socket_recv(&member, buffer, sizeof buffer, NULL), 3);
        assert_int_equal(cmio_udp_socket_leave_multicast_v6(&member, &group, index), 0);
        assert_true(cmio_udp_socket_leave_multicast_v6(&member, &group, index) < 0);
    }
    assert_int_equal(cmio_udp_socket_close(&member), 0);
    assert_int_equal(cmio_udp_socket_close(&sender), 0);
    return heard;
}

static void members_of_a_v6_group_hear_it_until_they_leave(void **state) {
    (void)state;
    bool heard = false;
    if (!has_v6())
        skip();
    struct if_nameindex *interfaces = if_nameindex();
    assert_non_null(interfaces);
    for (size_t i = 0; interfaces[i].if_index != 0 && !heard; i++)
        heard = is_heard_over(interfaces[i].if_index);
    if_freenameindex(interfaces);
    if (!heard)
        skip(); /* no interface of this system knows IPv6 multicast */
}

static void groups_must_be_of_the_family_that_is_asked_for(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    const struct cmio_address v4 = address_of("239.255.77.77:0");
    const struct cmio_address v6 = address_of("[ff01::77:77]:0");
    const struct cmio_address unicast = address_of("127.0.0.1:0");
    (void)open_on(&socket, "0.0.0.0:0");
    assert_int_equal(cmio_udp_socket_join_multicast_v4(&socket, &v6, NULL), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_join_multicast_v4(&socket, &v4, &v6), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_join_multicast_v4(&socket, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_join_multicast_v4(&socket, &unicast, &unicast), -EINVAL);
    assert_int_equal(cmio_udp_socket_leave_multicast_v4(&socket, &v6, NULL), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_join_multicast_v6(&socket, &v4, 0), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_leave_multicast_v6(&socket, NULL, 0), -EINVAL);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

static void unix_addresses_are_refused(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    const struct cmio_address path = address_of("unix:/tmp/x");
    (void)open_on(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&socket, &path), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_connect(&socket, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_to(&socket, "a", 1, &path), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_send_to(&socket, "a", 1, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

/* Descriptors. */

static void expect_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void descriptors_are_nonblocking_and_close_on_exec(void **state) {
    (void)state;
    struct cmio_udp_socket socket_;
    (void)open_on(&socket_, "127.0.0.1:0");
    expect_prepared(cmio_udp_socket_fd(&socket_));
    assert_int_equal(cmio_udp_socket_close(&socket_), 0);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(cmio_udp_socket_from_fd(&socket_, fd), 0);
    expect_prepared(fd);
    assert_int_equal(cmio_udp_socket_close(&socket_), 0);
}

static void only_datagram_sockets_of_ip_are_adopted(void **state) {
    (void)state;
    static const int kinds[][2] = {{AF_INET, SOCK_STREAM}, {AF_UNIX, SOCK_DGRAM}};
    struct cmio_udp_socket adopted = {.source.fd = 77};
    int ends[2];
    for (size_t i = 0; i < 2; i++) {
        const int fd = socket(kinds[i][0], kinds[i][1], 0);
        assert_int_equal(cmio_udp_socket_from_fd(&adopted, fd), i == 0 ? -EINVAL : -EAFNOSUPPORT);
        assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_int_equal(close(fd), 0);
    }
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(cmio_udp_socket_from_fd(&adopted, ends[0]), -ENOTSOCK);
    assert_int_equal(cmio_udp_socket_from_fd(NULL, ends[0]), -EINVAL);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(cmio_udp_socket_from_fd(&adopted, -1), -EBADF);
    assert_int_equal(adopted.source.fd, 77);
}

static void a_descriptor_is_given_away_open(void **state) {
    (void)state;
    struct pair pair;
    char byte;
    open_connected_pair(&pair);
    const int fd = cmio_udp_socket_into_fd(&pair.a);
    assert_true(fd >= 0);
    assert_int_equal(cmio_udp_socket_fd(&pair.a), -EBADF);
    assert_int_equal(send(fd, "a", 1, 0), 1);
    await(&pair.b);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, &byte, 1, NULL), 1);
    assert_int_equal(close(fd), 0);
    close_pair(&pair);
}

static void null_and_closed_sockets_are_refused(void **state) {
    (void)state;
    struct cmio_udp_socket closed;
    struct cmio_udp_socket zeroed = {.kept_error = 0};
    const struct cmio_address v4 = open_on(&closed, "127.0.0.1:0");
    const struct cmio_address v6 = address_of("[ff01::77:77]:0");
    struct cmio_address out;
    char byte = 0;
    struct cmio_udp_message message = {.buffer = &byte, .size = 1};
    bool on;
    uint32_t ttl;
    assert_int_equal(cmio_udp_socket_close(&closed), 0);
    struct cmio_udp_socket *const rows[] = {NULL, &closed, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        assert_int_equal(cmio_udp_socket_connect(rows[i], &v4), error);
        assert_int_equal(cmio_udp_socket_send(rows[i], &byte, 1), error);
        assert_int_equal(cmio_udp_socket_send_to(rows[i], &byte, 1, &v4), error);
        assert_int_equal(cmio_udp_socket_recv(rows[i], &byte, 1, NULL), error);
        assert_int_equal(cmio_udp_socket_recv_from(rows[i], &byte, 1, NULL, NULL), error);
        assert_int_equal(cmio_udp_socket_peek(rows[i], &byte, 1, NULL), error);
        assert_int_equal(cmio_udp_socket_peek_from(rows[i], &byte, 1, NULL, NULL), error);
        assert_int_equal(cmio_udp_socket_recv_batch(rows[i], &message, 1), error);
        assert_int_equal(cmio_udp_socket_send_batch(rows[i], &message, 1), error);
        assert_int_equal(cmio_udp_socket_local_address(rows[i], &out), error);
        assert_int_equal(cmio_udp_socket_peer_address(rows[i], &out), error);
        assert_int_equal(cmio_udp_socket_take_error(rows[i]), error);
        assert_int_equal(cmio_udp_socket_set_broadcast(rows[i], true), error);
        assert_int_equal(cmio_udp_socket_broadcast(rows[i], &on), error);
        assert_int_equal(cmio_udp_socket_set_ttl(rows[i], 9), error);
        assert_int_equal(cmio_udp_socket_ttl(rows[i], &ttl), error);
        assert_int_equal(cmio_udp_socket_set_multicast_loop_v4(rows[i], true), error);
        assert_int_equal(cmio_udp_socket_multicast_loop_v4(rows[i], &on), error);
        assert_int_equal(cmio_udp_socket_set_multicast_ttl_v4(rows[i], 9), error);
        assert_int_equal(cmio_udp_socket_multicast_ttl_v4(rows[i], &ttl), error);
        assert_int_equal(cmio_udp_socket_set_multicast_loop_v6(rows[i], true), error);
        assert_int_equal(cmio_udp_socket_multicast_loop_v6(rows[i], &on), error);
        assert_int_equal(cmio_udp_socket_join_multicast_v4(rows[i], &v4, NULL), error);
        assert_int_equal(cmio_udp_socket_leave_multicast_v4(rows[i], &v4, NULL), error);
        assert_int_equal(cmio_udp_socket_join_multicast_v6(rows[i], &v6, 0), error);
        assert_int_equal(cmio_udp_socket_leave_multicast_v6(rows[i], &v6, 0), error);
        assert_int_equal(cmio_udp_socket_v6only(rows[i], &on), error);
        assert_int_equal(cmio_udp_socket_fd(rows[i]), error);
        assert_int_equal(cmio_udp_socket_into_fd(rows[i]), error);
        assert_int_equal(cmio_udp_socket_close(rows[i]), 0);
    }
}

static void null_arguments_are_invalid(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_udp_message message = {.buffer = NULL, .size = 1};
    open_connected_pair(&pair);
    assert_int_equal(cmio_udp_socket_send(&pair.a, NULL, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_to(&pair.a, NULL, 1, &pair.b_address), -EINVAL);
    assert_int_equal(cmio_udp_socket_recv(&pair.a, NULL, 1, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_peek(&pair.a, NULL, 1, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.a, &message, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, &message, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.a, NULL, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, NULL, 1), -EINVAL);
    message.size = 0;
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.a, &message, 0), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, &message, 0), -EINVAL);
    assert_int_equal(cmio_udp_socket_broadcast(&pair.a, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_multicast_loop_v4(&pair.a, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_multicast_ttl_v4(&pair.a, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_ttl(&pair.a, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_local_address(&pair.a, NULL), -EINVAL);
    close_pair(&pair);
}

/* Batches. */

enum { ROOM = 64, ROUND = 40 };

/* Messages with a buffer each. */
struct batch {
    struct cmio_udp_message messages[CMIO_UDP_BATCH_MAX + 1];
    char bytes[CMIO_UDP_BATCH_MAX + 1][ROOM];
};

static void batch_init(struct batch *batch) {
    memset(batch, 0, sizeof *batch);
    for (size_t i = 0; i <= CMIO_UDP_BATCH_MAX; i++) {
        batch->messages[i].buffer = batch->bytes[i];
        batch->messages[i].size = ROOM;
    }
}

static void a_batch_is_sent_and_received(void **state) {
    (void)state;
    static const char *const texts[] = {"abc", "", "fghij"};
    struct pair pair;
    struct batch out;
    struct batch in;
    open_pair(&pair);
    batch_init(&out);
    batch_init(&in);
    for (size_t i = 0; i < 3; i++) {
        out.messages[i].size = strlen(texts[i]);
        memcpy(out.bytes[i], texts[i], out.messages[i].size);
        out.messages[i].address = pair.b_address;
    }
    in.messages[2].size = 2;
    memset(&in.messages[3], 0x5a, sizeof in.messages[3]);
    struct cmio_udp_message untouched = in.messages[3];
    untouched.buffer = in.messages[3].buffer = in.bytes[3];
    untouched.size = in.messages[3].size = ROOM;
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.b, in.messages, 4), -EAGAIN);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 3);
    int received = 0;
    while (received < 3) {
        await(&pair.b);
        int count =
            cmio_udp_socket_recv_batch(&pair.b, in.messages + received, (size_t)(4 - received));
        assert_true(count > 0);
        received += count;
    }
    for (size_t i = 0; i < 3; i++) {
        const size_t length = i == 2 ? 2 : strlen(texts[i]);
        assert_int_equal(in.messages[i].length, length);
        assert_memory_equal(in.bytes[i], texts[i], length);
        assert_int_equal(in.messages[i].truncated, i == 2);
        assert_true(cmio_address_equal(&in.messages[i].address, &pair.a_address));
    }
    assert_int_equal(in.bytes[2][2], 0);
    assert_memory_equal(&in.messages[3], &untouched, sizeof untouched);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.b, in.messages, 4), -EAGAIN);
    close_pair(&pair);
}

static void a_batch_without_addresses_goes_to_the_peer(void **state) {
    (void)state;
    struct pair pair;
    struct batch out;
    char buffer[8];
    open_connected_pair(&pair);
    batch_init(&out);
    for (size_t i = 0; i < 3; i++)
        out.messages[i].size = i;
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 3);
    for (size_t i = 0; i < 3; i++) {
        await(&pair.b);
        assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), i);
    }
    close_pair(&pair);
}

static void of_more_messages_a_call_takes_the_first_64(void **state) {
    (void)state;
    struct pair pair;
    struct batch batch;
    open_connected_pair(&pair);
    batch_init(&batch);
    for (size_t i = 0; i <= CMIO_UDP_BATCH_MAX; i++)
        batch.messages[i].size = 1;
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, batch.messages, CMIO_UDP_BATCH_MAX + 1),
                     CMIO_UDP_BATCH_MAX);
    assert_int_equal(cmio_udp_socket_send(&pair.a, "a", 1), 1);
    int received = 0;
    while (received <= CMIO_UDP_BATCH_MAX) {
        await(&pair.b);
        int count = cmio_udp_socket_recv_batch(&pair.b, batch.messages, CMIO_UDP_BATCH_MAX + 1);
        assert_true(count > 0 && count <= CMIO_UDP_BATCH_MAX);
        received += count;
    }
    assert_int_equal(received, CMIO_UDP_BATCH_MAX + 1);
    close_pair(&pair);
}

static void a_batch_ends_before_the_message_that_is_wrong(void **state) {
    (void)state;
    static char too_long[70000];
    const struct cmio_address path = address_of("unix:/tmp/x");
    struct pair pair;
    struct batch out;
    open_connected_pair(&pair);
    batch_init(&out);
    out.messages[1].buffer = NULL;
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 1);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 1, 2), -EINVAL);
    out.messages[1] = (struct cmio_udp_message){.buffer = out.bytes[1], .address = path};
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 1);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 1, 2), -EAFNOSUPPORT);
    out.messages[1] = (struct cmio_udp_message){.buffer = too_long, .size = sizeof too_long};
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 1);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 1, 2), -EMSGSIZE);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 2, 1), 1);
    /* What was told with the message is not told again. */
    char buffer[ROOM];
    for (int i = 0; i < 4; i++) {
        await(&pair.b);
        assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), ROOM);
    }
    assert_int_equal(cmio_udp_socket_recv(&pair.a, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_take_error(&pair.a), 0);
    close_pair(&pair);
}

/* A buffer that cannot be written to makes the second datagram an error. */
static void receive_a_fault_behind_the_first(struct pair *pair) {
    struct batch in;
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    assert_true(page != MAP_FAILED);
    batch_init(&in);
    in.messages[1].buffer = page;
    in.messages[1].length = 77;
    for (int i = 0; i < 3; i++)
        assert_int_equal(cmio_udp_socket_send(&pair->a, "abc", 3), 3);
    await(&pair->b);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair->b, in.messages, 3), 1);
    assert_int_equal(in.messages[0].length, 3);
    assert_int_equal(in.messages[1].length, 77);
    assert_int_equal(munmap(page, 4096), 0);
}

static void an_error_behind_the_first_datagram_is_kept(void **state) {
    (void)state;
    struct pair pair;
    struct batch in;
    char buffer[8];
    if (test_is_under_valgrind())
        skip(); /* which reports the fault */
    open_connected_pair(&pair);
    receive_a_fault_behind_the_first(&pair);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), -EFAULT);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), 3);
    receive_a_fault_behind_the_first(&pair);
    assert_int_equal(cmio_udp_socket_peek(&pair.b, buffer, sizeof buffer, NULL), -EFAULT);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), 3);
    receive_a_fault_behind_the_first(&pair);
    batch_init(&in);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.b, in.messages, 3), -EFAULT);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.b, in.messages, 3), 1);
    receive_a_fault_behind_the_first(&pair);
    assert_int_equal(cmio_udp_socket_take_error(&pair.b), -EFAULT);
    assert_int_equal(cmio_udp_socket_take_error(&pair.b), 0);
    close_pair(&pair);
}

/* The answer to one may have been told to the sender of the next, which some systems forget. */
static bool is_refused(struct cmio_udp_socket *socket) {
    char buffer[8];
    if (cmio_udp_socket_recv(socket, buffer, sizeof buffer, NULL) == -ECONNREFUSED)
        return true;
    (void)cmio_udp_socket_send(socket, "abc", 3);
    return false;
}

static void a_batch_that_is_refused_says_so_in_the_end(void **state) {
    (void)state;
    struct cmio_udp_socket holder;
    struct cmio_udp_socket socket;
    struct batch out;
    char buffer[8];
    const struct cmio_address refusing = open_refusing(&holder);
    (void)open_on(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&socket, &refusing), 0);
    batch_init(&out);
    assert_true(cmio_udp_socket_send_batch(&socket, out.messages, 3) >= 1);
    TEST_EVENTUALLY(is_refused(&socket));
    while (cmio_udp_socket_recv(&socket, buffer, sizeof buffer, NULL) == -ECONNREFUSED)
        continue;
    expect_arrival(&holder, &socket);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
    assert_int_equal(cmio_udp_socket_close(&holder), 0);
}

/*
 * The property: a random mix of datagrams, sent and received in batches of any size into buffers of
 * any size, is what it is when each goes by a call of its own.
 */

struct mix {
    size_t sizes[ROUND]; /* of the datagrams */
    size_t rooms[ROUND]; /* of the buffers that they are received into */
};

static size_t random_below(size_t bound) {
    static uint32_t seed = 12345;
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % bound;
}

static void mix_choose(struct mix *mix) {
    for (size_t i = 0; i < ROUND; i++) {
        mix->sizes[i] = random_below(4) == 0 ? 0 : random_below(ROOM);
        mix->rooms[i] = random_below(3) == 0 ? random_below(ROOM) : ROOM;
    }
}

static void mix_fill(const struct mix *mix, struct batch *batch, const struct cmio_address *to) {
    batch_init(batch);
    for (size_t i = 0; i < ROUND; i++) {
        memset(batch->bytes[i], (int)('a' + i % 26), mix->sizes[i]);
        batch->messages[i].size = mix->sizes[i];
        batch->messages[i].address = *to;
    }
}

static void mix_make_room(const struct mix *mix, struct batch *batch) {
    batch_init(batch);
    for (size_t i = 0; i < ROUND; i++)
        batch->messages[i].size = mix->rooms[i];
}

static void send_one_by_one(struct cmio_udp_socket *socket, const struct batch *batch) {
    for (size_t i = 0; i < ROUND; i++) {
        const struct cmio_udp_message *message = &batch->messages[i];
        assert_int_equal(
            cmio_udp_socket_send_to(socket, message->buffer, message->size, &message->address),
            message->size);
    }
}

static void receive_one_by_one(struct cmio_udp_socket *socket, struct batch *batch) {
    for (size_t i = 0; i < ROUND; i++) {
        struct cmio_udp_message *message = &batch->messages[i];
        await(socket);
        ssize_t length = cmio_udp_socket_recv_from(socket, message->buffer, message->size,
                                                   &message->address, &message->truncated);
        assert_true(length >= 0);
        message->length = (size_t)length;
    }
}

static void send_in_batches(struct cmio_udp_socket *socket, const struct batch *batch) {
    for (size_t sent = 0; sent < ROUND;) {
        const size_t some = 1 + random_below(ROUND - sent);
        int count = cmio_udp_socket_send_batch(socket, batch->messages + sent, some);
        assert_int_equal(count, some);
        sent += (size_t)count;
    }
}

static void receive_in_batches(struct cmio_udp_socket *socket, struct batch *batch) {
    for (size_t received = 0; received < ROUND;) {
        await(socket);
        const size_t some = 1 + random_below(ROUND - received);
        int count = cmio_udp_socket_recv_batch(socket, batch->messages + received, some);
        assert_true(count > 0 && (size_t)count <= some);
        received += (size_t)count;
    }
}

static void expect_equal_batches(const struct batch *a, const struct batch *b) {
    for (size_t i = 0; i < ROUND; i++) {
        assert_int_equal(a->messages[i].length, b->messages[i].length);
        assert_int_equal(a->messages[i].truncated, b->messages[i].truncated);
        assert_true(cmio_address_equal(&a->messages[i].address, &b->messages[i].address));
        assert_memory_equal(a->bytes[i], b->bytes[i], ROOM);
    }
}

static void a_random_mix_comes_as_it_does_one_by_one(void **state) {
    (void)state;
    struct pair pair;
    open_pair(&pair);
    for (int round = 0; round < test_scale(100); round++) {
        struct mix mix;
        struct batch out;
        struct batch single;
        struct batch batched;
        mix_choose(&mix);
        mix_fill(&mix, &out, &pair.b_address);
        mix_make_room(&mix, &single);
        mix_make_room(&mix, &batched);
        send_one_by_one(&pair.a, &out);
        receive_one_by_one(&pair.b, &single);
        send_in_batches(&pair.a, &out);
        receive_in_batches(&pair.b, &batched);
        expect_equal_batches(&single, &batched);
        for (size_t i = 0; i < ROUND; i++)
            assert_int_equal(single.messages[i].truncated, mix.sizes[i] > mix.rooms[i]);
    }
    close_pair(&pair);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(datagrams_go_both_ways_over_v4),
    cmocka_unit_test(datagrams_go_both_ways_over_v6),
    cmocka_unit_test(a_connected_socket_hears_its_peer_alone),
    cmocka_unit_test(connecting_again_changes_the_peer),
    cmocka_unit_test(sending_without_a_peer_is_an_error),
    cmocka_unit_test(an_empty_datagram_is_0_and_no_end),
    cmocka_unit_test(a_datagram_that_does_not_fit_says_so),
    cmocka_unit_test(a_peek_leaves_the_datagram_in_place),
    cmocka_unit_test(a_datagram_that_is_too_long_is_refused),
    cmocka_unit_test(a_refusal_is_told_once_and_datagrams_still_arrive),
    cmocka_unit_test(ports_are_shared_only_by_those_who_say_so),
    cmocka_unit_test(bind_refuses_what_it_cannot_do),
    cmocka_unit_test(v6only_is_set_with_bind_and_read),
    cmocka_unit_test(a_socket_of_both_families_hears_v4_peers),
    cmocka_unit_test(options_are_set_and_read),
    cmocka_unit_test(options_of_v6_are_set_and_read),
    cmocka_unit_test(broadcasts_are_refused_until_they_are_allowed),
    cmocka_unit_test(members_of_a_v4_group_hear_it_until_they_leave),
    cmocka_unit_test(members_of_a_v6_group_hear_it_until_they_leave),
    cmocka_unit_test(groups_must_be_of_the_family_that_is_asked_for),
    cmocka_unit_test(unix_addresses_are_refused),
    cmocka_unit_test(descriptors_are_nonblocking_and_close_on_exec),
    cmocka_unit_test(only_datagram_sockets_of_ip_are_adopted),
    cmocka_unit_test(a_descriptor_is_given_away_open),
    cmocka_unit_test(null_and_closed_sockets_are_refused),
    cmocka_unit_test(null_arguments_are_invalid),
    cmocka_unit_test(a_batch_is_sent_and_received),
    cmocka_unit_test(a_batch_without_addresses_goes_to_the_peer),
    cmocka_unit_test(of_more_messages_a_call_takes_the_first_64),
    cmocka_unit_test(a_batch_ends_before_the_message_that_is_wrong),
    cmocka_unit_test(an_error_behind_the_first_datagram_is_kept),
    cmocka_unit_test(a_batch_that_is_refused_says_so_in_the_end),
    cmocka_unit_test(a_random_mix_comes_as_it_does_one_by_one),
};
TEST_GROUP(net_udp_socket, tests)
