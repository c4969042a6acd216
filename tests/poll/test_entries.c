/* SPDX-License-Identifier: MIT */
/* The entries of poll(2): what is asked for after each step, without a system call. */
#include "support/test.h"

#include <errno.h>
#include <string.h>

#include <cmio/event.h>

#include "poll/entries.h"
#include "posix/features.h"

enum { OWN = 3, FD = 7, LOST_READER = CMIO__POLL_MISSES_LOST_READER ? POLLIN : 0 };

struct fixture {
    struct cmio__poll_entries entries;
    struct cmio__fd_slot *slot; /* of FD */
};

static struct fixture open_fixture(cmio_interest interest) {
    struct fixture fixture;
    assert_int_equal(cmio__poll_entries_init(&fixture.entries, OWN), 0);
    assert_int_equal(cmio__poll_entries_add(&fixture.entries, FD, 42, interest), 0);
    fixture.slot = cmio__fd_table_find(&fixture.entries.table, FD);
    assert_non_null(fixture.slot);
    return fixture;
}

static const struct pollfd *entry_of(const struct fixture *fixture) {
    return &fixture->entries.list[fixture->slot->place];
}

static uint32_t deliver(struct fixture *fixture, int events) {
    fixture->entries.list[fixture->slot->place].revents = (short)events;
    return cmio__poll_entries_deliver(&fixture->entries, fixture->slot, FD);
}

static void assert_asked(const struct fixture *fixture, int events) {
    assert_int_equal(entry_of(fixture)->fd, FD);
    assert_int_equal(entry_of(fixture)->events, events);
}

static void assert_skipped(const struct fixture *fixture) {
    assert_int_equal(entry_of(fixture)->fd, ~FD);
    assert_int_equal(cmio__poll_entry_fd(entry_of(fixture)), FD);
}

static void interest_is_what_poll_is_asked_for(void **state) {
    (void)state;
    static const struct {
        cmio_interest interest;
        int events;
    } rows[] = {
        {CMIO_READABLE, POLLIN | CMIO__POLLRDHUP},
        {CMIO_WRITABLE, POLLOUT | LOST_READER},
        {CMIO_PRIORITY, POLLPRI},
        {CMIO_READABLE | CMIO_WRITABLE | CMIO_LEVEL, POLLIN | CMIO__POLLRDHUP | POLLOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fixture = open_fixture(rows[i].interest);
        assert_asked(&fixture, rows[i].events);
        cmio__poll_entries_free(&fixture.entries);
    }
}

static void an_edge_disarms_its_direction_alone(void **state) {
    (void)state;
    struct fixture fixture = open_fixture(CMIO_READABLE | CMIO_WRITABLE);
    assert_int_equal(deliver(&fixture, POLLOUT), CMIO_WRITABLE);
    assert_asked(&fixture, POLLIN | CMIO__POLLRDHUP);
    assert_int_equal(deliver(&fixture, POLLIN), CMIO_READABLE);
    assert_asked(&fixture, CMIO__POLLRDHUP); /* as are error and hang-up */
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_WRITABLE);
    assert_asked(&fixture, CMIO__POLLRDHUP | POLLOUT);
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_READABLE);
    assert_asked(&fixture, POLLIN | CMIO__POLLRDHUP | POLLOUT);
    cmio__poll_entries_free(&fixture.entries);
}

static void a_half_close_is_told_once_until_reading_arms_it(void **state) {
    (void)state;
    if (CMIO__POLLRDHUP == 0)
        skip();
    struct fixture fixture = open_fixture(CMIO_READABLE | CMIO_WRITABLE);
    assert_int_equal(deliver(&fixture, POLLIN), CMIO_READABLE);
    assert_int_equal(deliver(&fixture, CMIO__POLLRDHUP), CMIO_READABLE | CMIO_READ_CLOSED);
    assert_asked(&fixture, POLLOUT | LOST_READER);
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_WRITABLE);
    assert_asked(&fixture, POLLOUT | LOST_READER);
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_READABLE);
    assert_asked(&fixture, POLLIN | CMIO__POLLRDHUP | POLLOUT);
    cmio__poll_entries_free(&fixture.entries);
}

static void an_edge_that_was_not_asked_for_is_not_armed(void **state) {
    (void)state;
    struct fixture fixture = open_fixture(CMIO_READABLE);
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_WRITABLE | CMIO_PRIORITY);
    assert_asked(&fixture, POLLIN | CMIO__POLLRDHUP);
    cmio__poll_entries_free(&fixture.entries);
}

