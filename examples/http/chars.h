/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_CHARS_H
#define SLEEP_HTTP_CHARS_H

#include <stdbool.h>
#include <string.h>

/* Sets of characters of ASCII, whatever the locale. */

static inline bool is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

static inline bool is_hex_digit(unsigned char c) {
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static inline bool is_alphanumeric(unsigned char c) {
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static inline bool is_one_of(unsigned char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

#endif
