/* SPDX-License-Identifier: MIT */

/*
 * The one place that the result of all I/O goes through, over a backend of the test's own that imitates edges and
 * notes what it is told.
 */
#include "core/source.h"

#include <string.h>

#include "core/registry.h"
#include "support/test.h"

enum { FD = 5, TOKEN = 1 };

/* What the backend was told last, and how often. */
static struct {
    int registers;
    int deregisters;
    int rearms;
    int closes;
    int fd;
    cmio_interest directions;
    enum cmio__outcome outcome;
    int error;
} told;

static int fake_open(struct cmio__selector **out) {
    *out = NULL;
    return 0;
}

static void fake_close(struct cmio__selector *selector) {
    (void)selector;
    told.closes++;
}

static int fake_register(struct cmio__selector *selector, int fd, cmio_token token,
                         cmio_interest interest) {
    (void)selector, (void)token, (void)interest;
    told.registers++;
    told.fd = fd;
    return told.error;
}

static int fake_deregister(struct cmio__selector *selector, int fd) {
    (void)selector;
    told.deregisters++;
    told.fd = fd;
    return told.error;
}

static int fake_rearm(struct cmio__selector *selector, int fd, cmio_interest directions,
                      enum cmio__outcome outcome) {
    (void)selector;
    told.outcome = outcome;
    told.rearms++;
    told.fd = fd;
    told.directions = directions;
    return told.error;
}

static const struct cmio__backend imitating = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .register_fd = fake_register,
    .reregister_fd = fake_register,
    .deregister_fd = fake_deregister,
    .rearm = fake_rearm,
};

static const struct cmio__backend genuine = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .register_fd = fake_register,
    .reregister_fd = fake_register,
    .deregister_fd = fake_deregister,
};

struct setting {
    struct cmio_registry *registry;
    struct cmio_source source;
};

static void setting_open(struct setting *setting, const struct cmio__backend *backend) {
    memset(&told, 0, sizeof told);
    assert_int_equal(cmio__registry_new(&setting->registry, backend), 0);
    cmio__source_set_fd(&setting->source, FD);
    assert_int_equal(
        cmio_registry_register(setting->registry, &setting->source, TOKEN, CMIO_READABLE), 0);
}

static void setting_close(struct setting *setting) {
    (void)cmio__source_release(&setting->source); /* where it was not yet */
    cmio_registry_unref(setting->registry);
    assert_int_equal(told.closes, 1);
}

enum { NOTHING = -1, BOTH = CMIO_READABLE | CMIO_WRITABLE };

static const struct row {
    cmio_interest direction;
    ssize_t result;
    size_t wanted;
    int outcome; /* enum cmio__outcome, or NOTHING */
    cmio_interest told;
} rows[] = {
    {CMIO_READABLE, 10, 10, CMIO__PROGRESS, CMIO_READABLE}, /* all that was asked for */
    {CMIO_READABLE, 3, 10, CMIO__PROGRESS, CMIO_READABLE},
    {CMIO_READABLE, 7, 0, CMIO__PROGRESS, CMIO_READABLE}, /* an accept that gave a descriptor */
    {CMIO_READABLE, 0, 10, CMIO__ENDED, CMIO_READABLE},
    {CMIO_READABLE, 0, 0, CMIO__HELD, CMIO_READABLE}, /* it may have taken a datagram */
    {CMIO_READABLE, -EAGAIN, 10, CMIO__BLOCKED, CMIO_READABLE},
    {CMIO_READABLE, -EINTR, 10, CMIO__PROGRESS, CMIO_READABLE},
    {CMIO_READABLE, -ECONNREFUSED, 10, CMIO__PROGRESS, CMIO_READABLE},
    {CMIO_READABLE, -ECONNRESET, 10, CMIO__PROGRESS, CMIO_READABLE},
    {CMIO_READABLE, -ECONNABORTED, 1, CMIO__PROGRESS, CMIO_READABLE},
    {CMIO_READABLE, -EHOSTUNREACH, 10, CMIO__PROGRESS, CMIO_READABLE},
    {CMIO_READABLE, -EIO, 10, CMIO__ENDED, CMIO_READABLE},
    {CMIO_READABLE, -EMFILE, 1, CMIO__HELD, CMIO_READABLE},
    {CMIO_READABLE, -ENFILE, 1, CMIO__HELD, CMIO_READABLE},
    {CMIO_READABLE, -ENOBUFS, 1, CMIO__HELD, CMIO_READABLE},
    {CMIO_READABLE, -ENOMEM, 1, CMIO__HELD, CMIO_READABLE},
    {CMIO_WRITABLE, 10, 10, NOTHING, 0}, /* there may be more room */
    {CMIO_WRITABLE, 3, 10, CMIO__PROGRESS, CMIO_WRITABLE},
    {CMIO_WRITABLE, 0, 0, NOTHING, 0},
    {CMIO_WRITABLE, -EAGAIN, 10, CMIO__BLOCKED, CMIO_WRITABLE},
    {CMIO_WRITABLE, -EINTR, 10, CMIO__PROGRESS, CMIO_WRITABLE},
    {CMIO_WRITABLE, -ECONNREFUSED, 10, CMIO__HELD, BOTH},
    {CMIO_WRITABLE, -ENOBUFS, 10, CMIO__HELD, BOTH},
    {CMIO_WRITABLE, -EPIPE, 10, NOTHING, 0},
};