static void reading_arms_out_of_band_data_too(void **state) {
    (void)state;
    struct fixture fixture = open_fixture(CMIO_READABLE | CMIO_PRIORITY);
    assert_int_equal(deliver(&fixture, POLLIN | POLLPRI), CMIO_READABLE | CMIO_PRIORITY);
    assert_asked(&fixture, CMIO__POLLRDHUP);
    assert_false(cmio__poll_slot_is_armed(fixture.slot, CMIO_READABLE));
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_READABLE);
    assert_asked(&fixture, POLLIN | CMIO__POLLRDHUP | POLLPRI);
    assert_true(cmio__poll_slot_is_armed(fixture.slot, CMIO_READABLE));
    cmio__poll_entries_free(&fixture.entries);
}

static void after_a_hang_up_the_entry_is_skipped_until_it_is_armed(void **state) {
    (void)state;
    static const int endings[] = {POLLHUP, POLLERR, POLLERR | POLLHUP};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct fixture fixture = open_fixture(CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY);
        const uint32_t ready = deliver(&fixture, endings[i]);
        assert_int_equal(ready & (CMIO_READABLE | CMIO_WRITABLE), CMIO_READABLE | CMIO_WRITABLE);
        assert_skipped(&fixture);
        cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_READABLE);
        assert_asked(&fixture, POLLIN | CMIO__POLLRDHUP | POLLPRI);
        cmio__poll_entries_free(&fixture.entries);
    }
}

static void an_entry_with_hang_up_alone_asks_for_what_hardly_ever_comes(void **state) {
    (void)state;
    struct fixture fixture = open_fixture(CMIO_WRITABLE);
    assert_int_equal(deliver(&fixture, POLLOUT), CMIO_WRITABLE);
    assert_asked(&fixture, POLLPRI);
    assert_int_equal(deliver(&fixture, POLLPRI), 0); /* nobody asked for it */
    assert_asked(&fixture, 0);
    assert_int_equal(deliver(&fixture, POLLHUP) & CMIO_WRITABLE, CMIO_WRITABLE);
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_WRITABLE);
    assert_asked(&fixture, POLLOUT | LOST_READER);
    cmio__poll_entries_free(&fixture.entries);
}

/* As on OpenBSD, which the program of the other name is compiled for. */
static void a_writer_asks_for_input_where_it_would_not_hear_that_its_reader_goes(void **state) {
    (void)state;
    if (!CMIO__POLL_MISSES_LOST_READER)
        skip();
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct fixture fixture = open_fixture(CMIO_WRITABLE | modes[i]);
        assert_asked(&fixture, POLLOUT | POLLIN);
        assert_int_equal(deliver(&fixture, POLLIN),
                         0); /* a socket's bytes, which nobody asked for */
        assert_asked(&fixture, POLLOUT);
        assert_int_equal(deliver(&fixture, POLLIN | POLLHUP) & CMIO_WRITABLE, CMIO_WRITABLE);
        cmio__poll_entries_free(&fixture.entries);
    }
}

static void level_stays_armed(void **state) {
    (void)state;
    struct fixture fixture = open_fixture(CMIO_READABLE | CMIO_LEVEL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(deliver(&fixture, POLLIN), CMIO_READABLE);
        assert_asked(&fixture, POLLIN | CMIO__POLLRDHUP);
    }
    cmio__poll_entries_free(&fixture.entries);
}

static void oneshot_is_silent_until_it_is_replaced(void **state) {
    (void)state;
    struct fixture fixture = open_fixture(CMIO_READABLE | CMIO_WRITABLE | CMIO_ONESHOT);
    assert_int_equal(deliver(&fixture, POLLOUT), CMIO_WRITABLE);
    assert_skipped(&fixture);
    cmio__poll_entries_rearm(&fixture.entries, fixture.slot, FD, CMIO_READABLE);
    assert_skipped(&fixture);
    cmio__poll_entries_replace(&fixture.entries, fixture.slot, FD, 43, CMIO_WRITABLE);
    assert_asked(&fixture, POLLOUT | LOST_READER);
    assert_int_equal(fixture.slot->token, 43);
    cmio__poll_entries_free(&fixture.entries);
}

static void a_closed_descriptor_is_no_event_and_is_skipped(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    for (size_t i = 0; i < 3; i++) {
        struct fixture fixture = open_fixture(CMIO_READABLE | modes[i]);
        assert_int_equal(deliver(&fixture, POLLNVAL), 0);
        assert_skipped(&fixture);
        cmio__poll_entries_free(&fixture.entries);
    }
}

