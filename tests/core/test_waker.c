/* SPDX-License-Identifier: MIT */

/*
 * The flags of wakers and their list, over a backend of the test's own: what a wake does in which
 * order, what is left after a wake or a new waker failed, and that freed wakers are used again.
 */
#include "core/waker.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "support/scale.h"
#include "support/test.h"

enum { TOKEN = 1, MANY = 2000 };

/* What the backend was told, and what it answers. */
static struct {
    int opens;
    int wakes;
    int wake_closes;
    int closes;
    int error;
    bool was_woken; /* what woken and the waker's pending were during the last wake */
    bool was_pending;
    cmio_token token; /* of the last wake */
} told;

static struct cmio_registry *registry;

static int fake_open(struct cmio__selector **out) {
    *out = NULL;
    return 0;
}

static void fake_close(struct cmio__selector *selector) {
    (void)selector;
    told.closes++;
}

static int fake_wake_open(struct cmio__selector *selector, cmio_token token,
                          struct cmio__wake *out) {
    (void)selector;
    if (told.error < 0)
        return told.error;
    told.opens++;
    *out = (struct cmio__wake){.token = token};
    return 0;
}

static bool is_pending(const struct cmio_waker *waker) {
    return atomic_load(&waker->pending);
}

static bool is_woken(void) {
    return atomic_load(&registry->woken);
}

static int fake_wake(struct cmio__selector *selector, const struct cmio__wake *wake) {
    (void)selector;
    const char *waker = (const char *)wake - offsetof(struct cmio_waker, wake);
    told.wakes++;
    told.token = wake->token;
    told.was_woken = is_woken();
    told.was_pending = is_pending((const struct cmio_waker *)(const void *)waker);
    return told.error;
}

/* For the threads that race: it touches nothing. */
static int quiet_wake(struct cmio__selector *selector, const struct cmio__wake *wake) {
    (void)selector, (void)wake;
    return 0;
}

static void fake_wake_close(struct cmio__selector *selector, struct cmio__wake *wake) {
    (void)selector, (void)wake;
    told.wake_closes++;
}

static const struct cmio__waking fake_waking = {
    .open = fake_wake_open,
    .wake = fake_wake,
    .close = fake_wake_close,
};

static const struct cmio__backend fake = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .waking = &fake_waking,
};

static const struct cmio__waking quiet_waking = {
    .open = fake_wake_open,
    .wake = quiet_wake,
    .close = fake_wake_close,
};

static const struct cmio__backend quiet = {
    .name = "quiet",
    .open = fake_open,
    .close = fake_close,
    .waking = &quiet_waking,
};

static void open_registry(const struct cmio__backend *backend) {
    memset(&told, 0, sizeof told);
    assert_int_equal(cmio__registry_new(&registry, backend), 0);
}

/* Nothing refers to it any more, or it would not be closed. */
static void close_registry(void) {
    cmio_registry_unref(registry);
    assert_int_equal(told.closes, 1);
}

static struct cmio_waker *new_waker(cmio_token token) {
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, registry, token), 0);
    return waker;
}

static int count_wakers(void) {
    int count = 0;
    for (struct cmio_waker *waker = registry->wakers; waker != NULL; waker = waker->next)
        count++;
    return count;
}

static void a_wake_sets_both_flags_before_it_makes_the_event(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *waker = new_waker(TOKEN);
    assert_false(is_pending(waker));
    assert_false(is_woken());
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(told.wakes, 1);
    assert_int_equal(told.token, TOKEN);
    assert_true(told.was_woken);
    assert_true(told.was_pending);
    assert_true(is_pending(waker));
    assert_true(is_woken());
    cmio_waker_free(waker);
    close_registry();
}

static void a_pending_wake_makes_no_second_event_until_it_is_collected(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *waker = new_waker(TOKEN);
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 5; i++)
            assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(told.wakes, round);
        cmio__wakers_collect(registry);
        assert_false(is_pending(waker));
        assert_false(is_woken());
    }
    cmio_waker_free(waker);
    close_registry();
}

static void collecting_clears_every_pending_wake(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *wakers[3];
    for (int i = 0; i < 3; i++) {
        wakers[i] = new_waker(TOKEN);
        assert_int_equal(cmio_waker_wake(wakers[i]), 0);
    }
    cmio__wakers_collect(registry);
    for (int i = 0; i < 3; i++) {
        assert_false(is_pending(wakers[i]));
        cmio_waker_free(wakers[i]);
    }
    close_registry();
}

static void a_wake_that_failed_says_so_and_the_next_one_tries_again(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *waker = new_waker(TOKEN);
    for (int i = 1; i <= 3; i++) {
        told.error = -ENOMEM;
        assert_int_equal(cmio_waker_wake(waker), -ENOMEM);
        assert_int_equal(told.wakes, i);
        assert_false(is_pending(waker));
    }
    told.error = 0;
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(told.wakes, 4);
    assert_true(is_pending(waker));
    cmio_waker_free(waker);
    close_registry();
}

static void a_new_waker_that_failed_leaves_nothing(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *const untouched = (struct cmio_waker *)(void *)&told;
    for (int i = 0; i < 3; i++) {
        struct cmio_waker *waker = untouched;
        told.error = -EMFILE;
        assert_int_equal(cmio_waker_new(&waker, registry, TOKEN), -EMFILE);
        assert_ptr_equal(waker, untouched);
        assert_int_equal(atomic_load(&registry->references), 1);
        assert_int_equal(count_wakers(), 1); /* made once, and free for the next */
        assert_false(registry->wakers->in_use);
    }
    told.error = 0;
    struct cmio_waker *waker = new_waker(TOKEN);
    assert_int_equal(count_wakers(), 1);
    assert_int_equal(cmio_waker_wake(waker), 0);
    cmio_waker_free(waker);
    assert_int_equal(told.wake_closes, 1);
    close_registry();
}

