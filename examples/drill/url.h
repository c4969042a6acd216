/* SPDX-License-Identifier: MIT */
#ifndef DRILL_URL_H
#define DRILL_URL_H

/*
 * The part of RFC 3986 that a load tool without TLS needs: http://HOST[:PORT][/path][?query] where
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets. A fragment is accepted and left
 * out, because it is never sent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The slices point into the text that was read. */
struct url {
    const char *host; /* without brackets */
    size_t host_length;
    uint16_t port;         /* 80 unless the url has another */
    const char *authority; /* as written, for the Host field */
    size_t authority_length;
    const char *target; /* path and query; empty, or begins with '/' or '?' */
    size_t target_length;
};

/* Reads a url. Returns NULL, or a static text about what is wrong, with out untouched. */
const char *url_parse(const char *text, struct url *out);

/* What is wrong with a url as a base that others are appended to, or NULL. */
const char *url_check_base(const char *text);

/* Whether the url has no host and so needs a base in front: it begins with '/'. */
bool url_is_relative(const char *text);

/* How much of the base comes in front of a relative url: all except a '/' at its end. */
size_t url_base_length(const char *base);

#endif
