/* SPDX-License-Identifier: MIT */
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmio/tcp_listener.h>

#include "support/pair.h"

static struct cmio_address parse(const char *text) {
    struct cmio_address address;
    assert_int_equal(cmio_address_parse(text, &address), 0);
    return address;
}

/* Binds to a free port of the host in text and gives the address. */
static struct cmio_address bind_any(struct cmio_tcp_listener *listener, const char *text,
                                    const struct cmio_tcp_listener_options *options) {
    struct cmio_address address = parse(text);
    assert_int_equal(cmio_tcp_listener_bind(listener, &address, options), 0);
    assert_int_equal(cmio_tcp_listener_local_address(listener, &address), 0);
    assert_int_not_equal(cmio_address_port(&address), 0);
    return address;
}

static int option_of(const struct cmio_tcp_listener *listener, int level, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    assert_int_equal(getsockopt(cmio_tcp_listener_fd(listener), level, option, &value, &length), 0);
    return value;
}

static void a_bound_port_is_refused_to_a_second_listener(void **state) {
    (void)state;
    struct cmio_tcp_listener first;
    struct cmio_tcp_listener second = {.source.fd = 77};
    struct cmio_address address = bind_any(&first, "127.0.0.1:0", NULL);
    assert_int_equal(cmio_tcp_listener_bind(&second, &address, NULL), -EADDRINUSE);
    assert_int_equal(second.source.fd, 77);
    assert_int_equal(cmio_tcp_listener_close(&first), 0);
    assert_int_equal(cmio_tcp_listener_bind(&second, &address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_close(&second), 0);
}

static void a_port_of_connections_that_have_just_ended_can_be_bound_again(void **state) {
    (void)state;
    struct cmio_tcp_listener listener;
    struct cmio_address address = bind_any(&listener, "127.0.0.1:0", NULL);
    assert_int_not_equal(option_of(&listener, SOL_SOCKET, SO_REUSEADDR), 0);
    const int client = test_connect(cmio_address_port(&address));
    struct cmio_tcp_stream server;
    TEST_EVENTUALLY(cmio_tcp_listener_accept(&listener, &server, NULL) == 0);
    /* Who closes first keeps the port busy for a while (TIME_WAIT). */
    assert_int_equal(cmio_tcp_stream_close(&server), 0);
    char byte;
    assert_int_equal(read(client, &byte, 1), 0);
    test_close(client);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
}

static void listeners_with_reuse_port_share_it(void **state) {
    (void)state;
    const struct cmio_tcp_listener_options options = {.reuse_port = true};
    struct cmio_tcp_listener first;
    struct cmio_tcp_listener second;
    struct cmio_address address = bind_any(&first, "127.0.0.1:0", &options);
    assert_int_equal(cmio_tcp_listener_bind(&second, &address, &options), 0);
    assert_int_equal(cmio_tcp_listener_close(&second), 0);
    assert_int_equal(cmio_tcp_listener_close(&first), 0);
}

static void v6only_decides_whether_ipv4_gets_in(void **state) {
    (void)state;
    static const enum cmio_v6only modes[] = {CMIO_V6ONLY_ON, CMIO_V6ONLY_OFF};
    for (size_t i = 0; i < 2; i++) {
        const struct cmio_tcp_listener_options options = {.v6only = modes[i]};
        struct cmio_tcp_listener listener;
        struct cmio_address any;
        if (modes[i] == CMIO_V6ONLY_OFF && !test_answers()->has_dual_stack) {
            assert_int_equal(cmio_address_parse("[::]:0", &any), 0);
            assert_int_equal(cmio_tcp_listener_bind(&listener, &any, &options), -EINVAL);
            continue;
        }
        (void)bind_any(&listener, "[::]:0", &options);
        assert_int_equal(option_of(&listener, IPPROTO_IPV6, IPV6_V6ONLY),
                         modes[i] == CMIO_V6ONLY_ON);
        assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    }
}

static void options_that_make_no_sense_are_invalid(void **state) {
    (void)state;
    struct cmio_tcp_listener listener;
    struct cmio_address v4 = parse("127.0.0.1:0");
    struct cmio_address local = parse("unix:/tmp/x");
    const struct cmio_tcp_listener_options negative = {.backlog = -1};
    const struct cmio_tcp_listener_options v6 = {.v6only = CMIO_V6ONLY_ON};
    struct cmio_tcp_listener_options other;
    memset(&other, 0x7f, sizeof other);
    other.backlog = 1;
    other.reuse_port = false;
    assert_int_equal(cmio_tcp_listener_bind(&listener, &v4, &negative), -EINVAL);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &v4, &v6), -EINVAL);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &v4, &other), -EINVAL);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &local, NULL), -EAFNOSUPPORT);
    assert_int_equal(cmio_tcp_listener_bind(&listener, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_listener_bind(NULL, &v4, NULL), -EINVAL);
}

