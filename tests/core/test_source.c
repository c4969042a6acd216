/* SPDX-License-Identifier: MIT */

/*
 * The funnel that all I/O goes through, over a backend of the test's own that imitates edges and
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

static int fake_rearm(struct cmio__selector *selector, int fd, cmio_interest directions) {
    (void)selector;
    told.rearms++;
    told.fd = fd;
    told.directions = directions;
    return told.error;
}

static const struct cmio__backend imitating = {
    .name = "fake",
    .emulates_edges = true,
    .open = fake_open,
    .close = fake_close,
    .register_fd = fake_register,
    .reregister_fd = fake_register,
    .deregister_fd = fake_deregister,
    .rearm = fake_rearm,
};

static const struct cmio__backend genuine = {
    .name = "fake",
    .emulates_edges = false,
    .open = fake_open,
    .close = fake_close,
    .register_fd = fake_register,
    .reregister_fd = fake_register,
    .deregister_fd = fake_deregister,
    .rearm = fake_rearm,
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

static const struct outcome {
    cmio_interest direction;
    ssize_t result;
    size_t wanted;
    bool ends_edge;
} outcomes[] = {
    {CMIO_READABLE, 10, 10, true},      /* all that was asked for: it consumed */
    {CMIO_READABLE, 3, 10, true},       /* less: the source is drained */
    {CMIO_READABLE, 0, 10, false},      /* the end */
    {CMIO_READABLE, -EAGAIN, 10, true}, /* nothing there */
    {CMIO_READABLE, -ECONNRESET, 10, false},
    {CMIO_READABLE, -EINTR, 10, false},
    {CMIO_READABLE, -EMFILE, 0, false}, /* an accept that could not */
    {CMIO_READABLE, 7, 0, true},        /* an accept that gave a descriptor */
    {CMIO_WRITABLE, 10, 10, false},     /* there may be more room */
    {CMIO_WRITABLE, 3, 10, true},       /* the room is used up */
    {CMIO_WRITABLE, 0, 0, false},
    {CMIO_WRITABLE, -EAGAIN, 10, true},
    {CMIO_WRITABLE, -EPIPE, 10, false},
};

enum { OUTCOMES = sizeof outcomes / sizeof *outcomes };

static void what_consumed_fell_short_or_would_block_ends_an_edge(void **state) {
    (void)state;
    for (size_t i = 0; i < OUTCOMES; i++)
        assert_true(cmio__io_ends_edge(outcomes[i].direction, outcomes[i].result,
                                       outcomes[i].wanted) == outcomes[i].ends_edge);
}

static void the_funnel_arms_the_direction_whose_edge_has_ended(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &imitating);
    for (size_t i = 0; i < OUTCOMES; i++) {
        const struct outcome *outcome = &outcomes[i];
        told.rearms = 0;
        assert_int_equal(
            cmio__source_io(&setting.source, outcome->direction, outcome->result, outcome->wanted),
            outcome->result);
        assert_int_equal(told.rearms, outcome->ends_edge);
        if (outcome->ends_edge) {
            assert_int_equal(told.directions, outcome->direction);
            assert_int_equal(told.fd, FD);
        }
    }
    setting_close(&setting);
}

static void nobody_is_told_where_the_backend_has_edges_of_its_own(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, &genuine);
    for (size_t i = 0; i < OUTCOMES; i++)
        (void)cmio__source_io(&setting.source, outcomes[i].direction, outcomes[i].result,
                              outcomes[i].wanted);
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_consumed_fell_short_or_would_block_ends_an_edge),
    cmocka_unit_test(the_funnel_arms_the_direction_whose_edge_has_ended),
    cmocka_unit_test(nobody_is_told_where_the_backend_has_edges_of_its_own),
    cmocka_unit_test(nobody_is_told_of_a_source_that_is_not_registered),
    cmocka_unit_test(a_result_is_passed_on_though_the_edge_cannot_be_armed),
    cmocka_unit_test(a_source_that_was_refused_is_not_registered),
    cmocka_unit_test(a_reregister_without_memory_releases_the_source),
    cmocka_unit_test(taking_the_descriptor_releases_the_source),
    cmocka_unit_test(a_source_of_zeros_has_no_descriptor),
};

TEST_GROUP(core_source, tests)
