/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <cmio/error.h>

/* In a file of its own, as programs that test single files have no cmio_strerror(). */

static void describe(const char *before, intmax_t result, const char *after) {
    if (result < 0)
        print_error("%s%jd (%s)%s", before, result, cmio_strerror((long)result), after);
    else
        print_error("%s%jd%s", before, result, after);
}

void test_expect_result(intmax_t result, intmax_t expected, const char *call, const char *file,
                        int line) {
    if (result == expected)
        return;
    print_error("%s", call);
    describe(" is ", result, "");
    describe(", not ", expected, "\n");
    _fail(file, line);
}
