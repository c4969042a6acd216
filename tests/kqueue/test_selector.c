/* SPDX-License-Identifier: MIT */

/*
 * The selector when the kernel fails: each call of kqueue(2), and each change in a call, fails in
 * turn. What a failed register or reregister leaves is nothing: no event, and no slot. The same is
 * said of what a refused call leaves: all that was.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/exhaustion.h"
#include "kqueue/kqueue.h"
#include "support/pair.h"
#include "support/test.h"

extern const struct cmio__backend cmio__kqueue_backend;
static const struct cmio__backend *const kqueues = &cmio__kqueue_backend;

enum { FIRST = 1, SECOND = 2 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

/* The call that countdown reaches 0 with fails, while calls are counted. */
bool exhaustion_counts;
static int countdown;
static bool injected;

bool exhaustion_must_fail(int error) {
    (void)error;
    if (!exhaustion_counts || injected || --countdown > 0)
        return false;
    injected = true;
    return true;
}

struct setting {
    struct cmio__selector *selector;
    struct cmio_events *events;
    int fds[2];
};

static void setting_open(struct setting *setting, enum test_pair_kind kind) {
    assert_int_equal(kqueues->open(&setting->selector), 0);
    assert_int_equal(cmio_events_new(&setting->events, 8), 0);
    test_pair_open(kind, setting->fds);
}

static void setting_close(struct setting *setting) {
    test_pair_close(setting->fds);
    cmio_events_free(setting->events);
    kqueues->close(setting->selector);
}

static int wait_at_once(struct setting *setting) {
    return kqueues->wait(setting->selector, setting->events, 0);
}

typedef int change_call(struct cmio__selector *selector, int fd, cmio_token token,
                        cmio_interest interest);

/* Makes the call with its number-th call of the kernel failing; whether it had so many. */
static bool fails(struct setting *setting, int number, change_call *call, cmio_token token,
                  cmio_interest interest) {
    countdown = number;
    injected = false;
    exhaustion_counts = true;
    const int error = call(setting->selector, setting->fds[1], token, interest);
    exhaustion_counts = false;
    assert_int_equal(error, injected ? -ENOMEM : 0);
    return injected;
}

/* Neither filters nor slot: it is silent though it is ready, and may be registered anew. */
static void expect_unregistered(struct setting *setting) {
    const int fd = setting->fds[1];
    assert_int_equal(wait_at_once(setting), 0);
    assert_int_equal(kqueues->deregister_fd(setting->selector, fd), -EBADF);
    assert_int_equal(kqueues->register_fd(setting->selector, fd, SECOND, both | CMIO_LEVEL), 0);
    for (int i = 0; i < 3; i++) {
        TEST_EVENTUALLY(wait_at_once(setting) == 1);
        assert_int_equal(setting->events->list[0].token, SECOND);
    }
    assert_int_equal(kqueues->deregister_fd(setting->selector, fd), 0);
    assert_int_equal(wait_at_once(setting), 0);
}

static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
static const cmio_interest directions[] = {CMIO_READABLE, CMIO_WRITABLE,
                                           CMIO_READABLE | CMIO_WRITABLE};

enum { INTERESTS = 9 };

static cmio_interest interest_of(int number) {
    return directions[number / 3] | modes[number % 3];
}

/* Ready in every direction that is asked for. */
static void be_ready(struct setting *setting, enum test_pair_kind kind) {
    if (kind != TEST_PIPE)
        test_put(setting->fds[0], 1);
}

static void expect_whole_failures_of_register(enum test_pair_kind kind) {
    for (int i = 0; i < INTERESTS; i++) {
        bool failed = true;
        for (int number = 1; failed; number++) {
            struct setting setting;
            setting_open(&setting, kind);
            be_ready(&setting, kind);
            failed = fails(&setting, number, kqueues->register_fd, FIRST, interest_of(i));
            if (failed)
                expect_unregistered(&setting);
            assert_true(failed || number > 1);
            setting_close(&setting);
        }
    }
}

