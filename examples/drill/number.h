/* SPDX-License-Identifier: MIT */
#ifndef DRILL_NUMBER_H
#define DRILL_NUMBER_H

/*
 * Numbers as people write them, in a plan or on the command line: decimal digits and nothing else.
 * No sign, no white space, no locale, no leading zero that might mean octal.
 */

#include <stdbool.h>
#include <stdint.h>

/* The most seconds that an option or a plan may give: about eleven days. */
#define SECONDS_MAX 1000000

/* Reads a whole number from least to most. False, with *out untouched, for anything else. */
bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *out);

/*
 * Reads seconds, such as 2, 0.5 or 0.000000001, into nanoseconds. False, with *out untouched, for
 * anything else, including more than nine decimals or more than SECONDS_MAX.
 */
bool seconds_parse(const char *text, int64_t *out);

#endif
