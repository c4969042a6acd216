/* SPDX-License-Identifier: MIT */
/*
 * Accepting what has no address, as some systems tell it of a connection that was reset meanwhile
 * and of a Unix client without a name. The linker turns accept4(2) to here (--wrap).
 */
#include "support/pair.h"
#include "support/scratch.h"
#include "support/test.h"

#include <errno.h>
#include <sys/socket.h>

#include <cmio/tcp_listener.h>
#include <cmio/unix_listener.h>

int __real_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags);

int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags) {
    const int accepted = __real_accept4(fd, peer, length, flags);
    if (accepted >= 0 && length != NULL)
        *length = 0;
    return accepted;
}

static void a_tcp_connection_without_an_address_is_aborted(void **state) {
    (void)state;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_address peer;
    uint16_t port;
    int accepted;
    assert_int_equal(cmio_tcp_listener_from_fd(&listener, test_listen(&port)), 0);
    const int client = test_connect(port);
    TEST_EVENTUALLY((accepted = cmio_tcp_listener_accept(&listener, &stream, &peer)) != -EAGAIN);
    assert_int_equal(accepted, -ECONNABORTED);
    const int other = test_connect(port); /* who does not ask for the address gets it */
    TEST_EVENTUALLY((accepted = cmio_tcp_listener_accept(&listener, &stream, NULL)) != -EAGAIN);
    assert_int_equal(accepted, 0);
    test_close(client);
    test_close(other);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
}

static void a_unix_client_without_an_address_is_unnamed(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_listener listener;
    struct cmio_unix_stream client;
    struct cmio_unix_stream server;
    struct cmio_address peer;
    size_t length = 7;
    test_scratch_open(&scratch);
    const struct cmio_address path = test_scratch_address(&scratch, "socket");
    assert_int_equal(cmio_unix_listener_bind(&listener, &path, NULL), 0);
    assert_int_equal(cmio_unix_stream_connect(&client, &path), 0);
    assert_int_equal(cmio_unix_listener_accept(&listener, &server, &peer), 0);
    assert_non_null(cmio_address_unix_name(&peer, &length));
    assert_int_equal(length, 0);
    assert_int_equal(cmio_unix_stream_close(&client), 0);
    assert_int_equal(cmio_unix_stream_close(&server), 0);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_tcp_connection_without_an_address_is_aborted),
    cmocka_unit_test(a_unix_client_without_an_address_is_unnamed),
};

TEST_GROUP(net_accept, tests)