static void a_register_that_fails_leaves_nothing(void **state) {
    (void)state;
    expect_whole_failures_of_register(TEST_TCP);
    expect_whole_failures_of_register(TEST_PIPE);
}

static void expect_whole_failures_of_reregister(enum test_pair_kind kind, cmio_interest before,
                                                cmio_interest after) {
    bool failed = true;
    for (int number = 1; failed; number++) {
        struct setting setting;
        setting_open(&setting, kind);
        be_ready(&setting, kind);
        assert_int_equal(kqueues->register_fd(setting.selector, setting.fds[1], FIRST, before), 0);
        failed = fails(&setting, number, kqueues->reregister_fd, SECOND, after);
        if (failed)
            expect_unregistered(&setting);
        assert_true(failed || number > 1);
        setting_close(&setting);
    }
}

static void a_reregister_that_fails_leaves_nothing(void **state) {
    (void)state;
    for (int before = 0; before < INTERESTS; before++)
        for (int after = 0; after < INTERESTS; after++) {
            expect_whole_failures_of_reregister(TEST_TCP, interest_of(before), interest_of(after));
            expect_whole_failures_of_reregister(TEST_PIPE, interest_of(before), interest_of(after));
        }
}

static int deregister(struct cmio__selector *selector, int fd, cmio_token token,
                      cmio_interest interest) {
    (void)token, (void)interest;
    return kqueues->deregister_fd(selector, fd);
}

/* A filter that stayed would keep its mode when it is added anew. */
static void a_deregister_that_fails_leaves_no_filter(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP);
    test_put(setting.fds[0], 1);
    const int fd = setting.fds[1];
    assert_int_equal(kqueues->register_fd(setting.selector, fd, FIRST, CMIO_READABLE | CMIO_LEVEL),
                     0);
    TEST_EVENTUALLY(wait_at_once(&setting) == 1);
    assert_true(fails(&setting, 1, deregister, 0, 0));
    assert_int_equal(kqueues->register_fd(setting.selector, fd, SECOND, CMIO_READABLE), 0);
    TEST_EVENTUALLY(wait_at_once(&setting) == 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(wait_at_once(&setting), 0);
    assert_int_equal(kqueues->deregister_fd(setting.selector, fd), 0);
    setting_close(&setting);
}

/* With the timer that makes its readiness up. */
static void a_broken_pipe_that_fails_to_register_leaves_nothing(void **state) {
    (void)state;
    for (int i = 0; i < INTERESTS; i++) {
        bool failed = true;
        for (int number = 1; failed; number++) {
            struct setting setting;
            setting_open(&setting, TEST_PIPE);
            test_close(setting.fds[0]);
            failed = fails(&setting, number, kqueues->register_fd, FIRST, interest_of(i));
            if (failed)
                expect_unregistered(&setting);
            setting.fds[0] = dup(setting.fds[1]); /* for the close */
            setting_close(&setting);
        }
    }
}

/* A thread with a cancellation pending: its change happens, and the lock is not lost with it. */
struct cancelled {
    struct setting *setting;
    bool did_return;
};

static void *register_cancelled(void *argument) {
    struct cancelled *self = argument;
    const struct setting *setting = self->setting;
    assert_int_equal(pthread_cancel(pthread_self()), 0);
    int error = kqueues->register_fd(setting->selector, setting->fds[1], FIRST, both | CMIO_LEVEL);
    self->did_return = error == 0;
    pthread_testcancel();
    return NULL;
}

