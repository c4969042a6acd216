/* SPDX-License-Identifier: MIT */
#ifndef NEIGHBOURS_CHECK_H
#define NEIGHBOURS_CHECK_H

/*
 * The checks of the programs around the adapters. The first check that fails ends the program with
 * status 1, and so does a wait that takes too long.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

static const int64_t longest_wait = 60 * CMIO_SECOND;

/* A function, so that a condition is evaluated and checked in one place. */
static inline void check(bool is_true, const char *condition, const char *file, int line) {
    if (is_true)
        return;
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
    exit(EXIT_FAILURE);
}

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

/* The earlier of two deadlines. */
static inline int64_t earlier(int64_t a, int64_t b) {
    if (a == CMIO_FOREVER || b == CMIO_FOREVER)
        return a == CMIO_FOREVER ? b : a;
    return a < b ? a : b;
}

#endif
