/* SPDX-License-Identifier: MIT */
#include "number.h"

#include <stddef.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Reads digits up to most and returns the place behind them, or NULL. */
static const char *parse_digits(const char *text, uint64_t most, uint64_t *out) {
    if (!is_digit(*text) || (*text == '0' && is_digit(text[1])))
        return NULL;
    uint64_t value = 0;
    for (; is_digit(*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > most || value > (most - digit) / 10)
            return NULL;
        value = value * 10 + digit;
    }
    *out = value;
    return text;
}

bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *out) {
    uint64_t value = 0;
    const char *end = parse_digits(text, most, &value);
    if (end == NULL || *end != '\0' || value < least)
        return false;
    *out = value;
    return true;
}

bool seconds_parse(const char *text, int64_t *out) {
    uint64_t seconds = 0;
    const char *place = parse_digits(text, SECONDS_MAX, &seconds);
    if (place == NULL)
        return false;
    int64_t unit = 1000000000;
    int64_t value = (int64_t)seconds * unit;
    if (*place == '.') {
        if (!is_digit(*++place))
            return false;
        for (; is_digit(*place) && unit > 1; place++) {
            unit /= 10;
            value += (*place - '0') * unit;
        }
    }
    if (*place != '\0' || value > (int64_t)SECONDS_MAX * 1000000000)
        return false;
    *out = value;
    return true;
}