static void a_register_that_is_cancelled_is_whole(void **state) {
    (void)state;
    struct setting setting;
    struct cancelled cancelled = {.setting = &setting};
    pthread_t thread;
    void *result = NULL;
    setting_open(&setting, TEST_TCP);
    assert_int_equal(pthread_create(&thread, NULL, register_cancelled, &cancelled), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_true(cancelled.did_return); /* or the lock went with the thread */
    TEST_EVENTUALLY(wait_at_once(&setting) == 1);
    assert_int_equal(kqueues->deregister_fd(setting.selector, setting.fds[1]), 0);
    setting_close(&setting);
}

static void a_reregister_that_is_refused_changes_nothing(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP);
    const int fd = setting.fds[1];
    assert_int_equal(kqueues->register_fd(setting.selector, fd, FIRST, CMIO_WRITABLE | CMIO_LEVEL),
                     0);
    assert_int_equal(kqueues->reregister_fd(setting.selector, fd, SECOND, both | CMIO_PRIORITY),
                     -ENOTSUP);
    assert_int_equal(kqueues->reregister_fd(setting.selector, -1, SECOND, both), -EBADF);
    assert_int_equal(wait_at_once(&setting), 1);
    assert_int_equal(setting.events->list[0].token, FIRST);
    assert_int_equal(kqueues->deregister_fd(setting.selector, fd), 0);
    setting_close(&setting);
}

/* The kernel has no such filter for the descriptor: the adding of each filter is refused in turn. */
static bool is_refused(struct setting *setting, int number, cmio_token token,
                       cmio_interest interest) {
    exhaustion_change_error = EINVAL;
    countdown = number;
    injected = false;
    exhaustion_counts = true;
    const int error = kqueues->reregister_fd(setting->selector, setting->fds[1], token, interest);
    exhaustion_counts = false;
    exhaustion_change_error = ENOMEM;
    if (injected && error == -ENOMEM) /* the whole call failed, not a change */
        return false;
    assert_int_equal(error, injected ? -EINVAL : 0);
    return injected;
}

static void expect_refusals_change_nothing(cmio_interest before, cmio_interest after) {
    for (int number = 1; number <= 6; number++) {
        struct setting setting;
        setting_open(&setting, TEST_TCP);
        be_ready(&setting, TEST_TCP);
        TEST_OK(kqueues->register_fd(setting.selector, setting.fds[1], FIRST, before));
        if (is_refused(&setting, number, SECOND, after)) {
            TEST_EVENTUALLY(wait_at_once(&setting) == 1);
            assert_int_equal(setting.events->list[0].token, FIRST);
            assert_int_equal(setting.events->list[0].ready, before & both);
            TEST_OK(kqueues->deregister_fd(setting.selector, setting.fds[1]));
        }
        setting_close(&setting);
    }
}

static void a_reregister_that_the_kernel_refuses_changes_nothing(void **state) {
    (void)state;
    for (int before = 0; before < INTERESTS; before++)
        for (int after = 0; after < INTERESTS; after++)
            expect_refusals_change_nothing(interest_of(before), interest_of(after));
}

static void
a_oneshot_that_fired_stays_silent_when_the_kernel_refuses_another_interest(void **state) {
    (void)state;
    int refusals = 0;
    for (int number = 1; number <= 6; number++) {
        struct setting setting;
        setting_open(&setting, TEST_TCP);
        TEST_OK(kqueues->register_fd(setting.selector, setting.fds[1], FIRST,
                                     CMIO_WRITABLE | CMIO_ONESHOT));
        TEST_EVENTUALLY(wait_at_once(&setting) == 1);
        if (is_refused(&setting, number, SECOND, both)) {
            refusals++;
            assert_int_equal(wait_at_once(&setting), 0);
            TEST_OK(kqueues->deregister_fd(setting.selector, setting.fds[1]));
        }
        setting_close(&setting);
    }
    assert_true(refusals > 0);
}

/* Nor is what an earlier call left in errno taken for an interrupt of this one. */
static void a_change_that_succeeds_is_made_once(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP);
    errno = EINTR;
    assert_false(fails(&setting, 100, kqueues->register_fd, FIRST, CMIO_READABLE));
    errno = EINTR;
    assert_false(fails(&setting, 100, kqueues->reregister_fd, SECOND, CMIO_WRITABLE));
    assert_int_equal(kqueues->deregister_fd(setting.selector, setting.fds[1]), 0);
    setting_close(&setting);
}

