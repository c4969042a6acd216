/* SPDX-License-Identifier: MIT */

/*
 * Wakers: any number of wakes before a wait is one event, and none is lost, whoever wakes and
 * whatever else goes on.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 1, WAKER = 2, SECOND = 3 };

static struct cmio_waker *new_waker(struct test_loop *loop, cmio_token token) {
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop->registry, token), 0);
    return waker;
}

static void a_wake_by_the_same_thread_is_one_readable_event(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    test_loop_expect_silence(&loop);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(test_loop_expect(&loop, WAKER, CMIO_READABLE), CMIO_READABLE);
    test_loop_expect_silence(&loop);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void a_wake_by_another_thread_ends_the_wait(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    for (int round = 0; round < 20; round++) {
        struct test_waiter waiter;
        test_waiter_start(&waiter, &loop, cmio_poll_wait, CMIO_FOREVER);
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_waiter_join(&waiter);
        assert_int_equal(waiter.result, 1);
        assert_int_equal(test_waiter_came(&waiter, WAKER), CMIO_READABLE);
        test_waiter_free(&waiter);
    }
    test_loop_expect_silence(&loop);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void a_thousand_wakes_are_one_event_and_then_silence(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++)
            assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 1);
        assert_int_equal(loop.came[WAKER], CMIO_READABLE);
        test_loop_forget(&loop);
        test_loop_expect_silence(&loop);
    }
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void wake_wait_wake_wait_are_two_events(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    for (int round = 0; round < 1000; round++) {
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 1);
        assert_int_equal(loop.came[WAKER], CMIO_READABLE);
        test_loop_forget(&loop);
    }
    test_loop_expect_silence(&loop);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void *wake_once(void *argument) {
    return cmio_waker_wake(argument) == 0 ? argument : NULL;
}

static void a_wake_before_anyone_waits_is_kept(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_once, waker), 0);
    void *woken;
    assert_int_equal(pthread_join(thread, &woken), 0);
    assert_ptr_equal(woken, waker);
    assert_int_equal(test_loop_wait(&loop, 0), 1);
    assert_int_equal(loop.came[WAKER], CMIO_READABLE);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void wake_then_any_registration_then_wait_still_wakes(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source reader;
    struct cmio_source *source = &reader.source;
    assert_int_equal(cmio_fd_source_init(&reader, fds[0]), 0);
    for (int round = 0; round < 10; round++) {
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(cmio_registry_register(loop.registry, source, TOKEN, CMIO_READABLE), 0);
        test_loop_expect(&loop, WAKER, CMIO_READABLE);
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(cmio_registry_reregister(loop.registry, source, TOKEN, CMIO_READABLE), 0);
        test_loop_expect(&loop, WAKER, CMIO_READABLE);
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(cmio_registry_deregister(loop.registry, source), 0);
        test_loop_expect(&loop, WAKER, CMIO_READABLE);
        test_loop_expect_silence(&loop);
    }
    assert_int_equal(cmio_fd_source_close(&reader), 0);
    test_pair_close(fds);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void a_wake_during_a_wait_that_another_event_ended_is_kept(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open_with(&loop, 1, TEST_HERE);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source reader;
    assert_int_equal(cmio_fd_source_init(&reader, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &reader.source, TOKEN, CMIO_READABLE),
                     0);
    for (int round = 0; round < 100; round++) {
        /* There is room for one: the other, woken or readable, comes with the next wait. */
        test_put(fds[1], 1);
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 1);
        assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 1);
        assert_true(loop.came[WAKER] & CMIO_READABLE);
        assert_true(loop.came[TOKEN] & CMIO_READABLE);
        test_loop_forget(&loop);
        assert_int_equal(test_source_drain(&reader), 1);
    }
    test_loop_expect_silence(&loop);
    assert_int_equal(cmio_fd_source_close(&reader), 0);
    test_pair_close(fds);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void a_wake_whose_event_did_not_fit_can_be_repeated(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open_with(&loop, 1, TEST_HERE);
    struct cmio_waker *wakers[4];
    for (size_t i = 0; i < 4; i++)
        wakers[i] = new_waker(&loop, i);
    for (int round = 0; round < 100; round++) {
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(cmio_waker_wake(wakers[i]), 0);
        assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 1);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(cmio_waker_wake(wakers[i]), 0);
        for (size_t i = 0; i < 4; i++)
            test_loop_expect(&loop, i, CMIO_READABLE);
        /* The one of the first wait was woken again; the others had not come yet. */
        while (test_loop_wait(&loop, 0) > 0)
            ;
        test_loop_forget(&loop);
    }
    test_loop_expect_silence(&loop);
    for (size_t i = 0; i < 4; i++)
        cmio_waker_free(wakers[i]);
    test_loop_close(&loop);
}