static void an_address_of_another_host_is_not_available(void **state) {
    (void)state;
    struct cmio_tcp_listener listener;
    struct cmio_address other = parse("192.0.2.1:0"); /* RFC 5737: nobody's */
    assert_int_equal(cmio_tcp_listener_bind(&listener, &other, NULL), -EADDRNOTAVAIL);
}

static void ttl_is_set_and_read_for_both_families(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        struct cmio_tcp_listener listener;
        uint32_t ttl = 0;
        (void)bind_any(&listener, hosts[i], NULL);
        assert_int_equal(cmio_tcp_listener_set_ttl(&listener, 9), 0);
        assert_int_equal(cmio_tcp_listener_ttl(&listener, &ttl), 0);
        assert_int_equal(ttl, 9);
        assert_int_equal(cmio_tcp_listener_set_ttl(&listener, 0), -EINVAL);
        assert_int_equal(cmio_tcp_listener_set_ttl(&listener, 256), -EINVAL);
        assert_int_equal(cmio_tcp_listener_ttl(&listener, NULL), -EINVAL);
        assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    }
}

/* The option of each family, as the system has it. */
static void expect_system_ttl(int fd, int wanted) {
    int v4 = 0;
    int v6 = 0;
    socklen_t length = sizeof v4;
    assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &v6, &length), 0);
    assert_int_equal(v6, wanted);
    if (getsockopt(fd, IPPROTO_IP, IP_TTL, &v4, &length) == 0)
        assert_int_equal(v4, wanted); /* where an IPv6 socket has it */
}

static void the_ttl_of_a_listener_of_both_families_holds_for_streams_of_both(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1:0", "[::1]:0"};
    const struct cmio_tcp_listener_options options = {.v6only = CMIO_V6ONLY_OFF};
    const struct cmio_address any = parse("[::]:0");
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    if (cmio_tcp_listener_bind(&listener, &any, &options) < 0)
        skip();
    assert_int_equal(cmio_tcp_listener_set_ttl(&listener, 9), 0);
    expect_system_ttl(cmio_tcp_listener_fd(&listener), 9);
    assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
    for (size_t i = 0; i < 2; i++) {
        struct cmio_tcp_stream client;
        struct cmio_tcp_stream server;
        struct cmio_address target = parse(hosts[i]);
        uint32_t ttl = 0;
        assert_int_equal(cmio_address_set_port(&target, cmio_address_port(&address)), 0);
        assert_int_equal(cmio_tcp_stream_connect(&client, &target), 0);
        TEST_EVENTUALLY(cmio_tcp_listener_accept(&listener, &server, NULL) == 0);
        assert_int_equal(cmio_tcp_stream_ttl(&server, &ttl), 0);
        assert_int_equal(ttl, 9);
        expect_system_ttl(cmio_tcp_stream_fd(&server), 9);
        assert_int_equal(cmio_tcp_stream_set_ttl(&server, 10), 0);
        assert_int_equal(cmio_tcp_stream_ttl(&server, &ttl), 0);
        assert_int_equal(ttl, 10);
        expect_system_ttl(cmio_tcp_stream_fd(&server), 10);
        assert_int_equal(cmio_tcp_stream_close(&client), 0);
        assert_int_equal(cmio_tcp_stream_close(&server), 0);
    }
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
}

