/* SPDX-License-Identifier: MIT */

/*
 * Waits that spin, over a backend and a clock of the test's own. Each reading of the clock takes a
 * while and may run a step of the test, which stands for other threads and for signal handlers: the
 * wait reads the clock while it spins.
 */
#include "core/spin.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <cmio/cmio.h>

#include "core/backend.h"
#include "core/backends.h"
#include "core/waker.h"
#include "support/test.h"

enum { CAPACITY = 4, WAKERS = 6, SOURCE = 100 };

#define READING 100 /* nanoseconds that a reading of the clock takes */
#define SPAN (100 * CMIO_MICROSECOND)
#define ASLEEP (4 * CMIO_MICROSECOND)

typedef void step(void);

static struct {
    int64_t now;
    int64_t reading;
    int readings;
    int step_at; /* the number of the reading at which the step runs */
    step *step;

    int looks; /* waits with a timeout of 0 */
    int look_at;
    int look_result; /* of look number look_at */
    cmio_token look_token;
    step *look_step;

    int sleeps;
    int64_t asked; /* the timeout of the last sleep */
    int64_t slept;
    int sleep_result;

    int wakes; /* that came to the kernel */
    cmio_token woken[64];
} world;

static struct cmio_poll *the_poll;
static struct cmio_events *events;
static struct cmio_waker *wakers[WAKERS];

int64_t cmio_now(void) {
    world.now += world.reading;
    world.readings++;
    if (world.step != NULL && world.readings == world.step_at)
        world.step();
    return world.now;
}

static int fake_open(struct cmio__selector **out) {
    *out = NULL;
    return 0;
}

static void fake_close(struct cmio__selector *selector) {
    (void)selector;
}

static int fake_look(struct cmio_events *batch) {
    if (++world.looks != world.look_at)
        return 0;
    if (world.look_step != NULL)
        world.look_step();
    for (int i = 0; i < world.look_result; i++)
        batch->list[i] = (struct cmio_event){world.look_token + (cmio_token)i, CMIO_READABLE};
    return world.look_result;
}

static int fake_wait(struct cmio__selector *selector, struct cmio_events *batch, int64_t timeout) {
    (void)selector;
    if (timeout == 0)
        return fake_look(batch);
    world.sleeps++;
    world.asked = timeout;
    world.now += world.slept > 0 ? world.slept : timeout;
    if (world.sleep_result > 0)
        batch->list[0] = (struct cmio_event){SOURCE, CMIO_READABLE};
    return world.sleep_result;
}

static int fake_wake_open(struct cmio__selector *selector, cmio_token token,
                          struct cmio__wake *out) {
    (void)selector;
    *out = (struct cmio__wake){.token = token};
    return 0;
}

static int fake_wake(struct cmio__selector *selector, const struct cmio__wake *wake) {
    (void)selector;
    if (world.wakes < 64)
        world.woken[world.wakes] = wake->token;
    world.wakes++;
    return 0;
}

static void fake_wake_close(struct cmio__selector *selector, struct cmio__wake *wake) {
    (void)selector, (void)wake;
}

static const struct cmio__waking waking = {
    .open = fake_wake_open,
    .wake = fake_wake,
    .close = fake_wake_close,
};

static const struct cmio__backend fake = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .wait = fake_wait,
    .waking = &waking,
};

const struct cmio__backend *cmio__backends_find(const char *name) {
    (void)name;
    return &fake;
}

size_t cmio__backends_record_size(void) {
    return 0;
}

static int open_world(void **state) {
    (void)state;
    memset(&world, 0, sizeof world);
    world.now = 10 * CMIO_SECOND;
    world.reading = READING;
    world.slept = ASLEEP;
    assert_int_equal(cmio_poll_new_with(&the_poll, NULL), 0);
    assert_int_equal(cmio_events_new(&events, CAPACITY), 0);
    for (size_t i = 0; i < WAKERS; i++)
        assert_int_equal(cmio_waker_new(&wakers[i], cmio_poll_registry(the_poll), i), 0);
    assert_int_equal(cmio_poll_set_spin(the_poll, SPAN), 0);
    return 0;
}

