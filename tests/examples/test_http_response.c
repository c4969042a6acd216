/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

static char small_content[] = "<p>Good morning.</p>";
static char large_content[100000];

static const struct http_page small = {small_content, sizeof small_content - 1, "text/html"};
static const struct http_page large = {large_content, sizeof large_content, "text/plain"};

enum { TEXT_MAX = sizeof large_content + sizeof(struct http_response) };

/* All that is to be sent, as a string: good until the call after the next. */
static char *text_of(const struct http_response *response) {
    static char texts[2][TEXT_MAX];
    static int turn;
    struct iovec parts[2];
    int count = http_response_parts(response, parts);
    char *text = texts[turn = !turn];
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        memcpy(text + length, parts[i].iov_base, parts[i].iov_len);
        length += parts[i].iov_len;
    }
    text[length] = '\0';
    return text;
}

/* The response to a request, likewise. */
static char *response_to(const char *request_text, const struct http_page *page, bool close) {
    struct http_request request;
    struct http_response response;
    struct http_date date = {0};
    http_request_init(&request, 1000);
    http_request_feed(&request, request_text, strlen(request_text));
    assert_int_equal(request.stage, HTTP_STAGE_COMPLETE);
    http_response_make(&response, &request, page, &date, close);
    return text_of(&response);
}

static void assert_has(const char *text, const char *part) {
    assert_non_null(strstr(text, part));
}

static void assert_has_not(const char *text, const char *part) {
    assert_null(strstr(text, part));
}