static void several_wakers_keep_their_tokens_apart(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    enum { WAKERS = 10 };
    struct cmio_waker *wakers[WAKERS];
    for (size_t i = 0; i < WAKERS; i++)
        wakers[i] = new_waker(&loop, i);
    for (size_t i = 0; i < WAKERS; i++) {
        assert_int_equal(cmio_waker_wake(wakers[i]), 0);
        test_loop_expect(&loop, i, CMIO_READABLE);
        test_loop_expect_silence(&loop);
    }
    for (size_t i = 0; i < WAKERS; i += 2)
        assert_int_equal(cmio_waker_wake(wakers[i]), 0);
    assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), WAKERS / 2);
    for (size_t i = 0; i < WAKERS; i++)
        assert_int_equal(loop.came[i], i % 2 == 0 ? CMIO_READABLE : 0);
    for (size_t i = 0; i < WAKERS; i++)
        cmio_waker_free(wakers[i]);
    test_loop_close(&loop);
}

static void a_waker_wakes_its_own_poll_alone(void **state) {
    (void)state;
    struct test_loop loops[2];
    struct cmio_waker *wakers[2];
    for (int i = 0; i < 2; i++) {
        test_loop_open(&loops[i]);
        wakers[i] = new_waker(&loops[i], WAKER);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio_waker_wake(wakers[i]), 0);
        test_loop_expect_silence(&loops[1 - i]);
        test_loop_expect(&loops[i], WAKER, CMIO_READABLE);
    }
    for (int i = 0; i < 2; i++) {
        cmio_waker_free(wakers[i]);
        test_loop_close(&loops[i]);
    }
}

static void a_freed_waker_reports_nothing(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    for (int round = 0; round < 10; round++) {
        struct cmio_waker *waker = new_waker(&loop, WAKER);
        assert_int_equal(cmio_waker_wake(waker), 0);
        cmio_waker_free(waker);
        test_loop_expect_silence(&loop);
    }
    test_loop_close(&loop);
}

static void a_new_waker_after_a_freed_one_works(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    for (int round = 0; round < 10; round++) {
        struct cmio_waker *freed = new_waker(&loop, WAKER);
        assert_int_equal(cmio_waker_wake(freed), 0);
        cmio_waker_free(freed);
        struct cmio_waker *waker = new_waker(&loop, SECOND);
        test_loop_expect_silence(&loop);
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_loop_expect(&loop, SECOND, CMIO_READABLE);
        test_loop_expect_silence(&loop);
        cmio_waker_free(waker);
    }
    test_loop_close(&loop);
}

static void freeing_one_waker_leaves_the_others(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *first = new_waker(&loop, WAKER);
    struct cmio_waker *second = new_waker(&loop, SECOND);
    assert_int_equal(cmio_waker_wake(first), 0);
    assert_int_equal(cmio_waker_wake(second), 0);
    cmio_waker_free(first);
    test_loop_expect(&loop, SECOND, CMIO_READABLE);
    test_loop_expect_silence(&loop);
    cmio_waker_free(second);
    test_loop_close(&loop);
}

/* Signal handlers. */

static struct cmio_waker *handlers_waker;
static volatile sig_atomic_t handler_ran;
static volatile sig_atomic_t handler_kept_errno;

static void wake_in_handler(int number) {
    (void)number;
    int before = errno;
    errno = ENOTDIR; /* not what a wake could leave by chance */
    int result = cmio_waker_wake(handlers_waker);
    handler_kept_errno = errno == ENOTDIR && result == 0;
    errno = before;
    handler_ran = 1;
}

