/* SPDX-License-Identifier: MIT */
#include "support/scale.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#define TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TEST_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_THREAD__) || TEST_HAS_FEATURE(thread_sanitizer)
enum { UNDER_THREAD_SANITIZER = true };
#else
enum { UNDER_THREAD_SANITIZER = false };
#endif

#if defined(__SANITIZE_ADDRESS__) || TEST_HAS_FEATURE(address_sanitizer)
enum { UNDER_ADDRESS_SANITIZER = true };
#else
enum { UNDER_ADDRESS_SANITIZER = false };
#endif

enum { SHRINK_WHEN_SLOW = 50 };

int test_is_under_valgrind(void) {
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

int test_is_under_thread_sanitizer(void) {
    return UNDER_THREAD_SANITIZER;
}

int test_is_under_address_sanitizer(void) {
    return UNDER_ADDRESS_SANITIZER;
}

static int shrink(void) {
    const char *asked = getenv("CMIO_TEST_SHRINK");
    int factor = asked == NULL ? 0 : atoi(asked);
    if (factor > 0)
        return factor;
    return UNDER_THREAD_SANITIZER || test_is_under_valgrind() ? SHRINK_WHEN_SLOW : 1;
}

int test_scale(int count) {
    int scaled = count / shrink();
    return scaled > 0 ? scaled : 1;
}

int test_is_slow(void) {
    return shrink() > 1;
}
