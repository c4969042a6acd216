/* SPDX-License-Identifier: MIT */
#include "common/numbers.h"

#include <stddef.h>
#include <string.h>

#include <cmio/time.h>

static const struct {
    const char *name;
    int64_t nanoseconds;
} units[] = {
    {"ms", CMIO_MILLISECOND}, {"s", CMIO_SECOND},           {"", CMIO_SECOND},
    {"m", 60 * CMIO_SECOND},  {"h", 60 * 60 * CMIO_SECOND},
};

static const int64_t longest_duration = 365 * 24 * 60 * 60 * CMIO_SECOND;

static bool is_decimal(char c) {
    return c >= '0' && c <= '9';
}

/* Reads digits while the number does not exceed max. Returns the text behind them. */
static const char *read_digits(const char *text, uint64_t max, uint64_t *number) {
    *number = 0;
    for (; is_decimal(*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || *number > (max - digit) / 10)
            break;
        *number = *number * 10 + digit;
    }
    return text;
}

bool number_parse(const char *text, uint64_t max, uint64_t *out) {
    uint64_t number;
    const char *end = read_digits(text, max, &number);
    if (end == text || *end != '\0')
        return false;
    *out = number;
    return true;
}

/* Reads the decimals behind a point, as a part of unit. Returns the text behind them. */
static const char *read_decimals(const char *text, int64_t unit, int64_t *part) {
    *part = 0;
    if (*text != '.' || !is_decimal(text[1]))
        return text;
    for (text++; is_decimal(*text); text++) {
        unit /= 10;
        *part += unit * (*text - '0');
    }
    return text;
}

static bool read_unit(const char *text, int64_t *unit) {
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text, units[i].name) == 0) {
            *unit = units[i].nanoseconds;
            return true;
        }
    return false;
}

bool duration_parse(const char *text, int64_t *out) {
    uint64_t whole;
    int64_t unit, part;
    const char *decimals = read_digits(text, (uint64_t)longest_duration, &whole);
    const char *name = read_decimals(decimals, 0, &part);
    if (decimals == text || !read_unit(name, &unit) || whole > (uint64_t)(longest_duration / unit))
        return false;
    read_decimals(decimals, unit, &part);
    *out = (int64_t)whole * unit + part;
    return true;
}
