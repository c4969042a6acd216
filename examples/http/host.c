/* SPDX-License-Identifier: MIT */
#include "http/host.h"

#include "http/chars.h"

enum state {
    STATE_START,
    STATE_NAME,
    STATE_PERCENT, /* two hexadecimal digits must follow */
    STATE_PERCENT_2,
    STATE_BRACKET,
    STATE_FIRST_COLON, /* of an address that begins with two */
    STATE_GROUP,       /* inside the digits of a group */
    STATE_COLON,       /* a group has ended */
    STATE_COLONS,      /* two of them, in place of omitted groups */
    STATE_OCTET,       /* of an IPv4 address at the end of an IPv6 address */
    STATE_VERSION,     /* of a future kind of address: "[v1.x]" */
    STATE_VERSION_2,
    STATE_FUTURE,
    STATE_FUTURE_2,
    STATE_CLOSED,
    STATE_PORT,
    STATE_PORT_2,
    STATE_OVER,
};

/* The bits of http_host.address. */
enum {
    GROUPS = 0x0f,
    DIGIT = 0x10, /* one digit of the group or octet */
    DIGITS = 0x70,
    COMPRESSED = 0x80, /* two colons have come */
};

enum {
    MOST_GROUPS = 8,
    OCTET_VALUE = 0xff,
    OCTET_INDEX = 0x100, /* in number, above the value of the octet: how many ended before */
    LAST_OCTET = 3,
};

static bool move_on(struct http_host *host, enum state state) {
    host->state = (uint8_t)state;
    return true;
}

static unsigned digits_of(const struct http_host *host) {
    return (host->address & DIGITS) / DIGIT;
}

static void clear_digits(struct http_host *host) {
    host->address &= (uint8_t)~DIGITS;
}

static bool is_name(unsigned char c) {
    return chars_is(c, CHARS_HOST);
}

static bool is_hex_digit(unsigned char c) {
    return chars_is(c, CHARS_HEX_DIGIT);
}

/* ---- A name ---- */

static bool begin_port(struct http_host *host) {
    host->number = 0;
    return move_on(host, STATE_PORT);
}

static bool name_byte(struct http_host *host, unsigned char c) {
    if (is_name(c))
        return move_on(host, STATE_NAME);
    if (c == '%')
        return move_on(host, STATE_PERCENT);
    return c == ':' && host->state == STATE_NAME && begin_port(host);
}

static bool port_byte(struct http_host *host, unsigned char c) {
    unsigned number = host->number * 10u + (unsigned)(c - '0');
    if (!is_digit(c) || number > UINT16_MAX)
        return false;
    host->number = (uint16_t)number;
    return move_on(host, STATE_PORT_2);
}

/* ---- An IPv6 address ---- */

static bool add_groups(struct http_host *host, unsigned count) {
    unsigned groups = (host->address & GROUPS) + count;
    host->address = (uint8_t)((host->address & COMPRESSED) | groups);
    return groups <= MOST_GROUPS;
}

/* Two colons stand for at least one group. */
static bool close_address(struct http_host *host) {
    unsigned groups = host->address & GROUPS;
    bool is_whole =
        (host->address & COMPRESSED) != 0 ? groups < MOST_GROUPS : groups == MOST_GROUPS;
    return is_whole && move_on(host, STATE_CLOSED);
}

