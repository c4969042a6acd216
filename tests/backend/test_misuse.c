/* SPDX-License-Identifier: MIT */

/*
 * Misuse: which error each kind of it is, that the checks come in one order on every backend, and
 * that a refused call has changed nothing: the first registration works as it did.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"

enum { TOKEN = 1, REFUSED = 2 };

/* A source that is registered, and a second poll; what is refused must leave both alone. */
struct setting {
    struct test_loop loop;
    struct test_loop other;
    struct cmio_fd_source first;
    int fds[2];
};

static void setting_open(struct setting *setting) {
    test_loop_open(&setting->loop);
    test_loop_open(&setting->other);
    test_pair_open(TEST_UNIX_STREAM, setting->fds);
    assert_int_equal(cmio_fd_source_init(&setting->first, setting->fds[0]), 0);
    assert_int_equal(cmio_registry_register(setting->loop.registry, &setting->first.source, TOKEN,
                                            CMIO_READABLE),
                     0);
}

#define expect_first_still_works(setting) expect_first_still_works_at((setting), TEST_HERE)
static void expect_first_still_works_at(struct setting *setting, const char *file, int line) {
    test_loop_expect_silence_at(&setting->loop, file, line);
    test_put(setting->fds[1], 1);
    test_loop_expect_at(&setting->loop, TOKEN, CMIO_READABLE, file, line);
    assert_int_equal(test_source_drain(&setting->first), 1);
    test_loop_expect_silence_at(&setting->loop, file, line);
    test_loop_expect_silence_at(&setting->other, file, line);
}

/* Also that the source can be changed, and let go of, after all that it went through. */
static void setting_close(struct setting *setting) {
    struct cmio_registry *registry = setting->loop.registry;
    assert_true(cmio_source_is_registered(&setting->first.source));
    assert_int_equal(
        cmio_registry_reregister(registry, &setting->first.source, TOKEN, CMIO_READABLE), 0);
    expect_first_still_works(setting);
    assert_int_equal(cmio_registry_deregister(registry, &setting->first.source), 0);
    assert_false(cmio_source_is_registered(&setting->first.source));
    assert_int_equal(cmio_fd_source_close(&setting->first), 0);
    test_pair_close(setting->fds);
    test_loop_close(&setting->other);
    test_loop_close(&setting->loop);
}

static void registering_twice_is_eexist(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio_registry_register(setting.loop.registry, &setting.first.source,
                                                REFUSED, CMIO_READABLE | CMIO_WRITABLE),
                         -EEXIST);
        expect_first_still_works(&setting);
    }
    setting_close(&setting);
}

