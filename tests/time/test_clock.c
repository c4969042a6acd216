/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <cmio/time.h>

static void the_clock_never_runs_backwards(void **state) {
    (void)state;
    int64_t last = cmio_now();
    assert_true(last >= 0);
    for (int i = 0; i < 100000; i++) {
        const int64_t now = cmio_now();
        assert_true(now >= last);
        last = now;
    }
}

static void it_is_the_systems_monotonic_clock(void **state) {
    (void)state;
    const int64_t before = test_now();
    const int64_t now = cmio_now();
    const int64_t after = test_now();
    assert_true(before <= now && now <= after);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_clock_never_runs_backwards),
    cmocka_unit_test(it_is_the_systems_monotonic_clock),
};
TEST_GROUP(time_clock, tests)
