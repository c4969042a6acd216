/* SPDX-License-Identifier: MIT */
#include "http/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static char small_content[] = "<p>Good morning.</p>\n";
static char large_content[5000];
static const struct http_page small = {small_content, sizeof small_content - 1, "text/html"};
static const struct http_page large = {large_content, sizeof large_content, "text/html"};
static struct answers answers;

static struct http_request parse(const char *text) {
    struct http_request request;
    http_request_init(&request, 1000);
    assert_int_equal(http_request_feed(&request, text, strlen(text)), strlen(text));
    assert_int_equal(request.stage, HTTP_STAGE_COMPLETE);
    return request;
}

static size_t join(const struct iovec *parts, int begin, int end, char *text) {
    size_t length = 0;
    for (int i = begin; i < end; i++) {
        memcpy(text + length, parts[i].iov_base, parts[i].iov_len);
        length += parts[i].iov_len;
    }
    return length;
}

static size_t response(const struct http_request *request, const struct http_page *page,
                       struct http_date *date, bool close, char *text) {
    static struct http_response made;
    struct iovec parts[2];
    http_response_make(&made, request, page, date, close);
    return join(parts, 0, http_response_parts(&made, parts), text);
}

static const char *const requests[] = {
    "GET /0 HTTP/1.1\r\nHost: a\r\n\r\n",    "GET /0 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "HEAD /0 HTTP/1.1\r\nHost: a\r\n\r\n",   "GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /0 HTTP/1.1\r\nHost: a\r\n\r\n",   "BREW /0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /1001 HTTP/1.1\r\nHost: a\r\n\r\n",
};
enum { REQUESTS = sizeof requests / sizeof *requests };

/* Answers to all of the requests, twice, with the responses that they must be. */
static size_t add_all(const struct http_page *page, char *expected) {
    size_t length = 0;
    answers_clear(&answers);
    for (int i = 0; i < 2 * REQUESTS; i++) {
        struct http_request request = parse(requests[i % REQUESTS]);
        bool close = i == 2 * REQUESTS - 1;
        assert_true(answers_have_room(&answers));
        answers_add(&answers, &request, page, close);
        length += response(&request, page, &answers.date, close, expected + length);
    }
    return length;
}

static void they_are_the_responses_in_order(void **state) {
    (void)state;
    static char expected[200000], text[200000];
    const struct http_page *const pages[] = {&small, &large};
    for (int i = 0; i < 2; i++) {
        size_t length = add_all(pages[i], expected);
        assert_int_equal(answers.length, length);
        assert_int_equal(join(answers.parts, 0, answers.part_count, text), length);
        assert_memory_equal(text, expected, length);
        assert_int_equal(answers.count, 2 * REQUESTS);
        assert_int_equal(answers.refused, 2 * (REQUESTS - 3));
    }
}

static void small_pages_are_one_piece(void **state) {
    (void)state;
    static char expected[200000];
    add_all(&small, expected);
    assert_int_equal(answers.part_count, 1);
}

static void a_large_page_is_not_copied(void **state) {
    (void)state;
    struct http_request request = parse(requests[0]);
    answers_clear(&answers);
    answers_add(&answers, &request, &large, false);
    assert_int_equal(answers.part_count, 2);
    assert_ptr_equal(answers.parts[1].iov_base, large_content);
}

static void an_interim_response_stands_before_its_answer(void **state) {
    (void)state;
    static char text[1000];
    struct http_request request = parse(requests[0]);
    answers_clear(&answers);
    answers_add_continue(&answers);
    assert_int_equal(answers.count, 0);
    answers_add(&answers, &request, &small, false);
    join(answers.parts, 0, answers.part_count, text);
    assert_memory_equal(text, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 42);
}

/* However many are added while there is room: they fit, each with an interim response. */
static void what_there_is_room_for_fits(void **state) {
    (void)state;
    static char middle[ANSWERS_COPIED];
    const struct http_page page = {middle, sizeof middle, "text/html; charset=utf-8"};
    const struct http_page *const pages[] = {&small, &page, &large};
    for (int i = 0; i < 3; i++) {
        struct http_request request = parse(requests[0]);
        answers_clear(&answers);
        while (answers_have_room(&answers)) {
            answers_add_continue(&answers);
            answers_add(&answers, &request, pages[i], false);
            assert_in_range(answers.used, 1, sizeof answers.buffer);
            assert_in_range(answers.part_count, 1, sizeof answers.parts / sizeof *answers.parts);
        }
        assert_in_range(answers.count, 10, ANSWERS_MOST);
        assert_in_range(answers.length, 1, ANSWERS_LENGTH + sizeof large_content + 1000);
    }
}

/* Wherever the kernel stopped, and stops again. */
static void what_is_unsent_is_the_rest(void **state) {
    (void)state;
    static char expected[200000], text[200000];
    const struct http_page *const pages[] = {&small, &large};
    for (int i = 0; i < 2; i++) {
        size_t length = add_all(pages[i], expected);
        for (size_t sent = 0; sent < length; sent += sent < 400 ? 1 : 397) {
            struct unsent *unsent = answers_keep_unsent(&answers, sent);
            assert_non_null(unsent);
            assert_int_equal(unsent->count, 2 * REQUESTS);
            assert_int_equal(join(unsent->parts, unsent->begin, unsent->end, text), length - sent);
            assert_memory_equal(text, expected + sent, length - sent);
            size_t half = (length - sent) / 2;
            assert_false(unsent_sent(unsent, half));
            assert_int_equal(join(unsent->parts, unsent->begin, unsent->end, text),
                             length - sent - half);
            assert_memory_equal(text, expected + sent + half, length - sent - half);
            assert_true(unsent_sent(unsent, length - sent - half));
            free(unsent);
        }
    }
}

static int fill_page(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof large_content; i++)
        large_content[i] = (char)('a' + i % 26);
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(they_are_the_responses_in_order, fill_page),
    cmocka_unit_test(small_pages_are_one_piece),
    cmocka_unit_test(a_large_page_is_not_copied),
    cmocka_unit_test(an_interim_response_stands_before_its_answer),
    cmocka_unit_test(what_there_is_room_for_fits),
    cmocka_unit_test_setup(what_is_unsent_is_the_rest, fill_page),
};

TEST_GROUP(answers, tests)
