/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <string.h>

#include "progress.h"

static void assert_line(struct progress progress, int columns, const char *expected) {
    char line[PROGRESS_MAX];
    progress_format(&progress, 25, 3, 2 * CMIO_SECOND, columns, line);
    assert_string_equal(line, expected);
}

static void the_line_fits_the_terminal(void **state) {
    (void)state;
    const struct progress progress = {.total = 100};
    static const char *const lines[] = {
        " 25% [######..................] 25/100, 3 failed, 12/s, 6 s left",
        " 25% 25/100, 3 failed, 12/s, 6 s left",
        " 25% 3 failed, 12/s, 6 s left",
        "25% 3! 12/s 6 s",
    };
    int columns = 200;
    for (int i = 0; i < 4; i++) {
        for (; columns > (int)strlen(lines[i]); columns--)
            assert_line(progress, columns, lines[i]);
    }
    for (; columns > 0; columns--) { /* the rest is cut */
        char cut[PROGRESS_MAX] = {0};
        memcpy(cut, lines[3], (size_t)columns - 1);
        assert_line(progress, columns, cut);
    }
}

static void the_time_that_is_left_follows_from_what_is_further_along(void **state) {
    (void)state;
    static const struct {
        uint64_t total;
        int64_t duration;
        const char *line;
    } cases[] = {
        {UINT64_MAX, 0, "  0% 25, 3 failed, 12/s, ? left"},
        {UINT64_MAX, 8 * CMIO_SECOND, " 25% 25, 3 failed, 12/s, 6 s left"},
        {100, 4 * CMIO_SECOND, " 50% 25/100, 3 failed, 12/s, 2 s left"},
        {100, 1000 * CMIO_SECOND, " 25% 25/100, 3 failed, 12/s, 6 s left"},
        {UINT64_MAX, CMIO_SECOND, "100% 25, 3 failed, 12/s, 0 s left"},
        {UINT64_MAX, 602 * CMIO_SECOND, "  0% 25, 3 failed, 12/s, 10 min left"},
        {25000000, 0, "  0% 25/25000000, 3 failed, 12/s, 556 h left"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct progress progress = {.total = cases[i].total, .duration = cases[i].duration};
        assert_line(progress, 50, cases[i].line);
    }
}

static void the_rate_is_that_of_late(void **state) {
    (void)state;
    struct progress progress = {.total = UINT64_MAX};
    char line[PROGRESS_MAX];
    for (int64_t i = 1; i <= 100; i++)
        progress_format(&progress, (uint64_t)i * 100, 0, i * CMIO_SECOND / 10, 50, line);
    assert_non_null(strstr(line, " 1000/s,"));
    progress_format(&progress, 10000, 0, 101 * CMIO_SECOND / 10, 50, line);
    assert_non_null(strstr(line, " 800/s,"));
    for (int64_t i = 102; i <= 150; i++)
        progress_format(&progress, 10000, 0, i * CMIO_SECOND / 10, 50, line);
    assert_non_null(strstr(line, " 0/s,"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_line_fits_the_terminal),
    cmocka_unit_test(the_time_that_is_left_follows_from_what_is_further_along),
    cmocka_unit_test(the_rate_is_that_of_late),
};

TEST_GROUP(drill_progress, tests)
