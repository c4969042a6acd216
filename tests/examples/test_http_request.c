/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

/*
 * Tables of messages with what must come of them. Each message is fed whole, byte by byte, and
 * split in two at every position: what comes of it must always be the same.
 */

enum { SLEEP_MAX = 3600000 };

#define HOST "Host: a\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"
#define FIELDS(fields) "GET /7 HTTP/1.1\r\n" HOST fields "\r\n"

/* What comes of a message, and how much of it was used. */
struct outcome {
    struct http_request request;
    size_t used;
};

/* Feeds length bytes for as long as the request takes some. */
static void feed(struct outcome *outcome, const char *bytes, size_t length) {
    size_t used = 0;
    while (used < length && outcome->request.stage != HTTP_STAGE_COMPLETE)
        used += http_request_feed(&outcome->request, bytes + used, length - used);
    outcome->used += used;
}

static struct outcome parse_in_pieces(const char *bytes, size_t length, size_t piece) {
    struct outcome outcome = {.used = 0};
    http_request_init(&outcome.request, SLEEP_MAX);
    for (size_t at = 0; at < length; at += piece)
        feed(&outcome, bytes + at, length - at < piece ? length - at : piece);
    return outcome;
}

static struct outcome parse(const char *text) {
    return parse_in_pieces(text, strlen(text), SIZE_MAX);
}

static void assert_same(const struct outcome *a, const struct outcome *b) {
    assert_int_equal(a->used, b->used);
    assert_int_equal(a->request.stage, b->request.stage);
    assert_int_equal(a->request.status, b->request.status);
    assert_int_equal(a->request.method, b->request.method);
    assert_int_equal(a->request.minor_version, b->request.minor_version);
    assert_int_equal(a->request.keep_alive, b->request.keep_alive);
    assert_int_equal(a->request.wants_continue, b->request.wants_continue);
    assert_int_equal(a->request.path_is_number, b->request.path_is_number);
    assert_int_equal(a->request.sleep_ms, b->request.sleep_ms);
    assert_int_equal(a->request.body_left, b->request.body_left);
}

/* Splits at every position and byte by byte; whole is what comes of the message in one piece. */
static void assert_same_in_all_splits(const char *text, const struct outcome *whole) {
    size_t length = strlen(text);
    for (size_t split = 0; split <= length; split++) {
        struct outcome halves = {.used = 0};
        http_request_init(&halves.request, SLEEP_MAX);
        feed(&halves, text, split);
        feed(&halves, text + split, length - split);
        assert_same(&halves, whole);
    }
    struct outcome bytes = parse_in_pieces(text, length, 1);
    assert_same(&bytes, whole);
}

struct accepted {
    const char *text;
    uint32_t sleep_ms;
    bool closes;
    uint8_t method;
    const char *behind; /* what follows the request and must not be used */
};

