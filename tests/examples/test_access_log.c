/* SPDX-License-Identifier: MIT */
#include "http/access_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

/* Reads what the file holds now, without its times of day, and empties it. */
static void take_text(const char *path, char *text, size_t size) {
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    assert_int_equal(ftruncate(fileno(file), 0), 0);
    fclose(file);
    char *begin = strchr(text, '['), *end = strchr(text, ']');
    if (begin != NULL && end != NULL)
        memmove(begin + 1, end, strlen(end) + 1);
}

static void parse(struct http_request *request, const char *text) {
    http_request_init(request, 1000);
    http_request_feed(request, text, strlen(text));
    assert_int_equal(request->stage, HTTP_STAGE_COMPLETE);
}

static void a_request_is_a_line_in_the_common_form(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", text[512];
    close(mkstemp(path));
    struct access_log log;
    struct http_request request;
    struct cmio_address peer;
    assert_int_equal(access_log_open(&log, path), 0);

    assert_int_equal(cmio_address_parse("192.0.2.1:80", &peer), 0);
    parse(&request, "GET /1000 HTTP/1.1\r\nHost: a\r\n\r\n");
    access_log_write(&log, &peer, &request, 200, 612, 1000213400);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "192.0.2.1 - - [] \"GET /1000 HTTP/1.1\" 200 612 1000.213ms\n");

    assert_int_equal(cmio_address_parse("[2001:db8::1]:80", &peer), 0);
    parse(&request, "HEAD /5 HTTP/1.0\r\n\r\n");
    access_log_write(&log, &peer, &request, 200, 0, 5000);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "2001:db8::1 - - [] \"HEAD /5 HTTP/1.0\" 200 0 0.005ms\n");

    access_log_close(&log);
    unlink(path);
}

static void what_is_not_known_is_a_dash(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", text[512];
    close(mkstemp(path));
    struct access_log log;
    struct http_request request;
    assert_int_equal(access_log_open(&log, path), 0);
    parse(&request, "GET /\"x HTTP/1.0\r\n\r\n");
    access_log_write(&log, NULL, &request, 404, 10, 0);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "- - - [] \"-\" 404 10 0.000ms\n");
    parse(&request, "GET /5 HTTP/1.0\r\n\r\n");
    access_log_write(&log, NULL, &request, 0, 0, 2000000);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "- - - [] \"GET /5 HTTP/1.0\" - 0 2.000ms\n");
    access_log_close(&log);
    unlink(path);
}

static void a_log_that_cannot_be_opened_says_so(void **state) {
    (void)state;
    struct access_log log = {.fd = 7};
    assert_int_equal(access_log_open(&log, "/nowhere/at/all"), -ENOENT);
    assert_int_equal(log.fd, 7);
}

static void no_log_writes_nothing(void **state) {
    (void)state;
    struct access_log log;
    struct http_request request;
    assert_int_equal(access_log_open(&log, NULL), 0);
    assert_int_equal(log.fd, -1);
    parse(&request, "GET /5 HTTP/1.0\r\n\r\n");
    access_log_write(&log, NULL, &request, 200, 0, 0);
    access_log_close(&log);
}

static void standard_error_stays_open(void **state) {
    (void)state;
    struct access_log log;
    assert_int_equal(access_log_open(&log, "-"), 0);
    assert_int_equal(log.fd, STDERR_FILENO);
    access_log_close(&log);
    assert_int_equal(log.fd, -1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_is_a_line_in_the_common_form),
    cmocka_unit_test(what_is_not_known_is_a_dash),
    cmocka_unit_test(a_log_that_cannot_be_opened_says_so),
    cmocka_unit_test(no_log_writes_nothing),
    cmocka_unit_test(standard_error_stays_open),
};

TEST_GROUP(access_log, tests)
