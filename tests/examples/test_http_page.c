/* SPDX-License-Identifier: MIT */
#include "http/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

/* Makes a file of the given content; path ends in XXXXXX and ending_length bytes. */
static void make_file(char *path, int ending_length, const char *content, size_t length) {
    int fd = mkstemps(path, ending_length);
    assert_true(fd >= 0);
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, content + done, length - done);
        assert_true(n > 0);
        done += (size_t)n;
    }
    close(fd);
}

static void a_page_of_any_size_is_read(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 300000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char path[] = "/tmp/cmio-page-XXXXXX.html";
        char *content = malloc(lengths[i] + 1);
        assert_non_null(content);
        for (size_t at = 0; at < lengths[i]; at++)
            content[at] = (char)(at * 7);
        make_file(path, 5, content, lengths[i]);
        struct http_page page;
        assert_int_equal(http_page_load(path, &page), 0);
        assert_int_equal(page.length, lengths[i]);
        assert_memory_equal(page.content, content, lengths[i]);
        http_page_free(&page);
        unlink(path);
        free(content);
    }
}

static void the_type_follows_from_the_name(void **state) {
    (void)state;
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"}, {".txt", "text/plain; charset=utf-8"},
        {".json", "application/json"},         {".unknown", "application/octet-stream"},
        {"", "application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char path[64];
        snprintf(path, sizeof path, "/tmp/cmio-page-XXXXXX%s", types[i].ending);
        make_file(path, (int)strlen(types[i].ending), "x", 1);
        struct http_page page;
        assert_int_equal(http_page_load(path, &page), 0);
        assert_string_equal(page.type, types[i].type);
        http_page_free(&page);
        unlink(path);
    }
}

static void a_page_that_cannot_be_read_changes_nothing(void **state) {
    (void)state;
    struct http_page page = {.length = 7};
    assert_int_equal(http_page_load("/nowhere/at/all", &page), -ENOENT);
    assert_int_equal(http_page_load("/tmp", &page), -EISDIR);
    assert_int_equal(page.length, 7);
    assert_null(page.content);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_page_of_any_size_is_read),
    cmocka_unit_test(the_type_follows_from_the_name),
    cmocka_unit_test(a_page_that_cannot_be_read_changes_nothing),
};

TEST_GROUP(http_page, tests)
