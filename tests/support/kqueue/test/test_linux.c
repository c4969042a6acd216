/* SPDX-License-Identifier: MIT */

/*
 * The stand-in among what else Linux has: an epoll set around a kqueue, descriptors closed behind
 * its back, a lack of descriptors.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kq.h"

static int events_of(int epoll) {
    struct epoll_event event;
    return epoll_wait(epoll, &event, 1, 0);
}

static void an_epoll_set_watches_a_kqueue(void **state) {
    (void)state;
    static const uint32_t modes[] = {0, EPOLLET};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        int fds[2];
        int kq = kq_open(), epoll = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event entry = {.events = EPOLLIN | modes[i]};
        test_pair_open(TEST_UNIX_STREAM, fds);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, kq, &entry), 0);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(events_of(epoll), 0);
            test_put(fds[1], 1);
            assert_int_equal(events_of(epoll), 1);
            (void)kq_expect(kq, fds[0], EVFILT_READ);
            test_take(fds[0], 1);
        }
        assert_int_equal(kq_change(kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 1, NULL), 0);
        TEST_EVENTUALLY(events_of(epoll) == 1);
        (void)kq_expect(kq, 1, EVFILT_TIMER);
        test_close(epoll);
        test_close(kq);
        test_pair_close(fds);
    }
}

static void a_number_used_again_behind_its_back_is_another_descriptor(void **state) {
    (void)state;
    int fds[2], other[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    test_pair_open(TEST_PIPE, other);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(syscall(SYS_close, fds[0]), 0);
    assert_int_equal(fcntl(other[0], F_DUPFD, fds[0]), fds[0]);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_READ), ENOENT);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    test_put(other[1], 1);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    test_pair_close(fds);
    test_pair_close(other);
    test_close(kq);
}

/* The BSDs have their own ideas of full datagram sockets. */
static void room_made_for_a_refused_datagram_is_an_edge(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_UNIX_DATAGRAM, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_CLEAR), 0);
    (void)kq_expect(kq, fds[0], EVFILT_WRITE);
    assert_true(test_fill(fds[0]) > 0);
    kq_expect_silence(kq);
    assert_true(test_drain(fds[1]) > 0);
    (void)kq_expect(kq, fds[0], EVFILT_WRITE);
    kq_expect_silence(kq);
    test_pair_close(fds);
    test_close(kq);
}

/* With any number of descriptors left a kqueue is made whole or not at all. */
static void a_kqueue_without_descriptors_leaves_none(void **state) {
    (void)state;
    struct rlimit limit, low;
    int fds[2];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    test_pair_open(TEST_PIPE, fds);
    bool failed = false;
    for (int left = 0; left < 5; left++) {
        low = limit;
        low.rlim_cur = (rlim_t)(fds[1] + 1 + left);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        int kq = kqueue();
        int error = errno;
        if (kq >= 0)
            test_close(kq);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_true(kq >= 0 || error == EMFILE);
        failed = failed || kq < 0;
    }
    assert_true(failed);
    test_pair_close(fds);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_epoll_set_watches_a_kqueue),
    cmocka_unit_test(a_number_used_again_behind_its_back_is_another_descriptor),
    cmocka_unit_test(room_made_for_a_refused_datagram_is_an_edge),
    cmocka_unit_test(a_kqueue_without_descriptors_leaves_none),
};

TEST_GROUP(kqueue_linux, tests)