static int close_world(void **state) {
    (void)state;
    for (size_t i = 0; i < WAKERS; i++)
        cmio_waker_free(wakers[i]);
    cmio_events_free(events);
    cmio_poll_free(the_poll);
    return 0;
}

/* Starts counting afresh, and lets the step run at a reading of the clock from now on. */
static void plan(int at, step *what) {
    world.readings = world.looks = world.sleeps = world.wakes = 0;
    world.step_at = at;
    world.step = what;
}

static void plan_look(int at, int result, cmio_token token, step *what) {
    plan(0, NULL);
    world.look_at = at;
    world.look_result = result;
    world.look_token = token;
    world.look_step = what;
}

static int wait_for(int64_t timeout) {
    return cmio_poll_wait(the_poll, events, timeout);
}

static bool has_token(cmio_token token) {
    CMIO_EVENTS_FOREACH (event, events)
        if (event->token == token && event->ready == CMIO_READABLE)
            return true;
    return false;
}

static void wake(size_t waker) {
    assert_int_equal(cmio_waker_wake(wakers[waker]), 0);
}

static void wake_first(void) {
    wake(0);
}

static void wake_first_thrice(void) {
    wake(0);
    wake(0);
    wake(0);
}

static void wake_all(void) {
    for (size_t i = 0; i < WAKERS; i++)
        wake(i);
}

/* Nobody spins any more: a wake makes its event in the kernel. */
static void expect_no_spinning(void) {
    assert_false(atomic_load(&cmio_poll_registry(the_poll)->spinning));
    world.wakes = 0;
    wake(WAKERS - 1);
    assert_int_equal(world.wakes, 1);
    atomic_store(&wakers[WAKERS - 1]->pending, false);
    atomic_store(&cmio_poll_registry(the_poll)->woken, false);
}

static void a_wake_during_the_spin_makes_an_event_without_the_kernel(void **state) {
    (void)state;
    plan(20, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_true(has_token(0));
    assert_int_equal(world.wakes, 0);
    assert_int_equal(world.sleeps, 0);
    expect_no_spinning();
}

static void wakes_during_the_spin_coalesce(void **state) {
    (void)state;
    plan(20, wake_first_thrice);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_true(has_token(0));
    plan(0, NULL);
    assert_int_equal(wait_for(10 * CMIO_MICROSECOND), 0);
    assert_int_equal(world.wakes, 0);
}

static void each_of_many_waits_gets_its_wake(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++) {
        plan(3, wake_first);
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        assert_true(has_token(0));
        assert_int_equal(world.wakes + world.sleeps, 0);
    }
}

static void a_wake_before_the_wait_makes_its_event_in_the_kernel(void **state) {
    (void)state;
    plan_look(1, 1, 0, NULL);
    wake(0);
    assert_int_equal(world.wakes, 1);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_true(has_token(0));
    assert_false(atomic_load(&wakers[0]->pending));
    assert_false(atomic_load(&cmio_poll_registry(the_poll)->woken));
}

/* The kernel is asked although it is not time for it: the waker has said that it wakes. */
static void a_wait_that_comes_between_a_wake_and_its_event_asks_the_kernel_at_once(void **state) {
    (void)state;
    plan(2, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1); /* has just looked */
    atomic_store(&cmio_poll_registry(the_poll)->woken, true);
    atomic_store(&wakers[1]->pending, true);
    plan_look(2, 1, 1, NULL);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_true(has_token(1));
    assert_in_range(world.readings, 1, 6);
    assert_false(atomic_load(&wakers[1]->pending));
}

