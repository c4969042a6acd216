/* SPDX-License-Identifier: MIT */

/*
 * Where OpenBSD is not like FreeBSD.
 */

#include <errno.h>

#include "kq.h"

static void a_pipe_without_reader_keeps_its_filter(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, 0), 0);
    test_close(fds[0]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(kq_expect(kq, fds[1], EVFILT_WRITE).flags & ~EV_ADD, EV_EOF);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, 0), 0);
    assert_int_equal(kq_delete(kq, fds[1], EVFILT_WRITE), 0);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, 0), EPIPE);
    test_close(fds[1]);
    test_close(kq);
}

/* It is looked at before the end is there, and not again until someone asks. */
static void the_filter_of_a_full_pipe_misses_that_the_reader_goes(void **state) {
    (void)state;
    static const unsigned modes[] = {0, EV_CLEAR, EV_ONESHOT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        int fds[2];
        int kq = kq_open();
        test_pair_open(TEST_PIPE, fds);
        (void)test_fill(fds[1]);
        assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, modes[i]), 0);
        kq_expect_silence(kq);
        test_close(fds[0]);
        kq_expect_silence(kq);
        assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, modes[i]), 0);
        assert_true(kq_expect(kq, fds[1], EVFILT_WRITE).flags & EV_EOF);
        test_close(fds[1]);
        test_close(kq);
    }
}

static void the_read_filter_of_a_write_end_tells_that_the_reader_goes(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    (void)test_fill(fds[1]);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_READ, EV_CLEAR), 0);
    kq_expect_silence(kq);
    test_close(fds[0]);
    assert_true(kq_expect(kq, fds[1], EVFILT_READ).flags & EV_EOF);
    kq_expect_silence(kq);
    test_close(fds[1]);
    test_close(kq);
}

static void there_is_no_user_filter(void **state) {
    (void)state;
    int kq = kq_open();
    for (short filter = -20; filter < -9; filter++)
        assert_int_equal(kq_change(kq, 0, filter, EV_ADD, 0, 0, NULL), EINVAL);
    test_close(kq);
}

static void timers_count_milliseconds_whatever_their_fflags(void **state) {
    (void)state;
    int kq = kq_open();
    int64_t start = test_now();
    assert_int_equal(kq_change(kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 8, 3, NULL), 0);
    (void)kq_expect(kq, 1, EVFILT_TIMER);
    assert_true(test_now() - start >= 3 * KQ_MILLISECOND);
    test_close(kq);
}

static void events_show_the_change_that_made_the_filter(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    test_put(fds[1], 1);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_expect(kq, fds[0], EVFILT_READ).flags, EV_ADD | EV_CLEAR);
    test_pair_close(fds);
    test_close(kq);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_pipe_without_reader_keeps_its_filter),
    cmocka_unit_test(the_filter_of_a_full_pipe_misses_that_the_reader_goes),
    cmocka_unit_test(the_read_filter_of_a_write_end_tells_that_the_reader_goes),
    cmocka_unit_test(there_is_no_user_filter),
    cmocka_unit_test(timers_count_milliseconds_whatever_their_fflags),
    cmocka_unit_test(events_show_the_change_that_made_the_filter),
};

TEST_GROUP(kqueue_openbsd, tests)
