/* SPDX-License-Identifier: MIT */

/*
 * Teardown: polls, references, wakers and sources may go in any order, also in other threads, and
 * what is left finds a closed registry, never freed memory and never someone else's descriptor.
 * Memory is watched by the sanitizers and valgrind under which this runs too.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 1, OTHER = 2, WAKER = 3, SECOND_WAKER = 4 };

static void two_thousand_polls_leak_nothing(void **state) {
    (void)state;
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    test_put(fds[1], 1);
    int before = test_count_descriptors();
    int polls = test_scale(2000);
    for (int i = 0; i < polls; i++) {
        struct test_loop loop;
        test_loop_open(&loop);
        struct cmio_waker *waker;
        assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
        struct cmio_fd_source source;
        assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE), 0);
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 2);
        if (i % 2 == 0) {
            cmio_waker_free(waker);
            assert_int_equal(cmio_fd_source_close(&source), 0);
            test_loop_close(&loop);
        } else {
            test_loop_close(&loop);
            cmio_waker_free(waker);
            assert_int_equal(cmio_fd_source_close(&source), 0);
        }
    }
    assert_int_equal(test_count_descriptors(), before);
    test_pair_close(fds);
}

/* One of each, all of one poll; and two descriptors that came after the poll went. */
enum part { POLL, REFERENCE, PENDING_WAKER, IDLE_WAKER, READY_SOURCE, IDLE_SOURCE, PARTS };

struct household {
    struct test_loop loop;
    struct cmio_registry *reference;
    struct cmio_waker *pending;
    struct cmio_waker *idle;
    struct cmio_fd_source ready_source;
    struct cmio_fd_source idle_source;
    int ready_fds[2];
    int idle_fds[2];
    int newcomers[2];
    bool gone[PARTS];
};

static void household_open(struct household *house) {
    *house = (struct household){.newcomers = {-1, -1}};
    test_loop_open(&house->loop);
    struct cmio_registry *registry = house->loop.registry;
    house->reference = cmio_registry_ref(registry);
    assert_int_equal(cmio_waker_new(&house->pending, registry, WAKER), 0);
    assert_int_equal(cmio_waker_new(&house->idle, registry, SECOND_WAKER), 0);
    test_pair_open(TEST_PIPE, house->ready_fds);
    test_pair_open(TEST_UNIX_STREAM, house->idle_fds);
    assert_int_equal(cmio_fd_source_init(&house->ready_source, house->ready_fds[0]), 0);
    assert_int_equal(cmio_fd_source_init(&house->idle_source, house->idle_fds[0]), 0);
    assert_int_equal(
        cmio_registry_register(registry, &house->ready_source.source, TOKEN, CMIO_READABLE), 0);
    assert_int_equal(
        cmio_registry_register(registry, &house->idle_source.source, OTHER, CMIO_READABLE), 0);
    test_put(house->ready_fds[1], 1);
    assert_int_equal(cmio_waker_wake(house->pending), 0);
}

static void remove_part(struct household *house, enum part part) {
    house->gone[part] = true;
    switch (part) {
    case POLL:
        test_loop_close(&house->loop);
        /* They take the numbers that the poll has given back, if it has given any. */
        test_pair_open(TEST_PIPE, house->newcomers);
        break;
    case REFERENCE:
        cmio_registry_unref(house->reference);
        break;
    case PENDING_WAKER:
        cmio_waker_free(house->pending);
        break;
    case IDLE_WAKER:
        cmio_waker_free(house->idle);
        break;
    case READY_SOURCE:
        assert_int_equal(cmio_fd_source_close(&house->ready_source), 0);
        break;
    case IDLE_SOURCE:
        assert_int_equal(cmio_fd_source_close(&house->idle_source), 0);
        break;
    case PARTS:
        break;
    }
}

static void use_reference(struct household *house) {
    bool closed = house->gone[POLL];
    struct cmio_fd_source visitor;
    assert_int_equal(cmio_fd_source_init(&visitor, house->idle_fds[1]), 0);
    assert_int_equal(
        cmio_registry_register(house->reference, &visitor.source, OTHER, CMIO_READABLE),
        closed ? -EBADF : 0);
    assert_int_equal(cmio_registry_deregister(house->reference, &visitor.source),
                     closed ? -EBADF : 0);
    struct cmio_waker *waker = NULL;
    assert_int_equal(cmio_waker_new(&waker, house->reference, OTHER), closed ? -EBADF : 0);
    cmio_waker_free(waker);
}

