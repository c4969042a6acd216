/* SPDX-License-Identifier: MIT */
#ifndef COMMON_NUMBERS_H
#define COMMON_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads a number, digits only, of at most max. Returns whether text is one; out is untouched if
 * not.
 */
bool number_parse(const char *text, uint64_t max, uint64_t *out);

/*
 * Reads a span of time of at most a year, in nanoseconds. The text is a number, with or without
 * decimals, and its unit: ms, s, m or h, or none for seconds. Examples are "500ms", "10s", "1.5h"
 * and "2". Returns whether text is one; out is untouched if not.
 */
bool duration_parse(const char *text, int64_t *out);

#endif