enum { ROWS = sizeof rows / sizeof *rows };

static void expect_told(const struct row *row) {
    assert_int_equal(told.rearms, row->outcome != NOTHING);
    if (row->outcome == NOTHING)
        return;
    assert_int_equal(told.outcome, row->outcome);
    assert_int_equal(told.directions, row->told);
    assert_int_equal(told.fd, FD);
}

static void each_result_of_io_tells_the_backend_what_came_of_the_edge(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    for (size_t i = 0; i < ROWS; i++) {
        told.rearms = 0;
        assert_int_equal(
            cmio__source_io(&setting.source, rows[i].direction, rows[i].result, rows[i].wanted),
            rows[i].result);
        expect_told(&rows[i]);
    }
    setting_close(&setting);
}

static void a_peek_holds_the_edge_if_there_was_less_than_it_asked_for(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    cmio__source_note_peek(&setting.source, 10, 10);
    assert_int_equal(told.rearms, 0);
    cmio__source_note_peek(&setting.source, 4, 10);
    expect_told(&(struct row){.outcome = CMIO__HELD, .told = CMIO_READABLE});
    told.rearms = 0;
    cmio__source_note_peek(&setting.source, -EAGAIN, 10);
    expect_told(&(struct row){.outcome = CMIO__BLOCKED, .told = CMIO_READABLE});
    setting_close(&setting);
}

static void an_error_that_was_taken_arms_both_directions(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    cmio__source_note_error_taken(&setting.source);
    expect_told(&(struct row){.outcome = CMIO__PROGRESS, .told = BOTH});
    setting_close(&setting);
}

static void nobody_is_told_where_the_backend_has_edges_of_its_own(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &genuine);
    for (size_t i = 0; i < ROWS; i++)
        (void)cmio__source_io(&setting.source, rows[i].direction, rows[i].result, rows[i].wanted);
    assert_int_equal(cmio_source_rearm(&setting.source, CMIO_READABLE), 0);
    assert_int_equal(told.rearms, 0);
    setting_close(&setting);
}

static void nobody_is_told_of_a_source_that_is_not_registered(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    assert_int_equal(cmio_registry_deregister(setting.registry, &setting.source), 0);
    assert_int_equal(cmio__source_io(&setting.source, CMIO_READABLE, -EAGAIN, 1), -EAGAIN);
    assert_int_equal(told.rearms, 0);
    setting_close(&setting);
}

static void a_result_is_passed_on_though_the_edge_cannot_be_armed(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    told.error = -EBADF;
    assert_int_equal(cmio__source_io(&setting.source, CMIO_READABLE, 3, 10), 3);
    assert_int_equal(cmio_source_rearm(&setting.source, CMIO_READABLE), -EBADF);
    assert_int_equal(told.rearms, 2);
    told.error = 0;
    setting_close(&setting);
}

static void a_source_that_was_refused_is_not_registered(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    assert_int_equal(cmio_registry_deregister(setting.registry, &setting.source), 0);
    told.error = -ENOSPC;
    assert_int_equal(
        cmio_registry_register(setting.registry, &setting.source, TOKEN, CMIO_READABLE), -ENOSPC);
    assert_false(cmio_source_is_registered(&setting.source));
    assert_null(setting.source.registry);
    setting_close(&setting);
}

static void a_reregister_without_memory_releases_the_source(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    told.error = -ENOMEM;
    assert_int_equal(
        cmio_registry_reregister(setting.registry, &setting.source, TOKEN, CMIO_READABLE), -ENOMEM);
    assert_int_equal(told.deregisters, 1);
    assert_false(cmio_source_is_registered(&setting.source));
    setting_close(&setting);
}

static int reregister(struct setting *setting, cmio_interest interest) {
    return cmio_registry_reregister(setting->registry, &setting->source, TOKEN, interest);
}

