/* SPDX-License-Identifier: MIT */

/* The slots of bound sources from inside: what is known of a source, who waits, and what comes next. */
#include "async/io_slot.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "async/worker.h"
#include "support/test.h"

/* A worker that has slots and nothing else. */
static struct cmio__worker *new_worker(void) {
    void *memory = NULL;
    assert_int_equal(
        posix_memalign(&memory, alignof(struct cmio__worker), sizeof(struct cmio__worker)), 0);
    struct cmio__worker *worker = memory;
    memset(worker, 0, sizeof *worker);
    return worker;
}

static void free_worker(struct cmio__worker *worker) {
    cmio__io_slots_destroy(&worker->slots);
    free(worker);
}

static void pass_wait(struct cmio__worker *worker) {
    struct cmio__io_slot *closed = cmio__io_slots_before_wait(&worker->slots);
    cmio__io_slots_after_wait(&worker->slots, closed);
}

static struct cmio__io_wait wait_for(struct cmio__io_slot *slot, cmio_interest direction) {
    return (struct cmio__io_wait){
        .slot = slot, .generation = atomic_load(&slot->generation), .direction = direction};
}

/* A waker that wakes nobody: what it did shows in the slot. */
static const struct cmio_task_waker nobody;

static enum cmio_future_state poll_wait(struct cmio__io_wait *wait, int expected) {
    int error = 77;
    const enum cmio_future_state state = cmio__io_slot_poll(wait, &nobody, &error);
    TEST_GIVES(error, expected);
    return state;
}

/* Finds the slot ready, and then nothing there. */
static void find_nothing(struct cmio__io_wait *wait) {
    assert_int_equal(poll_wait(wait, 0), CMIO_READY);
    cmio__io_slot_clear(wait);
    assert_int_equal(poll_wait(wait, 0), CMIO_PENDING);
}

static void a_new_slot_counts_as_ready_for_what_it_was_taken_for(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, CMIO_WRITABLE);
    struct cmio__io_wait reader = wait_for(slot, CMIO_READABLE);
    struct cmio__io_wait writer = wait_for(slot, CMIO_WRITABLE);
    assert_int_equal(poll_wait(&reader, 0), CMIO_PENDING);
    assert_int_equal(poll_wait(&writer, 0), CMIO_READY);
    free_worker(worker);
}

static void each_direction_is_cleared_and_woken_by_itself(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, CMIO_READABLE | CMIO_WRITABLE);
    struct cmio__io_wait reader = wait_for(slot, CMIO_READABLE);
    struct cmio__io_wait writer = wait_for(slot, CMIO_WRITABLE);
    find_nothing(&reader);
    assert_int_equal(poll_wait(&writer, 0), CMIO_READY);
    find_nothing(&writer);
    assert_ptr_equal(slot->reader.who, &reader);
    assert_ptr_equal(slot->writer.who, &writer);
    cmio__io_slot_event(slot, CMIO_WRITABLE);
    assert_ptr_equal(slot->reader.who, &reader);
    assert_null(slot->writer.who);
    assert_int_equal(poll_wait(&reader, 0), CMIO_PENDING);
    assert_int_equal(poll_wait(&writer, 0), CMIO_READY);
    free_worker(worker);
}

static void priority_data_wakes_who_reads(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, CMIO_READABLE);
    struct cmio__io_wait reader = wait_for(slot, CMIO_READABLE);
    find_nothing(&reader);
    cmio__io_slot_event(slot, CMIO_PRIORITY);
    assert_null(slot->reader.who);
    assert_int_equal(poll_wait(&reader, 0), CMIO_READY);
    assert_int_equal(reader.seen & CMIO__READINESS, CMIO_PRIORITY);
    free_worker(worker);
}

static void an_event_after_the_look_is_not_cleared(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, CMIO_READABLE);
    struct cmio__io_wait reader = wait_for(slot, CMIO_READABLE);
    assert_int_equal(poll_wait(&reader, 0), CMIO_READY);
    cmio__io_slot_event(slot, CMIO_READABLE);
    cmio__io_slot_clear(&reader);
    assert_int_equal(poll_wait(&reader, 0), CMIO_READY);
    find_nothing(&reader);
    free_worker(worker);
}

/* An event sets the bit first, and takes the waker afterwards: the task may be gone by then. */
static void who_is_ready_has_left_no_waker(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, CMIO_READABLE);
    struct cmio__io_wait reader = wait_for(slot, CMIO_READABLE);
    find_nothing(&reader);
    atomic_fetch_or(&slot->readiness, CMIO_READABLE);
    assert_int_equal(poll_wait(&reader, 0), CMIO_READY);
    assert_null(slot->reader.who);
    free_worker(worker);
}