static void a_wake_in_a_signal_handler_wakes_and_keeps_errno(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    handlers_waker = new_waker(&loop, WAKER);
    struct sigaction action = {.sa_handler = wake_in_handler};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (int round = 0; round < 10; round++) {
        handler_ran = 0;
        handler_kept_errno = 0;
        /* The second coalesces with the first, another way through the wake. */
        for (int i = 0; i < 2; i++) {
            assert_int_equal(raise(SIGUSR1), 0);
            assert_true(handler_ran && handler_kept_errno);
        }
        test_loop_expect(&loop, WAKER, CMIO_READABLE);
        test_loop_expect_silence(&loop);
    }
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    cmio_waker_free(handlers_waker);
    test_loop_close(&loop);
}

/*
 * ThreadSanitizer keeps a signal back until the thread makes a call that it knows, and a wait may
 * be in between: another signal brings both.
 */
static bool is_done_or_signalled_again(struct test_waiter *waiter, int *turns) {
    if (test_waiter_is_done(waiter))
        return true;
    if (++*turns % 1000 == 0)
        (void)pthread_kill(waiter->thread, SIGUSR1); /* ESRCH: it has ended meanwhile */
    return false;
}

static void a_signal_that_comes_during_the_wait_wakes_through_its_handler(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    handlers_waker = new_waker(&loop, WAKER);
    struct sigaction action = {.sa_handler = wake_in_handler, .sa_flags = SA_RESTART};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    struct test_waiter waiter;
    test_waiter_start(&waiter, &loop, cmio_poll_wait, CMIO_FOREVER);
    assert_int_equal(pthread_kill(waiter.thread, SIGUSR1), 0);
    int turns = 0;
    TEST_EVENTUALLY(is_done_or_signalled_again(&waiter, &turns));
    test_waiter_join(&waiter);
    /* Interrupted, the event to come; or the wake came first. */
    if (waiter.result == -EINTR)
        test_loop_expect(&loop, WAKER, CMIO_READABLE);
    else
        assert_int_equal(test_waiter_came(&waiter, WAKER), CMIO_READABLE);
    test_waiter_free(&waiter);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    cmio_waker_free(handlers_waker);
    test_loop_close(&loop);
}

/* Races. */

/*
 * A thread that wakes and then waits to be seen, over and over, with a waker and a source of its
 * own; between its wakes it registers and deregisters. It gives up when another was lost for 30
 * seconds.
 */
struct racer {
    pthread_t thread;
    struct cmio_registry *registry;
    struct cmio_waker *waker;
    struct cmio_fd_source source;
    atomic_int *stop;
    int rounds;
    int error;
    atomic_int seen; /* how many of its wakes brought an event */
    atomic_int woken;
};

static int race_once(struct racer *self, int round) {
    struct cmio_source *source = &self->source.source;
    bool early = round % 3 == 0;
    int error = early ? cmio_waker_wake(self->waker) : 0;
    if (error == 0)
        error = cmio_registry_register(self->registry, source, 0, CMIO_READABLE);
    if (error == 0 && !early)
        error = cmio_waker_wake(self->waker);
    if (error == 0)
        error = cmio_registry_deregister(self->registry, source);
    return error;
}

static void *race(void *argument) {
    struct racer *self = argument;
    for (int round = 0; round < self->rounds && self->error == 0; round++) {
        self->error = race_once(self, round);
        atomic_fetch_add(&self->woken, 1);
        while (atomic_load(&self->seen) <= round && !atomic_load(self->stop))
            sched_yield();
        if (atomic_load(self->stop))
            break;
    }
    return NULL;
}

enum { RACERS = 10, WAKES = 100000 };

static int total_seen(struct racer *racers) {
    int total = 0;
    for (int i = 0; i < RACERS; i++)
        total += atomic_load(&racers[i].seen);
    return total;
}

static void wakes_that_race_with_registrations_in_ten_threads_are_never_lost(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct racer *racers = calloc(RACERS, sizeof *racers);
    assert_non_null(racers);
    int fds[RACERS][2];
    atomic_int stop = 0;
    int rounds = test_scale(WAKES) / RACERS;
    for (int i = 0; i < RACERS; i++) {
        test_pair_open(TEST_PIPE, fds[i]);
        racers[i].registry = loop.registry;
        racers[i].waker = new_waker(&loop, (cmio_token)i);
        racers[i].rounds = rounds;
        racers[i].stop = &stop;
        assert_int_equal(cmio_fd_source_init(&racers[i].source, fds[i][0]), 0);
    }
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);

    int count = 1;
    bool wrong = false;
    while (total_seen(racers) < RACERS * rounds && count > 0 && !wrong) {
        count = cmio_poll_wait(loop.poll, loop.events, 30 * CMIO_SECOND);
        CMIO_EVENTS_FOREACH (event, loop.events) {
            wrong = wrong || event->token >= RACERS || event->ready != CMIO_READABLE;
            if (!wrong)
                atomic_fetch_add(&racers[event->token].seen, 1);
        }
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    assert_false(wrong);
    assert_int_equal(total_seen(racers), RACERS * rounds);
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(racers[i].error, 0);
        cmio_waker_free(racers[i].waker);
        assert_int_equal(cmio_fd_source_close(&racers[i].source), 0);
        test_pair_close(fds[i]);
    }
    free(racers);
    test_loop_close(&loop);
}

