/* SPDX-License-Identifier: MIT */
#ifndef DRILL_URL_H
#define DRILL_URL_H

/*
 * The part of RFC 3986 that a load tool without DNS and TLS needs:
 * http://HOST[:PORT][/path][?query] where HOST is an IPv4 address, an IPv6 address in brackets, or
 * localhost, which stands for 127.0.0.1. A fragment is accepted and left out, for it is never sent.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cmio/address.h>

/* The slices point into the text that was read. */
struct url {
    struct cmio_address address; /* port 80 unless the url says otherwise */
    const char *authority;       /* as written: what the Host field says */
    size_t authority_length;
    const char *target; /* path and query: empty, or beginning with '/' or '?' */
    size_t target_length;
};

/* Reads a url. NULL on success, else what is wrong with it, with out untouched: static storage. */
const char *url_parse(const char *text, struct url *out);

/* What is wrong with a url that others are to be appended to, or NULL. */
const char *url_check_base(const char *text);

/* Whether the url has no host of its own and so belongs behind a base: it begins with '/'. */
bool url_is_relative(const char *text);

/*
 * The relative url behind the base, whose last '/' gives way to the first of the url: heap memory,
 * or NULL where there is none.
 */
char *url_join(const char *base, const char *relative);

#endif
