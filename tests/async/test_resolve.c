/* SPDX-License-Identifier: MIT */

/* Host names, as far as a machine without a name server knows them: numbers and /etc/hosts. */
#include <cmio/async.h>

#include <errno.h>
#include <string.h>

#include "support/test.h"

static struct cmio_executor *new_executor(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend()}));
    return executor;
}

static void expect_address(const struct cmio_address *address, const char *text) {
    char buffer[CMIO_ADDRESS_TEXT_MAX];
    assert_true(cmio_address_format(address, buffer, sizeof buffer) > 0);
    assert_string_equal(buffer, text);
}

static void a_number_is_its_own_address(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_resolve_future resolve;
    struct cmio_address address;
    TEST_OK(cmio_resolve_future_init(&resolve, "127.0.0.1", 80, &address, 1));
    TEST_GIVES(cmio_block_on(executor, &resolve.future), 1);
    expect_address(&address, "127.0.0.1:80");
    TEST_OK(cmio_resolve_future_init(&resolve, "::1", 6969, &address, 1));
    TEST_GIVES(cmio_block_on(executor, &resolve.future), 1);
    expect_address(&address, "[::1]:6969");
    cmio_executor_free(executor);
}

/* A task that looks numbers up, each ready at once, until it has to give way. */
struct numbers {
    struct cmio_future future;
    int count;
};

static enum cmio_future_state poll_numbers(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct numbers *numbers = (struct numbers *)future;
    struct cmio_resolve_future resolve;
    struct cmio_address address;
    for (; numbers->count < 1000; numbers->count++) {
        TEST_OK(cmio_resolve_future_init(&resolve, "127.0.0.1", 80, &address, 1));
        if (cmio_future_poll(&resolve.future, context) == CMIO_PENDING)
            break;
    }
    cmio_future_drop(&resolve.future);
    return CMIO_READY;
}

static void drop_numbers(struct cmio_future *future) {
    (void)future;
}

static void a_task_that_looks_up_numbers_gives_way_after_128(void **state) {
    static const struct cmio_future_ops ops = {"numbers", poll_numbers, drop_numbers};
    struct cmio_executor *executor = new_executor(state);
    struct numbers numbers = {.future.ops = &ops};
    TEST_OK(cmio_block_on(executor, &numbers.future));
    assert_int_equal(numbers.count, 128);
    cmio_executor_free(executor);
}

static void localhost_is_looked_up_and_more_than_fit_are_counted(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_resolve_future resolve;
    struct cmio_address addresses[8];
    TEST_OK(cmio_resolve_future_init(&resolve, "localhost", 1, addresses, 8));
    const ssize_t count = cmio_block_on(executor, &resolve.future);
    assert_true(count >= 1);
    struct cmio_address first;
    TEST_OK(cmio_resolve_future_init(&resolve, "localhost", 1, &first, 1));
    TEST_GIVES(cmio_block_on(executor, &resolve.future), count);
    assert_true(cmio_address_equal(&first, &addresses[0]));
    cmio_executor_free(executor);
}

static void a_host_that_is_none_is_an_error(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_resolve_future resolve;
    struct cmio_address address;
    /* Reserved to be no host: RFC 6761, 6.4. Without a name server the answer may be to try again. */
    TEST_OK(cmio_resolve_future_init(&resolve, "host.invalid", 1, &address, 1));
    const ssize_t result = cmio_block_on(executor, &resolve.future);
    assert_true(result == -ENOENT || result == -EAGAIN || result == -EIO);
    cmio_executor_free(executor);
}

static void it_may_be_dropped_at_any_point(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_resolve_future resolve;
    struct cmio_address address;
    TEST_OK(cmio_resolve_future_init(&resolve, "127.0.0.1", 80, &address, 1));
    cmio_future_drop(&resolve.future);
    TEST_OK(cmio_resolve_future_init(&resolve, "localhost", 80, &address, 1));
    cmio_future_drop(&resolve.future);
    for (int i = 0; i < 20; i++) {
        static struct cmio_address
            kept; /* an aborted lookup does not write to it, but may be slow */
        struct cmio_join_handle *handle = NULL;
        TEST_OK(cmio_resolve_future_init(&resolve, "localhost", 80, &kept, 1));
        TEST_OK(cmio_spawn(executor, &resolve.future, sizeof resolve, NULL, &handle));
        TEST_OK(cmio_join_handle_abort(handle));
        cmio_join_handle_drop(handle);
    }
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    cmio_executor_free(executor);
}

static void misuse_is_refused(void **state) {
    (void)state;
    struct cmio_resolve_future resolve;
    struct cmio_address address;
    char name[CMIO_HOST_NAME_MAX + 2];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    TEST_FAILS(cmio_resolve_future_init(NULL, "a", 1, &address, 1), -EINVAL);
    TEST_FAILS(cmio_resolve_future_init(&resolve, NULL, 1, &address, 1), -EINVAL);
    TEST_FAILS(cmio_resolve_future_init(&resolve, "", 1, &address, 1), -EINVAL);
    TEST_FAILS(cmio_resolve_future_init(&resolve, "a", 1, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_resolve_future_init(&resolve, "a", 1, &address, 0), -EINVAL);
    TEST_FAILS(cmio_resolve_future_init(&resolve, name, 1, &address, 1), -ENAMETOOLONG);
}

static const int none = CMIO_CURRENT_THREAD, four = 4;

#define ROWS(test) TEST_ROW(none, test, &none), TEST_ROW(four, test, &four)

static const struct CMUnitTest tests[] = {
    ROWS(a_number_is_its_own_address),
    ROWS(a_task_that_looks_up_numbers_gives_way_after_128),
    ROWS(localhost_is_looked_up_and_more_than_fit_are_counted),
    ROWS(a_host_that_is_none_is_an_error),
    ROWS(it_may_be_dropped_at_any_point),
    cmocka_unit_test(misuse_is_refused),
};

TEST_GROUP(async_resolve, tests)
