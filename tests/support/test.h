/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_TEST_H
#define CMIO_TESTS_TEST_H

/*
 * How a test file is made: functions named by the sentence that they prove, an array of them, and
 *
 *     static const struct CMUnitTest tests[] = {cmocka_unit_test(a_thing_does_this), ...};
 *     TEST_GROUP(core_poll, tests)
 *
 * which gives the file its main. The program takes [--list] [--backend NAME] [--without-input]
 * [PATTERN]. PATTERN is a test's name with * and ?. --list shows the names and runs nothing.
 * --without-input closes standard input, so that the first descriptor that a test opens is 0. After
 * each test without a teardown of its own, the number of open descriptors must be what it was
 * before. With CMIO_TESTS_IN_ONE defined the file has no main but a function test_group_NAME, so
 * that all files can be linked into one program.
 */

/* cmocka.h requires these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifdef CMIO_TESTS_IN_ONE
#define TEST_GROUP(group, tests)                                                                   \
    int test_group_##group(int argc, char **argv);                                                 \
    int test_group_##group(int argc, char **argv) {                                                \
        return test_run(#group, tests, sizeof tests / sizeof *tests, argc, argv);                  \
    }
#else
#define TEST_GROUP(group, tests)                                                                   \
    int main(int argc, char **argv) {                                                              \
        return test_run(#group, tests, sizeof tests / sizeof *tests, argc, argv);                  \
    }
#endif

/* Runs the group. Returns the exit status of the process, 0 if no test failed. */
int test_run(const char *group, const struct CMUnitTest *tests, size_t count, int argc,
             char **argv);

/* The backend named on the command line, or NULL for the best. */
const char *test_backend(void);

/* How many descriptors the process has open. */
int test_count_descriptors(void);

/*
 * One test for one of several subjects, which it finds in *state: an entry of the array of tests.
 * The name is "subject:test", so '*:test' selects all subjects of one test, and 'subject:*' all
 * tests of one subject.
 */
#define TEST_ROW(subject, test, about)                                                             \
    { #subject ":" #test, (test), NULL, NULL, (void *)(about) }

/*
 * Expects the result of a call, a count or a negative errno. A failure shows the call, and what the
 * expected and the actual number mean.
 */
#define TEST_GIVES(call, count) test_expect_result((call), (count), #call, __FILE__, __LINE__)
#define TEST_OK(call) TEST_GIVES(call, 0)
#define TEST_FAILS(call, error) TEST_GIVES(call, error)
void test_expect_result(intmax_t result, intmax_t expected, const char *call, const char *file,
                        int line);

/*
 * Repeats a call until it is true. The test fails after 30 seconds, which is the bound on every
 * wait in the suite.
 */
#define TEST_EVENTUALLY(condition)                                                                 \
    for (int64_t give_up_ = test_now() + 30 * INT64_C(1000000000); !(condition); test_pause())     \
        if (test_now() > give_up_)                                                                 \
    fail_msg("not within 30 s: %s", #condition)

/* The monotonic clock in nanoseconds, without cmio. */
int64_t test_now(void);

/* Gives the processor to others for a moment. */
void test_pause(void);

#endif
