/* SPDX-License-Identifier: MIT */
/* The same results with one thread and with several, and none lost among these. */
#include "support/scale.h"
#include "support/test.h"

#include <pthread.h>
#include <sched.h>

#include "posix/threads.h"

enum { THREADS = 4 };

/* Lives until the caller unlocks it. */
static void *wait_for_lock(void *lock) {
    (void)pthread_mutex_lock(lock);
    (void)pthread_mutex_unlock(lock);
    return NULL;
}

static void check_flag(void) {
    atomic_bool flag = false;
    for (int i = 0; i < 2; i++) {
        assert_false(cmio__flag_test_and_set(&flag));
        assert_true(cmio__flag_test_and_set(&flag));
        atomic_store(&flag, false);
    }
}

static void check_references(void) {
    atomic_size_t references = 1;
    cmio__references_add(&references);
    cmio__references_add(&references);
    assert_int_equal(cmio__references_drop(&references), 2);
    assert_int_equal(cmio__references_drop(&references), 1);
    assert_int_equal(cmio__references_drop(&references), 0);
}

static void one_thread_and_several_have_the_same_results(void **state) {
    (void)state;
    check_flag();
    check_references();
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t other;
    assert_int_equal(pthread_mutex_lock(&lock), 0);
    assert_int_equal(pthread_create(&other, NULL, wait_for_lock, &lock), 0);
    assert_false(CMIO__IS_SINGLE_THREADED);
    check_flag();
    check_references();
    assert_int_equal(pthread_mutex_unlock(&lock), 0);
    assert_int_equal(pthread_join(other, NULL), 0);
}

struct shared {
    atomic_size_t references;
    atomic_bool flag;
    long inside; /* changed by whom the flag admits alone */
    long rounds;
};

static void *use_shared(void *argument) {
    struct shared *shared = argument;
    for (long i = 0; i < shared->rounds; i++) {
        cmio__references_add(&shared->references);
        while (cmio__flag_test_and_set(&shared->flag))
            (void)sched_yield(); /* the other has it */
        shared->inside++;
        atomic_store_explicit(&shared->flag, false, memory_order_release);
        (void)cmio__references_drop(&shared->references);
    }
    return NULL;
}

static void among_threads_no_change_is_lost(void **state) {
    (void)state;
    struct shared shared = {.references = 1, .rounds = test_scale(20000)};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_shared, &shared), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.inside, THREADS * shared.rounds);
    assert_int_equal(cmio__references_drop(&shared.references), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_thread_and_several_have_the_same_results),
    cmocka_unit_test(among_threads_no_change_is_lost),
};
TEST_GROUP(posix_threads, tests)
