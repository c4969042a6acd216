/* SPDX-License-Identifier: MIT */
#include <cmio/error.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "support/test.h"

static void an_error_has_the_system_s_text(void **state) {
    (void)state;
    static const int errors[] = {EINVAL, EBADF, EEXIST, ENOENT, EPERM, EAGAIN, ECONNREFUSED};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        assert_string_equal(cmio_strerror(-errors[i]), strerror(errors[i]));
}

static void no_error_and_counts_have_the_text_of_success(void **state) {
    (void)state;
    static const long results[] = {0, 1, EINVAL, 65536, LONG_MAX};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        assert_string_equal(cmio_strerror(results[i]), strerror(0));
}

static void any_number_has_a_text(void **state) {
    (void)state;
    static const long codes[] = {-1000000, INT_MIN, -(long)INT_MAX, LONG_MIN, LONG_MIN + 1};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_non_null(cmio_strerror(codes[i]));
        assert_true(strlen(cmio_strerror(codes[i])) > 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_error_has_the_system_s_text),
    cmocka_unit_test(no_error_and_counts_have_the_text_of_success),
    cmocka_unit_test(any_number_has_a_text),
};

TEST_GROUP(core_error, tests)