/* All that is left must still do what it can. */
static void use_what_is_left(struct household *house) {
    bool open = !house->gone[POLL];
    if (!house->gone[REFERENCE])
        use_reference(house);
    if (!house->gone[PENDING_WAKER])
        assert_int_equal(cmio_waker_wake(house->pending), 0);
    if (!house->gone[IDLE_WAKER])
        assert_int_equal(cmio_waker_wake(house->idle), 0);
    if (!house->gone[READY_SOURCE])
        assert_true(cmio_source_is_registered(&house->ready_source.source) == open);
    if (!house->gone[IDLE_SOURCE])
        assert_true(cmio_source_is_registered(&house->idle_source.source) == open);
    if (open) {
        int expected = !house->gone[PENDING_WAKER] + !house->gone[IDLE_WAKER] +
                       (!house->gone[READY_SOURCE] && house->loop.came[TOKEN] == 0);
        assert_int_equal(test_loop_wait(&house->loop, 0), expected);
    }
}

static void household_close(struct household *house) {
    if (house->newcomers[0] >= 0) {
        test_put(house->newcomers[1], 1);
        test_take(house->newcomers[0], 1);
        test_pair_close(house->newcomers);
    }
    test_pair_close(house->ready_fds);
    test_pair_close(house->idle_fds);
}

static void everything_may_be_freed_in_every_order(void **state) {
    (void)state;
    enum { ORDERS = 720 };
    for (int order = 0; order < ORDERS; order++) {
        struct household house;
        household_open(&house);
        /* The order's digits, in the factorial number system, pick one of those left. */
        int digits = order;
        for (int left = PARTS; left > 0; left--) {
            int pick = digits % left;
            digits /= left;
            int part = 0;
            while (house.gone[part] || pick-- > 0)
                part++;
            remove_part(&house, (enum part)part);
            use_what_is_left(&house);
        }
        household_close(&house);
    }
}

static void a_source_of_a_freed_poll_counts_as_unregistered(void **state) {
    (void)state;
    struct household house;
    household_open(&house);
    struct cmio_source *source = &house.ready_source.source;
    remove_part(&house, POLL);
    assert_int_equal(cmio_registry_reregister(house.reference, source, TOKEN, CMIO_READABLE),
                     -EBADF);
    assert_false(cmio_source_is_registered(source));
    struct test_loop loop;
    test_loop_open(&loop);
    assert_int_equal(cmio_source_rearm(source, CMIO_READABLE), -ENOENT);
    assert_int_equal(cmio_registry_deregister(loop.registry, source), -ENOENT);
    assert_int_equal(cmio_registry_reregister(loop.registry, source, TOKEN, CMIO_READABLE),
                     -ENOENT);
    assert_int_equal(cmio_registry_register(loop.registry, source, TOKEN, CMIO_READABLE), 0);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    for (enum part part = REFERENCE; part < PARTS; part++)
        remove_part(&house, part);
    test_loop_close(&loop);
    household_close(&house);
}

static void deregistering_from_a_closed_registry_says_so_and_releases(void **state) {
    (void)state;
    struct household house;
    household_open(&house);
    remove_part(&house, POLL);
    struct cmio_source *source = &house.ready_source.source;
    for (int i = 0; i < 2; i++)
        assert_int_equal(cmio_registry_deregister(house.reference, source), -EBADF);
    for (enum part part = REFERENCE; part < PARTS; part++)
        remove_part(&house, part);
    household_close(&house);
}

static void a_source_that_outlives_its_poll_still_does_its_io(void **state) {
    (void)state;
    struct household house;
    household_open(&house);
    remove_part(&house, POLL);
    assert_int_equal(test_source_read(&house.ready_source, 10), 1);
    assert_int_equal(test_source_read(&house.ready_source, 10), -EAGAIN);
    for (enum part part = REFERENCE; part < PARTS; part++)
        remove_part(&house, part);
    household_close(&house);
}

static void the_batch_outlives_its_poll(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 1);
    cmio_poll_free(loop.poll);
    cmio_waker_free(waker);
    assert_int_equal(cmio_events_count(loop.events), 1);
    assert_int_equal(cmio_events_begin(loop.events)->token, WAKER);
    cmio_events_purge(loop.events, WAKER);
    cmio_events_clear(loop.events);
    cmio_events_free(loop.events);
}

/* Without descriptors. */

