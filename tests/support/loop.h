/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_LOOP_H
#define CMIO_TESTS_LOOP_H

/*
 * A poll, its registry and a batch, on the backend of test_backend(). Tests ask two things of them:
 * that an event comes, within the suite's 30 seconds, or that none comes.
 *
 * Tokens are numbers below TEST_TOKENS. The events of each token are kept until they are asked for,
 * so events of several sources may come in any order and in any number of waits. An event that
 * nobody asked for fails the next test_loop_expect_silence().
 */

#include <pthread.h>
#include <stdatomic.h>

#include <cmio/cmio.h>

#include "support/test.h"

enum { TEST_TOKENS = 128 };

struct test_loop {
    struct cmio_poll *poll;
    struct cmio_registry *registry; /* borrowed from poll */
    struct cmio_events *events;
    uint32_t came[TEST_TOKENS];
};

/* Where failures are reported: at the test's own line. */
#define TEST_HERE __FILE__, __LINE__

/*
 * Opens a loop with room for 64 events per wait, or for capacity events. With CMIO_TEST_SPIN=N in
 * the environment, its waits spin for at most N nanoseconds before they sleep.
 */
#define test_loop_open(loop) test_loop_open_with((loop), 64, TEST_HERE)
void test_loop_open_with(struct test_loop *loop, size_t capacity, const char *file, int line);
void test_loop_close(struct test_loop *loop);

/*
 * Waits once and keeps the events by token. Returns the result of the wait: the number of events,
 * or the error. Fails if a source is in the batch twice, or if a token is one that no test uses.
 */
#define test_loop_wait(loop, timeout) test_loop_wait_at((loop), (timeout), TEST_HERE)
int test_loop_wait_at(struct test_loop *loop, int64_t timeout, const char *file, int line);

/*
 * Waits until the token has shown all of ready. Returns all bits that came for it since it was last
 * asked for, and forgets them.
 */
#define test_loop_expect(loop, token, ready)                                                       \
    test_loop_expect_at((loop), (token), (ready), TEST_HERE)
uint32_t test_loop_expect_at(struct test_loop *loop, cmio_token token, uint32_t ready,
                             const char *file, int line);

/* Fails if an event came that nobody asked for, or comes within the next moment. */
#define test_loop_expect_silence(loop) test_loop_expect_silence_at((loop), TEST_HERE)
void test_loop_expect_silence_at(struct test_loop *loop, const char *file, int line);

/* Fails if an event of this token came or comes. Events of other tokens are kept. */
#define test_loop_expect_none(loop, token) test_loop_expect_none_at((loop), (token), TEST_HERE)
void test_loop_expect_none_at(struct test_loop *loop, cmio_token token, const char *file, int line);

/*
 * Fails if more waits return with an event within the next tenth of a second than a lasting
 * condition may cause. A backend that makes edges itself may report such a condition again, with
 * growing pauses. Returns how many waits did, and forgets the events.
 */
#define test_loop_expect_no_spin(loop) test_loop_expect_no_spin_at((loop), TEST_HERE)
int test_loop_expect_no_spin_at(struct test_loop *loop, const char *file, int line);

/* Drops the events that came and were not asked for. */
void test_loop_forget(struct test_loop *loop);

/*
 * A thread that waits once on the loop's poll, into a batch of its own, for tests of what reaches a
 * wait that has begun. Between start and join the loop's owner does not wait.
 */
typedef int test_wait_call(struct cmio_poll *poll, struct cmio_events *events, int64_t time);

struct test_waiter {
    pthread_t thread;
    struct cmio_poll *poll;
    struct cmio_events *events;
    test_wait_call *wait;
    int64_t time;
    int result;      /* after join: what the wait returned */
    int64_t elapsed; /* nanoseconds that it took */
    int64_t busy;    /* nanoseconds of them on the processor */
    int64_t given;   /* by test_waiter_give_time_to_spin */
    atomic_bool done;
};

/* Starts the thread and returns once it is in its wait, which must not end by itself. */
void test_waiter_start(struct test_waiter *waiter, struct test_loop *loop, test_wait_call *wait,
                       int64_t time);
void test_waiter_join(struct test_waiter *waiter);

/* Whether its wait has ended. */
bool test_waiter_is_done(struct test_waiter *waiter);

/*
 * Keeps the processor busy until this thread has had it for a while. test_waiter_slept() then tells
 * whether the waiter, which has ended since, slept meanwhile. If it had been spinning, the system
 * would have shared the processor between the two, so a busy machine does not hide a spin.
 */
void test_waiter_give_time_to_spin(struct test_waiter *waiter);
bool test_waiter_slept(const struct test_waiter *waiter);

/* What the waiter's batch holds for a token; 0 if nothing. */
uint32_t test_waiter_came(const struct test_waiter *waiter, cmio_token token);
void test_waiter_free(struct test_waiter *waiter);

#endif