static unsigned value_of(unsigned char c) {
    return is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

static bool group_digit(struct http_host *host, unsigned char c) {
    if (!is_hex_digit(c) || digits_of(host) == 4)
        return false;
    unsigned before = digits_of(host) == 0 ? 0 : host->number;
    host->number = (uint16_t)(before << 4 | value_of(c));
    host->address += DIGIT;
    return move_on(host, STATE_GROUP);
}

/* The digits were read as hexadecimal ones of a group. They turn out to be decimal, of an octet. */
static bool begin_octets(struct http_host *host) {
    unsigned digits = digits_of(host), value = 0;
    for (unsigned i = digits; i-- > 0;) {
        unsigned digit = host->number >> (4 * i) & 15;
        if (digit > 9 || (digit == 0 && value == 0 && i > 0))
            return false;
        value = value * 10 + digit;
    }
    clear_digits(host);
    host->number = OCTET_INDEX;
    return digits <= 3 && value <= OCTET_VALUE && move_on(host, STATE_OCTET);
}

static bool octet_digit(struct http_host *host, unsigned char c) {
    unsigned value = host->number & OCTET_VALUE;
    bool is_after_zero = digits_of(host) > 0 && value == 0;
    value = value * 10 + (unsigned)(c - '0');
    if (!is_digit(c) || is_after_zero || value > OCTET_VALUE)
        return false;
    host->number = (uint16_t)((host->number & ~(unsigned)OCTET_VALUE) | value);
    host->address += DIGIT;
    return true;
}

static bool octet_byte(struct http_host *host, unsigned char c) {
    unsigned index = host->number / OCTET_INDEX;
    if (c != '.' && c != ']')
        return octet_digit(host, c);
    if (digits_of(host) == 0)
        return false;
    clear_digits(host);
    if (c == ']')
        return index == LAST_OCTET && add_groups(host, 2) && close_address(host);
    host->number = (uint16_t)((index + 1) * OCTET_INDEX);
    return index < LAST_OCTET;
}

static bool compress(struct http_host *host) {
    if ((host->address & COMPRESSED) != 0)
        return false;
    host->address |= COMPRESSED;
    return move_on(host, STATE_COLONS);
}

static bool group_byte(struct http_host *host, unsigned char c) {
    if (c == '.')
        return begin_octets(host);
    if (c != ':' && c != ']')
        return group_digit(host, c);
    clear_digits(host);
    if (!add_groups(host, 1))
        return false;
    return c == ']' ? close_address(host) : move_on(host, STATE_COLON);
}

static bool bracket_byte(struct http_host *host, unsigned char c) {
    if ((c | 0x20) == 'v')
        return move_on(host, STATE_VERSION);
    return c == ':' ? move_on(host, STATE_FIRST_COLON) : group_digit(host, c);
}

/* ---- A future kind of address ---- */

static bool future_byte(struct http_host *host, unsigned char c) {
    if (is_name(c) || c == ':')
        return move_on(host, STATE_FUTURE_2);
    return c == ']' && host->state == STATE_FUTURE_2 && move_on(host, STATE_CLOSED);
}

static bool version_byte(struct http_host *host, unsigned char c) {
    if (is_hex_digit(c))
        return move_on(host, STATE_VERSION_2);
    return c == '.' && host->state == STATE_VERSION_2 && move_on(host, STATE_FUTURE);
}

/* ---- All of it ---- */

bool http_host_feed(struct http_host *host, unsigned char c) {
    switch ((enum state)host->state) {
    case STATE_START:
        return c == '[' ? move_on(host, STATE_BRACKET) : name_byte(host, c);
    case STATE_NAME:
        return name_byte(host, c);
    case STATE_PERCENT:
        return is_hex_digit(c) && move_on(host, STATE_PERCENT_2);
    case STATE_PERCENT_2:
        return is_hex_digit(c) && move_on(host, STATE_NAME);
    case STATE_BRACKET:
        return bracket_byte(host, c);
    case STATE_FIRST_COLON:
        return c == ':' && compress(host);
    case STATE_GROUP:
        return group_byte(host, c);
    case STATE_COLON:
        return c == ':' ? compress(host) : group_digit(host, c);
    case STATE_COLONS:
        return c == ']' ? close_address(host) : group_digit(host, c);
    case STATE_OCTET:
        return octet_byte(host, c);
    case STATE_VERSION:
    case STATE_VERSION_2:
        return version_byte(host, c);
    case STATE_FUTURE:
    case STATE_FUTURE_2:
        return future_byte(host, c);
    case STATE_CLOSED:
        return c == ':' && begin_port(host);
    case STATE_PORT:
    case STATE_PORT_2:
        return port_byte(host, c);
    case STATE_OVER:
        break;
    }
    return false;
}

/* A name and a port, the usual parts, are taken in loops of their own. */
size_t http_host_feed_all(struct http_host *host, const unsigned char *bytes, size_t length) {
    size_t count = 0;
    while (count < length && chars_is(bytes[count], CHARS_VISIBLE) &&
           http_host_feed(host, bytes[count])) {
        count++;
        if (host->state == STATE_NAME)
            count += chars_count(bytes + count, length - count, CHARS_HOST);
        else if (host->state == STATE_PORT)
            while (count < length && port_byte(host, bytes[count]))
                count++;
    }
    return count;
}

bool http_host_is_empty(const struct http_host *host) {
    return host->state == STATE_START;
}

bool http_host_is_complete(const struct http_host *host) {
    return host->state == STATE_NAME || host->state >= STATE_CLOSED;
}

bool http_host_has_port(const struct http_host *host) {
    return host->state == STATE_PORT_2;
}

void http_host_end(struct http_host *host) {
    host->state = STATE_OVER;
}
