/* SPDX-License-Identifier: MIT */

/* The pools of stacks, from inside. */
#include "async/stack.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/scale.h"
#include "support/test.h"

static int pool_of(size_t size) {
    const int pool = cmio__stack_pool(size);
    assert_true(pool >= 0);
    return pool;
}

static struct cmio__stack *take(int pool) {
    TEST_OK(cmio__stack_promise(pool));
    return cmio__stack_take(pool);
}

static void a_stack_has_at_least_the_bytes_asked_for(void **state) {
    (void)state;
    assert_true(cmio__stack_size(pool_of(0)) >= 64 * 1024);
    assert_true(cmio__stack_size(pool_of(1)) >= 16 * 1024);
    for (size_t size = 1; size < (size_t)1 << 30; size = size * 3 / 2 + 1) {
        assert_true(cmio__stack_size(pool_of(size)) >= size);
        assert_int_equal(cmio__stack_size(pool_of(size)) % (size_t)sysconf(_SC_PAGESIZE), 0);
    }
    TEST_FAILS(cmio__stack_pool(SIZE_MAX), -ENOMEM);
}

static void all_of_a_stack_is_usable(void **state) {
    (void)state;
    const int pool = pool_of(128 * 1024);
    struct cmio__stack *stack = take(pool);
    memset(stack->bottom, 1, cmio__stack_size(pool));
    cmio__stack_give(stack);
}

static int end_of_touching(char *place) {
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO); /* sanitizers have much to say about it */
        *(volatile char *)place = 1;
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void the_page_below_each_stack_faults(void **state) {
    (void)state;
    const int pool = pool_of(0);
    struct cmio__stack *stacks[100];
    for (int i = 0; i < 100; i++)
        stacks[i] = take(pool);
    for (int i = 0; i < 100; i += 33) {
        assert_int_not_equal(end_of_touching(stacks[i]->bottom - 1), 0);
        assert_int_equal(end_of_touching(stacks[i]->bottom), 0);
    }
    for (int i = 0; i < 100; i++)
        cmio__stack_give(stacks[i]);
}

static void what_is_given_back_last_is_taken_first(void **state) {
    (void)state;
    const int pool = pool_of(0);
    struct cmio__stack *first = take(pool), *second = take(pool);
    cmio__stack_give(second);
    cmio__stack_give(first);
    assert_ptr_equal(take(pool), first);
    assert_ptr_equal(take(pool), second);
    cmio__stack_give(first);
    cmio__stack_give(second);
}

enum { MANY = 2000 };

static void unused_stacks_are_unmapped_but_for_some_that_are_kept(void **state) {
    (void)state;
    static struct cmio__stack *stacks[MANY];
    const int pool = pool_of(32 * 1024);
    for (int i = 0; i < MANY; i++) {
        stacks[i] = take(pool);
        stacks[i]->bottom[0] = 1;
    }
    assert_true(cmio__stack_mapped(pool) >= MANY);
    for (int i = 0; i < MANY; i++)
        cmio__stack_give(stacks[i]);
    assert_in_range(cmio__stack_warm(pool), 1, 256);
    assert_in_range(cmio__stack_mapped(pool), cmio__stack_warm(pool), 512);
}

static void a_cold_stack_has_given_its_pages_back(void **state) {
    (void)state;
    static struct cmio__stack *stacks[MANY];
    const int pool = pool_of(16 * 1024);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < MANY; i++) {
        stacks[i] = take(pool);
        stacks[i]->bottom[0] = 1;
    }
    struct cmio__stack *kept = stacks[0]; /* so that its arena stays mapped */
    for (int i = MANY - 1; i > 0; i--)
        cmio__stack_give(stacks[i]);
    unsigned char is_there = 0;
    if (stacks[1]->arena == kept->arena) { /* given back as the last one: cold */
        assert_int_equal(mincore(stacks[1]->bottom, page, &is_there), 0);
        assert_int_equal(is_there & 1, 0);
    }
    assert_int_equal(mincore(kept->bottom, page, &is_there), 0);
    assert_int_equal(is_there & 1, 1);
    cmio__stack_give(kept);
}

static void stacks_that_were_promised_can_be_taken_in_any_order(void **state) {
    (void)state;
    static struct cmio__stack *stacks[MANY];
    const int pool = pool_of(256 * 1024);
    for (int i = 0; i < MANY / 10; i++)
        TEST_OK(cmio__stack_promise(pool));
    for (int i = 0; i < MANY / 20; i++)
        cmio__stack_forgo(pool);
    for (int i = 0; i < MANY / 20; i++) {
        stacks[i] = cmio__stack_take(pool);
        assert_non_null(stacks[i]);
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(stacks[j], stacks[i]);
    }
    for (int i = 0; i < MANY / 20; i++)
        cmio__stack_give(stacks[i]);
}

static void *take_and_give(void *argument) {
    const int pool = *(const int *)argument;
    struct cmio__stack *held[50];
    for (int round = 0; round < test_scale(200); round++) {
        for (int i = 0; i < 50; i++) {
            held[i] = cmio__stack_promise(pool) == 0 ? cmio__stack_take(pool) : NULL;
            if (held[i] != NULL)
                held[i]->bottom[0] = (char)round;
        }
        for (int i = 0; i < 50; i++)
            if (held[i] != NULL)
                cmio__stack_give(held[i]);
    }
    return NULL;
}

static void threads_take_and_give_stacks_at_once(void **state) {
    (void)state;
    pthread_t threads[4];
    int pool = pool_of(2 * 1024 * 1024);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &pool), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_in_range(cmio__stack_mapped(pool), 1, 200);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_stack_has_at_least_the_bytes_asked_for),
    cmocka_unit_test(all_of_a_stack_is_usable),
    cmocka_unit_test(the_page_below_each_stack_faults),
    cmocka_unit_test(what_is_given_back_last_is_taken_first),
    cmocka_unit_test(unused_stacks_are_unmapped_but_for_some_that_are_kept),
    cmocka_unit_test(a_cold_stack_has_given_its_pages_back),
    cmocka_unit_test(stacks_that_were_promised_can_be_taken_in_any_order),
    cmocka_unit_test(threads_take_and_give_stacks_at_once),
};

TEST_GROUP(async_stack, tests)