static void what_is_no_stream_socket_is_not_adopted(void **state) {
    (void)state;
    struct cmio_tcp_listener listener = {.source.fd = 77};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    const int flags = fcntl(datagram, F_GETFL);
    assert_int_equal(cmio_tcp_listener_from_fd(&listener, fds[0]), -ENOTSOCK);
    assert_int_equal(cmio_tcp_listener_from_fd(&listener, datagram), -EINVAL);
    assert_int_equal(cmio_tcp_listener_from_fd(&listener, -1), -EBADF);
    assert_int_equal(cmio_tcp_listener_from_fd(NULL, datagram), -EINVAL);
    assert_int_equal(listener.source.fd, 77);
    assert_int_equal(fcntl(datagram, F_GETFL), flags);
    close(datagram);
    close(fds[0]);
    close(fds[1]);
}

static void null_and_closed_listeners_are_refused(void **state) {
    (void)state;
    struct cmio_tcp_listener closed;
    struct cmio_tcp_listener zeroed = {0};
    struct cmio_tcp_stream stream;
    struct cmio_address address;
    uint32_t ttl;
    (void)bind_any(&closed, "127.0.0.1:0", NULL);
    assert_int_equal(cmio_tcp_listener_close(&closed), 0);
    struct cmio_tcp_listener *const rows[] = {NULL, &closed, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        assert_int_equal(cmio_tcp_listener_accept(rows[i], &stream, &address), error);
        assert_int_equal(cmio_tcp_listener_accept(rows[i], NULL, &address), -EINVAL);
        assert_int_equal(cmio_tcp_listener_fd(rows[i]), error);
        assert_int_equal(cmio_tcp_listener_into_fd(rows[i]), error);
        assert_int_equal(cmio_tcp_listener_local_address(rows[i], &address), error);
        assert_int_equal(cmio_tcp_listener_set_ttl(rows[i], 9), error);
        assert_int_equal(cmio_tcp_listener_ttl(rows[i], &ttl), error);
        assert_int_equal(cmio_tcp_listener_take_error(rows[i]), error);
        assert_int_equal(cmio_tcp_listener_close(rows[i]), 0);
    }
}

static void invalid_arguments_come_first(void **state) {
    (void)state;
    struct cmio_tcp_listener closed = {0};
    const struct cmio_tcp_listener_options wrong = {.backlog = -1};
    const struct cmio_address local = parse("unix:/x");
    assert_int_equal(cmio_tcp_listener_bind(&closed, &local, &wrong), -EINVAL);
    assert_int_equal(cmio_tcp_listener_accept(&closed, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_listener_local_address(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_listener_set_ttl(&closed, 0), -EINVAL);
    assert_int_equal(cmio_tcp_listener_ttl(&closed, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_bound_port_is_refused_to_a_second_listener),
    cmocka_unit_test(a_port_of_connections_that_have_just_ended_can_be_bound_again),
    cmocka_unit_test(listeners_with_reuse_port_share_it),
    cmocka_unit_test(v6only_decides_whether_ipv4_gets_in),
    cmocka_unit_test(options_that_make_no_sense_are_invalid),
    cmocka_unit_test(an_address_of_another_host_is_not_available),
    cmocka_unit_test(ttl_is_set_and_read_for_both_families),
    cmocka_unit_test(the_ttl_of_a_listener_of_both_families_holds_for_streams_of_both),
    cmocka_unit_test(what_is_no_stream_socket_is_not_adopted),
    cmocka_unit_test(null_and_closed_listeners_are_refused),
    cmocka_unit_test(invalid_arguments_come_first),
};
TEST_GROUP(net_tcp_listener, tests)