static void without_descriptors_nothing_is_made_and_nothing_leaks(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source source;
    assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
    int lowest = dup(fds[0]);
    test_close(lowest);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int room = 0; room < 3; room++) {
        struct rlimit limit = before;
        limit.rlim_cur = (rlim_t)(lowest + room);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        struct cmio_poll *poll = NULL;
        int made = cmio_poll_new_with(&poll, test_backend());
        struct cmio_waker *waker = NULL;
        int woken = cmio_waker_new(&waker, loop.registry, WAKER);
        /* What is there goes on. */
        int entered = cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE);
        int left = cmio_registry_deregister(loop.registry, &source.source);
        cmio_waker_free(waker);
        cmio_poll_free(poll);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(made == 0 || made == -EMFILE);
        assert_true(made == 0 || poll == NULL);
        assert_true(woken == 0 || woken == -EMFILE);
        assert_true(woken == 0 || waker == NULL);
        assert_int_equal(entered, 0);
        assert_int_equal(left, 0);
    }
    assert_int_equal(cmio_fd_source_close(&source), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

/* In other threads. */

enum { USERS = 4 };

/* Uses a reference of its own, and a waker, until the poll is gone, and a little longer. */
struct user {
    pthread_t thread;
    struct cmio_registry *registry;
    struct cmio_waker *waker;
    struct cmio_fd_source source;
    atomic_int rounds;
    int error;
};

static int use_once(struct user *self) {
    int error = cmio_waker_wake(self->waker);
    if (error == 0)
        error = cmio_registry_register(self->registry, &self->source.source, TOKEN, CMIO_READABLE);
    if (error == 0)
        error = cmio_registry_deregister(self->registry, &self->source.source);
    return error;
}

static void *use_until_closed(void *argument) {
    struct user *self = argument;
    int64_t give_up = test_now() + 30 * CMIO_SECOND;
    while ((self->error = use_once(self)) == 0 && test_now() < give_up)
        atomic_fetch_add(&self->rounds, 1);
    for (int i = 0; i < 10 && self->error == -EBADF; i++)
        self->error = use_once(self);
    cmio_waker_free(self->waker);
    cmio_registry_unref(self->registry);
    return NULL;
}

/* Waits meanwhile, so that the wakes have someone to reach. */
static bool is_well_under_way(struct test_loop *loop, struct user *user) {
    assert_true(cmio_poll_wait(loop->poll, loop->events, CMIO_MILLISECOND) >= 0);
    return atomic_load(&user->rounds) >= 20;
}

static void a_poll_may_be_freed_while_threads_use_its_registry_and_wakers(void **state) {
    (void)state;
    int repeats = test_scale(50);
    for (int repeat = 0; repeat < repeats; repeat++) {
        struct test_loop loop;
        test_loop_open(&loop);
        struct user users[USERS] = {0};
        int fds[USERS][2];
        for (int i = 0; i < USERS; i++) {
            test_pair_open(TEST_PIPE, fds[i]);
            test_put(fds[i][1], 1);
            users[i].registry = cmio_registry_ref(loop.registry);
            assert_int_equal(cmio_waker_new(&users[i].waker, loop.registry, WAKER), 0);
            assert_int_equal(cmio_fd_source_init(&users[i].source, fds[i][0]), 0);
            assert_int_equal(pthread_create(&users[i].thread, NULL, use_until_closed, &users[i]),
                             0);
        }
        for (int i = 0; i < USERS; i++)
            TEST_EVENTUALLY(is_well_under_way(&loop, &users[i]));
        test_loop_close(&loop);
        for (int i = 0; i < USERS; i++) {
            assert_int_equal(pthread_join(users[i].thread, NULL), 0);
            assert_int_equal(users[i].error, -EBADF);
            assert_int_equal(cmio_fd_source_close(&users[i].source), 0);
            test_pair_close(fds[i]);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(two_thousand_polls_leak_nothing),
    cmocka_unit_test(everything_may_be_freed_in_every_order),
    cmocka_unit_test(a_source_of_a_freed_poll_counts_as_unregistered),
    cmocka_unit_test(deregistering_from_a_closed_registry_says_so_and_releases),
    cmocka_unit_test(a_source_that_outlives_its_poll_still_does_its_io),
    cmocka_unit_test(the_batch_outlives_its_poll),
    cmocka_unit_test(without_descriptors_nothing_is_made_and_nothing_leaks),
    cmocka_unit_test(a_poll_may_be_freed_while_threads_use_its_registry_and_wakers),
};

TEST_GROUP(backend_teardown, tests)
