/* SPDX-License-Identifier: MIT */
#include <cmio/version.h>

#include <stdio.h>

#include "support/test.h"

static void the_library_has_the_version_of_its_headers(void **state) {
    (void)state;
    assert_string_equal(cmio_version(), CMIO_VERSION_STRING);
}

static void the_version_s_text_and_numbers_agree(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", CMIO_VERSION_MAJOR, CMIO_VERSION_MINOR,
             CMIO_VERSION_PATCH);
    assert_string_equal(CMIO_VERSION_STRING, text);
}

static void a_later_version_is_a_greater_number(void **state) {
    (void)state;
    assert_int_equal(CMIO_VERSION,
                     CMIO_VERSION_MAJOR * 10000 + CMIO_VERSION_MINOR * 100 + CMIO_VERSION_PATCH);
    assert_in_range(CMIO_VERSION_MINOR, 0, 99);
    assert_in_range(CMIO_VERSION_PATCH, 0, 99);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_library_has_the_version_of_its_headers),
    cmocka_unit_test(the_version_s_text_and_numbers_agree),
    cmocka_unit_test(a_later_version_is_a_greater_number),
};

TEST_GROUP(core_version, tests)
