/* SPDX-License-Identifier: MIT */
#include <cmio/event.h>

#include <errno.h>
#include <string.h>

#include "support/test.h"

static const struct {
    uint32_t bit;
    bool (*asks)(const struct cmio_event *event);
    const char *name;
} flags[] = {
    {CMIO_READABLE, cmio_event_is_readable, "readable"},
    {CMIO_WRITABLE, cmio_event_is_writable, "writable"},
    {CMIO_PRIORITY, cmio_event_is_priority, "priority"},
    {CMIO_ERROR, cmio_event_is_error, "error"},
    {CMIO_READ_CLOSED, cmio_event_is_read_closed, "read-closed"},
    {CMIO_WRITE_CLOSED, cmio_event_is_write_closed, "write-closed"},
};

enum { FLAGS = sizeof flags / sizeof *flags, LONGEST_TEXT = 128 };

static void each_question_asks_for_one_flag_of_its_own(void **state) {
    (void)state;
    for (uint32_t ready = 0; ready < 1U << FLAGS; ready++) {
        const struct cmio_event event = {.token = 1, .ready = ready};
        for (size_t i = 0; i < FLAGS; i++)
            assert_true(flags[i].asks(&event) == ((ready & flags[i].bit) != 0));
    }
}

static void an_event_is_two_words_at_most(void **state) {
    (void)state;
    assert_true(sizeof(struct cmio_event) <= 2 * sizeof(cmio_token) + 4);
    if (sizeof(cmio_token) == 8)
        assert_int_equal(sizeof(struct cmio_event), 16);
}

static void the_text_names_the_token_and_each_flag(void **state) {
    (void)state;
    char text[LONGEST_TEXT];
    const struct cmio_event event = {.token = 7, .ready = CMIO_READABLE | CMIO_READ_CLOSED};
    int length = cmio_event_format(&event, text, sizeof text);
    assert_string_equal(text, "token 7: readable, read-closed");
    assert_int_equal(length, strlen(text));
    for (size_t i = 0; i < FLAGS; i++) {
        const struct cmio_event single = {.token = 0, .ready = flags[i].bit};
        length = cmio_event_format(&single, text, sizeof text);
        assert_int_equal(length, strlen(text));
        assert_int_equal(strncmp(text, "token 0: ", 9), 0);
        assert_string_equal(text + 9, flags[i].name);
    }
}

static void every_event_s_text_fits_128_bytes(void **state) {
    (void)state;
    for (uint32_t ready = 0; ready < 1U << FLAGS; ready++) {
        const struct cmio_event event = {.token = UINTPTR_MAX, .ready = ready};
        assert_in_range(cmio_event_format(&event, NULL, 0), 1, LONGEST_TEXT - 1);
    }
    const struct cmio_event strange = {.token = UINTPTR_MAX, .ready = UINT32_MAX};
    assert_in_range(cmio_event_format(&strange, NULL, 0), 1, LONGEST_TEXT - 1);
}

static void a_text_that_is_cut_ends_with_a_nul_and_tells_its_whole_length(void **state) {
    (void)state;
    const struct cmio_event event = {.token = 7, .ready = CMIO_READABLE};
    char whole[LONGEST_TEXT];
    int length = cmio_event_format(&event, whole, sizeof whole);
    assert_int_equal(length, strlen(whole));
    for (size_t size = 1; size < sizeof whole; size++) {
        char text[LONGEST_TEXT + 1];
        memset(text, '~', sizeof text);
        assert_int_equal(cmio_event_format(&event, text, size), length);
        size_t kept = size <= (size_t)length ? size - 1 : (size_t)length;
        assert_memory_equal(text, whole, kept);
        assert_int_equal(text[kept], '\0');
        assert_int_equal(text[size], '~');
    }
}

static void null_arguments_are_invalid(void **state) {
    (void)state;
    char text[LONGEST_TEXT] = "as it was";
    const struct cmio_event event = {.token = 7};
    assert_int_equal(cmio_event_format(NULL, text, sizeof text), -EINVAL);
    assert_int_equal(cmio_event_format(NULL, NULL, 0), -EINVAL);
    assert_int_equal(cmio_event_format(&event, NULL, 1), -EINVAL);
    assert_string_equal(text, "as it was");
    assert_true(cmio_event_format(&event, NULL, 0) > 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_question_asks_for_one_flag_of_its_own),
    cmocka_unit_test(an_event_is_two_words_at_most),
    cmocka_unit_test(the_text_names_the_token_and_each_flag),
    cmocka_unit_test(every_event_s_text_fits_128_bytes),
    cmocka_unit_test(a_text_that_is_cut_ends_with_a_nul_and_tells_its_whole_length),
    cmocka_unit_test(null_arguments_are_invalid),
};

TEST_GROUP(core_event, tests)
