/* SPDX-License-Identifier: MIT */
#include "http/request_line.h"

#include <string.h>

#include "support/test.h"

static void feed(struct request_line *line, const char *text) {
    request_line_feed(line, text, strlen(text));
}

static void assert_line(struct request_line *line, const char *text) {
    assert_int_equal(line->length, strlen(text));
    if (*text != '\0')
        assert_memory_equal(line->text, text, strlen(text));
    request_line_free(line);
    assert_int_equal(line->length, 0);
}

static void it_ends_with_the_line(void **state) {
    (void)state;
    struct request_line line = {0};
    feed(&line, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    feed(&line, "GET /2 HTTP/1.1\r\n");
    assert_true(line.is_complete);
    assert_line(&line, "GET /1 HTTP/1.1");
    feed(&line, "GET /2\nHost: a\n");
    assert_line(&line, "GET /2");
}

static void it_may_come_in_any_pieces(void **state) {
    (void)state;
    static const char text[] = "\r\n\nHEAD /\r1?x HTTP/1.0\r\nX: y\r\n";
    for (size_t split = 0; split < sizeof text; split++) {
        struct request_line line = {0};
        request_line_feed(&line, text, split);
        request_line_feed(&line, text + split, sizeof text - 1 - split);
        assert_line(&line, "HEAD /\r1?x HTTP/1.0");
    }
    struct request_line line = {0};
    for (size_t i = 0; i < sizeof text - 1; i++)
        request_line_feed(&line, text + i, 1);
    assert_line(&line, "HEAD /\r1?x HTTP/1.0");
}

static void what_came_of_it_is_there_before_its_end(void **state) {
    (void)state;
    struct request_line line = {0};
    assert_line(&line, "");
    feed(&line, "GET /1");
    assert_false(line.is_complete);
    assert_line(&line, "GET /1");
}

static void of_a_long_one_the_beginning_is_kept(void **state) {
    (void)state;
    struct request_line line = {0};
    char text[REQUEST_LINE_KEPT];
    memset(text, 'x', sizeof text);
    request_line_feed(&line, text, sizeof text);
    assert_false(line.is_cut);
    assert_int_equal(line.length, sizeof text);
    request_line_feed(&line, text, sizeof text);
    assert_true(line.is_cut);
    assert_int_equal(line.length, sizeof text);
    feed(&line, "\r\n");
    assert_true(line.is_complete);
    request_line_free(&line);
    assert_false(line.is_cut);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_ends_with_the_line),
    cmocka_unit_test(it_may_come_in_any_pieces),
    cmocka_unit_test(what_came_of_it_is_there_before_its_end),
    cmocka_unit_test(of_a_long_one_the_beginning_is_kept),
};

TEST_GROUP(request_line, tests)