static void registering_with_a_second_poll_is_eexist(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(cmio_registry_register(setting.other.registry, &setting.first.source, REFUSED,
                                            CMIO_READABLE),
                     -EEXIST);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void reregistering_with_a_second_poll_is_eexist(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(cmio_registry_reregister(setting.other.registry, &setting.first.source,
                                              REFUSED, CMIO_WRITABLE),
                     -EEXIST);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void deregistering_from_a_second_poll_is_eexist(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(cmio_registry_deregister(setting.other.registry, &setting.first.source),
                     -EEXIST);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void a_second_source_over_the_same_descriptor_is_eexist(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_fd_source second;
    assert_int_equal(cmio_fd_source_init(&second, setting.fds[0]), 0);
    assert_int_equal(cmio_registry_register(setting.loop.registry, &second.source, REFUSED,
                                            CMIO_READABLE | CMIO_WRITABLE),
                     -EEXIST);
    assert_false(cmio_source_is_registered(&second.source));
    expect_first_still_works(&setting);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &second.source), -ENOENT);
    assert_int_equal(cmio_fd_source_close(&second), 0);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void what_is_not_registered_is_enoent(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_fd_source never;
    assert_int_equal(cmio_fd_source_init(&never, setting.fds[1]), 0);
    struct cmio_registry *registry = setting.loop.registry;
    assert_int_equal(cmio_registry_reregister(registry, &never.source, REFUSED, CMIO_READABLE),
                     -ENOENT);
    assert_int_equal(cmio_registry_deregister(registry, &never.source), -ENOENT);
    assert_int_equal(cmio_registry_register(registry, &never.source, REFUSED, CMIO_READABLE), 0);
    assert_int_equal(cmio_registry_deregister(registry, &never.source), 0);
    assert_int_equal(cmio_registry_deregister(registry, &never.source), -ENOENT);
    assert_int_equal(cmio_registry_reregister(registry, &never.source, REFUSED, CMIO_READABLE),
                     -ENOENT);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void expect_refused(struct setting *setting, int fd, int error) {
    static const cmio_interest interests[] = {
        CMIO_READABLE,
        CMIO_WRITABLE,
        CMIO_READABLE | CMIO_WRITABLE,
        CMIO_READABLE | CMIO_LEVEL,
        CMIO_READABLE | CMIO_ONESHOT,
    };
    for (size_t i = 0; i < sizeof interests / sizeof *interests; i++) {
        struct cmio_fd_source refused;
        assert_int_equal(cmio_fd_source_init(&refused, fd), 0);
        assert_int_equal(
            cmio_registry_register(setting->loop.registry, &refused.source, REFUSED, interests[i]),
            error);
        assert_false(cmio_source_is_registered(&refused.source));
        assert_int_equal(cmio_fd_source_close(&refused), 0);
    }
    expect_first_still_works(setting);
}

static void a_regular_file_is_eperm(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    FILE *file = tmpfile();
    assert_non_null(file);
    expect_refused(&setting, fileno(file), -EPERM);
    assert_int_equal(fclose(file), 0);
    setting_close(&setting);
}

static void a_directory_is_eperm(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    int fd = open("/", O_RDONLY);
    assert_true(fd >= 0);
    expect_refused(&setting, fd, -EPERM);
    test_close(fd);
    setting_close(&setting);
}

static void a_closed_descriptor_is_ebadf(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    int fd = dup(setting.fds[1]);
    assert_true(fd >= 0);
    test_close(fd);
    expect_refused(&setting, fd, -EBADF);
    setting_close(&setting);
}

/* Registered, and closed behind cmio's back; its number is free. */
static void open_closed_behind(struct setting *setting, struct cmio_fd_source *source) {
    int pair[2];
    test_pair_open(TEST_PIPE, pair);
    assert_int_equal(cmio_fd_source_init(source, pair[1]), 0);
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &source->source, REFUSED, CMIO_WRITABLE), 0);
    test_loop_expect(&setting->loop, REFUSED, CMIO_WRITABLE);
    test_pair_close(pair);
}

static void deregistering_what_was_closed_is_ebadf_and_releases_it(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_fd_source gone;
    open_closed_behind(&setting, &gone);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &gone.source), -EBADF);
    assert_false(cmio_source_is_registered(&gone.source));
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &gone.source), -ENOENT);
    assert_int_equal(cmio_fd_source_close(&gone), 0);

    open_closed_behind(&setting, &gone);
    assert_int_equal(cmio_fd_source_close(&gone), -EBADF);
    assert_false(cmio_source_is_registered(&gone.source));
    setting_close(&setting);
}

static void reregistering_what_was_closed_is_ebadf(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_fd_source gone;
    open_closed_behind(&setting, &gone);
    assert_int_equal(cmio_registry_reregister(setting.loop.registry, &gone.source, REFUSED,
                                              CMIO_WRITABLE | CMIO_LEVEL),
                     -EBADF);
    assert_int_equal(cmio_fd_source_close(&gone), -EBADF);
    setting_close(&setting);
}

static void numbers_that_are_no_descriptors_are_ebadf(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    static const int numbers[] = {-1, -2, INT32_MIN, INT32_MAX, 1 << 20};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        expect_refused(&setting, numbers[i], -EBADF);
    setting_close(&setting);
}