/*
 * A store, then a wake: the thread that gets the event sees the store, also where the wake
 * coalesced with one before. In each round a wake is pending when one thread waits while the other
 * stores and wakes. Either the wait is late enough to see the store, or there is another event.
 *
 * A wake that only looked whether one is pending would lose some: the processor may look before the
 * store has left its store buffer. To make that likely, the stores before are to cache lines that
 * the other thread keeps taking away, and the two meet at ever other places.
 */
enum { LINES = 16, INTS_IN_LINE = 64 / sizeof(atomic_int), LAST = -1 };

struct storer {
    pthread_t thread;
    struct cmio_waker *waker;
    atomic_int contended[LINES][INTS_IN_LINE];
    atomic_int round; /* which may begin */
    atomic_int ended; /* which the other thread has ended */
    atomic_int stored;
    int error;
};

static void touch_contended(struct storer *storer, int number) {
    for (int line = 0; line < LINES; line++)
        atomic_store_explicit(&storer->contended[line][0], number, memory_order_relaxed);
}

static int await_round(struct storer *self, int last) {
    int round;
    while ((round = atomic_load(&self->round)) == last)
        sched_yield();
    return round;
}

static void *store_and_wake(void *argument) {
    struct storer *self = argument;
    for (int round = 0; (round = await_round(self, round)) != LAST;) {
        for (volatile int spin = 0; spin < round * 7 % 509; spin++)
            ;
        touch_contended(self, round);
        atomic_store_explicit(&self->stored, round, memory_order_relaxed);
        int error = cmio_waker_wake(self->waker);
        self->error = self->error != 0 ? self->error : error;
        atomic_store(&self->ended, round);
    }
    return NULL;
}

/* False where the store of this round was neither seen nor followed by an event. */
static bool is_store_seen(struct test_loop *loop, struct storer *other, int round) {
    bool right = cmio_waker_wake(other->waker) == 0;
    atomic_store(&other->round, round);
    right = cmio_poll_wait(loop->poll, loop->events, 0) == 1 && right;
    bool seen = atomic_load_explicit(&other->stored, memory_order_relaxed) == round;
    touch_contended(other, round);
    while (atomic_load(&other->ended) != round)
        sched_yield();
    int again = cmio_poll_wait(loop->poll, loop->events, 0);
    return right && (again == 1 || (again == 0 && seen));
}

static void what_was_stored_before_a_coalesced_wake_is_seen(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct storer other = {.waker = new_waker(&loop, WAKER)};
    assert_int_equal(pthread_create(&other.thread, NULL, store_and_wake, &other), 0);
    /* All rounds, or as many as a busy machine does in a few seconds. */
    int64_t end = test_now() + 3 * CMIO_SECOND;
    int rounds = test_scale(500000);
    bool right = true;
    for (int round = 1; round <= rounds && right && test_now() < end; round++)
        right = is_store_seen(&loop, &other, round);
    atomic_store(&other.round, LAST);
    assert_int_equal(pthread_join(other.thread, NULL), 0);
    assert_true(right);
    assert_int_equal(other.error, 0);
    cmio_waker_free(other.waker);
    test_loop_close(&loop);
}

/* The same with plain memory: a race detector sees that the wake hands it over. */
struct box {
    struct cmio_waker *there;
    struct cmio_waker *back;
    struct test_loop loop; /* of the thread that answers */
    int content;
    int rounds;
    int wrong;
};

static void *answer(void *argument) {
    struct box *box = argument;
    for (int i = 0; i < box->rounds && !box->wrong; i++) {
        box->wrong = cmio_poll_wait(box->loop.poll, box->loop.events, 30 * CMIO_SECOND) != 1 ||
                     box->content != 2 * i + 1;
        box->content++;
        box->wrong |= cmio_waker_wake(box->back) != 0;
    }
    return NULL;
}

