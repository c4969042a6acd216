/* SPDX-License-Identifier: MIT */
#ifndef COMMON_NUMBERS_H
#define COMMON_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads a number of digits alone, at most max. Says whether text is one; out is untouched if not.
 */
bool number_parse(const char *text, uint64_t max, uint64_t *out);

/*
 * Reads a span of time into nanoseconds: a number, with decimals if need be, and ms, s, m or h for
 * its unit, seconds without one: "500ms", "10s", "1.5h", "2". At most a year. Says whether text is
 * one; out is untouched if not.
 */
bool duration_parse(const char *text, int64_t *out);

#endif