/* A FIFO that is written, and its path. Its reader has gone. */
static int open_deserted(char *path) {
    assert_non_null(mkdtemp(path));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    const int reader = open(path, O_RDONLY | O_NONBLOCK);
    const int writer = open(path, O_WRONLY | O_NONBLOCK);
    assert_true(reader >= 0 && writer >= 0);
    test_close(reader);
    return writer;
}

static int waits;

static void count_wait(void) {
    waits++;
}

/* Not even for a record that makes no event. */
static bool sleeps_through(struct setting *setting) {
    waits = 0;
    return kqueues->wait(setting->selector, setting->events, 50 * CMIO_MILLISECOND) == 0 &&
           waits == 1;
}

static void readiness_is_made_up_no_longer_when_a_reader_is_back(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-selector-XXXXXX";
    char bytes[4096] = {0};
    struct setting setting;
    setting_open(&setting, TEST_TCP);
    const int writer = open_deserted(path);
    const cmio_interest interest = CMIO_WRITABLE | CMIO_LEVEL;
    assert_int_equal(kqueues->register_fd(setting.selector, writer, FIRST, interest), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kqueues->wait(setting.selector, setting.events, CMIO_FOREVER), 1);
        assert_true(setting.events->list[0].ready & CMIO_WRITE_CLOSED);
    }
    const int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    while (write(writer, bytes, sizeof bytes) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
    exhaustion_after_wait = count_wait;
    TEST_EVENTUALLY(sleeps_through(&setting));
    exhaustion_after_wait = NULL;
    assert_int_equal(kqueues->deregister_fd(setting.selector, writer), 0);
    test_close(reader);
    test_close(writer);
    assert_int_equal(unlink(path), 0);
    setting_close(&setting);
}

static struct setting *overtaken;

static void ask_for_writing_instead(void) {
    exhaustion_after_wait = NULL;
    assert_int_equal(kqueues->reregister_fd(overtaken->selector, overtaken->fds[1], FIRST,
                                            CMIO_WRITABLE | CMIO_LEVEL),
                     0);
}

/* Another thread was quicker, and the token is the same. */
static void a_record_of_what_is_not_asked_for_any_more_is_dropped(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP);
    test_put(setting.fds[0], 1);
    const int fd = setting.fds[1];
    assert_int_equal(kqueues->register_fd(setting.selector, fd, FIRST, CMIO_READABLE | CMIO_LEVEL),
                     0);
    TEST_EVENTUALLY(wait_at_once(&setting) == 1);
    overtaken = &setting;
    exhaustion_after_wait = ask_for_writing_instead;
    assert_int_equal(wait_at_once(&setting), 0);
    TEST_EVENTUALLY(wait_at_once(&setting) == 1);
    assert_int_equal(setting.events->list[0].ready, CMIO_WRITABLE);
    setting_close(&setting);
}

/*
 * A lock that the test holds already, once: a hook that locks and unlocks leaves it so. One that
 * forgot to lock has given away the test's hold.
 */
static pthread_mutex_t *lock_of(struct cmio__selector *selector) {
    return &cmio__kqueue_selector_of(selector)->lock;
}

static void hold_lock(struct cmio__selector *selector) {
    pthread_mutexattr_t attributes;
    assert_int_equal(pthread_mutexattr_init(&attributes), 0);
    assert_int_equal(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE), 0);
    assert_int_equal(pthread_mutex_destroy(lock_of(selector)), 0);
    assert_int_equal(pthread_mutex_init(lock_of(selector), &attributes), 0);
    assert_int_equal(pthread_mutexattr_destroy(&attributes), 0);
    assert_int_equal(pthread_mutex_lock(lock_of(selector)), 0);
}

