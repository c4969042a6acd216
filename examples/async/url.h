/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_URL_H
#define ASYNC_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "async/target.h"

enum { LONGEST_URL = 2000 };

/* http://HOST[:PORT][/path][?query], and the result of fetching it. Slices point into the text. */
struct url {
    const char *text;
    const char *authority; /* HOST[:PORT], as written */
    int authority_length;
    const char *path; /* with the query; empty, or begins with '/' or '?' */
    struct target target;
    ssize_t result; /* a status, or a negative errno: -ECANCELED at first */
    uint64_t bytes; /* of the last answer */
    uint64_t tries;
    int64_t took; /* nanoseconds, the last try */
};

/*
 * Reads the texts, which must stay. Returns an array, which the caller frees. If there is no text,
 * or one of them is not such a URL, returns NULL after a line on standard error.
 */
struct url *urls_parse(char *const *texts, size_t count);

/*
 * Prints the result, on standard error if there was no answer. Returns whether it could be printed.
 */
bool url_report(const struct url *url);

#endif