static const struct accepted accepted[] = {
    {GET("/1000"), .sleep_ms = 1000},
    {GET("/0"), .sleep_ms = 0},
    {GET("/007"), .sleep_ms = 7},
    {GET("/3600000"), .sleep_ms = 3600000},
    {"HEAD /5 HTTP/1.1\r\n" HOST "\r\n", .sleep_ms = 5, .method = HTTP_METHOD_HEAD},
    {"GET /5 HTTP/1.0\r\n\r\n", .sleep_ms = 5, .closes = true},
    {"GET /5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", .sleep_ms = 5},
    {"GET /5 HTTP/1.0\r\nCONNECTION: KEEP-ALIVE\r\n\r\n", .sleep_ms = 5},
    {"GET /5 HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n", .sleep_ms = 5, .closes = true},
    {"GET /5 HTTP/1.9\r\n" HOST "\r\n", .sleep_ms = 5},
    /* Targets. */
    {GET("/12?"), .sleep_ms = 12},
    {GET("/12?x=1&y=/3?#"), .sleep_ms = 12},
    {GET("http://example.org/12"), .sleep_ms = 12},
    {GET("HtTp://[::1]:80/12?x"), .sleep_ms = 12},
    /* Lines. */
    {"\r\n\r\nGET /5 HTTP/1.1\r\n" HOST "\r\n", .sleep_ms = 5},
    {"\nGET /5 HTTP/1.1\nHost: a\n\n", .sleep_ms = 5},
    {"GET /5 HTTP/1.1\r\nHost: a\n\r\n", .sleep_ms = 5},
    /* Fields. */
    {"GET /7 HTTP/1.1\r\nhost:a\r\n\r\n", .sleep_ms = 7},
    {"GET /7 HTTP/1.1\r\nHOST: \t a.b:80 \t \r\n\r\n", .sleep_ms = 7},
    {"GET /7 HTTP/1.1\r\nHost:\r\n\r\n", .sleep_ms = 7},
    {FIELDS("X: \x80\xff\t any \"thing\" (at) all\r\n"), .sleep_ms = 7},
    {FIELDS("X:\r\nHosts: b\r\nHos: c\r\nContent-Lengths: x\r\n"), .sleep_ms = 7},
    {FIELDS("!#$%&'*+-.^_`|~09azAZ: x\r\n"), .sleep_ms = 7},
    {FIELDS("Connection: close\r\n"), .sleep_ms = 7, .closes = true},
    {FIELDS("CONNECTION: CLOSE\r\n"), .sleep_ms = 7, .closes = true},
    {FIELDS("Connection: , x ,\tclose ,y\r\n"), .sleep_ms = 7, .closes = true},
    {FIELDS("Connection: x\r\nConnection: close\r\n"), .sleep_ms = 7, .closes = true},
    {FIELDS("Connection: closed\r\n"), .sleep_ms = 7},
    {FIELDS("Connection: clos, e, close d, clo se, close;x, \"close\"\r\n"), .sleep_ms = 7},
    {FIELDS("Connection:\r\n"), .sleep_ms = 7},
    {FIELDS("Expect: 100-continue\r\n"), .sleep_ms = 7},
    {"GET /7 HTTP/1.0\r\nExpect: the unexpected\r\n\r\n", .sleep_ms = 7, .closes = true},
    /* Bodies, and what follows. */
    {FIELDS("Content-Length: 0\r\n"), .sleep_ms = 7, .behind = "GET /"},
    {FIELDS("Content-Length: 5 \r\n") "GET /", .sleep_ms = 7},
    {FIELDS("Content-Length: 003\r\n") "\r\n\r", .sleep_ms = 7, .behind = "\r\n\r\n"},
    {GET("/1"), .sleep_ms = 1, .behind = GET("/2")},
};

static void good_requests_are_understood_however_they_are_split(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        const struct accepted *row = &accepted[i];
        char text[512];
        int length =
            snprintf(text, sizeof text, "%s%s", row->text, row->behind == NULL ? "" : row->behind);
        assert_in_range(length, 1, sizeof text - 1);
        struct outcome outcome = parse(text);
        if (outcome.request.status != 200)
            fail_msg("%u for: %s", outcome.request.status, text);
        assert_int_equal(outcome.request.stage, HTTP_STAGE_COMPLETE);
        assert_int_equal(outcome.used, strlen(row->text));
        assert_int_equal(outcome.request.sleep_ms, row->sleep_ms);
        assert_true(outcome.request.path_is_number);
        assert_int_equal(outcome.request.keep_alive, !row->closes);
        assert_int_equal(outcome.request.method, row->method == 0 ? HTTP_METHOD_GET : row->method);
        assert_same_in_all_splits(text, &outcome);
    }
}

struct refused {
    uint16_t status;
    const char *text;
    bool keeps_alive; /* all of the request was read, so another may follow */
};

