/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <cmio/error.h>

/* In a file of its own, as programs that test single files have no cmio_strerror(). */

static const char *meaning(intmax_t result) {
    return result < 0 ? cmio_strerror((long)result) : "a count";
}

void test_expect_result(intmax_t result, intmax_t expected, const char *call, const char *file,
                        int line) {
    if (result == expected)
        return;
    print_error("%s is %jd (%s), not %jd (%s)\n", call, result, meaning(result), expected,
                meaning(expected));
    _fail(file, line);
}
