/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_PAGE_H
#define SLEEP_HTTP_PAGE_H

#include <stddef.h>

/* The page that every sleeper gets: read once, shared by all, never changed. */
struct http_page {
    char *content;
    size_t length;
    const char *type; /* what Content-Type says, by the name's ending */
};

/*
 * Reads a file. Returns 0 or a negative errno: what open(2) and read(2) say, -EISDIR, -ENOMEM. page
 * is untouched on failure.
 */
int http_page_load(const char *path, struct http_page *page);

void http_page_free(struct http_page *page);

#endif
