/* SPDX-License-Identifier: MIT */
#include "http/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
};

static const char *type_of(const char *path) {
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* Reads until the end, which also works if the size is not known beforehand. */
static int read_all(int fd, struct http_page *page) {
    size_t capacity = 4096;
    for (;;) {
        if (page->content == NULL || page->length == capacity) {
            capacity = page->content == NULL ? capacity : capacity * 2;
            char *larger = realloc(page->content, capacity);
            if (larger == NULL)
                return -ENOMEM;
            page->content = larger;
        }
        ssize_t n = read(fd, page->content + page->length, capacity - page->length);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        page->length += (size_t)n;
    }
}

int http_page_load(const char *path, struct http_page *page) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct http_page loaded = {.type = type_of(path)};
    int result = read_all(fd, &loaded);
    close(fd);
    if (result < 0)
        http_page_free(&loaded);
    else
        *page = loaded;
    return result;
}

void http_page_free(struct http_page *page) {
    free(page->content);
    page->content = NULL;
    page->length = 0;
}