static void who_is_dropped_has_left_no_waker(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, CMIO_READABLE);
    struct cmio__io_wait reader = wait_for(slot, CMIO_READABLE);
    struct cmio__io_wait second = wait_for(slot, CMIO_READABLE);
    find_nothing(&reader);
    assert_int_equal(poll_wait(&second, -EBUSY), CMIO_READY);
    cmio__io_slot_forget(&second);
    assert_ptr_equal(slot->reader.who, &reader);
    cmio__io_slot_forget(&reader);
    assert_null(slot->reader.who);
    assert_int_equal(poll_wait(&second, 0), CMIO_PENDING);
    free_worker(worker);
}

static void a_closed_slot_is_used_again_after_a_wait_has_begun(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *first = cmio__io_slot_take(worker, CMIO_READABLE);
    cmio__io_slot_close(first);
    struct cmio__io_slot *second = cmio__io_slot_take(worker, CMIO_READABLE);
    assert_ptr_not_equal(first, second);
    struct cmio__io_slot *closed = cmio__io_slots_before_wait(&worker->slots);
    cmio__io_slot_close(second); /* an event of it may be among those that this wait brings */
    cmio__io_slots_after_wait(&worker->slots, closed);
    assert_ptr_equal(cmio__io_slot_take(worker, CMIO_READABLE), first);
    assert_ptr_not_equal(cmio__io_slot_take(worker, CMIO_READABLE), second);
    pass_wait(worker);
    assert_ptr_equal(cmio__io_slot_take(worker, CMIO_READABLE), second);
    free_worker(worker);
}

/* A worker without sources does not look at its poll; one with closed ones must, to use them again. */
static void a_closed_slot_is_in_use_until_then(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slots[3];
    for (int i = 0; i < 3; i++)
        slots[i] = cmio__io_slot_take(worker, CMIO_READABLE);
    for (int i = 0; i < 3; i++)
        cmio__io_slot_close(slots[i]);
    assert_int_equal(atomic_load(&worker->slots.in_use), 3);
    pass_wait(worker);
    assert_int_equal(atomic_load(&worker->slots.in_use), 0);
    free_worker(worker);
}

static void who_waits_for_a_closed_source_does_not_see_the_next_one(void **state) {
    (void)state;
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, CMIO_READABLE);
    struct cmio__io_wait waiting = wait_for(slot, CMIO_READABLE);
    struct cmio__io_wait not_polled = wait_for(slot, CMIO_READABLE);
    find_nothing(&waiting);
    cmio__io_slot_close(slot);
    assert_null(slot->reader.who);
    pass_wait(worker);
    assert_ptr_equal(cmio__io_slot_take(worker, CMIO_READABLE), slot);
    struct cmio__io_wait next = wait_for(slot, CMIO_READABLE);
    cmio__io_slot_clear(&waiting); /* what the old one found is about the old source */
    assert_int_equal(poll_wait(&next, 0), CMIO_READY);
    struct cmio__io_wait other = not_polled;
    assert_int_equal(poll_wait(&other, -ECANCELED), CMIO_READY);
    find_nothing(&next);
    assert_int_equal(poll_wait(&waiting, -ECANCELED), CMIO_READY);
    assert_int_equal(poll_wait(&not_polled, -ECANCELED), CMIO_READY);
    cmio__io_slot_forget(&waiting);
    assert_ptr_equal(slot->reader.who, &next);
    free_worker(worker);
}

/* More than are allocated at once. */
static void slots_are_enough_for_any_number_of_sources(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    struct cmio__worker *worker = new_worker();
    struct cmio__io_slot *slots[COUNT];
    for (int i = 0; i < COUNT; i++) {
        slots[i] = cmio__io_slot_take(worker, CMIO_READABLE);
        assert_ptr_equal(slots[i]->worker, worker);
        slots[i]->reader.who = &slots[i]; /* nobody else has it */
    }
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(slots[i]->reader.who, &slots[i]);
        cmio__io_slot_close(slots[i]);
    }
    free_worker(worker);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_new_slot_counts_as_ready_for_what_it_was_taken_for),
    cmocka_unit_test(each_direction_is_cleared_and_woken_by_itself),
    cmocka_unit_test(priority_data_wakes_who_reads),
    cmocka_unit_test(an_event_after_the_look_is_not_cleared),
    cmocka_unit_test(who_is_ready_has_left_no_waker),
    cmocka_unit_test(who_is_dropped_has_left_no_waker),
    cmocka_unit_test(a_closed_slot_is_used_again_after_a_wait_has_begun),
    cmocka_unit_test(a_closed_slot_is_in_use_until_then),
    cmocka_unit_test(who_waits_for_a_closed_source_does_not_see_the_next_one),
    cmocka_unit_test(slots_are_enough_for_any_number_of_sources),
};

TEST_GROUP(async_io_slot, tests)
