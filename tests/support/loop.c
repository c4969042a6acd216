/* SPDX-License-Identifier: MIT */
#include "support/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE (30 * CMIO_SECOND)

/* How long silence is listened to: what a test is about has happened before, this catches more. */
#define MOMENT (15 * CMIO_MILLISECOND)

void test_loop_open_with(struct test_loop *loop, size_t capacity, const char *file, int line) {
    memset(loop, 0, sizeof *loop);
    int made = cmio_poll_new_with(&loop->poll, test_backend());
    if (made == 0)
        made = cmio_events_new(&loop->events, capacity);
    const char *span = getenv("CMIO_TEST_SPIN");
    if (made == 0 && span != NULL)
        made = cmio_poll_set_spin(loop->poll, strtol(span, NULL, 10));
    if (made != 0) {
        print_error("no loop: %s\n", cmio_strerror(made));
        _fail(file, line);
    }
    loop->registry = cmio_poll_registry(loop->poll);
}

void test_loop_close(struct test_loop *loop) {
    cmio_events_free(loop->events);
    cmio_poll_free(loop->poll);
    memset(loop, 0, sizeof *loop);
}

static void keep_batch(struct test_loop *loop, const char *file, int line) {
    uint32_t batch[TEST_TOKENS] = {0};
    CMIO_EVENTS_FOREACH (event, loop->events) {
        if (event->token >= TEST_TOKENS) {
            print_error("an event with the unknown token %ju\n", (uintmax_t)event->token);
            _fail(file, line);
        }
        if (batch[event->token] != 0) {
            print_error("token %ju is twice in one batch\n", (uintmax_t)event->token);
            _fail(file, line);
        }
        batch[event->token] = event->ready;
        loop->came[event->token] |= event->ready;
    }
}

int test_loop_wait_at(struct test_loop *loop, int64_t timeout, const char *file, int line) {
    int count = cmio_poll_wait(loop->poll, loop->events, timeout);
    size_t kept = cmio_events_count(loop->events);
    _assert_int_equal(kept, count > 0 ? (size_t)count : 0, file, line);
    keep_batch(loop, file, line);
    return count;
}

static void describe(cmio_token token, uint32_t ready, const char *what) {
    char text[128];
    cmio_event_format(&(struct cmio_event){.token = token, .ready = ready}, text, sizeof text);
    print_error("%s %s\n", what, text);
}

uint32_t test_loop_expect_at(struct test_loop *loop, cmio_token token, uint32_t ready,
                             const char *file, int line) {
    _assert_true(token < TEST_TOKENS, "the token is one of a test", file, line);
    uint32_t *came = &loop->came[token];
    int64_t give_up = test_now() + PATIENCE;
    while ((*came & ready) != ready) {
        int64_t left = give_up - test_now();
        int count = left > 0 ? test_loop_wait_at(loop, left, file, line) : 0;
        if (count == -EINTR || count > 0)
            continue;
        describe(token, *came, "what came is");
        describe(token, ready, "and not all of");
        _fail(file, line);
    }
    uint32_t all = *came;
    *came = 0;
    return all;
}

static void expect_nothing_yet(const struct test_loop *loop, cmio_token token, const char *file,
                               int line) {
    if (loop->came[token] == 0)
        return;
    describe(token, loop->came[token], "not expected:");
    _fail(file, line);
}

void test_loop_expect_silence_at(struct test_loop *loop, const char *file, int line) {
    (void)test_loop_wait_at(loop, MOMENT, file, line);
    for (cmio_token token = 0; token < TEST_TOKENS; token++)
        expect_nothing_yet(loop, token, file, line);
}

void test_loop_expect_none_at(struct test_loop *loop, cmio_token token, const char *file,
                              int line) {
    (void)test_loop_wait_at(loop, MOMENT, file, line);
    expect_nothing_yet(loop, token, file, line);
}

enum { MOST_REPEATED = 10 };

int test_loop_expect_no_spin_at(struct test_loop *loop, const char *file, int line) {
    const int64_t end = test_now() + 100 * CMIO_MILLISECOND;
    int64_t left;
    int repeated = 0;
    while ((left = end - test_now()) > 0 && repeated <= MOST_REPEATED)
        repeated += test_loop_wait_at(loop, left, file, line) > 0;
    if (repeated > MOST_REPEATED) {
        print_error("more than %d waits returned with an event\n", MOST_REPEATED);
        _fail(file, line);
    }
    test_loop_forget(loop);
    return repeated;
}

void test_loop_forget(struct test_loop *loop) {
    memset(loop->came, 0, sizeof loop->came);
}

static int64_t processor_time(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * CMIO_SECOND + used.tv_nsec;
}

/* It asserts nothing: a failure must be the main thread's. */
static void *wait_once(void *argument) {
    struct test_waiter *waiter = argument;
    int64_t begin;
    int64_t busy;
    /* -EBUSY is the starting thread's, which looks whether this one waits, and may stand still then. */
    do {
        begin = test_now();
        busy = processor_time();
        waiter->result = waiter->wait(waiter->poll, waiter->events, waiter->time);
    } while (waiter->result == -EBUSY);
    waiter->busy = processor_time() - busy;
    waiter->elapsed = test_now() - begin;
    atomic_store(&waiter->done, true);
    return NULL;
}

void test_waiter_start(struct test_waiter *waiter, struct test_loop *loop, test_wait_call *wait,
                       int64_t time) {
    memset(waiter, 0, sizeof *waiter);
    waiter->poll = loop->poll;
    waiter->wait = wait;
    waiter->time = time;
    assert_int_equal(cmio_events_new(&waiter->events, 64), 0);
    assert_int_equal(pthread_create(&waiter->thread, NULL, wait_once, waiter), 0);
    TEST_EVENTUALLY(test_loop_wait(loop, 0) == -EBUSY);
}

void test_waiter_join(struct test_waiter *waiter) {
    assert_int_equal(pthread_join(waiter->thread, NULL), 0);
}

bool test_waiter_is_done(struct test_waiter *waiter) {
    return atomic_load(&waiter->done);
}

void test_waiter_give_time_to_spin(struct test_waiter *waiter) {
    const int64_t begin = processor_time();
    const int64_t give_up = test_now() + PATIENCE;
    while (waiter->given < 20 * CMIO_MILLISECOND && test_now() < give_up)
        waiter->given = processor_time() - begin;
}

bool test_waiter_slept(const struct test_waiter *waiter) {
    return waiter->busy < waiter->given / 4;
}

uint32_t test_waiter_came(const struct test_waiter *waiter, cmio_token token) {
    uint32_t ready = 0;
    CMIO_EVENTS_FOREACH (event, waiter->events)
        if (event->token == token)
            ready |= event->ready;
    return ready;
}

void test_waiter_free(struct test_waiter *waiter) {
    cmio_events_free(waiter->events);
    waiter->events = NULL;
}