static void removing_fills_the_place_with_the_last(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    assert_int_equal(cmio__poll_entries_init(&entries, OWN), 0);
    for (int fd = 100; fd < 200; fd++)
        assert_int_equal(cmio__poll_entries_add(&entries, fd, (cmio_token)fd, CMIO_READABLE), 0);
    for (int fd = 100; fd < 200; fd += 2)
        cmio__poll_entries_remove(&entries, cmio__fd_table_find(&entries.table, fd));
    assert_int_equal(entries.count, 50);
    assert_int_equal(entries.list[50].fd, OWN);
    for (int fd = 101; fd < 200; fd += 2) {
        const struct cmio__fd_slot *slot = cmio__fd_table_find(&entries.table, fd);
        assert_non_null(slot);
        assert_int_equal(entries.list[slot->place].fd, fd);
        assert_null(cmio__fd_table_find(&entries.table, fd - 1));
    }
    cmio__poll_entries_free(&entries);
}

static void a_skipped_entry_can_be_moved_and_armed(void **state) {
    (void)state;
    struct fixture fixture = open_fixture(CMIO_READABLE | CMIO_ONESHOT);
    assert_int_equal(cmio__poll_entries_add(&fixture.entries, FD + 1, 1, CMIO_READABLE), 0);
    assert_int_equal(cmio__poll_entries_add(&fixture.entries, FD + 1, 1, CMIO_READABLE), -EEXIST);
    struct cmio__fd_slot *other = cmio__fd_table_find(&fixture.entries.table, FD + 1);
    fixture.entries.list[other->place].revents = POLLHUP;
    (void)cmio__poll_entries_deliver(&fixture.entries, other, FD + 1);
    assert_int_equal(fixture.entries.list[other->place].fd, ~(FD + 1));
    cmio__poll_entries_remove(&fixture.entries, fixture.slot);
    assert_int_equal(fixture.entries.count, 1);
    assert_int_equal(other->place, 0);
    cmio__poll_entries_rearm(&fixture.entries, other, FD + 1, CMIO_READABLE);
    assert_int_equal(fixture.entries.list[0].fd, FD + 1);
    assert_int_equal(fixture.entries.list[1].fd, OWN);
    cmio__poll_entries_free(&fixture.entries);
}

/* Every length, start and place of up to two strides; what lies beyond the end is no one's. */
static void the_next_ready_entry_is_found_wherever_it_is(void **state) {
    (void)state;
    enum { LONGEST = 20 };
    struct pollfd list[LONGEST + 8];
    memset(list, 0xff, sizeof list); /* descriptors and events do not count, revents do */
    for (size_t i = 0; i < LONGEST; i++)
        list[i].revents = 0;
    for (size_t end = 0; end <= LONGEST; end++)
        for (size_t start = 0; start <= end; start++) {
            struct pollfd kept[LONGEST + 8];
            memcpy(kept, list, sizeof list);
            for (size_t i = end; i < LONGEST; i++)
                kept[i].revents = POLLIN;
            for (size_t ready = end; ready-- > start;) {
                kept[ready].revents = ready % 2 == 0 ? POLLNVAL : (short)0x8000;
                assert_int_equal(cmio__poll_find_ready(kept, start, end), ready);
            }
            memset(kept, 0, sizeof kept);
            if (start > 0)
                kept[start - 1].revents = POLLIN;
            kept[end].revents = POLLIN;
            assert_int_equal(cmio__poll_find_ready(kept, start, end), end);
        }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(interest_is_what_poll_is_asked_for),
    cmocka_unit_test(an_edge_disarms_its_direction_alone),
    cmocka_unit_test(a_half_close_is_told_once_until_reading_arms_it),
    cmocka_unit_test(an_edge_that_was_not_asked_for_is_not_armed),
    cmocka_unit_test(reading_arms_out_of_band_data_too),
    cmocka_unit_test(after_a_hang_up_the_entry_is_skipped_until_it_is_armed),
    cmocka_unit_test(an_entry_with_hang_up_alone_asks_for_what_hardly_ever_comes),
    cmocka_unit_test(a_writer_asks_for_input_where_it_would_not_hear_that_its_reader_goes),
    cmocka_unit_test(level_stays_armed),
    cmocka_unit_test(oneshot_is_silent_until_it_is_replaced),
    cmocka_unit_test(a_closed_descriptor_is_no_event_and_is_skipped),
    cmocka_unit_test(removing_fills_the_place_with_the_last),
    cmocka_unit_test(a_skipped_entry_can_be_moved_and_armed),
    cmocka_unit_test(the_next_ready_entry_is_found_wherever_it_is),
};
TEST_GROUP(poll_entries, tests)
