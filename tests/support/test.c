/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A shared machine has no end of descriptors to count; no test opens one above this. */
enum { MOST_DESCRIPTORS = 20000 };

static const char *backend;
static int descriptors_before;

const char *test_backend(void) {
    return backend;
}

int test_count_descriptors(void) {
    long limit = sysconf(_SC_OPEN_MAX);
    if (limit < 0 || limit > MOST_DESCRIPTORS)
        limit = MOST_DESCRIPTORS;
    int count = 0;
    for (int fd = 0; fd < (int)limit; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

int64_t test_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void test_pause(void) {
    const struct timespec moment = {.tv_nsec = 100000};
    nanosleep(&moment, NULL);
}

static int before_test(void **state) {
    (void)state;
    descriptors_before = test_count_descriptors();
    return 0;
}

static int after_test(void **state) {
    (void)state;
    int after = test_count_descriptors();
    if (after == descriptors_before)
        return 0;
    print_error("descriptors: %d open before the test, %d after it\n", descriptors_before, after);
    return -1;
}

static int usage(const char *program) {
    fprintf(stderr, "usage: %s [--list] [--backend NAME] [--without-input] [PATTERN]\n", program);
    return 2;
}

static int list(const struct CMUnitTest *tests, size_t count) {
    for (size_t i = 0; i < count; i++)
        printf("%s\n", tests[i].name);
    return 0;
}

int test_run(const char *group, const struct CMUnitTest *tests, size_t count, int argc,
             char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--backend") == 0 && i + 1 < argc)
            backend = argv[++i];
        else if (strcmp(argv[i], "--without-input") == 0)
            (void)close(0); /* it may be closed already */
        else if (strcmp(argv[i], "--list") == 0)
            return list(tests, count);
        else if (argv[i][0] == '-')
            return usage(argv[0]);
        else
            cmocka_set_test_filter(argv[i]);
    }
    struct CMUnitTest *checked = malloc(count * sizeof *checked);
    if (checked == NULL)
        return 1;
    memcpy(checked, tests, count * sizeof *checked);
    for (size_t i = 0; i < count; i++) {
        if (checked[i].setup_func != NULL || checked[i].teardown_func != NULL)
            continue;
        checked[i].setup_func = before_test;
        checked[i].teardown_func = after_test;
    }
    int failed = _cmocka_run_group_tests(group, checked, count, NULL, NULL);
    free(checked);
    return failed == 0 ? 0 : 1;
}
