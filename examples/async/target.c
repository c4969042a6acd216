/* SPDX-License-Identifier: MIT */
#include "async/target.h"

#include <string.h>

#include "common/numbers.h"

/* The length of the host, which ends behind brackets or before the colon. */
static size_t host_length(const char *text, size_t length) {
    if (length > 0 && text[0] == '[') {
        const char *end = memchr(text, ']', length);
        return end == NULL ? 0 : (size_t)(end - text) + 1;
    }
    const char *colon = memchr(text, ':', length);
    return colon == NULL ? length : (size_t)(colon - text);
}

static bool is_host(const char *host) {
    for (; *host != '\0'; host++)
        if (*host <= ' ' || *host == 0x7f || strchr("[]/@", *host) != NULL)
            return false;
    return true;
}

/* Reads the text behind the host: nothing, or a colon and a number. */
static bool parse_port(const char *text, size_t length, uint16_t default_port, uint16_t *out) {
    char digits[8] = "";
    uint64_t port = default_port;
    if (length > sizeof digits || (length > 0 && text[0] != ':'))
        return false;
    if (length > 0) {
        memcpy(digits, text + 1, length - 1);
        if (!number_parse(digits, UINT16_MAX, &port))
            return false;
    }
    *out = (uint16_t)port;
    return port != 0;
}

bool target_parse(const char *text, size_t length, uint16_t default_port, struct target *out) {
    struct target target = {.port = 0};
    size_t taken = host_length(text, length);
    bool is_bracketed = taken > 0 && text[0] == '[';
    size_t begin = is_bracketed ? 1 : 0;
    size_t end = is_bracketed ? taken - 1 : taken;
    if (end <= begin || end - begin > CMIO_HOST_NAME_MAX)
        return false;
    memcpy(target.host, text + begin, end - begin);
    if (!is_host(target.host) || strlen(target.host) != end - begin ||
        !parse_port(text + taken, length - taken, default_port, &target.port))
        return false;
    *out = target;
    return true;
}