static void freed_wakers_are_used_again(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *kept = new_waker(TOKEN);
    for (cmio_token token = 2; token < 1000; token++) {
        struct cmio_waker *waker = new_waker(token);
        assert_ptr_not_equal(waker, kept);
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_true(told.token == token);
        cmio_waker_free(waker);
        assert_int_equal(count_wakers(), 2);
    }
    assert_int_equal(told.opens, 999);
    assert_int_equal(told.wake_closes, 998);
    assert_true(kept->in_use);
    cmio_waker_free(kept);
    close_registry();
}

static void a_waker_that_is_used_again_is_not_pending(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *first = new_waker(TOKEN);
    assert_int_equal(cmio_waker_wake(first), 0);
    cmio_waker_free(first);
    struct cmio_waker *second = new_waker(TOKEN + 1);
    assert_ptr_equal(second, first);
    assert_false(is_pending(second));
    assert_int_equal(cmio_waker_wake(second), 0);
    assert_int_equal(told.wakes, 2);
    assert_int_equal(told.token, TOKEN + 1);
    cmio_waker_free(second);
    close_registry();
}

static void a_cancelled_wait_repeats_the_wakes_that_are_pending(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *idle = new_waker(TOKEN);
    struct cmio_waker *pending = new_waker(TOKEN + 1);
    struct cmio_waker *freed = new_waker(TOKEN + 2);
    cmio_waker_free(freed);
    cmio__wakers_repeat(registry);
    assert_int_equal(told.wakes, 0);
    assert_int_equal(cmio_waker_wake(pending), 0);
    atomic_store(&registry->woken, false); /* as a wait that was cancelled may have left it */
    cmio__wakers_repeat(registry);
    assert_int_equal(told.wakes, 2);
    assert_int_equal(told.token, TOKEN + 1);
    assert_true(is_woken());
    assert_true(is_pending(pending));
    assert_false(is_pending(idle));
    /* The lock is free again. */
    assert_int_equal(pthread_mutex_trylock(&registry->wakers_lock), 0);
    assert_int_equal(pthread_mutex_unlock(&registry->wakers_lock), 0);
    cmio_waker_free(idle);
    cmio_waker_free(pending);
    close_registry();
}

static void a_repeated_wake_that_failed_can_be_tried_again(void **state) {
    (void)state;
    open_registry(&fake);
    struct cmio_waker *waker = new_waker(TOKEN);
    assert_int_equal(cmio_waker_wake(waker), 0);
    told.error = -ENOMEM;
    cmio__wakers_repeat(registry);
    assert_false(is_pending(waker));
    told.error = 0;
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(told.wakes, 3);
    cmio_waker_free(waker);
    close_registry();
}

/*
 * No pending is stuck: whenever nobody is at work, a waker that is pending has woken set, so that
 * the next wait clears it. Were woken cleared last, a wake in between would leave pending set with
 * nobody to clear it, and stay so. The last waker of a long list leaves much time in between.
 */
struct wake_race {
    pthread_t thread;
    struct cmio_waker *waker;
    atomic_bool stop;
};

static void *wake_over_and_over(void *argument) {
    struct wake_race *race = argument;
    while (!atomic_load(&race->stop))
        (void)cmio_waker_wake(race->waker);
    return NULL;
}

static void no_waker_is_left_pending_without_woken(void **state) {
    (void)state;
    static struct cmio_waker *wakers[MANY];
    open_registry(&quiet);
    const int count = test_scale(MANY);
    for (int i = 0; i < count; i++)
        wakers[i] = new_waker(TOKEN);
    /* The newest is the first of the list. */
    struct wake_race race = {.waker = wakers[count - 1]};
    assert_int_equal(pthread_create(&race.thread, NULL, wake_over_and_over, &race), 0);
    const int64_t end = test_now() + 200 * CMIO_MILLISECOND;
    int collected = 0;
    for (; collected < 1000 || test_now() < end; collected++)
        cmio__wakers_collect(registry);
    atomic_store(&race.stop, true);
    assert_int_equal(pthread_join(race.thread, NULL), 0);
    assert_true(!is_pending(race.waker) || is_woken());
    for (int i = 0; i < count; i++)
        cmio_waker_free(wakers[i]);
    close_registry();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_wake_sets_both_flags_before_it_makes_the_event),
    cmocka_unit_test(a_pending_wake_makes_no_second_event_until_it_is_collected),
    cmocka_unit_test(collecting_clears_every_pending_wake),
    cmocka_unit_test(a_wake_that_failed_says_so_and_the_next_one_tries_again),
    cmocka_unit_test(a_new_waker_that_failed_leaves_nothing),
    cmocka_unit_test(freed_wakers_are_used_again),
    cmocka_unit_test(a_waker_that_is_used_again_is_not_pending),
    cmocka_unit_test(a_cancelled_wait_repeats_the_wakes_that_are_pending),
    cmocka_unit_test(a_repeated_wake_that_failed_can_be_tried_again),
    cmocka_unit_test(no_waker_is_left_pending_without_woken),
};

TEST_GROUP(core_waker, tests)
