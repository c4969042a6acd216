/* SPDX-License-Identifier: MIT */
/* What batches with a call for each datagram keep, and what they do not. */
#include "support/test.h"
#include "support/udp.h"

#include <errno.h>

#include "posix/batch.h"

/* True once an answer to a datagram came before the next one of a batch was sent. */
static bool is_kept(struct cmio_udp_socket *socket, int *kept) {
    char byte = 'a';
    const struct cmio_udp_message messages[3] = {
        {.buffer = &byte, .size = 1}, {.buffer = &byte, .size = 1}, {.buffer = &byte, .size = 1}};
    const int sent = cmio__batch_send(cmio_udp_socket_fd(socket), messages, 3, kept);
    assert_true(sent == 3 || sent == -ECONNREFUSED);
    return *kept != 0;
}

static void an_error_of_the_socket_is_kept_and_the_batch_goes_on(void **state) {
    (void)state;
    struct cmio_udp_socket holder;
    struct cmio_udp_socket socket;
    int kept = 0;
    const struct cmio_address refusing = test_udp_open_refusing(&holder);
    (void)test_udp_open(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&socket, &refusing), 0);
    TEST_EVENTUALLY(is_kept(&socket, &kept));
    assert_int_equal(kept, -ECONNREFUSED);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
    assert_int_equal(cmio_udp_socket_close(&holder), 0);
}

static void an_error_of_a_message_is_not_kept_and_ends_the_batch(void **state) {
    (void)state;
    static char bytes[70000];
    struct test_udp_pair pair;
    int kept = 0;
    const struct cmio_udp_message messages[3] = {{.buffer = bytes, .size = 1},
                                                 {.buffer = bytes, .size = sizeof bytes},
                                                 {.buffer = bytes, .size = 1}};
    test_udp_pair_connect(&pair);
    const int fd = cmio_udp_socket_fd(&pair.a);
    assert_int_equal(cmio__batch_send(fd, messages, 3, &kept), 1);
    assert_int_equal(cmio__batch_send(fd, messages + 1, 2, &kept), -EMSGSIZE);
    assert_int_equal(kept, 0);
    test_udp_pair_close(&pair);
}

static void an_end_of_what_there_is_is_not_kept(void **state) {
    (void)state;
    struct test_udp_pair pair;
    char bytes[2][8];
    int kept = 0;
    struct cmio_udp_message messages[2] = {{.buffer = bytes[0], .size = 8},
                                           {.buffer = bytes[1], .size = 8}};
    test_udp_pair_connect(&pair);
    assert_int_equal(cmio_udp_socket_send(&pair.a, "abc", 3), 3);
    test_udp_await(&pair.b);
    const int fd = cmio_udp_socket_fd(&pair.b);
    assert_int_equal(cmio__batch_receive(fd, messages, 2, &kept), 1);
    assert_int_equal(cmio__batch_receive(fd, messages, 2, &kept), -EAGAIN);
    assert_int_equal(kept, 0);
    test_udp_pair_close(&pair);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_error_of_the_socket_is_kept_and_the_batch_goes_on),
    cmocka_unit_test(an_error_of_a_message_is_not_kept_and_ends_the_batch),
    cmocka_unit_test(an_end_of_what_there_is_is_not_kept),
};
TEST_GROUP(posix_batch_plain, tests)