static void interests_that_make_no_sense_are_invalid(void **state) {
    (void)state;
    static const cmio_interest interests[] = {
        0,
        CMIO_LEVEL,
        CMIO_ONESHOT,
        CMIO_READABLE | CMIO_LEVEL | CMIO_ONESHOT,
        CMIO_READABLE | CMIO_ERROR,
        CMIO_READABLE | 0x80000000U,
        UINT32_MAX,
    };
    struct setting setting;
    setting_open(&setting);
    struct cmio_registry *registry = setting.loop.registry;
    for (size_t i = 0; i < sizeof interests / sizeof *interests; i++) {
        struct cmio_fd_source fresh;
        assert_int_equal(cmio_fd_source_init(&fresh, setting.fds[1]), 0);
        assert_int_equal(cmio_registry_register(registry, &fresh.source, REFUSED, interests[i]),
                         -EINVAL);
        assert_false(cmio_source_is_registered(&fresh.source));
        assert_int_equal(
            cmio_registry_reregister(registry, &setting.first.source, REFUSED, interests[i]),
            -EINVAL);
        expect_first_still_works(&setting);
    }
    setting_close(&setting);
}

static void null_arguments_are_invalid(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_registry *registry = setting.loop.registry;
    struct cmio_source *first = &setting.first.source;
    assert_int_equal(cmio_registry_register(NULL, first, REFUSED, CMIO_READABLE), -EINVAL);
    assert_int_equal(cmio_registry_register(registry, NULL, REFUSED, CMIO_READABLE), -EINVAL);
    assert_int_equal(cmio_registry_reregister(NULL, first, REFUSED, CMIO_READABLE), -EINVAL);
    assert_int_equal(cmio_registry_reregister(registry, NULL, REFUSED, CMIO_READABLE), -EINVAL);
    assert_int_equal(cmio_registry_deregister(NULL, first), -EINVAL);
    assert_int_equal(cmio_registry_deregister(registry, NULL), -EINVAL);
    assert_int_equal(cmio_fd_source_init(NULL, setting.fds[1]), -EINVAL);
    assert_int_equal(cmio_fd_source_close(NULL), 0);
    assert_int_equal(cmio_fd_source_fd(NULL), -EINVAL);
    struct cmio_waker *waker = NULL;
    assert_int_equal(cmio_waker_new(NULL, registry, REFUSED), -EINVAL);
    assert_int_equal(cmio_waker_new(&waker, NULL, REFUSED), -EINVAL);
    assert_null(waker);
    assert_int_equal(cmio_waker_wake(NULL), -EINVAL);
    cmio_waker_free(NULL);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void a_source_of_zeros_is_refused_and_can_be_closed(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_registry *registry = setting.loop.registry;
    struct cmio_fd_source zeros;
    memset(&zeros, 0, sizeof zeros);
    assert_true(cmio_registry_register(registry, &zeros.source, REFUSED, CMIO_READABLE) < 0);
    assert_true(cmio_registry_reregister(registry, &zeros.source, REFUSED, CMIO_READABLE) < 0);
    assert_true(cmio_registry_deregister(registry, &zeros.source) < 0);
    assert_false(cmio_source_is_registered(&zeros.source));
    assert_int_equal(cmio_fd_source_close(&zeros), 0);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void a_closed_source_has_no_descriptor_any_more(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_fd_source closed;
    assert_int_equal(cmio_fd_source_init(&closed, setting.fds[1]), 0);
    assert_int_equal(cmio_fd_source_fd(&closed), setting.fds[1]);
    assert_int_equal(cmio_fd_source_close(&closed), 0);
    assert_int_equal(cmio_fd_source_close(&closed), 0);
    assert_int_equal(cmio_fd_source_fd(&closed), -EBADF);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &closed.source, REFUSED, CMIO_READABLE),
        -EBADF);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &closed.source), -ENOENT);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

/*
 * The order of the checks: -EINVAL, closed registry, association, descriptor. Each call here is
 * wrong in several ways at once and must name the first.
 */

/* A reference to a registry whose poll is gone. */
static struct cmio_registry *closed_registry(void) {
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_registry *registry = cmio_registry_ref(loop.registry);
    test_loop_close(&loop);
    return registry;
}