static void *try_lock(void *selector) {
    if (pthread_mutex_trylock(lock_of(selector)) != 0)
        return NULL;
    assert_int_equal(pthread_mutex_unlock(lock_of(selector)), 0);
    return selector;
}

static bool is_free(struct cmio__selector *selector) {
    pthread_t other;
    void *locked;
    assert_int_equal(pthread_create(&other, NULL, try_lock, selector), 0);
    assert_int_equal(pthread_join(other, &locked), 0);
    return locked != NULL;
}

static void expect_held_once(struct cmio__selector *selector) {
    assert_false(is_free(selector));
    assert_int_equal(pthread_mutex_unlock(lock_of(selector)), 0);
    assert_true(is_free(selector));
    assert_int_equal(pthread_mutex_lock(lock_of(selector)), 0);
}

static void expect_waker_to_lock(struct cmio__selector *selector) {
    struct cmio__wake wake;
    if (kqueues->waking == NULL)
        return;
    assert_int_equal(kqueues->waking->open(selector, FIRST, &wake), 0);
    expect_held_once(selector);
    kqueues->waking->close(selector, &wake);
    expect_held_once(selector);
}

static void each_hook_locks_as_often_as_it_unlocks(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP);
    struct cmio__selector *selector = setting.selector;
    const int fd = setting.fds[1];
    hold_lock(selector);
    assert_int_equal(kqueues->register_fd(selector, fd, FIRST, both), 0);
    expect_held_once(selector);
    assert_int_equal(kqueues->register_fd(selector, fd, FIRST, both), -EEXIST);
    expect_held_once(selector);
    assert_int_equal(kqueues->reregister_fd(selector, fd, SECOND, both), 0);
    expect_held_once(selector);
    TEST_EVENTUALLY(wait_at_once(&setting) == 1);
    expect_held_once(selector);
    assert_int_equal(kqueues->deregister_fd(selector, fd), 0);
    expect_held_once(selector);
    assert_int_equal(kqueues->deregister_fd(selector, fd), -EBADF);
    expect_held_once(selector);
    expect_waker_to_lock(selector);
    assert_int_equal(pthread_mutex_unlock(lock_of(selector)), 0);
    setting_close(&setting);
}

/* Where wakers are descriptors, there is none to wake any more. */
static void a_wake_after_the_close_is_refused_and_leaves_no_event(void **state) {
    (void)state;
    struct setting setting;
    struct cmio__wake wake;
    if (kqueues->waking == NULL)
        skip();
    setting_open(&setting, TEST_TCP);
    assert_int_equal(kqueues->waking->open(setting.selector, FIRST, &wake), 0);
    kqueues->waking->close(setting.selector, &wake);
    assert_int_equal(kqueues->waking->wake(setting.selector, &wake), -ENOENT);
    assert_int_equal(wait_at_once(&setting), 0);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_register_that_fails_leaves_nothing),
    cmocka_unit_test(a_reregister_that_fails_leaves_nothing),
    cmocka_unit_test(a_deregister_that_fails_leaves_no_filter),
    cmocka_unit_test(a_broken_pipe_that_fails_to_register_leaves_nothing),
    cmocka_unit_test(a_register_that_is_cancelled_is_whole),
    cmocka_unit_test(a_reregister_that_is_refused_changes_nothing),
    cmocka_unit_test(a_reregister_that_the_kernel_refuses_changes_nothing),
    cmocka_unit_test(a_oneshot_that_fired_stays_silent_when_the_kernel_refuses_another_interest),
    cmocka_unit_test(a_change_that_succeeds_is_made_once),
    cmocka_unit_test(readiness_is_made_up_no_longer_when_a_reader_is_back),
    cmocka_unit_test(a_record_of_what_is_not_asked_for_any_more_is_dropped),
    cmocka_unit_test(each_hook_locks_as_often_as_it_unlocks),
    cmocka_unit_test(a_wake_after_the_close_is_refused_and_leaves_no_event),
};

TEST_GROUP(kqueue_selector, tests)