static void a_wake_hands_plain_memory_over(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct box box = {.rounds = test_scale(20000)};
    test_loop_open(&box.loop);
    box.back = new_waker(&loop, WAKER);
    box.there = new_waker(&box.loop, WAKER);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer, &box), 0);
    bool right = true;
    for (int i = 0; i < box.rounds && right; i++) {
        box.content++;
        right = cmio_waker_wake(box.there) == 0 &&
                cmio_poll_wait(loop.poll, loop.events, 30 * CMIO_SECOND) == 1 &&
                box.content == 2 * i + 2;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(right);
    assert_false(box.wrong);
    cmio_waker_free(box.there);
    cmio_waker_free(box.back);
    test_loop_close(&box.loop);
    test_loop_close(&loop);
}

/* Threads that make, use and free wakers of one poll, at once and while it waits. */
struct maker {
    pthread_t thread;
    struct cmio_registry *registry;
    int rounds;
    int error;
};

static void *make_and_free(void *argument) {
    struct maker *self = argument;
    for (int i = 0; i < self->rounds && self->error == 0; i++) {
        struct cmio_waker *waker;
        self->error = cmio_waker_new(&waker, self->registry, TOKEN);
        if (self->error != 0)
            break;
        self->error = cmio_waker_wake(waker);
        cmio_waker_free(waker);
    }
    return NULL;
}

static void wakers_may_come_and_go_in_threads_while_another_waits(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *lasting = new_waker(&loop, WAKER);
    enum { MAKERS = 3 };
    struct maker makers[MAKERS] = {0};
    for (int i = 0; i < MAKERS; i++) {
        makers[i].registry = loop.registry;
        makers[i].rounds = test_scale(3000);
        assert_int_equal(pthread_create(&makers[i].thread, NULL, make_and_free, &makers[i]), 0);
    }
    int rounds = test_scale(3000);
    bool right = true;
    for (int i = 0; i < rounds && right; i++) {
        right = cmio_waker_wake(lasting) == 0;
        bool came = false;
        while (right && !came) {
            right = cmio_poll_wait(loop.poll, loop.events, 30 * CMIO_SECOND) > 0;
            CMIO_EVENTS_FOREACH (event, loop.events)
                came = came || event->token == WAKER;
        }
    }
    for (int i = 0; i < MAKERS; i++) {
        assert_int_equal(pthread_join(makers[i].thread, NULL), 0);
        assert_int_equal(makers[i].error, 0);
    }
    assert_true(right);
    test_loop_expect_silence(&loop);
    cmio_waker_free(lasting);
    test_loop_close(&loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_wake_by_the_same_thread_is_one_readable_event),
    cmocka_unit_test(a_wake_by_another_thread_ends_the_wait),
    cmocka_unit_test(a_thousand_wakes_are_one_event_and_then_silence),
    cmocka_unit_test(wake_wait_wake_wait_are_two_events),
    cmocka_unit_test(a_wake_before_anyone_waits_is_kept),
    cmocka_unit_test(wake_then_any_registration_then_wait_still_wakes),
    cmocka_unit_test(a_wake_during_a_wait_that_another_event_ended_is_kept),
    cmocka_unit_test(a_wake_whose_event_did_not_fit_can_be_repeated),
    cmocka_unit_test(several_wakers_keep_their_tokens_apart),
    cmocka_unit_test(a_waker_wakes_its_own_poll_alone),
    cmocka_unit_test(a_freed_waker_reports_nothing),
    cmocka_unit_test(a_new_waker_after_a_freed_one_works),
    cmocka_unit_test(freeing_one_waker_leaves_the_others),
    cmocka_unit_test(a_wake_in_a_signal_handler_wakes_and_keeps_errno),
    cmocka_unit_test(a_signal_that_comes_during_the_wait_wakes_through_its_handler),
    cmocka_unit_test(wakes_that_race_with_registrations_in_ten_threads_are_never_lost),
    cmocka_unit_test(what_was_stored_before_a_coalesced_wake_is_seen),
    cmocka_unit_test(a_wake_hands_plain_memory_over),
    cmocka_unit_test(wakers_may_come_and_go_in_threads_while_another_waits),
};

TEST_GROUP(backend_waker, tests)
