/* SPDX-License-Identifier: MIT */
/* The table of descriptors, with numbers that no process here has. */
#include "support/test.h"

#include <errno.h>
#include <limits.h>

#include "core/fd_table.h"

static void what_is_inserted_is_found_until_it_is_removed(void **state) {
    (void)state;
    static const int numbers[] = {0, 1, 511, 512, 513, 65535, 65536, 1000000, INT_MAX};
    const size_t count = sizeof numbers / sizeof *numbers;
    struct cmio__fd_table table = {.pages = NULL};
    struct cmio__fd_slot *slots[sizeof numbers / sizeof *numbers];
    for (size_t i = 0; i < count; i++) {
        assert_null(cmio__fd_table_find(&table, numbers[i]));
        assert_int_equal(
            cmio__fd_table_insert(&table, numbers[i], 100 + i, CMIO_READABLE, &slots[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(cmio__fd_table_find(&table, numbers[i]), slots[i]);
        assert_int_equal(slots[i]->token, 100 + i);
        assert_int_equal(slots[i]->interest, CMIO_READABLE);
        cmio__fd_table_remove(slots[i]);
        assert_null(cmio__fd_table_find(&table, numbers[i]));
    }
    cmio__fd_table_free(&table);
}

static void a_number_is_taken_once(void **state) {
    (void)state;
    struct cmio__fd_table table = {.pages = NULL};
    struct cmio__fd_slot *slot;
    struct cmio__fd_slot *refused = NULL;
    assert_int_equal(cmio__fd_table_insert(&table, 7, 1, CMIO_READABLE, &slot), 0);
    assert_int_equal(cmio__fd_table_insert(&table, 7, 2, CMIO_WRITABLE, &refused), -EEXIST);
    assert_null(refused);
    assert_int_equal(slot->token, 1);
    cmio__fd_table_remove(slot);
    assert_int_equal(cmio__fd_table_insert(&table, 7, 2, CMIO_WRITABLE, &slot), 0);
    assert_int_equal(slot->token, 2);
    cmio__fd_table_free(&table);
}

static void a_slot_begins_anew_each_time(void **state) {
    (void)state;
    struct cmio__fd_table table = {.pages = NULL};
    struct cmio__fd_slot *slot;
    assert_int_equal(cmio__fd_table_insert(&table, 7, 1, CMIO_READABLE, &slot), 0);
    slot->state = slot->place = slot->batch = 77;
    cmio__fd_table_remove(slot);
    assert_int_equal(cmio__fd_table_insert(&table, 7, 1, CMIO_READABLE, &slot), 0);
    assert_int_equal(slot->state, 0);
    assert_int_equal(slot->place, 0);
    assert_int_equal(slot->batch, 0);
    cmio__fd_table_free(&table);
}

static void slots_stay_where_they_are_while_the_table_grows(void **state) {
    (void)state;
    struct cmio__fd_table table = {.pages = NULL};
    struct cmio__fd_slot *first;
    assert_int_equal(cmio__fd_table_insert(&table, 0, 42, CMIO_READABLE, &first), 0);
    for (int fd = 1; fd < 200000; fd++) {
        struct cmio__fd_slot *slot;
        assert_int_equal(cmio__fd_table_insert(&table, fd, 0, CMIO_READABLE, &slot), 0);
    }
    assert_ptr_equal(cmio__fd_table_find(&table, 0), first);
    assert_int_equal(first->token, 42);
    cmio__fd_table_free(&table);
}

static void negative_and_unknown_numbers_are_not_found(void **state) {
    (void)state;
    struct cmio__fd_table table = {.pages = NULL};
    struct cmio__fd_slot *slot;
    assert_null(cmio__fd_table_find(&table, 0));
    assert_int_equal(cmio__fd_table_insert(&table, 3, 0, CMIO_READABLE, &slot), 0);
    assert_null(cmio__fd_table_find(&table, -1));
    assert_null(cmio__fd_table_find(&table, INT_MIN));
    assert_null(cmio__fd_table_find(&table, 4));
    assert_null(cmio__fd_table_find(&table, 1 << 20));
    cmio__fd_table_free(&table);
    assert_null(cmio__fd_table_find(&table, 3));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_inserted_is_found_until_it_is_removed),
    cmocka_unit_test(a_number_is_taken_once),
    cmocka_unit_test(a_slot_begins_anew_each_time),
    cmocka_unit_test(slots_stay_where_they_are_while_the_table_grows),
    cmocka_unit_test(negative_and_unknown_numbers_are_not_found),
};
TEST_GROUP(core_fd_table, tests)
