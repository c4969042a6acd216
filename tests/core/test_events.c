/* SPDX-License-Identifier: MIT */
#include "core/events.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "core/backends.h"
#include "support/test.h"

static struct cmio_events *batch_of(size_t count, size_t capacity) {
    struct cmio_events *events;
    assert_int_equal(cmio_events_new(&events, capacity), 0);
    for (size_t i = 0; i < count; i++)
        events->list[i] = (struct cmio_event){.token = i, .ready = CMIO_READABLE};
    events->count = count;
    return events;
}

static size_t visits(const struct cmio_events *events) {
    size_t count = 0;
    CMIO_EVENTS_FOREACH (event, events)
        count++;
    return count;
}

static void a_new_batch_is_empty_and_has_its_capacity(void **state) {
    (void)state;
    static const size_t capacities[] = {1, 2, 64, 1024, 100000};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        struct cmio_events *events;
        assert_int_equal(cmio_events_new(&events, capacities[i]), 0);
        assert_int_equal(cmio_events_capacity(events), capacities[i]);
        assert_int_equal(cmio_events_count(events), 0);
        assert_ptr_equal(cmio_events_begin(events), cmio_events_end(events));
        assert_int_equal(visits(events), 0);
        cmio_events_free(events);
    }
}

static void a_capacity_of_nothing_or_too_much_is_invalid_and_changes_nothing(void **state) {
    (void)state;
    struct cmio_events *events = NULL;
    static const size_t wrong[] = {0, (size_t)INT_MAX / 64 + 1, INT_MAX, SIZE_MAX, SIZE_MAX / 16};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cmio_events_new(&events, wrong[i]), -EINVAL);
    assert_int_equal(cmio_events_new(NULL, 1), -EINVAL);
    assert_null(events);
}

static void the_kernel_s_records_are_behind_the_events_and_aligned(void **state) {
    (void)state;
    for (size_t capacity = 1; capacity < 20; capacity++) {
        struct cmio_events *events = batch_of(0, capacity);
        assert_true((char *)events->records >= (char *)(events->list + capacity));
        assert_int_equal((uintptr_t)events->records % _Alignof(max_align_t), 0);
        /* All of it may be written: sanitizers and valgrind watch. */
        unsigned char *bytes = events->records;
        for (size_t i = 0; i < capacity * cmio__backends_record_size(); i++)
            bytes[i] = 0xff;
        cmio_events_free(events);
    }
}

static void a_batch_is_visited_in_order(void **state) {
    (void)state;
    struct cmio_events *events = batch_of(5, 8);
    cmio_token expected = 0;
    CMIO_EVENTS_FOREACH (event, events)
        assert_int_equal(event->token, expected++);
    assert_int_equal(expected, 5);
    assert_int_equal(cmio_events_end(events) - cmio_events_begin(events), 5);
    cmio_events_free(events);
}

static void blanked_events_are_counted_and_not_visited(void **state) {
    (void)state;
    struct cmio_events *events = batch_of(6, 6);
    events->list[1].token = 3;
    cmio_events_purge(events, 3);
    cmio_events_purge(events, 0);
    cmio_events_purge(events, 5);
    cmio_events_purge(events, 1000);
    assert_int_equal(cmio_events_count(events), 6);
    static const cmio_token left[] = {2, 4};
    size_t visited = 0;
    CMIO_EVENTS_FOREACH (event, events)
        assert_int_equal(event->token, left[visited++]);
    assert_int_equal(visited, 2);
    assert_int_equal(cmio_events_begin(events)[1].ready, 0);
    cmio_events_free(events);
}

static void a_purge_during_the_visit_skips_what_was_not_visited_yet(void **state) {
    (void)state;
    struct cmio_events *events = batch_of(6, 6);
    size_t visited = 0;
    CMIO_EVENTS_FOREACH (event, events) {
        cmio_events_purge(events, event->token + 1);
        visited++;
    }
    assert_int_equal(visited, 3);
    cmio_events_free(events);
}

static void break_and_continue_work_in_a_visit(void **state) {
    (void)state;
    struct cmio_events *events = batch_of(6, 6);
    cmio_token last = 0;
    size_t odd = 0;
    CMIO_EVENTS_FOREACH (event, events) {
        if (event->token % 2 == 0)
            continue;
        odd++;
        last = event->token;
        if (event->token == 3)
            break;
    }
    assert_int_equal(odd, 2);
    assert_int_equal(last, 3);
    cmio_events_free(events);
}

static void a_cleared_batch_is_empty(void **state) {
    (void)state;
    struct cmio_events *events = batch_of(6, 6);
    cmio_events_clear(events);
    assert_int_equal(cmio_events_count(events), 0);
    assert_int_equal(visits(events), 0);
    assert_int_equal(cmio_events_capacity(events), 6);
    cmio_events_free(events);
}

static void null_is_an_empty_batch_without_room(void **state) {
    (void)state;
    assert_int_equal(cmio_events_count(NULL), 0);
    assert_int_equal(cmio_events_capacity(NULL), 0);
    assert_ptr_equal(cmio_events_begin(NULL), cmio_events_end(NULL));
    assert_int_equal(visits(NULL), 0);
    cmio_events_clear(NULL);
    cmio_events_purge(NULL, 1);
    cmio_events_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_new_batch_is_empty_and_has_its_capacity),
    cmocka_unit_test(a_capacity_of_nothing_or_too_much_is_invalid_and_changes_nothing),
    cmocka_unit_test(the_kernel_s_records_are_behind_the_events_and_aligned),
    cmocka_unit_test(a_batch_is_visited_in_order),
    cmocka_unit_test(blanked_events_are_counted_and_not_visited),
    cmocka_unit_test(a_purge_during_the_visit_skips_what_was_not_visited_yet),
    cmocka_unit_test(break_and_continue_work_in_a_visit),
    cmocka_unit_test(a_cleared_batch_is_empty),
    cmocka_unit_test(null_is_an_empty_batch_without_room),
};

TEST_GROUP(core_events, tests)