static void a_poll_that_was_not_told_to_spin_sleeps_at_once(void **state) {
    (void)state;
    struct cmio_poll *other;
    assert_int_equal(cmio_poll_new_with(&other, NULL), 0);
    plan(0, NULL);
    assert_int_equal(cmio_poll_wait(other, events, 7 * CMIO_MILLISECOND), 0);
    assert_int_equal(world.looks + world.readings, 0);
    assert_int_equal(world.asked, 7 * CMIO_MILLISECOND);
    cmio_poll_free(other);
}

static void zero_ends_the_spinning(void **state) {
    (void)state;
    assert_int_equal(cmio_poll_set_spin(the_poll, 0), 0);
    plan(0, NULL);
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
    assert_int_equal(world.looks + world.readings, 0);
    assert_int_equal(cmio_poll_set_spin(the_poll, SPAN), 0);
    plan(20, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_int_equal(world.wakes + world.sleeps, 0);
}

static void a_wait_that_must_not_wait_does_not_spin(void **state) {
    (void)state;
    plan(0, NULL);
    assert_int_equal(wait_for(0), 0);
    assert_int_equal(world.looks, 1);
    assert_int_equal(world.readings, 0);
}

static void a_poll_without_wakers_does_not_spin(void **state) {
    (void)state;
    struct cmio_poll *other;
    assert_int_equal(cmio_poll_new_with(&other, NULL), 0);
    assert_int_equal(cmio_poll_set_spin(other, SPAN), 0);
    plan(0, NULL);
    assert_int_equal(cmio_poll_wait(other, events, CMIO_FOREVER), 0);
    assert_int_equal(world.looks + world.readings, 0);
    cmio_poll_free(other);
}

static void a_spin_that_finds_nothing_sleeps_for_the_time_that_is_left(void **state) {
    (void)state;
    const int64_t begin = world.now;
    world.slept = 0;
    assert_int_equal(wait_for(CMIO_MILLISECOND), 0);
    assert_int_equal(world.sleeps, 1);
    assert_true(world.asked <= CMIO_MILLISECOND - SPAN);
    assert_true(world.asked > CMIO_MILLISECOND - SPAN - CMIO_MICROSECOND);
    assert_true(world.now - begin >= CMIO_MILLISECOND);
    assert_true(world.now - begin < CMIO_MILLISECOND + CMIO_MICROSECOND);
}

static void a_wait_without_end_stays_without_end(void **state) {
    (void)state;
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
    assert_int_equal(world.sleeps, 1);
    assert_true(world.asked == CMIO_FOREVER);
    expect_no_spinning();
}

static void a_timeout_shorter_than_the_spin_ends_it_and_not_early(void **state) {
    (void)state;
    for (int64_t timeout = 1; timeout < SPAN; timeout = timeout * 3 + 7) {
        assert_int_equal(cmio_poll_set_spin(the_poll, SPAN + timeout),
                         0); /* forgets the last one */
        const int64_t begin = world.now;
        plan(0, NULL);
        assert_int_equal(wait_for(timeout), 0);
        assert_true(world.now - begin >= timeout);
        assert_true(world.now - begin < timeout + CMIO_MICROSECOND);
        assert_int_equal(world.sleeps, 0);
        assert_true(world.looks > 0);
    }
}

static void kernel_events_are_looked_for_while_the_wait_spins(void **state) {
    (void)state;
    plan(0, NULL);
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
    assert_in_range(world.looks, 5, 12);
    assert_int_equal(cmio_poll_set_spin(the_poll, SPAN + 1), 0);
    plan_look(3, 2, SOURCE, NULL);
    assert_int_equal(wait_for(CMIO_FOREVER), 2);
    assert_true(has_token(SOURCE) && has_token(SOURCE + 1));
    assert_int_equal(world.sleeps, 0);
    expect_no_spinning();
}

static void they_are_looked_for_also_if_wakes_end_every_wait_soon(void **state) {
    (void)state;
    int looks = 0;
    const int64_t begin = world.now;
    for (int i = 0; i < 1000; i++) {
        plan(2, wake_first);
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        looks += world.looks;
    }
    const int64_t spans = (world.now - begin) / (20 * CMIO_MICROSECOND);
    assert_true(spans > 5);
    assert_true(looks >= spans);
    assert_true(looks < 500);
}

static void a_look_at_an_idle_kernel_that_takes_long_is_made_less_often(void **state) {
    (void)state;
    world.reading = 50 * CMIO_MICROSECOND;
    assert_int_equal(cmio_poll_set_spin(the_poll, 10 * CMIO_MILLISECOND), 0);
    plan(0, NULL);
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
    assert_in_range(world.looks, 5, 40);
}

static void kernel_events_and_wakes_share_a_batch(void **state) {
    (void)state;
    plan_look(2, 2, SOURCE, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 3);
    assert_true(has_token(SOURCE) && has_token(SOURCE + 1) && has_token(0));
    assert_int_equal(world.wakes, 0);
}

static void a_waker_is_in_a_batch_at_most_once(void **state) {
    (void)state;
    plan_look(2, 1, 0, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_true(has_token(0));
    plan(0, NULL);
    assert_int_equal(wait_for(10 * CMIO_MICROSECOND), 0);
    assert_int_equal(world.wakes, 0);
}

static void wakes_that_do_not_fit_the_batch_stay_pending(void **state) {
    (void)state;
    plan(20, wake_all);
    assert_int_equal(wait_for(CMIO_FOREVER), CAPACITY);
    assert_int_equal(world.wakes, WAKERS - CAPACITY);
    assert_true(atomic_load(&cmio_poll_registry(the_poll)->woken));
    for (size_t i = 0; i < WAKERS; i++) {
        bool in_kernel = false;
        for (int j = 0; j < WAKERS - CAPACITY; j++)
            in_kernel = in_kernel || world.woken[j] == i;
        assert_int_equal(atomic_load(&wakers[i]->pending), !has_token(i));
        assert_int_equal(in_kernel, !has_token(i));
    }
    for (size_t i = 0; i < WAKERS; i++)
        if (!has_token(i))
            wake(i);
    assert_int_equal(world.wakes, WAKERS - CAPACITY); /* these coalesced */
}

static void wakes_that_do_not_fit_beside_kernel_events_stay_pending(void **state) {
    (void)state;
    plan_look(2, CAPACITY, SOURCE, wake_all);
    assert_int_equal(wait_for(CMIO_FOREVER), CAPACITY);
    assert_int_equal(world.wakes, WAKERS);
    for (size_t i = 0; i < WAKERS; i++)
        assert_true(atomic_load(&wakers[i]->pending));
    assert_true(atomic_load(&cmio_poll_registry(the_poll)->woken));
}

/* One of the kernel's events is a wake's, so the wait clears what is pending. */
static void wake_all_beside_another(void) {
    atomic_store(&cmio_poll_registry(the_poll)->woken, true);
    wake_all();
}

static void they_stay_pending_also_if_the_wait_clears_what_else_was(void **state) {
    (void)state;
    plan_look(2, CAPACITY, SOURCE, wake_all_beside_another);
    assert_int_equal(wait_for(CMIO_FOREVER), CAPACITY);
    assert_int_equal(world.wakes, WAKERS);
    for (size_t i = 0; i < WAKERS; i++)
        assert_true(atomic_load(&wakers[i]->pending));
    assert_true(atomic_load(&cmio_poll_registry(the_poll)->woken));
}

static void an_error_while_it_spins_loses_no_wake(void **state) {
    (void)state;
    plan_look(2, -EMFILE, 0, wake_all);
    assert_int_equal(wait_for(CMIO_FOREVER), -EMFILE);
    assert_int_equal(cmio_events_count(events), 0);
    assert_int_equal(world.wakes, WAKERS);
    assert_int_equal(world.sleeps, 0);
    assert_false(atomic_load(&cmio_poll_registry(the_poll)->spinning));
}

static void a_handler_that_runs_while_it_spins_does_not_end_the_wait(void **state) {
    (void)state;
    plan_look(2, -EINTR, 0, NULL);
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
    assert_int_equal(world.sleeps, 1);
}

static void a_handler_that_runs_while_it_sleeps_does(void **state) {
    (void)state;
    plan(0, NULL);
    world.sleep_result = -EINTR;
    assert_int_equal(wait_for(CMIO_FOREVER), -EINTR);
    assert_int_equal(world.sleeps, 1);
}

static void free_after_wake(void) {
    wake(0);
    cmio_waker_free(wakers[0]);
    wakers[0] = NULL;
}

static void a_waker_freed_while_the_wait_spins_makes_no_event(void **state) {
    (void)state;
    plan(20, free_after_wake);
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
    assert_int_equal(world.sleeps, 1);
    assert_true(world.readings > 100); /* it went on spinning */
    assert_int_equal(cmio_waker_new(&wakers[0], cmio_poll_registry(the_poll), 0), 0);
    assert_int_equal(cmio_poll_set_spin(the_poll, SPAN + 1), 0);
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
}

/* What is left where a wake offered its event too late, and made it in the kernel. */
static void an_offer_that_was_withdrawn_is_no_event_and_does_not_end_the_spin(void **state) {
    (void)state;
    atomic_store(&cmio_poll_registry(the_poll)->offers, true);
    plan(20, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_int_equal(world.sleeps + world.wakes, 0);
}

static void an_offer_to_a_wait_that_has_stopped_is_withdrawn(void **state) {
    (void)state;
    assert_false(cmio__spin_offer(wakers[0]));
    assert_false(atomic_load(&wakers[0]->offered));
}

static void cancel_after_wakes(void) {
    wake(0);
    wake(1);
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
}

static void *wait_to_be_cancelled(void *unused) {
    (void)unused;
    (void)wait_for(CMIO_FOREVER);
    return NULL;
}

static void a_wait_cancelled_while_it_spins_loses_no_wake(void **state) {
    (void)state;
    pthread_t thread;
    void *result;
    plan_look(2, 0, 0, cancel_after_wakes);
    assert_int_equal(pthread_create(&thread, NULL, wait_to_be_cancelled, NULL), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    bool in_kernel[2] = {false, false};
    for (int i = 0; i < world.wakes; i++)
        in_kernel[world.woken[i]] = true;
    assert_true(in_kernel[0] && in_kernel[1]);
    expect_no_spinning();
    plan(20, wake_first);
    atomic_store(&wakers[0]->pending, false); /* their events were taken */
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
}

static void *wait_cancelled(void *unused) {
    (void)pthread_cancel(pthread_self());
    return wait_to_be_cancelled(unused);
}

static void a_cancelled_thread_ends_also_if_a_wake_would_end_its_wait_soon(void **state) {
    (void)state;
    pthread_t thread;
    void *result;
    plan(2, wake_first);
    assert_int_equal(pthread_create(&thread, NULL, wait_cancelled, NULL), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    expect_no_spinning();
}

/* Learning. */

static int64_t spun; /* in the waits of many_waits() */
static int spells;

/* Returns how long the waits took. Each spin and each sleep is told apart by the world's counts. */
static int64_t many_waits(int count, int wake_at) {
    const int64_t begin = world.now;
    spun = spells = 0;
    for (int i = 0; i < count; i++) {
        plan(wake_at, wake_at > 0 ? wake_first : NULL);
        const int64_t before = world.now;
        world.sleep_result = 1;
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        spells += world.looks > 0;
        spun += world.now - before - (world.sleeps > 0 ? ASLEEP : 0) - READING;
    }
    return world.now - begin;
}

static void waits_whose_waker_never_comes_spin_ever_less(void **state) {
    (void)state;
    (void)many_waits(100, 0);
    assert_true(spells >= 2);
    const int64_t took = many_waits(1000, 0);
    assert_true(spun * 10 < took);
    const int64_t later = many_waits(100000, 0);
    assert_true(spun * 100 < later);
    assert_true(spells > 0);
}

static void events_that_end_the_spin_teach_the_same(void **state) {
    (void)state;
    int64_t wasted = 0;
    int looks = 0;
    for (int i = 0; i < 1100; i++) {
        plan_look(1, 1, SOURCE, NULL);
        const int64_t before = world.now;
        world.sleep_result = 1;
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        looks += i >= 100 && world.looks > 0;
        wasted += world.now - before;
    }
    assert_true(wasted > 0);
    assert_true(looks < 100);
}

/* The waker got the processor only when this thread lost it. */
static void wake_after_long(void) {
    world.now += 30 * CMIO_MICROSECOND;
    wake(0);
}

static void a_wake_that_came_while_the_thread_did_not_run_is_no_success(void **state) {
    (void)state;
    int successes = 0;
    for (int i = 0; i < 1100; i++) {
        plan(20, wake_after_long);
        world.sleep_result = 1;
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        successes += i >= 100 && world.sleeps == 0;
    }
    assert_true(successes < 10);
}

static void waits_spin_again_once_it_pays(void **state) {
    (void)state;
    (void)many_waits(1000, 0);
    world.now += CMIO_SECOND; /* by then it may be tried again */
    for (int i = 0; i < 100; i++) {
        plan(3, wake_first);
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        assert_int_equal(world.sleeps, 0);
    }
}

static void one_failure_among_successes_teaches_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        plan(3, i % 2 == 0 ? wake_first : NULL);
        world.sleep_result = 1;
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        assert_int_equal(world.sleeps, i % 2);
        assert_true(world.looks > 0 || i % 2 == 0);
    }
}

static void a_wake_that_came_before_the_wait_teaches_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        plan_look(1, 1, 0, NULL);
        wake(0);
        assert_int_equal(wait_for(CMIO_FOREVER), 1);
        assert_int_equal(world.sleeps, 0);
    }
    plan(3, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_int_equal(world.sleeps + world.wakes, 0);
}

static void another_span_lets_it_forget_what_it_learned(void **state) {
    (void)state;
    (void)many_waits(1000, 0);
    assert_int_equal(cmio_poll_set_spin(the_poll, 2 * SPAN), 0);
    plan(3, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1);
    assert_int_equal(world.sleeps, 0);
}

/* cmio_poll_set_spin */

static void the_span_must_not_be_negative(void **state) {
    (void)state;
    assert_int_equal(cmio_poll_set_spin(NULL, 0), -EINVAL);
    assert_int_equal(cmio_poll_set_spin(the_poll, -1), -EINVAL);
    assert_int_equal(cmio_poll_set_spin(the_poll, CMIO_FOREVER), -EINVAL);
    assert_int_equal(cmio_poll_set_spin(the_poll, INT64_MIN), -EINVAL);
    plan(20, wake_first);
    assert_int_equal(wait_for(CMIO_FOREVER), 1); /* with the old one */
    assert_int_equal(world.sleeps + world.wakes, 0);
}

static void a_very_long_span_is_cut_and_not_wrapped(void **state) {
    (void)state;
    static const int64_t spans[] = {INT64_C(1) << 32, (INT64_C(1) << 32) + 1, INT64_MAX};
    world.reading = 10 * CMIO_MILLISECOND;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        const int64_t begin = world.now;
        assert_int_equal(cmio_poll_set_spin(the_poll, 1), 0);
        assert_int_equal(wait_for(1), 0); /* forgets the last one */
        assert_int_equal(cmio_poll_set_spin(the_poll, spans[i]), 0);
        assert_int_equal(wait_for(CMIO_FOREVER), 0);
        assert_true(world.now - begin > CMIO_SECOND);
    }
}

static int during;

static void set_during_the_wait(void) {
    during = cmio_poll_set_spin(the_poll, 5 * SPAN);
    assert_int_equal(cmio_poll_set_spin(the_poll, -1), -EINVAL);
}

static void the_span_cannot_change_during_a_wait(void **state) {
    (void)state;
    during = 0;
    plan(10, set_during_the_wait);
    const int64_t begin = world.now;
    assert_int_equal(wait_for(CMIO_FOREVER), 0);
    assert_int_equal(during, -EBUSY);
    assert_true(world.now - begin < 2 * SPAN);
    assert_int_equal(cmio_poll_set_spin(the_poll, 5 * SPAN), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

static const struct CMUnitTest tests[] = {
    IN_WORLD(a_wake_during_the_spin_makes_an_event_without_the_kernel),
    IN_WORLD(wakes_during_the_spin_coalesce),
    IN_WORLD(each_of_many_waits_gets_its_wake),
    IN_WORLD(a_wake_before_the_wait_makes_its_event_in_the_kernel),
    IN_WORLD(a_wait_that_comes_between_a_wake_and_its_event_asks_the_kernel_at_once),
    IN_WORLD(a_poll_that_was_not_told_to_spin_sleeps_at_once),
    IN_WORLD(zero_ends_the_spinning),
    IN_WORLD(a_wait_that_must_not_wait_does_not_spin),
    IN_WORLD(a_poll_without_wakers_does_not_spin),
    IN_WORLD(a_spin_that_finds_nothing_sleeps_for_the_time_that_is_left),
    IN_WORLD(a_wait_without_end_stays_without_end),
    IN_WORLD(a_timeout_shorter_than_the_spin_ends_it_and_not_early),
    IN_WORLD(kernel_events_are_looked_for_while_the_wait_spins),
    IN_WORLD(they_are_looked_for_also_if_wakes_end_every_wait_soon),
    IN_WORLD(a_look_at_an_idle_kernel_that_takes_long_is_made_less_often),
    IN_WORLD(kernel_events_and_wakes_share_a_batch),
    IN_WORLD(a_waker_is_in_a_batch_at_most_once),
    IN_WORLD(wakes_that_do_not_fit_the_batch_stay_pending),
    IN_WORLD(wakes_that_do_not_fit_beside_kernel_events_stay_pending),
    IN_WORLD(they_stay_pending_also_if_the_wait_clears_what_else_was),
    IN_WORLD(an_error_while_it_spins_loses_no_wake),
    IN_WORLD(a_handler_that_runs_while_it_spins_does_not_end_the_wait),
    IN_WORLD(a_handler_that_runs_while_it_sleeps_does),
    IN_WORLD(a_waker_freed_while_the_wait_spins_makes_no_event),
    IN_WORLD(an_offer_that_was_withdrawn_is_no_event_and_does_not_end_the_spin),
    IN_WORLD(an_offer_to_a_wait_that_has_stopped_is_withdrawn),
    IN_WORLD(a_wait_cancelled_while_it_spins_loses_no_wake),
    IN_WORLD(a_cancelled_thread_ends_also_if_a_wake_would_end_its_wait_soon),
    IN_WORLD(waits_whose_waker_never_comes_spin_ever_less),
    IN_WORLD(events_that_end_the_spin_teach_the_same),
    IN_WORLD(a_wake_that_came_while_the_thread_did_not_run_is_no_success),
    IN_WORLD(waits_spin_again_once_it_pays),
    IN_WORLD(one_failure_among_successes_teaches_nothing),
    IN_WORLD(a_wake_that_came_before_the_wait_teaches_nothing),
    IN_WORLD(another_span_lets_it_forget_what_it_learned),
    IN_WORLD(the_span_must_not_be_negative),
    IN_WORLD(a_very_long_span_is_cut_and_not_wrapped),
    IN_WORLD(the_span_cannot_change_during_a_wait),
};

TEST_GROUP(core_spin, tests)