static int rearms_of_a_read(struct setting *setting) {
    told.rearms = 0;
    (void)cmio__source_io(&setting->source, CMIO_READABLE, -EAGAIN, 1);
    return told.rearms;
}

static void only_an_edge_triggered_source_reports_its_io(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    assert_int_equal(rearms_of_a_read(&setting), 1);
    assert_int_equal(reregister(&setting, CMIO_READABLE | CMIO_LEVEL), 0);
    assert_int_equal(rearms_of_a_read(&setting), 0);
    assert_int_equal(reregister(&setting, CMIO_READABLE), 0);
    assert_int_equal(rearms_of_a_read(&setting), 1);
    assert_int_equal(reregister(&setting, CMIO_READABLE | CMIO_ONESHOT), 0);
    assert_int_equal(rearms_of_a_read(&setting), 0);
    setting_close(&setting);
}

static void a_refused_reregister_reports_io_as_before(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    told.error = -EBADF;
    assert_int_equal(reregister(&setting, CMIO_READABLE | CMIO_LEVEL), -EBADF);
    told.error = 0;
    assert_int_equal(rearms_of_a_read(&setting), 1);
    assert_int_equal(reregister(&setting, CMIO_READABLE | CMIO_LEVEL), 0);
    told.error = -EBADF;
    assert_int_equal(reregister(&setting, CMIO_READABLE), -EBADF);
    told.error = 0;
    assert_int_equal(rearms_of_a_read(&setting), 0);
    setting_close(&setting);
}

static void a_closed_source_stays_closed_when_a_register_fails(void **state) {
    (void)state;
    static const struct cmio__backend *const backends[] = {&imitating, &genuine};
    for (size_t i = 0; i < 2; i++) {
        struct setting setting;
        setting_open(&setting, backends[i]);
        struct cmio_source closed;
        cmio__source_set_fd(&closed, -1);
        told.error = -EBADF;
        assert_int_equal(cmio_registry_register(setting.registry, &closed, TOKEN, CMIO_READABLE),
                         -EBADF);
        told.error = 0;
        assert_int_equal(closed.io, CMIO__IO_CLOSED);
        assert_null(closed.registry);
        setting_close(&setting);
        assert_int_equal(cmio__source_take_fd(&setting.source), FD);
        assert_int_equal(setting.source.io, CMIO__IO_CLOSED);
    }
}

static void taking_the_descriptor_releases_the_source(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    assert_int_equal(cmio__source_take_fd(&setting.source), FD);
    assert_int_equal(told.deregisters, 1);
    assert_int_equal(cmio__source_fd(&setting.source), -EBADF);
    assert_int_equal(cmio__source_take_fd(&setting.source), -EBADF);
    setting_close(&setting);
}

static void a_source_of_zeros_has_no_descriptor(void **state) {
    (void)state;
    struct cmio_source zeros;
    memset(&zeros, 0, sizeof zeros);
    assert_int_equal(cmio__source_fd(&zeros), -EBADF);
    assert_int_equal(cmio__source_release(&zeros), 0);
    assert_int_equal(cmio__source_close(&zeros), 0);
}

static void a_source_with_operations_of_its_own_has_no_descriptor(void **state) {
    (void)state;
    struct cmio_source composite;
    assert_int_equal(cmio_source_init(&composite, &cmio__descriptor_ops), 0);
    assert_int_equal(cmio__source_fd(&composite), -EBADF);
    assert_false(cmio_source_is_registered(&composite));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_result_of_io_tells_the_backend_what_came_of_the_edge),
    cmocka_unit_test(a_peek_holds_the_edge_if_there_was_less_than_it_asked_for),
    cmocka_unit_test(an_error_that_was_taken_arms_both_directions),
    cmocka_unit_test(nobody_is_told_where_the_backend_has_edges_of_its_own),
    cmocka_unit_test(nobody_is_told_of_a_source_that_is_not_registered),
    cmocka_unit_test(a_result_is_passed_on_though_the_edge_cannot_be_armed),
    cmocka_unit_test(a_source_that_was_refused_is_not_registered),
    cmocka_unit_test(a_reregister_without_memory_releases_the_source),
    cmocka_unit_test(only_an_edge_triggered_source_reports_its_io),
    cmocka_unit_test(a_refused_reregister_reports_io_as_before),
    cmocka_unit_test(a_closed_source_stays_closed_when_a_register_fails),
    cmocka_unit_test(taking_the_descriptor_releases_the_source),
    cmocka_unit_test(a_source_of_zeros_has_no_descriptor),
    cmocka_unit_test(a_source_with_operations_of_its_own_has_no_descriptor),
};

TEST_GROUP(core_source, tests)
