/* SPDX-License-Identifier: MIT */
#include "support/system.h"
#include "support/test.h"
#include "support/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmio/udp_socket.h>

static bool has_v6(void) {
    struct cmio_udp_socket socket;
    const struct cmio_address address = test_address("[::1]:0");
    return cmio_udp_socket_bind(&socket, &address, NULL) == 0 &&
           cmio_udp_socket_close(&socket) == 0;
}

static void a_datagram_that_is_too_long_is_refused(void **state) {
    (void)state;
    static const char bytes[70000];
    struct test_udp_pair pair;
    test_udp_pair_connect(&pair);
    assert_int_equal(cmio_udp_socket_send(&pair.a, bytes, sizeof bytes), -EMSGSIZE);
    assert_int_equal(cmio_udp_socket_send(&pair.a, bytes, 1), 1);
    test_udp_pair_close(&pair);
}

static void a_refusal_is_told_once_and_datagrams_still_arrive(void **state) {
    (void)state;
    struct cmio_udp_socket holder;
    struct cmio_udp_socket socket;
    char buffer[8];
    const struct cmio_address refusing = test_udp_open_refusing(&holder);
    (void)test_udp_open(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&socket, &refusing), 0);
    assert_int_equal(cmio_udp_socket_send(&socket, "abc", 3), 3);
    test_udp_await(&socket);
    assert_int_equal(cmio_udp_socket_recv(&socket, buffer, sizeof buffer, NULL), -ECONNREFUSED);
    assert_int_equal(cmio_udp_socket_recv(&socket, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_send(&socket, "abc", 3), 3);
    test_udp_await(&socket);
    assert_int_equal(cmio_udp_socket_take_error(&socket), -ECONNREFUSED);
    assert_int_equal(cmio_udp_socket_take_error(&socket), 0);
    test_udp_expect_arrival(&holder, &socket);
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
        struct cmio_address address = test_address("127.0.0.1:0");
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
    const struct cmio_address v4 = test_address("127.0.0.1:0");
    const struct cmio_address path = test_address("unix:/tmp/x");
    const struct cmio_udp_socket_options only = {.v6only = CMIO_V6ONLY_ON};
    const struct cmio_udp_socket_options wrong = {.v6only = (enum cmio_v6only)3};
    assert_int_equal(cmio_udp_socket_bind(&socket, &v4, &only), -EINVAL);
    assert_int_equal(cmio_udp_socket_bind(&socket, &v4, &wrong), -EINVAL);
    assert_int_equal(cmio_udp_socket_bind(&socket, &path, NULL), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_bind(&socket, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_bind(NULL, &v4, NULL), -EINVAL);
    assert_int_equal(socket.source.fd, 77);
}

/* Whether the system has IPv6 sockets that take IPv4, too. OpenBSD has them for IPv6 alone. */
static bool has_both_families(void) {
    const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    const int no = 0;
    const bool has = fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0;
    if (fd >= 0)
        assert_int_equal(close(fd), 0);
    return has && has_v6();
}

static void v6only_is_set_with_bind_and_read(void **state) {
    (void)state;
    static const enum cmio_v6only ways[] = {CMIO_V6ONLY_ON, CMIO_V6ONLY_OFF};
    const struct cmio_address v4 = test_address("127.0.0.1:0");
    struct cmio_udp_socket socket;
    bool only = true;
    if (!has_v6())
        skip();
    for (size_t i = 0; i < 2; i++) {
        const struct cmio_address any = test_address("[::]:0");
        const struct cmio_udp_socket_options options = {.v6only = ways[i]};
        const bool can = ways[i] == CMIO_V6ONLY_ON || test_answers()->has_dual_stack;
        assert_int_equal(cmio_udp_socket_bind(&socket, &any, &options), can ? 0 : -EINVAL);
        if (!can)
            continue;
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
    const struct cmio_address any = test_address("[::]:0");
    const struct cmio_udp_socket_options options = {.v6only = CMIO_V6ONLY_OFF};
    if (!has_both_families())
        skip();
    assert_int_equal(cmio_udp_socket_bind(&both, &any, &options), 0);
    struct cmio_address address = test_udp_open(&v4, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_local_address(&both, &peer), 0);
    assert_int_equal(cmio_address_set_port(&address, cmio_address_port(&peer)), 0);
    assert_int_equal(cmio_udp_socket_send_to(&v4, "abc", 3, &address), 3);
    test_udp_await(&both);
    assert_int_equal(cmio_udp_socket_recv_from(&both, buffer, sizeof buffer, &peer, NULL), 3);
    assert_int_equal(cmio_address_family(&peer), AF_INET6);
    assert_int_equal(cmio_udp_socket_send_to(&both, "xyz", 3, &peer), 3);
    test_udp_await(&v4);
    assert_int_equal(cmio_udp_socket_recv(&v4, buffer, sizeof buffer, NULL), 3);
    assert_int_equal(cmio_udp_socket_close(&both), 0);
    assert_int_equal(cmio_udp_socket_close(&v4), 0);
}

/* The time to live or hop limit that the next datagram arrives with. */
static int arrived_ttl(struct cmio_udp_socket *socket) {
    char byte;
    union {
        struct cmsghdr aligned;
        unsigned char bytes[256];
    } control;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    test_udp_await(socket);
    assert_int_equal(recvmsg(cmio_udp_socket_fd(socket), &message, 0), 1);
    const struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    assert_non_null(part);
    int value = 0;
    const bool is_byte = part->cmsg_len == CMSG_LEN(1); /* as the BSDs tell it for IPv4 */
    memcpy(&value, CMSG_DATA(part), is_byte ? 1 : sizeof value);
    return value;
}

static void ask_for_ttl(struct cmio_udp_socket *socket, int family) {
    const int on = 1;
    const int fd = cmio_udp_socket_fd(socket);
    const bool is_v6 = family == AF_INET6;
    assert_int_equal(setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                is_v6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof on),
                     0);
}

static void the_ttl_of_a_socket_of_both_families_reaches_peers_of_both(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1:0", "[::1]:0"};
    static const char *const targets[] = {"[::ffff:127.0.0.1]:0", "[::1]:0"};
    const struct cmio_address any = test_address("[::]:0");
    const struct cmio_udp_socket_options options = {.v6only = CMIO_V6ONLY_OFF};
    struct cmio_udp_socket both;
    if (!has_both_families())
        skip();
    assert_int_equal(cmio_udp_socket_bind(&both, &any, &options), 0);
    for (uint32_t ttl = 9; ttl < 12; ttl++) {
        uint32_t read_back = 0;
        assert_int_equal(cmio_udp_socket_set_ttl(&both, ttl), 0);
        assert_int_equal(cmio_udp_socket_ttl(&both, &read_back), 0);
        assert_int_equal(read_back, ttl);
        for (size_t i = 0; i < 2; i++) {
            struct cmio_udp_socket peer;
            struct cmio_address target = test_address(targets[i]);
            const struct cmio_address address = test_udp_open(&peer, hosts[i]);
            ask_for_ttl(&peer, cmio_address_family(&address));
            assert_int_equal(cmio_address_set_port(&target, cmio_address_port(&address)), 0);
            assert_int_equal(cmio_udp_socket_send_to(&both, "a", 1, &target), 1);
            assert_int_equal(arrived_ttl(&peer), ttl);
            assert_int_equal(cmio_udp_socket_close(&peer), 0);
        }
    }
    assert_int_equal(cmio_udp_socket_close(&both), 0);
}

static void a_socket_of_v6_alone_has_a_ttl_too(void **state) {
    (void)state;
    const struct cmio_address host = test_address("[::1]:0");
    const struct cmio_udp_socket_options options = {.v6only = CMIO_V6ONLY_ON};
    struct cmio_udp_socket socket;
    uint32_t ttl = 0;
    if (!has_v6())
        skip();
    assert_int_equal(cmio_udp_socket_bind(&socket, &host, &options), 0);
    assert_int_equal(cmio_udp_socket_set_ttl(&socket, 9), 0);
    assert_int_equal(cmio_udp_socket_ttl(&socket, &ttl), 0);
    assert_int_equal(ttl, 9);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

static void options_are_set_and_read(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    bool on = true;
    uint32_t ttl = 77;
    (void)test_udp_open(&socket, "127.0.0.1:0");
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
    (void)test_udp_open(&socket, "[::1]:0");
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
        *out = test_address(tries[i]);
        if (cmio_udp_socket_send_to(socket, "abc", 3, out) == -EACCES)
            return true;
    }
    return false;
}

static void broadcasts_are_refused_until_they_are_allowed(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    struct cmio_address address = test_address("0.0.0.0:0");
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
    const struct cmio_address loopback = test_address("127.0.0.1:0");
    struct cmio_address group = test_address("239.255.77.77:0");
    const struct cmio_address port = test_udp_open(&member, "0.0.0.0:0");
    (void)test_udp_open(&sender, "127.0.0.1:0");
    assert_int_equal(cmio_address_set_port(&group, cmio_address_port(&port)), 0);
    assert_int_equal(setsockopt(cmio_udp_socket_fd(&sender), IPPROTO_IP, IP_MULTICAST_IF,
                                &loopback.u.v4.sin_addr, sizeof loopback.u.v4.sin_addr),
                     0);
    const int joined = cmio_udp_socket_join_multicast_v4(&member, &group, &loopback);
    bool heard = joined == 0 && cmio_udp_socket_send_to(&sender, "abc", 3, &group) == 3;
    if (heard) {
        test_udp_await(&member);
        assert_int_equal(cmio_udp_socket_recv(&member, buffer, sizeof buffer, NULL), 3);
        /* A second group beside the first, and each is left alone. */
        struct cmio_address other = test_address("239.255.77.78:0");
        assert_int_equal(cmio_address_set_port(&other, cmio_address_port(&port)), 0);
        assert_int_equal(cmio_udp_socket_join_multicast_v4(&member, &other, &loopback), 0);
        assert_true(cmio_udp_socket_join_multicast_v4(&member, &other, &loopback) < 0);
        assert_int_equal(cmio_udp_socket_leave_multicast_v4(&member, &group, &loopback), 0);
        assert_true(cmio_udp_socket_leave_multicast_v4(&member, &group, &loopback) < 0);
        (void)cmio_udp_socket_send_to(&sender, "no", 2, &group); /* may have no taker now */
        assert_int_equal(cmio_udp_socket_send_to(&sender, "other", 5, &other), 5);
        test_udp_await(&member);
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
    struct cmio_address group = test_address("[ff01::77:77]:0"); /* leaves no interface */
    const struct cmio_address port = test_udp_open(&member, "[::]:0");
    (void)test_udp_open(&sender, "[::]:0");
    assert_int_equal(cmio_address_set_port(&group, cmio_address_port(&port)), 0);
    const bool heard = setsockopt(cmio_udp_socket_fd(&sender), IPPROTO_IPV6, IPV6_MULTICAST_IF,
                                  &index, sizeof index) == 0 &&
                       cmio_udp_socket_join_multicast_v6(&member, &group, index) == 0 &&
                       cmio_udp_socket_send_to(&sender, "abc", 3, &group) == 3;
    if (heard) {
        test_udp_await(&member);
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
    const struct cmio_address v4 = test_address("239.255.77.77:0");
    const struct cmio_address v6 = test_address("[ff01::77:77]:0");
    const struct cmio_address unicast = test_address("127.0.0.1:0");
    (void)test_udp_open(&socket, "0.0.0.0:0");
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
    const struct cmio_address path = test_address("unix:/tmp/x");
    (void)test_udp_open(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&socket, &path), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_connect(&socket, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_to(&socket, "a", 1, &path), -EAFNOSUPPORT);
    assert_int_equal(cmio_udp_socket_send_to(&socket, "a", 1, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

/* Descriptors. */

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

static void null_and_closed_sockets_are_refused(void **state) {
    (void)state;
    struct cmio_udp_socket closed;
    struct cmio_udp_socket zeroed = {.kept_error = 0};
    const struct cmio_address v4 = test_udp_open(&closed, "127.0.0.1:0");
    const struct cmio_address v6 = test_address("[ff01::77:77]:0");
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
    struct test_udp_pair pair;
    struct cmio_udp_message message = {.buffer = NULL, .size = 1};
    test_udp_pair_connect(&pair);
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
    test_udp_pair_close(&pair);
}

static void invalid_arguments_come_before_a_closed_socket(void **state) {
    (void)state;
    struct cmio_udp_socket closed = {.kept_error = 0};
    const struct cmio_address address = test_address("127.0.0.1:9");
    struct cmio_udp_message message = {.buffer = NULL, .size = 1};
    assert_int_equal(cmio_udp_socket_connect(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_send(&closed, NULL, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_to(&closed, NULL, 1, &address), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_to(&closed, "a", 1, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_recv(&closed, NULL, 1, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_peek_from(&closed, NULL, 1, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_recv_batch(&closed, &message, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_recv_batch(&closed, NULL, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_batch(&closed, &message, 1), -EINVAL);
    assert_int_equal(cmio_udp_socket_send_batch(&closed, &message, 0), -EINVAL);
    assert_int_equal(cmio_udp_socket_local_address(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_peer_address(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_broadcast(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_set_ttl(&closed, 256), -EINVAL);
    assert_int_equal(cmio_udp_socket_ttl(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_multicast_loop_v4(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_set_multicast_ttl_v4(&closed, 256), -EINVAL);
    assert_int_equal(cmio_udp_socket_multicast_ttl_v4(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_multicast_loop_v6(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_join_multicast_v4(&closed, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_udp_socket_leave_multicast_v6(&closed, NULL, 0), -EINVAL);
    assert_int_equal(cmio_udp_socket_v6only(&closed, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_datagram_that_is_too_long_is_refused),
    cmocka_unit_test(a_refusal_is_told_once_and_datagrams_still_arrive),
    cmocka_unit_test(ports_are_shared_only_by_those_who_say_so),
    cmocka_unit_test(bind_refuses_what_it_cannot_do),
    cmocka_unit_test(v6only_is_set_with_bind_and_read),
    cmocka_unit_test(a_socket_of_both_families_hears_v4_peers),
    cmocka_unit_test(the_ttl_of_a_socket_of_both_families_reaches_peers_of_both),
    cmocka_unit_test(a_socket_of_v6_alone_has_a_ttl_too),
    cmocka_unit_test(options_are_set_and_read),
    cmocka_unit_test(options_of_v6_are_set_and_read),
    cmocka_unit_test(broadcasts_are_refused_until_they_are_allowed),
    cmocka_unit_test(members_of_a_v4_group_hear_it_until_they_leave),
    cmocka_unit_test(members_of_a_v6_group_hear_it_until_they_leave),
    cmocka_unit_test(groups_must_be_of_the_family_that_is_asked_for),
    cmocka_unit_test(unix_addresses_are_refused),
    cmocka_unit_test(only_datagram_sockets_of_ip_are_adopted),
    cmocka_unit_test(null_and_closed_sockets_are_refused),
    cmocka_unit_test(null_arguments_are_invalid),
    cmocka_unit_test(invalid_arguments_come_before_a_closed_socket),
};
TEST_GROUP(net_udp_socket, tests)
