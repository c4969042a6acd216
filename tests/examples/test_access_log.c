/* SPDX-License-Identifier: MIT */
#include "http/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/program.h"
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

static void write_line(struct access_log *log, const char *peer, const char *text, uint16_t status,
                       int64_t latency) {
    struct cmio_address address;
    struct request_line line = {0};
    if (peer != NULL)
        assert_int_equal(cmio_address_parse(peer, &address), 0);
    request_line_feed(&line, text, strlen(text));
    access_log_write(log, peer == NULL ? NULL : &address, &line, status, 612, latency);
    request_line_free(&line);
}

static void a_request_is_a_line_in_the_common_form(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", text[512];
    close(mkstemp(path));
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));

    write_line(&log, "192.0.2.1:80", "GET /1000?x=y HTTP/1.1\r\nHost: a\r\n", 200, 1000213400);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "192.0.2.1 - - [] \"GET /1000?x=y HTTP/1.1\" 200 612 1000.213ms\n");

    write_line(&log, "[2001:db8::1]:80", "HEAD http://a/5 HTTP/1.0\n", 200, 5000);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "2001:db8::1 - - [] \"HEAD http://a/5 HTTP/1.0\" 200 612 0.005ms\n");

    access_log_close(&log);
    unlink(path);
}

static void a_refused_request_has_its_target_too(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", text[512];
    close(mkstemp(path));
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));
    write_line(&log, NULL, "DELETE /x HTTP/1.1\r\n", 405, 0);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "- - - [] \"DELETE /x HTTP/1.1\" 405 612 0.000ms\n");
    access_log_close(&log);
    unlink(path);
}

static void no_request_can_forge_a_line(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", text[512];
    close(mkstemp(path));
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));
    write_line(&log, NULL, "GET /\"\\\r\x1b[2J\x7f\xff HTTP/1.1\r\n", 400, 0);
    take_text(path, text, sizeof text);
    assert_string_equal(
        text, "- - - [] \"GET /\\x22\\x5c\\x0d\\x1b[2J\\x7f\\xff HTTP/1.1\" 400 612 0.000ms\n");
    access_log_close(&log);
    unlink(path);
}

static void the_longest_line_fits(void **state) {
    (void)state;
    static char target[3000];
    static char text[8192];
    char path[] = "/tmp/cmio-log-XXXXXX";
    close(mkstemp(path));
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));
    memset(target, '"', sizeof target - 1);
    write_line(&log, "[2001:db8::1]:80", target, 414, INT64_MAX);
    take_text(path, text, sizeof text);
    size_t length = strlen(text);
    assert_int_equal(text[length - 1], '\n');
    assert_non_null(strstr(text, "\\x22...\" 414 612 "));
    access_log_close(&log);
    unlink(path);
}

static void what_is_not_known_is_a_dash(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", text[512];
    close(mkstemp(path));
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));
    write_line(&log, NULL, "", 408, 0);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "- - - [] \"-\" 408 612 0.000ms\n");
    write_line(&log, NULL, "GET /5 HTTP/1.0\r\n", 0, 2000000);
    take_text(path, text, sizeof text);
    assert_string_equal(text, "- - - [] \"GET /5 HTTP/1.0\" - 612 2.000ms\n");
    access_log_close(&log);
    unlink(path);
}

static void a_log_that_was_moved_away_is_opened_anew(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", moved[64], text[512];
    close(mkstemp(path));
    (void)snprintf(moved, sizeof moved, "%s.1", path);
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));
    assert_true(access_log_is_file(&log));
    assert_int_equal(rename(path, moved), 0);
    write_line(&log, NULL, "GET /1 HTTP/1.1\r\n", 200, 0);
    TEST_OK(access_log_reopen(&log));
    write_line(&log, NULL, "GET /2 HTTP/1.1\r\n", 200, 0);
    take_text(moved, text, sizeof text);
    assert_string_equal(text, "- - - [] \"GET /1 HTTP/1.1\" 200 612 0.000ms\n");
    take_text(path, text, sizeof text);
    assert_string_equal(text, "- - - [] \"GET /2 HTTP/1.1\" 200 612 0.000ms\n");
    access_log_close(&log);
    unlink(path);
    unlink(moved);
}

static void a_log_that_cannot_be_opened_anew_goes_on(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX", moved[64], text[512];
    close(mkstemp(path));
    (void)snprintf(moved, sizeof moved, "%s.1", path);
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    TEST_FAILS(access_log_reopen(&log), -EISDIR);
    write_line(&log, NULL, "GET /1 HTTP/1.1\r\n", 200, 0);
    take_text(moved, text, sizeof text);
    assert_string_equal(text, "- - - [] \"GET /1 HTTP/1.1\" 200 612 0.000ms\n");
    access_log_close(&log);
    rmdir(path);
    unlink(moved);
}

static void a_fifo_that_nobody_reads_holds_up_nothing(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-log-XXXXXX";
    close(mkstemp(path));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", path));
    for (int i = 0; i < 10000; i++)
        write_line(&log, NULL, "GET /1 HTTP/1.1\r\n", 200, 0);
    assert_in_range(access_log_dropped(&log), 1, 9999);
    access_log_close(&log);
    unlink(path);
}

static void a_log_that_cannot_be_opened_says_so(void **state) {
    (void)state;
    struct access_log log = {.lines = NULL};
    TEST_FAILS(access_log_open(&log, "test", "/nowhere/at/all"), -ENOENT);
    assert_null(log.lines);
}

static void no_log_writes_nothing(void **state) {
    (void)state;
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", NULL));
    assert_null(log.lines);
    assert_false(access_log_is_file(&log));
    write_line(&log, NULL, "GET /5 HTTP/1.0\r\n", 200, 0);
    assert_int_equal(access_log_dropped(&log), 0);
    access_log_close(&log);
}

static void standard_error_stays_open(void **state) {
    (void)state;
    struct access_log log;
    TEST_OK(access_log_open(&log, "test", "-"));
    assert_ptr_equal(log.lines, program_errors());
    assert_false(access_log_is_file(&log));
    access_log_close(&log);
    assert_null(log.lines);
    assert_int_not_equal(fcntl(STDERR_FILENO, F_GETFD), -1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_is_a_line_in_the_common_form),
    cmocka_unit_test(a_refused_request_has_its_target_too),
    cmocka_unit_test(no_request_can_forge_a_line),
    cmocka_unit_test(the_longest_line_fits),
    cmocka_unit_test(what_is_not_known_is_a_dash),
    cmocka_unit_test(a_log_that_was_moved_away_is_opened_anew),
    cmocka_unit_test(a_log_that_cannot_be_opened_anew_goes_on),
    cmocka_unit_test(a_fifo_that_nobody_reads_holds_up_nothing),
    cmocka_unit_test(a_log_that_cannot_be_opened_says_so),
    cmocka_unit_test(no_log_writes_nothing),
    cmocka_unit_test(standard_error_stays_open),
};

TEST_GROUP(access_log, tests)
