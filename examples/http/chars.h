/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_CHARS_H
#define SLEEP_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets of bytes, whatever the locale. */
enum {
    CHARS_HEX_DIGIT = 1 << 0,
    CHARS_TOKEN = 1 << 1,   /* of a method or the name of a field: RFC 9110, 5.6.2 */
    CHARS_HOST = 1 << 2,    /* of a host's name, without percent-encoding: RFC 3986, 3.2.2 */
    CHARS_VISIBLE = 1 << 3, /* of ASCII, without the space */
    CHARS_VALUE = 1 << 4,   /* of the value of a field: RFC 9110, 5.5 */
};

/* For each byte, the sets that it is in. */
extern const uint8_t chars_sets[256];

static inline bool chars_is(unsigned char c, unsigned sets) {
    return (chars_sets[c] & sets) != 0;
}

/* How many bytes at the start are in the sets. */
static inline size_t chars_count(const unsigned char *bytes, size_t length, unsigned sets) {
    size_t count = 0;
    while (count < length && chars_is(bytes[count], sets))
        count++;
    return count;
}

static inline bool is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

#endif
