/* SPDX-License-Identifier: MIT */
#include "support/scratch.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmio/unix_datagram.h>

static void expect_unnamed(const struct cmio_address *address) {
    size_t length = 77;
    assert_non_null(cmio_address_unix_name(address, &length));
    assert_int_equal(length, 0);
    assert_false(cmio_address_is_abstract(address));
}

static void a_pair_talks_both_ways_without_names(void **state) {
    (void)state;
    struct cmio_unix_datagram a;
    struct cmio_unix_datagram b;
    struct cmio_address address;
    char buffer[8] = "";
    assert_int_equal(cmio_unix_datagram_pair(&a, &b), 0);
    assert_int_equal(cmio_unix_datagram_recv(&b, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_unix_datagram_send(&a, "abc", 3), 3);
    assert_int_equal(cmio_unix_datagram_send(&a, "defg", 4), 4);
    assert_int_equal(cmio_unix_datagram_recv_from(&b, buffer, sizeof buffer, &address, NULL), 3);
    assert_string_equal(buffer, "abc");
    expect_unnamed(&address);
    assert_int_equal(cmio_unix_datagram_recv(&b, buffer, sizeof buffer, NULL), 4);
    assert_int_equal(cmio_unix_datagram_send(&b, "x", 1), 1);
    assert_int_equal(cmio_unix_datagram_recv(&a, buffer, sizeof buffer, NULL), 1);
    assert_int_equal(cmio_unix_datagram_local_address(&a, &address), 0);
    expect_unnamed(&address);
    assert_int_equal(cmio_unix_datagram_peer_address(&a, &address), 0);
    expect_unnamed(&address);
    assert_int_equal(cmio_unix_datagram_take_error(&a), 0);
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
    assert_int_equal(cmio_unix_datagram_close(&b), 0);
}

static void paths_are_given_and_told_exactly(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_datagram a;
    struct cmio_unix_datagram b;
    struct cmio_address told;
    char buffer[8];
    test_scratch_open(&scratch);
    const struct cmio_address a_path = test_scratch_address(&scratch, "a");
    const struct cmio_address b_path = test_scratch_address(&scratch, "b");
    assert_int_equal(cmio_unix_datagram_bind(&a, &a_path), 0);
    assert_int_equal(cmio_unix_datagram_bind(&b, &b_path), 0);
    assert_int_equal(cmio_unix_datagram_local_address(&a, &told), 0);
    assert_true(cmio_address_equal(&told, &a_path));
    assert_int_equal(cmio_unix_datagram_peer_address(&a, &told), -ENOTCONN);
    assert_int_equal(cmio_unix_datagram_send_to(&a, "abc", 3, &b_path), 3);
    assert_int_equal(cmio_unix_datagram_recv_from(&b, buffer, sizeof buffer, &told, NULL), 3);
    assert_true(cmio_address_equal(&told, &a_path));
    assert_int_equal(told.length, a_path.length);
    assert_int_equal(cmio_unix_datagram_connect(&b, &told), 0);
    assert_int_equal(cmio_unix_datagram_peer_address(&b, &told), 0);
    assert_true(cmio_address_equal(&told, &a_path));
    assert_int_equal(cmio_unix_datagram_send(&b, "defg", 4), 4);
    assert_int_equal(cmio_unix_datagram_recv(&a, buffer, sizeof buffer, NULL), 4);
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
    assert_int_equal(cmio_unix_datagram_close(&b), 0);
    assert_int_equal(test_scratch_close(&scratch), 2); /* close leaves the paths there */
}

static void the_longest_path_is_told_exactly(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_datagram socket;
    struct cmio_address told;
    char name[sizeof told.u.local.sun_path] = "";
    test_scratch_open(&scratch);
    memset(name, 'x', sizeof name - 1 - strlen(scratch.folder) - 1);
    const struct cmio_address path = test_scratch_address(&scratch, name);
    assert_int_equal(cmio_unix_datagram_bind(&socket, &path), 0);
    assert_int_equal(cmio_unix_datagram_local_address(&socket, &told), 0);
    assert_true(cmio_address_equal(&told, &path));
    assert_int_equal(cmio_unix_datagram_close(&socket), 0);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static void abstract_names_are_given_and_told_exactly(void **state) {
    (void)state;
    struct cmio_unix_datagram a;
    struct cmio_unix_datagram b;
    struct cmio_address a_name;
    struct cmio_address b_name;
    struct cmio_address told;
    char name[32];
    char buffer[8];
    memset(name, 0, sizeof name); /* zeros belong to a name, and so does its length */
    snprintf(name, sizeof name, "cmio-test-%ld", (long)getpid());
    int made = cmio_address_from_abstract(name, sizeof name, &a_name);
    if (made == -ENOTSUP)
        skip();
    assert_int_equal(made, 0);
    assert_int_equal(cmio_address_from_abstract(name, sizeof name - 1, &b_name), 0);
    assert_int_equal(cmio_unix_datagram_bind(&a, &a_name), 0);
    assert_int_equal(cmio_unix_datagram_bind(&b, &b_name), 0);
    assert_int_equal(cmio_unix_datagram_send_to(&a, "abc", 3, &b_name), 3);
    assert_int_equal(cmio_unix_datagram_recv_from(&b, buffer, sizeof buffer, &told, NULL), 3);
    assert_true(cmio_address_equal(&told, &a_name));
    assert_int_equal(told.length, a_name.length);
    assert_int_equal(cmio_unix_datagram_local_address(&b, &told), 0);
    assert_true(cmio_address_equal(&told, &b_name));
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
    assert_int_equal(cmio_unix_datagram_close(&b), 0);
}

static void an_unbound_socket_sends_without_a_name(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_datagram receiver;
    struct cmio_unix_datagram sender;
    struct cmio_address told;
    char buffer[8];
    test_scratch_open(&scratch);
    const struct cmio_address path = test_scratch_address(&scratch, "receiver");
    assert_int_equal(cmio_unix_datagram_bind(&receiver, &path), 0);
    assert_int_equal(cmio_unix_datagram_unbound(&sender), 0);
    assert_int_equal(cmio_unix_datagram_local_address(&sender, &told), 0);
    expect_unnamed(&told);
    ssize_t result = cmio_unix_datagram_send(&sender, "abc", 3);
    assert_true(result == -ENOTCONN || result == -EDESTADDRREQ);
    assert_int_equal(cmio_unix_datagram_send_to(&sender, "abc", 3, &path), 3);
    assert_int_equal(cmio_unix_datagram_peek_from(&receiver, buffer, sizeof buffer, &told, NULL),
                     3);
    expect_unnamed(&told);
    assert_int_equal(cmio_unix_datagram_recv_from(&receiver, buffer, sizeof buffer, &told, NULL),
                     3);
    expect_unnamed(&told);
    assert_int_equal(cmio_unix_datagram_connect(&sender, &path), 0);
    assert_int_equal(cmio_unix_datagram_send(&sender, "abc", 3), 3);
    assert_int_equal(cmio_unix_datagram_close(&sender), 0);
    assert_int_equal(cmio_unix_datagram_close(&receiver), 0);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static void a_taken_path_and_a_missing_one_are_errors(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_datagram socket;
    struct cmio_unix_datagram other = {.source.fd = 77};
    test_scratch_open(&scratch);
    const struct cmio_address path = test_scratch_address(&scratch, "a");
    const struct cmio_address missing = test_scratch_address(&scratch, "missing");
    const struct cmio_address unreachable = test_scratch_address(&scratch, "no/such");
    assert_int_equal(cmio_unix_datagram_bind(&socket, &path), 0);
    assert_int_equal(cmio_unix_datagram_bind(&other, &path), -EADDRINUSE);
    assert_int_equal(cmio_unix_datagram_bind(&other, &unreachable), -ENOENT);
    assert_int_equal(other.source.fd, 77);
    assert_int_equal(cmio_unix_datagram_connect(&socket, &missing), -ENOENT);
    assert_int_equal(cmio_unix_datagram_send_to(&socket, "a", 1, &missing), -ENOENT);
    assert_int_equal(cmio_unix_datagram_close(&socket), 0);
    /* The path outlives its socket, and nobody is behind it. */
    assert_int_equal(cmio_unix_datagram_bind(&other, &path), -EADDRINUSE);
    assert_int_equal(cmio_unix_datagram_unbound(&socket), 0);
    assert_int_equal(cmio_unix_datagram_connect(&socket, &path), -ECONNREFUSED);
    assert_int_equal(cmio_unix_datagram_close(&socket), 0);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static void ip_addresses_are_refused(void **state) {
    (void)state;
    struct cmio_unix_datagram socket;
    struct cmio_unix_datagram untouched = {.source.fd = 77};
    struct cmio_address ip;
    assert_int_equal(cmio_address_parse("127.0.0.1:9", &ip), 0);
    assert_int_equal(cmio_unix_datagram_bind(&untouched, &ip), -EAFNOSUPPORT);
    assert_int_equal(cmio_unix_datagram_bind(&untouched, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_bind(NULL, &ip), -EINVAL);
    assert_int_equal(cmio_unix_datagram_unbound(NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_pair(&untouched, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_pair(NULL, &untouched), -EINVAL);
    assert_int_equal(cmio_unix_datagram_pair(&untouched, &untouched), -EINVAL);
    assert_int_equal(untouched.source.fd, 77);
    assert_int_equal(cmio_unix_datagram_unbound(&socket), 0);
    assert_int_equal(cmio_unix_datagram_connect(&socket, &ip), -EAFNOSUPPORT);
    assert_int_equal(cmio_unix_datagram_connect(&socket, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_send_to(&socket, "a", 1, &ip), -EAFNOSUPPORT);
    assert_int_equal(cmio_unix_datagram_send_to(&socket, "a", 1, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_close(&socket), 0);
}

static void shutdown_ends_a_direction_and_raises_no_signal(void **state) {
    (void)state;
    struct cmio_unix_datagram a;
    struct cmio_unix_datagram b;
    char byte;
    struct sigaction default_action = {.sa_handler = SIG_DFL};
    struct sigaction before;
    assert_int_equal(sigaction(SIGPIPE, &default_action, &before), 0);
    assert_int_equal(cmio_unix_datagram_pair(&a, &b), 0);
    assert_int_equal(cmio_unix_datagram_shutdown(&a, CMIO_SHUTDOWN_WRITE), 0);
    assert_int_equal(cmio_unix_datagram_send(&a, "a", 1), -EPIPE);
    assert_int_equal(cmio_unix_datagram_send(&b, "a", 1), 1);
    assert_int_equal(cmio_unix_datagram_recv(&a, &byte, 1, NULL), 1);
    assert_int_equal(cmio_unix_datagram_shutdown(&a, CMIO_SHUTDOWN_BOTH), 0);
    for (int i = 0; i < 3; i++) {
        ssize_t received = cmio_unix_datagram_recv(&a, &byte, 1, NULL);
        assert_true(received == 0 || received == -EAGAIN);
    }
    assert_int_equal(cmio_unix_datagram_shutdown(&a, (enum cmio_shutdown)3), -EINVAL);
    assert_int_equal(cmio_unix_datagram_close(&b), 0);
    ssize_t result = cmio_unix_datagram_send(&a, "a", 1);
    assert_true(result < 0);
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

static void sending_to_a_peer_that_left_is_an_error(void **state) {
    (void)state;
    struct cmio_unix_datagram a;
    struct cmio_unix_datagram b;
    assert_int_equal(cmio_unix_datagram_pair(&a, &b), 0);
    assert_int_equal(cmio_unix_datagram_close(&b), 0);
    ssize_t result = cmio_unix_datagram_send(&a, "a", 1);
    assert_true(result == -ECONNREFUSED || result == -ECONNRESET || result == -ENOTCONN ||
                result == -EDESTADDRREQ);
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
}

static void a_full_receiver_is_told_and_has_room_again(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_datagram receiver;
    struct cmio_unix_datagram sender;
    char buffer[8];
    ssize_t result;
    int sent = 0;
    test_scratch_open(&scratch);
    const struct cmio_address path = test_scratch_address(&scratch, "receiver");
    assert_int_equal(cmio_unix_datagram_bind(&receiver, &path), 0);
    assert_int_equal(cmio_unix_datagram_unbound(&sender), 0);
    while ((result = cmio_unix_datagram_send_to(&sender, "abc", 3, &path)) == 3)
        sent++;
    assert_true(result == -EAGAIN || result == -ENOBUFS);
    for (int i = 0; i < sent; i++)
        assert_int_equal(cmio_unix_datagram_recv(&receiver, buffer, sizeof buffer, NULL), 3);
    assert_int_equal(cmio_unix_datagram_recv(&receiver, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_unix_datagram_send_to(&sender, "abc", 3, &path), 3);
    assert_int_equal(cmio_unix_datagram_close(&sender), 0);
    assert_int_equal(cmio_unix_datagram_close(&receiver), 0);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static void expect_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void descriptors_are_nonblocking_and_close_on_exec(void **state) {
    (void)state;
    struct cmio_unix_datagram a;
    struct cmio_unix_datagram b;
    assert_int_equal(cmio_unix_datagram_pair(&a, &b), 0);
    expect_prepared(cmio_unix_datagram_fd(&a));
    expect_prepared(cmio_unix_datagram_fd(&b));
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
    assert_int_equal(cmio_unix_datagram_close(&b), 0);
    assert_int_equal(cmio_unix_datagram_unbound(&a), 0);
    expect_prepared(cmio_unix_datagram_fd(&a));
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(cmio_unix_datagram_from_fd(&a, fd), 0);
    expect_prepared(fd);
    assert_int_equal(cmio_unix_datagram_close(&a), 0);
}

static void only_unix_datagram_sockets_are_adopted(void **state) {
    (void)state;
    static const int kinds[][2] = {{AF_UNIX, SOCK_STREAM}, {AF_INET, SOCK_DGRAM}};
    struct cmio_unix_datagram adopted = {.source.fd = 77};
    for (size_t i = 0; i < 2; i++) {
        const int fd = socket(kinds[i][0], kinds[i][1], 0);
        assert_int_equal(cmio_unix_datagram_from_fd(&adopted, fd),
                         i == 0 ? -EINVAL : -EAFNOSUPPORT);
        assert_int_equal(close(fd), 0);
    }
    assert_int_equal(cmio_unix_datagram_from_fd(&adopted, -1), -EBADF);
    assert_int_equal(cmio_unix_datagram_from_fd(NULL, -1), -EINVAL);
    assert_int_equal(adopted.source.fd, 77);
}

static void null_and_closed_sockets_are_refused(void **state) {
    (void)state;
    struct cmio_unix_datagram closed;
    struct cmio_unix_datagram zeroed = {0};
    struct cmio_address address;
    char byte = 0;
    assert_int_equal(cmio_address_parse("unix:/tmp/x", &address), 0);
    assert_int_equal(cmio_unix_datagram_unbound(&closed), 0);
    assert_int_equal(cmio_unix_datagram_close(&closed), 0);
    struct cmio_unix_datagram *const rows[] = {NULL, &closed, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        assert_int_equal(cmio_unix_datagram_connect(rows[i], &address), error);
        assert_int_equal(cmio_unix_datagram_send(rows[i], &byte, 1), error);
        assert_int_equal(cmio_unix_datagram_send_to(rows[i], &byte, 1, &address), error);
        assert_int_equal(cmio_unix_datagram_recv(rows[i], &byte, 1, NULL), error);
        assert_int_equal(cmio_unix_datagram_recv_from(rows[i], &byte, 1, NULL, NULL), error);
        assert_int_equal(cmio_unix_datagram_peek(rows[i], &byte, 1, NULL), error);
        assert_int_equal(cmio_unix_datagram_peek_from(rows[i], &byte, 1, NULL, NULL), error);
        assert_int_equal(cmio_unix_datagram_shutdown(rows[i], CMIO_SHUTDOWN_BOTH), error);
        assert_int_equal(cmio_unix_datagram_local_address(rows[i], &address), error);
        assert_int_equal(cmio_unix_datagram_peer_address(rows[i], &address), error);
        assert_int_equal(cmio_unix_datagram_take_error(rows[i]), error);
        assert_int_equal(cmio_unix_datagram_fd(rows[i]), error);
        assert_int_equal(cmio_unix_datagram_into_fd(rows[i]), error);
        assert_int_equal(cmio_unix_datagram_close(rows[i]), 0);
    }
    assert_int_equal(cmio_unix_datagram_unbound(&closed), 0);
    assert_int_equal(cmio_unix_datagram_send(&closed, NULL, 1), -EINVAL);
    assert_int_equal(cmio_unix_datagram_recv(&closed, NULL, 1, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_peek(&closed, NULL, 1, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_local_address(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_close(&closed), 0);
}

static void a_stale_path_is_bound_anew_and_a_living_one_is_in_use(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_datagram a;
    struct cmio_unix_datagram b;
    test_scratch_open(&scratch);
    const struct cmio_address path = test_scratch_address(&scratch, "a");
    for (int round = 0; round < 3; round++) { /* at first there is none */
        assert_int_equal(cmio_unix_datagram_bind_replacing_stale(&a, &path), 0);
        assert_int_equal(cmio_unix_datagram_bind_replacing_stale(&b, &path), -EADDRINUSE);
        assert_int_equal(cmio_unix_datagram_send_to(&a, "x", 1, &path), 1);
        assert_int_equal(cmio_unix_datagram_close(&a), 0);
        assert_int_equal(cmio_unix_datagram_bind(&b, &path), -EADDRINUSE);
    }
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static void invalid_arguments_come_before_a_closed_socket(void **state) {
    (void)state;
    struct cmio_unix_datagram closed = {0};
    struct cmio_address address;
    assert_int_equal(cmio_address_parse("unix:/x", &address), 0);
    assert_int_equal(cmio_unix_datagram_connect(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_send(&closed, NULL, 1), -EINVAL);
    assert_int_equal(cmio_unix_datagram_send_to(&closed, NULL, 1, &address), -EINVAL);
    assert_int_equal(cmio_unix_datagram_send_to(&closed, "a", 1, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_recv(&closed, NULL, 1, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_recv_from(&closed, NULL, 1, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_peek(&closed, NULL, 1, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_peek_from(&closed, NULL, 1, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_shutdown(&closed, (enum cmio_shutdown)77), -EINVAL);
    assert_int_equal(cmio_unix_datagram_local_address(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_unix_datagram_peer_address(&closed, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_stale_path_is_bound_anew_and_a_living_one_is_in_use),
    cmocka_unit_test(a_pair_talks_both_ways_without_names),
    cmocka_unit_test(paths_are_given_and_told_exactly),
    cmocka_unit_test(the_longest_path_is_told_exactly),
    cmocka_unit_test(abstract_names_are_given_and_told_exactly),
    cmocka_unit_test(an_unbound_socket_sends_without_a_name),
    cmocka_unit_test(a_taken_path_and_a_missing_one_are_errors),
    cmocka_unit_test(ip_addresses_are_refused),
    cmocka_unit_test(shutdown_ends_a_direction_and_raises_no_signal),
    cmocka_unit_test(sending_to_a_peer_that_left_is_an_error),
    cmocka_unit_test(a_full_receiver_is_told_and_has_room_again),
    cmocka_unit_test(descriptors_are_nonblocking_and_close_on_exec),
    cmocka_unit_test(only_unix_datagram_sockets_are_adopted),
    cmocka_unit_test(null_and_closed_sockets_are_refused),
    cmocka_unit_test(invalid_arguments_come_before_a_closed_socket),
};
TEST_GROUP(net_unix_datagram, tests)
