/* SPDX-License-Identifier: MIT */
/* What a refusal of descriptors means on NetBSD: this is linked with the file for that system. */
#include <errno.h>
#include <sys/socket.h>

#include "posix/rights.h"
#include "support/pair.h"
#include "support/test.h"

static void too_long_means_full_where_it_would_fit_an_empty_stream(void **state) {
    (void)state;
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    assert_int_equal(cmio__rights_refused(fds[0], 32, -EMSGSIZE), -EAGAIN);
    test_pair_close(fds);
}

static void too_long_for_an_empty_stream_stays_too_long(void **state) {
    (void)state;
    int fds[2];
    int room = 0;
    socklen_t length = sizeof room;
    test_pair_open(TEST_UNIX_STREAM, fds);
    assert_int_equal(getsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, &length), 0);
    assert_int_equal(cmio__rights_refused(fds[0], (size_t)room + 1, -EMSGSIZE), -EMSGSIZE);
    test_pair_close(fds);
}

static void without_descriptors_too_long_stays_too_long(void **state) {
    (void)state;
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    assert_int_equal(cmio__rights_refused(fds[0], 0, -EMSGSIZE), -EMSGSIZE);
    test_pair_close(fds);
}

static void every_other_error_stays_as_it_is(void **state) {
    (void)state;
    static const int errors[] = {-EAGAIN, -EPIPE, -EBADF, -ENOBUFS, -ECONNRESET};
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        assert_int_equal(cmio__rights_refused(fds[0], 32, errors[i]), errors[i]);
    test_pair_close(fds);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(too_long_means_full_where_it_would_fit_an_empty_stream),
    cmocka_unit_test(too_long_for_an_empty_stream_stays_too_long),
    cmocka_unit_test(without_descriptors_too_long_stays_too_long),
    cmocka_unit_test(every_other_error_stays_as_it_is),
};

TEST_GROUP(posix_rights_refused, tests)
