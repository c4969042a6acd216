/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_PAGE_H
#define SLEEP_HTTP_PAGE_H

#include <stddef.h>

/* The page that every sleeper receives. It is read once, shared by all, and never changed. */
struct http_page {
    char *content;
    size_t length;
    const char *type; /* for Content-Type, from the ending of the name */
};

/*
 * Reads a file. Returns 0 or a negative errno: an error of open(2) or read(2), -EISDIR, or -ENOMEM.
 * page is untouched on failure.
 */
int http_page_load(const char *path, struct http_page *page);

void http_page_free(struct http_page *page);

#endif