static const struct refused refused[] = {
    /* The path. */
    {404, GET("/"), true},
    {404, GET("/a"), true},
    {404, GET("/1a"), true},
    {404, GET("/1/"), true},
    {404, GET("//1"), true},
    {404, GET("/-1"), true},
    {404, GET("/+1"), true},
    {404, GET("/1.5"), true},
    {404, GET("/%31"), true},
    {404, GET("/?1"), true},
    {404, GET("/1#2"), true},
    {404, GET("http://a"), true},
    {404, GET("http://a?1"), true},
    {404, GET("http://a/"), true},
    {404, "GET /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", true},
    {404, "GET /x HTTP/1.0\r\n\r\n", false},
    {400, GET("/3600001"), true},
    {400, GET("/4294967296"), true},
    {400, GET("/99999999999999999999999999999999"), true},
    /* The method. */
    {405, "POST /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", true},
    {405, "POST /3600001 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "POST /x HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "PUT /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "PATCH /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "DELETE http://a/1 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "TRACE /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "OPTIONS /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", true},
    {405, "CONNECT [::1]:80 HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "GETS /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "GE /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "P /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "get /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "Post /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "HEADGET /1 HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "BREW /x HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "PROPFIND /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", true},
    {501, "M-SEARCH * HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "! urn:x HTTP/1.1\r\n" HOST "\r\n", true},
    {501, "BREW /1 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", false},
    {501, "BREW /1 HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", false},
    /* Their targets. */
    {400, "POST 1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "POST * HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "POST http://a:b/1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "OPTIONS *x HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "OPTIONS a:80 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "CONNECT a HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "CONNECT a: HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "CONNECT :80 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "CONNECT a:b HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "CONNECT a:65536 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "CONNECT /1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "CONNECT http://a:80/ HTTP/1.1\r\n" HOST "\r\n", false},
    /* The request line. */
    {400, "GET\r\n\r\n", false},
    {400, "GET /1\r\n\r\n", false},
    {400, "GET  /1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "GET /1  HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "GET /1 HTTP/1.1 \r\n" HOST "\r\n", false},
    {400, "GET\t/1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, " GET /1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "G\x01T /1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "G(T /1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, GET("1"), false},
    {400, GET("*"), false},
    {400, GET("/1\x7f"), false},
    {400, GET("/\xc3\xa4"), false},
    {400, GET("ftp://a/1"), false},
    {400, GET("https://a/1"), false},
    {400, GET("http:/a/1"), false},
    {400, GET("http:///1"), false},
    {400, GET("http://me@a/1"), false},
    {400, "GET /1 HTTP/1.1\rX\n" HOST "\r\n", false},
    {400, "GET /1 http/1.1\r\n" HOST "\r\n", false},
    {400, "GET /1 HTTP/1\r\n" HOST "\r\n", false},
    {400, "GET /1 HTTP/1,1\r\n" HOST "\r\n", false},
    {400, "GET /1 HTTP/1.10\r\n" HOST "\r\n", false},
    {400, "GET /1 HTTP/a.b\r\n" HOST "\r\n", false},
    {400, "\rGET /1 HTTP/1.1\r\n" HOST "\r\n", false},
    {400, "\rG", false},
    {400, "\x16\x03\x01\x02", false}, /* a TLS greeting */
    {505, "GET /1 HTTP/2.0\r\n", false},
    {505, "PRI * HTTP/2.0\r\n", false},
    {505, "GET /1 HTTP/0.9\r\n", false},
    /* The header fields. */
    {400, "GET /1 HTTP/1.1\r\n\r\n", false},
    {400, "GET /1 HTTP/1.1\r\nHosts: a\r\n\r\n", false},
    {400, FIELDS("Host: a\r\n"), false},
    {400, "GET /1 HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", false},
    {400, "GET /1 HTTP/1.1\r\nHost: a b\r\n\r\n", false},
    {400, "GET /1 HTTP/1.1\r\nHost: a/b\r\n\r\n", false},
    {400, "GET /1 HTTP/1.1\r\nHost: me@a\r\n\r\n", false},
    {400, "GET /1 HTTP/1.1\r\n Host: a\r\n\r\n", false},
    {400, "GET /1 HTTP/1.1\r\n" HOST " folded\r\n\r\n", false},
    {400, "GET /1 HTTP/1.1\r\n" HOST "\tfolded\r\n\r\n", false},
    {400, FIELDS("X : a\r\n"), false},
    {400, FIELDS("X\t: a\r\n"), false},
    {400, FIELDS(": a\r\n"), false},
    {400, FIELDS("X\r\n"), false},
    {400, FIELDS("X(Y): a\r\n"), false},
    {400, FIELDS("X: a\x01\r\n"), false},
    {400, FIELDS("X: a\x7f\r\n"), false},
    {400, FIELDS("X: a\rb\r\n"), false},
    {400, FIELDS("X: a\r\n\rb"), false},
    /* The framing. */
    {400, FIELDS("Content-Length:\r\n"), false},
    {400, FIELDS("Content-Length: -1\r\n"), false},
    {400, FIELDS("Content-Length: +1\r\n"), false},
    {400, FIELDS("Content-Length: 0x1\r\n"), false},
    {400, FIELDS("Content-Length: 1 1\r\n"), false},
    {400, FIELDS("Content-Length: 1, 1\r\n"), false},
    {400, FIELDS("Content-Length: 1\r\nContent-Length: 1\r\n"), false},
    {400, FIELDS("Content-Length: 1\r\nContent-Length: 2\r\n"), false},
    {400, FIELDS("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), false},
    {400, FIELDS("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), false},
    {400, "GET /1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", false},
    {411, FIELDS("Transfer-Encoding: chunked\r\n"), false},
    {411, FIELDS("transfer-encoding: , Chunked ,\r\n"), false},
    {501, FIELDS("Transfer-Encoding: gzip\r\n"), false},
    {501, FIELDS("Transfer-Encoding: gzip, chunked\r\n"), false},
    {501, FIELDS("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), false},
    {501, FIELDS("Transfer-Encoding:\r\n"), false},
    {405, "POST /1 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", false},
    {413, FIELDS("Content-Length: 65537\r\n"), false},
    {413, FIELDS("Content-Length: 4294967297\r\n"), false},
    {413, FIELDS("Content-Length: 99999999999999999999999999\r\n"), false},
    {405, "PUT /1 HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", false},
    {417, FIELDS("Expect: 200-ok\r\n"), true},
    {417, FIELDS("Expect: 100-continue, 200-ok\r\n"), true},
    {417, FIELDS("Expect: 100-continue;x=y\r\n"), true},
    {405, "PUT /1 HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", false},
};

static void bad_requests_get_their_status_however_they_are_split(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct refused *row = &refused[i];
        struct outcome outcome = parse(row->text);
        if (outcome.request.stage != HTTP_STAGE_COMPLETE || outcome.request.status != row->status)
            fail_msg("stage %u, status %u and not %u for: %s", outcome.request.stage,
                     outcome.request.status, row->status, row->text);
        if (outcome.request.keep_alive != row->keeps_alive)
            fail_msg("%s for: %s", row->keeps_alive ? "closes" : "keeps alive", row->text);
        if (row->keeps_alive)
            assert_int_equal(outcome.used, strlen(row->text));
        if (row->status == 404)
            assert_false(outcome.request.path_is_number);
        assert_same_in_all_splits(row->text, &outcome);
    }
}

/* RFC 3986, 3.2.2 and 3.2.3. */
static const char *const good_hosts[] = {
    "a",
    "A-1.example.org",
    "a:",
    "a:0",
    "a:080",
    "a:65535",
    "a_b~c!$&'()*+,;=",
    "%41%5a%ff.b",
    "127.0.0.1:80",
    "1.2.3.999",
    "1.2",
    "[::]",
    "[::1]",
    "[::1]:",
    "[::1]:80",
    "[1::]",
    "[1:2:3:4:5:6:7:8]",
    "[0001:ABCD:ef01:0:00:000:0000:1]",
    "[1:2:3:4:5:6:7::]",
    "[::2:3:4:5:6:7:8]",
    "[1::3:4:5:6:7:8]",
    "[1:2::5:6]",
    "[::127.0.0.1]",
    "[::ffff:255.250.199.9]",
    "[1:2:3:4:5:6:0.10.100.1]",
    "[1:2:3:4:5::1.2.3.4]",
    "[v1.x]",
    "[V1f.a:b!$]:80",
};

static const char *const bad_hosts[] = {
    ":80",
    ":",
    "a:b",
    "a:8b",
    "a:-1",
    "a:+1",
    "a:65536",
    "a:99999999999999999999",
    "a:80:80",
    "a::80",
    "a:%38",
    "%",
    "%4",
    "%4g",
    "a%",
    "%%41",
    "a b",
    "a\tb",
    "a:80 b",
    "a, b",
    "a/",
    "a?",
    "a#",
    "me@a",
    "me:secret@a",
    "a\\b",
    "a\"b",
    "<a>",
    "a^b",
    "a|b",
    "a`b",
    "a{b}",
    "\xc3\xa4",
    "\x7f",
    "a[",
    "a]",
    "a[::1]",
    "[",
    "[]",
    "[]:80",
    "[:",
    "[:]",
    "[::1",
    "[::1:80",
    "[::1]80",
    "[::1]]",
    "[::1]a",
    "[::1]:a",
    "[::1]:65536",
    "[[::1]]",
    "[a]",
    "[1]",
    "[1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7:8:]",
    "[1:2:3:4:5:6:7:]",
    "[:1:2:3:4:5:6:7:8]",
    "[:1]",
    "[1:]",
    "[1:2:3:4:5:6:7:8::]",
    "[::1:2:3:4:5:6:7:8]",
    "[1::2::3]",
    "[:::]",
    "[1:::2]",
    "[12345::]",
    "[::g]",
    "[::%41]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[127.0.0.1]",
    "[::1.2.3]",
    "[::1.2.3.]",
    "[::.1.2.3]",
    "[::1..2.3]",
    "[::1.2.3.4.5]",
    "[::256.0.0.1]",
    "[::1.2.3.256]",
    "[::01.2.3.4]",
    "[::1.02.3.4]",
    "[::1.2.3.00]",
    "[::a.2.3.4]",
    "[::1a.2.3.4]",
    "[::1.a.3.4]",
    "[::1000.2.3.4]",
    "[::1.2.3.4:5]",
    "[1:2:3:4:5:6:7:1.2.3.4]",
    "[1:2:3:4:5:6::1.2.3.4:7]",
    "[1.2.3.4::]",
    "[v1]",
    "[v1.]",
    "[v.x]",
    "[vg.x]",
    "[v1.x",
    "[v1.[]",
    "[v1.%41]",
};

static void assert_host(const char *format, const char *host, unsigned status) {
    char text[256];
    assert_in_range(snprintf(text, sizeof text, format, host), 1, sizeof text - 1);
    struct outcome outcome = parse(text);
    if (outcome.request.stage != HTTP_STAGE_COMPLETE || outcome.request.status != status)
        fail_msg("stage %u, status %u and not %u for: %s", outcome.request.stage,
                 outcome.request.status, status, text);
    assert_int_equal(outcome.request.keep_alive, status == 200);
    assert_same_in_all_splits(text, &outcome);
}

static void a_host_is_a_name_or_an_address_and_a_port(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good_hosts / sizeof *good_hosts; i++) {
        assert_host("GET /7 HTTP/1.1\r\nHost: %s\r\n\r\n", good_hosts[i], 200);
        assert_host("GET /7 HTTP/1.1\r\nHost:%s \t\n\n", good_hosts[i], 200);
        assert_host("GET http://%s/7 HTTP/1.1\r\nHost: a\r\n\r\n", good_hosts[i], 200);
    }
}

static void a_host_that_is_none_is_400(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_hosts / sizeof *bad_hosts; i++) {
        const char *host = bad_hosts[i];
        assert_host("GET /7 HTTP/1.1\r\nHost: %s\r\n\r\n", host, 400);
        assert_host("GET /7 HTTP/1.0\r\nHost: %s \r\n\r\n", host, 400);
        assert_host("GET http://a/7 HTTP/1.1\r\nHost: %s\r\n\r\n", host, 400);
        if (strpbrk(host, "/?") == NULL) /* which end it there */
            assert_host("GET http://%s/7 HTTP/1.1\r\nHost: a\r\n\r\n", host, 400);
    }
}

static void a_nul_byte_is_refused_everywhere(void **state) {
    (void)state;
    static const char text[] = GET("/12");
    for (size_t at = 0; at < sizeof text - 1; at++) {
        char copy[sizeof text];
        memcpy(copy, text, sizeof text);
        copy[at] = '\0';
        struct outcome outcome = parse_in_pieces(copy, sizeof text - 1, SIZE_MAX);
        assert_int_equal(outcome.request.stage, HTTP_STAGE_COMPLETE);
        assert_int_equal(outcome.request.status, 400);
        assert_false(outcome.request.keep_alive);
    }
}

static void every_beginning_of_a_request_is_incomplete(void **state) {
    (void)state;
    static const char text[] = FIELDS("Content-Length: 3\r\n") "abc";
    for (size_t length = 0; length < sizeof text - 1; length++) {
        struct outcome outcome = parse_in_pieces(text, length, SIZE_MAX);
        assert_int_equal(outcome.used, length);
        assert_int_not_equal(outcome.request.stage, HTTP_STAGE_COMPLETE);
        assert_int_equal(outcome.request.stage == HTTP_STAGE_START, length == 0);
        assert_int_equal(outcome.request.stage == HTTP_STAGE_BODY, length + 3 >= sizeof text - 1);
    }
}

static void empty_lines_do_not_begin_a_request(void **state) {
    (void)state;
    struct outcome outcome = parse("\r\n\r\n\n\r");
    assert_int_equal(outcome.used, 6);
    assert_int_equal(outcome.request.stage, HTTP_STAGE_START);
}

static void feeding_stops_at_the_end_of_the_head(void **state) {
    (void)state;
    static const char head[] = FIELDS("Content-Length: 3\r\n");
    struct http_request request;
    http_request_init(&request, SLEEP_MAX);
    assert_int_equal(
        http_request_feed(&request, FIELDS("Content-Length: 3\r\n") "abcdef", sizeof head - 1 + 6),
        sizeof head - 1);
    assert_int_equal(request.stage, HTTP_STAGE_BODY);
    assert_int_equal(request.body_left, 3);
    assert_int_equal(http_request_feed(&request, "ab", 2), 2);
    assert_int_equal(request.stage, HTTP_STAGE_BODY);
    assert_int_equal(http_request_feed(&request, "cdef", 4), 1);
    assert_int_equal(request.stage, HTTP_STAGE_COMPLETE);
    assert_int_equal(http_request_feed(&request, "def", 3), 0);
}

static void a_body_that_waits_for_100_is_announced(void **state) {
    (void)state;
    struct outcome outcome = parse(FIELDS("Content-Length: 3\r\nExpect: 100-Continue\r\n"));
    assert_int_equal(outcome.request.stage, HTTP_STAGE_BODY);
    assert_true(outcome.request.wants_continue);
    outcome = parse(FIELDS("Content-Length: 3\r\n"));
    assert_false(outcome.request.wants_continue);
    outcome = parse("GET /7 HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(outcome.request.stage, HTTP_STAGE_BODY);
    assert_false(outcome.request.wants_continue);
}

static void the_longest_body_is_skipped(void **state) {
    (void)state;
    char body[4096] = {0};
    struct outcome outcome = parse(FIELDS("Content-Length: 65536\r\n"));
    for (size_t left = HTTP_BODY_MAX; left > 0; left -= sizeof body) {
        assert_int_equal(outcome.request.body_left, left);
        feed(&outcome, body, sizeof body);
    }
    assert_int_equal(outcome.request.stage, HTTP_STAGE_COMPLETE);
    assert_int_equal(outcome.request.status, 200);
}

/* A message whose filler of 'x' makes its part before the mark exactly length bytes long. */
static char *padded(const char *before, size_t length, const char *behind) {
    size_t prefix = strlen(before), suffix = strlen(behind);
    char *text = malloc(length + 1);
    assert_non_null(text);
    assert_true(length > prefix + suffix);
    memset(text, 'x', length);
    memcpy(text, before, prefix);
    memcpy(text + length - suffix, behind, suffix + 1);
    return text;
}

static void the_longest_request_line_is_read_and_a_longer_one_is_414(void **state) {
    (void)state;
    for (size_t extra = 0; extra <= 1; extra++) {
        char *line = padded("GET /7?", HTTP_REQUEST_LINE_MAX + extra, " HTTP/1.1\r\n");
        struct outcome outcome = parse(line);
        assert_int_equal(outcome.request.status, extra == 0 ? 200 : 414);
        assert_int_equal(outcome.request.stage == HTTP_STAGE_COMPLETE, extra);
        feed(&outcome, HOST "\r\n", sizeof HOST + 1);
        assert_int_equal(outcome.request.stage, HTTP_STAGE_COMPLETE);
        assert_int_equal(outcome.request.status, extra == 0 ? 200 : 414);
        free(line);
    }
}

static void the_longest_head_is_read_and_a_longer_one_is_431(void **state) {
    (void)state;
    for (size_t extra = 0; extra <= 1; extra++) {
        char *head = padded("GET /7 HTTP/1.1\r\n" HOST "X: ", HTTP_HEAD_MAX + extra, "\r\n\r\n");
        struct outcome outcome = parse(head);
        assert_int_equal(outcome.request.stage, HTTP_STAGE_COMPLETE);
        assert_int_equal(outcome.request.status, extra == 0 ? 200 : 431);
        assert_int_equal(outcome.request.keep_alive, extra == 0);
        free(head);
    }
}

static void many_short_fields_are_431_too(void **state) {
    (void)state;
    struct outcome outcome = parse("GET /7 HTTP/1.1\r\n" HOST);
    while (outcome.request.stage != HTTP_STAGE_COMPLETE && outcome.used < 100000)
        feed(&outcome, "X:\r\n", 4);
    assert_int_equal(outcome.request.status, 431);
    assert_in_range(outcome.used, HTTP_HEAD_MAX - 4, HTTP_HEAD_MAX);
}

static void a_refusal_ends_the_request(void **state) {
    (void)state;
    struct outcome outcome = parse("GET /7 HTTP/1.1\r\nHos");
    http_request_refuse(&outcome.request, 408);
    assert_int_equal(outcome.request.stage, HTTP_STAGE_COMPLETE);
    assert_int_equal(outcome.request.status, 408);
    assert_false(outcome.request.keep_alive);
    assert_int_equal(http_request_feed(&outcome.request, "t", 1), 0);
}

/* A sleeping connection keeps its parser: it must stay small. */
static void the_parser_is_small(void **state) {
    (void)state;
    assert_in_range(sizeof(struct http_request), 1, 32);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(good_requests_are_understood_however_they_are_split),
    cmocka_unit_test(bad_requests_get_their_status_however_they_are_split),
    cmocka_unit_test(a_host_is_a_name_or_an_address_and_a_port),
    cmocka_unit_test(a_host_that_is_none_is_400),
    cmocka_unit_test(a_nul_byte_is_refused_everywhere),
    cmocka_unit_test(every_beginning_of_a_request_is_incomplete),
    cmocka_unit_test(empty_lines_do_not_begin_a_request),
    cmocka_unit_test(feeding_stops_at_the_end_of_the_head),
    cmocka_unit_test(a_body_that_waits_for_100_is_announced),
    cmocka_unit_test(the_longest_body_is_skipped),
    cmocka_unit_test(the_longest_request_line_is_read_and_a_longer_one_is_414),
    cmocka_unit_test(the_longest_head_is_read_and_a_longer_one_is_431),
    cmocka_unit_test(many_short_fields_are_431_too),
    cmocka_unit_test(a_refusal_ends_the_request),
    cmocka_unit_test(the_parser_is_small),
};

TEST_GROUP(http_request, tests)