static const char *body_of(const char *text) {
    const char *end = strstr(text, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void a_good_request_gets_the_page(void **state) {
    (void)state;
    char *text = response_to("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", &small, false);
    assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_has(text, "\r\nContent-Type: text/html\r\n");
    assert_has(text, "\r\nContent-Length: 20\r\n");
    assert_has(text, "\r\nDate: ");
    assert_has_not(text, "Connection:");
    assert_has_not(text, "Allow:");
    assert_string_equal(body_of(text), small_content);
}

static void head_gets_the_same_head_without_the_page(void **state) {
    (void)state;
    char *get = response_to("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", &small, false);
    char *head = response_to("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n", &small, false);
    assert_string_equal(body_of(head), "");
    *strstr(get, "Date: ") = *strstr(head, "Date: ") = '\0';
    assert_string_equal(get, head);
    assert_string_equal(strstr(head + strlen(head) + 1, "\r\nContent-Type"),
                        "\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n");
}

static void the_last_response_says_close(void **state) {
    (void)state;
    char *text = response_to("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", &small, true);
    assert_has(text, "\r\nConnection: close\r\n");
    text = response_to("GET /1 HTTP/1.0\r\n\r\n", &small, true);
    assert_has(text, "\r\nConnection: close\r\n");
}

static void a_client_of_1_0_is_told_that_the_connection_is_kept(void **state) {
    (void)state;
    char *text = response_to("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &small, false);
    assert_has(text, "\r\nConnection: keep-alive\r\n");
}

static void a_wrong_method_is_told_the_right_ones(void **state) {
    (void)state;
    char *text = response_to("PUT /1 HTTP/1.1\r\nHost: a\r\n\r\n", &small, false);
    assert_has(text, "HTTP/1.1 405 Method Not Allowed\r\n");
    assert_has(text, "\r\nAllow: GET, HEAD\r\n");
}

static void every_refusal_has_a_reason_and_a_body_of_its_length(void **state) {
    (void)state;
    static const uint16_t statuses[] = {400, 404, 405, 408, 411, 413, 414, 417, 431, 501, 505};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct http_request request;
        struct http_response response;
        struct http_date date = {0};
        http_request_init(&request, 1000);
        http_request_refuse(&request, statuses[i]);
        http_response_make(&response, &request, &small, &date, true);
        char *text = text_of(&response), start[32], length[40];
        snprintf(start, sizeof start, "HTTP/1.1 %u ", (unsigned)statuses[i]);
        assert_int_equal(strncmp(text, start, strlen(start)), 0);
        assert_true(text[strlen(start)] >= 'A' && text[strlen(start)] <= 'Z');
        assert_true(strlen(body_of(text)) > 0);
        snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(body_of(text)));
        assert_has(text, length);
        assert_has(text, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    }
}

static void the_date_is_in_the_form_of_http(void **state) {
    (void)state;
    char *text = response_to("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", &small, false);
    char day[4], month[4], zone[4];
    int number, year, hour, minute, second, length = 0;
    time_t before = time(NULL);
    assert_int_equal(sscanf(strstr(text, "Date: "),
                            "Date: %3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3s%n", day, &number,
                            month, &year, &hour, &minute, &second, zone, &length),
                     8);
    assert_int_equal(length, (int)strlen("Date: Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_string_equal(zone, "GMT");
    struct tm utc;
    gmtime_r(&before, &utc);
    assert_in_range(year, utc.tm_year + 1899, utc.tm_year + 1900);
}

/* Whether the text is remade is seen by spoiling it. */
static void the_date_is_made_anew_only_when_the_second_changes(void **state) {
    (void)state;
    struct http_request request;
    struct http_response response;
    struct http_date date = {.second = 0};
    bool kept = false;
    http_request_init(&request, 1000);
    http_request_refuse(&request, 400);
    for (int i = 0; i < 10 && !kept; i++) { /* the second may change in the middle, but not often */
        http_response_make(&response, &request, &small, &date, true);
        assert_memory_not_equal(date.text, "spoilt", 6);
        memcpy(date.text, "spoilt", 6);
        http_response_make(&response, &request, &small, &date, true);
        kept = memcmp(date.text, "spoilt", 6) == 0;
        date.second--;
    }
    assert_true(kept);
}

static void a_small_page_goes_in_one_piece_and_a_large_one_stays_in_place(void **state) {
    (void)state;
    struct http_request request;
    struct http_response response;
    struct http_date date = {0};
    struct iovec parts[2];
    http_request_init(&request, 1000);
    http_request_feed(&request, "GET /1 HTTP/1.0\r\n\r\n", 19);
    http_response_make(&response, &request, &small, &date, true);
    assert_int_equal(http_response_parts(&response, parts), 1);
    http_response_make(&response, &request, &large, &date, true);
    assert_int_equal(http_response_parts(&response, parts), 2);
    assert_ptr_equal(parts[1].iov_base, large_content);
    assert_int_equal(parts[1].iov_len, sizeof large_content);
}

/* Sends pieces of the given size, each from a copy of the response, and compares with the whole. */
static void assert_sent_in_pieces(const struct http_response *response, size_t piece) {
    static char sent[TEXT_MAX];
    const char *whole = text_of(response);
    struct http_response left = *response;
    size_t length = 0;
    bool all = false;
    while (!all) {
        struct iovec parts[2];
        struct http_response copy = left;
        assert_in_range(http_response_parts(&copy, parts), 1, 2);
        size_t n = parts[0].iov_len < piece ? parts[0].iov_len : piece;
        memcpy(sent + length, parts[0].iov_base, n);
        length += n;
        all = http_response_sent(&copy, n);
        left = copy;
    }
    assert_int_equal(length, strlen(whole));
    assert_memory_equal(sent, whole, length);
}

static void what_is_left_of_a_response_can_be_sent_later(void **state) {
    (void)state;
    const struct http_page *pages[] = {&small, &large};
    memset(large_content, 'x', sizeof large_content);
    for (size_t i = 0; i < 2; i++) {
        struct http_request request;
        struct http_response response;
        struct http_date date = {0};
        http_request_init(&request, 1000);
        http_request_feed(&request, "GET /1 HTTP/1.0\r\n\r\n", 19);
        http_response_make(&response, &request, pages[i], &date, true);
        assert_false(http_response_sent(&response, 0));
        assert_sent_in_pieces(&response, 1);
        assert_sent_in_pieces(&response, 1000);
        assert_sent_in_pieces(&response, SIZE_MAX);
    }
}

static void one_send_may_end_in_the_page(void **state) {
    (void)state;
    struct http_request request;
    struct http_response response;
    struct http_date date = {0};
    struct iovec parts[2];
    http_request_init(&request, 1000);
    http_request_feed(&request, "GET /1 HTTP/1.0\r\n\r\n", 19);
    http_response_make(&response, &request, &large, &date, true);
    http_response_parts(&response, parts);
    assert_false(http_response_sent(&response, parts[0].iov_len + 7));
    assert_int_equal(http_response_parts(&response, parts), 1);
    assert_ptr_equal(parts[0].iov_base, large_content + 7);
    assert_true(http_response_sent(&response, sizeof large_content - 7));
}

static void the_interim_response_is_100(void **state) {
    (void)state;
    struct http_response response;
    http_response_make_continue(&response);
    char *text = text_of(&response);
    assert_string_equal(text, "HTTP/1.1 100 Continue\r\n\r\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_good_request_gets_the_page),
    cmocka_unit_test(head_gets_the_same_head_without_the_page),
    cmocka_unit_test(the_last_response_says_close),
    cmocka_unit_test(a_client_of_1_0_is_told_that_the_connection_is_kept),
    cmocka_unit_test(a_wrong_method_is_told_the_right_ones),
    cmocka_unit_test(every_refusal_has_a_reason_and_a_body_of_its_length),
    cmocka_unit_test(the_date_is_in_the_form_of_http),
    cmocka_unit_test(the_date_is_made_anew_only_when_the_second_changes),
    cmocka_unit_test(a_small_page_goes_in_one_piece_and_a_large_one_stays_in_place),
    cmocka_unit_test(what_is_left_of_a_response_can_be_sent_later),
    cmocka_unit_test(one_send_may_end_in_the_page),
    cmocka_unit_test(the_interim_response_is_100),
};

TEST_GROUP(http_response, tests)