static void a_bad_argument_comes_before_a_closed_registry(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_registry *closed = closed_registry();
    struct cmio_source *first = &setting.first.source;
    assert_int_equal(cmio_registry_register(closed, NULL, REFUSED, CMIO_READABLE), -EINVAL);
    assert_int_equal(cmio_registry_register(closed, first, REFUSED, 0), -EINVAL);
    assert_int_equal(cmio_registry_reregister(closed, first, REFUSED, CMIO_LEVEL), -EINVAL);
    assert_int_equal(cmio_registry_deregister(closed, NULL), -EINVAL);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(NULL, closed, REFUSED), -EINVAL);
    assert_int_equal(cmio_waker_new(&waker, closed, REFUSED), -EBADF);
    cmio_registry_unref(closed);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void a_closed_registry_comes_before_the_association(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_registry *closed = closed_registry();
    struct cmio_source *first = &setting.first.source;
    struct cmio_fd_source never;
    assert_int_equal(cmio_fd_source_init(&never, setting.fds[1]), 0);
    assert_int_equal(cmio_registry_register(closed, first, REFUSED, CMIO_READABLE), -EBADF);
    assert_int_equal(cmio_registry_reregister(closed, first, REFUSED, CMIO_READABLE), -EBADF);
    assert_int_equal(cmio_registry_deregister(closed, first), -EBADF);
    assert_int_equal(cmio_registry_register(closed, &never.source, REFUSED, CMIO_READABLE), -EBADF);
    assert_int_equal(cmio_registry_reregister(closed, &never.source, REFUSED, CMIO_READABLE),
                     -EBADF);
    assert_int_equal(cmio_registry_deregister(closed, &never.source), -EBADF);
    cmio_registry_unref(closed);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void the_association_comes_before_the_descriptor(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_registry *registry = setting.loop.registry;
    /* Not registered, and closed or a directory. */
    struct cmio_fd_source bad;
    assert_int_equal(cmio_fd_source_init(&bad, -1), 0);
    assert_int_equal(cmio_registry_reregister(registry, &bad.source, REFUSED, CMIO_READABLE),
                     -ENOENT);
    assert_int_equal(cmio_registry_deregister(registry, &bad.source), -ENOENT);
    int directory = open("/", O_RDONLY);
    assert_true(directory >= 0);
    assert_int_equal(cmio_fd_source_init(&bad, directory), 0);
    assert_int_equal(cmio_registry_reregister(registry, &bad.source, REFUSED, CMIO_READABLE),
                     -ENOENT);
    test_close(directory);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void a_registered_source_is_eexist_elsewhere_though_its_descriptor_is_closed(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_registry *registry = setting.loop.registry;
    int pair[2];
    test_pair_open(TEST_PIPE, pair);
    struct cmio_fd_source second;
    assert_int_equal(cmio_fd_source_init(&second, pair[0]), 0);
    assert_int_equal(cmio_registry_register(registry, &second.source, REFUSED, CMIO_READABLE), 0);
    test_close(pair[0]);
    struct cmio_registry *other = setting.other.registry;
    assert_int_equal(cmio_registry_register(registry, &second.source, REFUSED, CMIO_READABLE),
                     -EEXIST);
    assert_int_equal(cmio_registry_register(other, &second.source, REFUSED, CMIO_READABLE),
                     -EEXIST);
    assert_int_equal(cmio_registry_reregister(other, &second.source, REFUSED, CMIO_READABLE),
                     -EEXIST);
    assert_int_equal(cmio_registry_deregister(other, &second.source), -EEXIST);
    (void)cmio_fd_source_close(&second); /* -EBADF where the backend looks, 0 where it does not */
    test_close(pair[1]);
    test_loop_forget(&setting.loop);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void rearming_wrongly_is_refused(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_fd_source never;
    assert_int_equal(cmio_fd_source_init(&never, setting.fds[1]), 0);
    struct cmio_source *first = &setting.first.source;
    assert_int_equal(cmio_source_rearm(NULL, CMIO_READABLE), -EINVAL);
    assert_int_equal(cmio_source_rearm(first, 0), -EINVAL);
    assert_int_equal(cmio_source_rearm(first, CMIO_LEVEL), -EINVAL);
    assert_int_equal(cmio_source_rearm(first, CMIO_READABLE | CMIO_ONESHOT), -EINVAL);
    assert_int_equal(cmio_source_rearm(first, CMIO_ERROR), -EINVAL);
    assert_int_equal(cmio_source_rearm(&never.source, 0), -EINVAL);
    assert_int_equal(cmio_source_rearm(&never.source, CMIO_READABLE), -ENOENT);
    assert_int_equal(cmio_source_rearm(first, CMIO_READABLE), 0);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void wrapping_io_wrongly_is_refused(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct cmio_fd_source *first = &setting.first;
    struct cmio_fd_source closed;
    assert_int_equal(cmio_fd_source_init(&closed, setting.fds[1]), 0);
    assert_int_equal(cmio_fd_source_close(&closed), 0);
    assert_int_equal(cmio_fd_source_note_io(NULL, CMIO_READABLE, 1, 1), -EINVAL);
    assert_int_equal(cmio_fd_source_note_io(&closed, CMIO_READABLE, 1, 1), -EINVAL);
    assert_int_equal(cmio_fd_source_note_io(first, 0, 1, 1), -EINVAL);
    assert_int_equal(cmio_fd_source_note_io(first, CMIO_PRIORITY, 1, 1), -EINVAL);
    assert_int_equal(cmio_fd_source_note_io(first, CMIO_READABLE | CMIO_WRITABLE, 1, 1), -EINVAL);
    assert_int_equal(cmio_fd_source_note_io(first, CMIO_READABLE, -2, 1), -EINVAL);
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static void wrapped_io_gives_the_count_or_the_error_of_the_call(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(cmio_fd_source_note_io(&setting.first, CMIO_READABLE, 0, 10), 0);
    assert_int_equal(cmio_fd_source_note_io(&setting.first, CMIO_WRITABLE, 10, 10), 10);
    static const int errors[] = {EAGAIN, EINTR, EPIPE, ECONNRESET, EIO};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        errno = errors[i];
        assert_int_equal(cmio_fd_source_note_io(&setting.first, CMIO_READABLE, -1, 10), -errors[i]);
    }
    expect_first_still_works(&setting);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(registering_twice_is_eexist),
    cmocka_unit_test(registering_with_a_second_poll_is_eexist),
    cmocka_unit_test(reregistering_with_a_second_poll_is_eexist),
    cmocka_unit_test(deregistering_from_a_second_poll_is_eexist),
    cmocka_unit_test(a_second_source_over_the_same_descriptor_is_eexist),
    cmocka_unit_test(what_is_not_registered_is_enoent),
    cmocka_unit_test(a_regular_file_is_eperm),
    cmocka_unit_test(a_directory_is_eperm),
    cmocka_unit_test(a_closed_descriptor_is_ebadf),
    cmocka_unit_test(deregistering_what_was_closed_is_ebadf_and_releases_it),
    cmocka_unit_test(reregistering_what_was_closed_is_ebadf),
    cmocka_unit_test(numbers_that_are_no_descriptors_are_ebadf),
    cmocka_unit_test(interests_that_make_no_sense_are_invalid),
    cmocka_unit_test(null_arguments_are_invalid),
    cmocka_unit_test(a_source_of_zeros_is_refused_and_can_be_closed),
    cmocka_unit_test(a_closed_source_has_no_descriptor_any_more),
    cmocka_unit_test(a_bad_argument_comes_before_a_closed_registry),
    cmocka_unit_test(a_closed_registry_comes_before_the_association),
    cmocka_unit_test(the_association_comes_before_the_descriptor),
    cmocka_unit_test(a_registered_source_is_eexist_elsewhere_though_its_descriptor_is_closed),
    cmocka_unit_test(rearming_wrongly_is_refused),
    cmocka_unit_test(wrapping_io_wrongly_is_refused),
    cmocka_unit_test(wrapped_io_gives_the_count_or_the_error_of_the_call),
};

TEST_GROUP(backend_misuse, tests)
