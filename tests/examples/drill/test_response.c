/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "response.h"

/* How an answer ends: by itself, or by the end of the connection. */
enum ending { BY_ITSELF, BY_CLOSE };

struct answer {
    const char *text;
    enum ending ending;
    int status;
    bool for_head;
    bool keeps; /* the connection */
};

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static const struct answer answers[] = {
    /* Content-Length. */
    {OK "Content-Length: 5\r\n\r\nhello", BY_ITSELF, 200, false, true},
    {OK "Content-Length: 0\r\n\r\n", BY_ITSELF, 200, false, true},
    {OK "content-LENGTH:5   \r\n\r\nhello", BY_ITSELF, 200, false, true},
    {OK "Content-Length:\t 5\t\r\n\r\nhello", BY_ITSELF, 200, false, true},
    {OK "Content-Length: 5, 5\r\n\r\nhello", BY_ITSELF, 200, false, true},
    {OK "Content-Length: 5\r\nContent-Length: 05\r\n\r\nhello", BY_ITSELF, 200, false, true},
    {OK "Content-Length:\r\n 5\r\n\r\nhello", BY_ITSELF, 200, false, true},
    {OK "X: a\r\n\tb\r\n  c\r\nContent-Length: 1\r\n\r\n\n", BY_ITSELF, 200, false, true},
    {OK "A-name-that-is-far-longer-than-any-that-matters: 9\r\nContent-Length: 1\r\n\r\nx",
     BY_ITSELF, 200, false, true},
    {OK "X-Content-Length: 3\r\nContent-Length-X: 3\r\nContent-Lengt: 3\r\nContent-Length: 2\r\n"
        "\r\nab",
     BY_ITSELF, 200, false, true},
    {OK "X:\r\nY: \xe9\xff\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, true},
    /* Status lines. */
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", BY_ITSELF, 404, false, true},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", BY_ITSELF, 200, false, true},
    {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", BY_ITSELF, 200, false, true},
    {"HTTP/1.9 999 \xe9t\xe9\tx\r\nContent-Length: 0\r\n\r\n", BY_ITSELF, 999, false, true},
    {"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", BY_ITSELF, 200, false, true},
    {"HTTP/1.1 200\nContent-Length: 1\r\n\nx", BY_ITSELF, 200, false, true},
    /* No content, whatever is said of it. */
    {OK "Content-Length: 1000\r\n\r\n", BY_ITSELF, 200, true, true},
    {OK "\r\n", BY_ITSELF, 200, true, true},
    {CHUNKED, BY_ITSELF, 200, true, true},
    {"HTTP/1.1 204 No Content\r\n\r\n", BY_ITSELF, 204, false, true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", BY_ITSELF, 304, false, true},
    /* Interim answers. */
    {"HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, true},
    {"HTTP/1.1 103 Early Hints\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"
     "HTTP/1.1 102 Processing\r\n\r\n" OK "Content-Length: 1\r\n\r\nx",
     BY_ITSELF, 200, false, true},
    {"HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 9\r\n\r\n", BY_ITSELF, 200, true, true},
    /* Chunks. */
    {CHUNKED "0\r\n\r\n", BY_ITSELF, 200, false, true},
    {CHUNKED "5\r\nhello\r\n0\r\n\r\n", BY_ITSELF, 200, false, true},
    {CHUNKED "1\r\na\r\n00A\r\n0123456789\r\n000\r\n\r\n", BY_ITSELF, 200, false, true},
    {CHUNKED "5;name=\"value\"\r\nhello\r\n0 ; x\r\n\r\n", BY_ITSELF, 200, false, true},
    {CHUNKED "5;a;b=c; d = \"e \\\" ; f\" ;g\t=\th;i;\tj\r\nhello\r\n0;a=\"\"\r\n\r\n", BY_ITSELF,
     200, false, true},
    {CHUNKED "0\r\nA:\r\n more\r\n\tand more\r\nB-2: :\r\n\r\n", BY_ITSELF, 200, false, true},
    {CHUNKED "2\r\n\r\n\r\n0\r\nTrailer: a\r\nContent-Length: 3\r\n\r\n", BY_ITSELF, 200, false,
     true},
    {OK "Transfer-Encoding: gzip, Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", BY_ITSELF, 200, false, true},
    {OK "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", BY_ITSELF, 200,
     false, true},
    {OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", BY_ITSELF,
     200, false, false},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n",
     BY_ITSELF, 200, false, false},
    /* Until the end of the connection. */
    {OK "\r\n", BY_CLOSE, 200, false, false},
    {OK "\r\nhello", BY_CLOSE, 200, false, false},
    {OK "Connection: keep-alive\r\n\r\n\r\n\r\nhello", BY_CLOSE, 200, false, false},
    {OK "Transfer-Encoding: gzip\r\n\r\n5\r\nhello", BY_CLOSE, 200, false, false},
    {OK "Transfer-Encoding: chunked-not\r\n\r\n0\r\n\r\n", BY_CLOSE, 200, false, false},
    {OK "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nhello", BY_CLOSE, 200, false, false},
    {OK "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\nhello", BY_CLOSE, 200, false, false},
    {OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n0\r\n"
        "\r\nx",
     BY_CLOSE, 200, false, false},
    {OK "Transfer-Encoding:\r\nContent-Length: 1\r\n\r\nhello", BY_CLOSE, 200, false, false},
    {"HTTP/1.0 200 OK\r\n\r\nhello", BY_CLOSE, 200, false, false},
    /* What becomes of the connection. */
    {OK "Connection: close\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, false},
    {OK "connection: a, , CLOSE ,b\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, false},
    {OK "Connection: closed\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, true},
    {OK "Connection: close it\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, true},
    {OK "Connection: a,\r\n close\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, false},
    {OK "Connection:\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200, false, false},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF, 200,
     false, true},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 1\r\n\r\nx", BY_ITSELF,
     200, false, false},
};

/* Each is refused at its last byte, and not before. */
static const char *const malformed[] = {
    "h",
    "HTTP/2",
    "HTTP/1.x",
    "HTTP/1.10",
    "\r",
    "HTTP/1.1  ",
    "HTTP/1.1 2x",
    "HTTP/1.1 0",
    "HTTP/1.1 2000",
    "HTTP/1.1 200\rx",
    "HTTP/1.1 200 a\x01",
    "HTTP/1.1 200 a\rb",
    "HTTP/1.1 200 a\x7f",
    OK " ",
    OK ":",
    OK "A ",
    OK "A\r",
    OK "A\n",
    OK "A(",
    OK "\x80",
    OK "A: b\x01",
    OK "A: b\rc",
    OK "\rx",
    OK "Content-Length: \r\n\r",
    OK "Content-Length: ,\r\nA",
    OK "Content-Length: -1\r\n\r",
    OK "Content-Length: 1x\r\n\r",
    OK "Content-Length: 1 1\r\n\r",
    OK "Content-Length: 1\r\n 1\r\n\r",
    OK "Content-Length: 1,2\r\n\r",
    OK "Content-Length: 1\r\nContent-Length: 2\r\n\r",
    OK "Content-Length: 9223372036854775808\r\n\r",
    OK "Content-Length: 000000000000000000001\r\n\r",
    OK "Transfer-Encoding: chunked, chunked\r\n\r",
    OK "Transfer-Encoding: chunked, gzip, chunked\r\n\r",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    CHUNKED "\r",
    CHUNKED "x",
    CHUNKED "-",
    CHUNKED "5\n",
    CHUNKED "5\rx",
    CHUNKED "5x",
    CHUNKED "5 x",
    CHUNKED "5 5",
    CHUNKED "5 \r",
    CHUNKED "5\t=",
    CHUNKED "5;\r",
    CHUNKED "5;;",
    CHUNKED "5;=",
    CHUNKED "5;\x01",
    CHUNKED "5;\n",
    CHUNKED "5;a b",
    CHUNKED "5;a \r",
    CHUNKED "5;a=\r",
    CHUNKED "5;a==",
    CHUNKED "5;a=b c",
    CHUNKED "5;a=b\"",
    CHUNKED "5;a=\"b\"c",
    CHUNKED "5;a=\"\r",
    CHUNKED "5;a=\"\\\r",
    CHUNKED "8000000000000000",
    CHUNKED "7FFFFFFFFFFFFFFF0",
    CHUNKED "5\r\nhello\n",
    CHUNKED "5\r\nhellox",
    CHUNKED "5\r\nhello\rx",
    CHUNKED "0\r\n\rx",
    CHUNKED "0\r\nA\r",
    CHUNKED "0\r\n:",
    CHUNKED "0\r\n ",
    CHUNKED "0\r\nA ",
    CHUNKED "0\r\nA: b\r\nB\r",
    CHUNKED "0\r\nA: b\x01",
    CHUNKED "0\r\nA: b\n",
    CHUNKED "0\r\nA: b\rx",
};

/* Feeds bytes from memory of just that size, so that valgrind and ASan see reads beyond them. */
static enum response_result feed(struct response *response, const char *bytes, size_t length,
                                 size_t *used) {
    char *copy = malloc(length + (length == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    enum response_result result = response_feed(response, copy, length, used);
    free(copy);
    return result;
}

static void check_end(const struct answer *answer, const struct response *response,
                      enum response_result result) {
    if (answer->ending == BY_CLOSE) {
        assert_int_equal(result, RESPONSE_MORE);
        assert_int_equal(response_end(response), RESPONSE_COMPLETE);
    } else {
        assert_int_equal(result, RESPONSE_COMPLETE);
    }
    assert_int_equal(response->status, answer->status);
    assert_int_equal(response_keeps_connection(response), answer->keeps);
}

static void an_answer_is_read_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct response response;
        size_t length = strlen(answers[i].text);
        size_t used = 0;
        response_init(&response, answers[i].for_head);
        assert_false(response_has_begun(&response));
        enum response_result result = feed(&response, answers[i].text, length, &used);
        assert_int_equal(used, length);
        assert_true(response_has_begun(&response));
        check_end(&answers[i], &response, result);
    }
}

static void an_answer_may_be_split_in_two_anywhere(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        size_t length = strlen(answers[i].text);
        for (size_t split = 1; split < length; split++) {
            struct response response;
            size_t used = 0;
            response_init(&response, answers[i].for_head);
            assert_int_equal(feed(&response, answers[i].text, split, &used), RESPONSE_MORE);
            assert_int_equal(used, split);
            enum response_result result =
                feed(&response, answers[i].text + split, length - split, &used);
            assert_int_equal(used, length - split);
            check_end(&answers[i], &response, result);
        }
    }
}

static void an_answer_may_come_byte_by_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct response response;
        enum response_result result = RESPONSE_MORE;
        size_t used = 0;
        response_init(&response, answers[i].for_head);
        for (const char *place = answers[i].text; *place != '\0'; place++) {
            assert_int_equal(result, RESPONSE_MORE);
            assert_int_equal(feed(&response, place, 0, &used), RESPONSE_MORE);
            result = feed(&response, place, 1, &used);
            assert_int_equal(used, 1);
        }
        check_end(&answers[i], &response, result);
    }
}

static void what_follows_an_answer_is_left_alone(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (answers[i].ending == BY_CLOSE)
            continue;
        char text[512];
        struct response response;
        size_t used = 0;
        int length = snprintf(text, sizeof text, "%sHTTP/1.1 200 OK\r\n", answers[i].text);
        assert_true(length > 0 && (size_t)length < sizeof text);
        response_init(&response, answers[i].for_head);
        assert_int_equal(feed(&response, text, (size_t)length, &used), RESPONSE_COMPLETE);
        assert_int_equal(used, strlen(answers[i].text));
    }
}

static void an_answer_that_ends_by_itself_is_not_whole_before_its_end(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (answers[i].ending == BY_CLOSE)
            continue;
        size_t length = strlen(answers[i].text);
        for (size_t cut = 0; cut < length; cut++) {
            struct response response;
            size_t used = 0;
            response_init(&response, answers[i].for_head);
            assert_int_equal(feed(&response, answers[i].text, cut, &used), RESPONSE_MORE);
            assert_int_equal(response_end(&response), RESPONSE_MALFORMED);
        }
    }
}

static void what_is_no_answer_is_refused_where_it_goes_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        struct response response;
        size_t length = strlen(malformed[i]);
        size_t used = 0;
        response_init(&response, false);
        enum response_result before = feed(&response, malformed[i], length - 1, &used);
        enum response_result at = feed(&response, malformed[i] + length - 1, 1, &used);
        if (before != RESPONSE_MORE || at != RESPONSE_MALFORMED)
            fail_msg("not refused at its last byte: %s", malformed[i]);
        response_init(&response, false);
        assert_int_equal(feed(&response, malformed[i], length, &used), RESPONSE_MALFORMED);
    }
}

static void a_nul_byte_in_a_head_is_refused(void **state) {
    (void)state;
    static const char heads[][24] = {"HTTP/1.1 200 a", "HTTP/1.1 200\r\n", "HTTP/1.1 200\r\nA",
                                     "HTTP/1.1 200\r\nA: b"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct response response;
        size_t used = 0;
        response_init(&response, false);
        assert_int_equal(feed(&response, heads[i], strlen(heads[i]), &used), RESPONSE_MORE);
        assert_int_equal(feed(&response, "", 1, &used), RESPONSE_MALFORMED);
    }
}

/* Feeds the text again and again; how many bytes were taken before it was refused. */
static size_t feed_until_refused(struct response *response, const char *text) {
    size_t taken = 0;
    for (;;) {
        size_t used = 0;
        enum response_result result = response_feed(response, text, strlen(text), &used);
        taken += used;
        if (result == RESPONSE_MALFORMED || taken > 4 * (size_t)RESPONSE_HEAD_MAX)
            return taken;
    }
}

static void a_head_is_bounded(void **state) {
    (void)state;
    static const struct {
        const char *before;
        const char *again;
    } cases[] = {
        {"HTTP/1.1 200 ", "reason"},
        {OK, "A: b\r\n"},
        {OK "A: ", "value"},
        {OK, "name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct response response;
        size_t used = 0;
        response_init(&response, false);
        assert_int_equal(feed(&response, cases[i].before, strlen(cases[i].before), &used),
                         RESPONSE_MORE);
        assert_int_equal(used + feed_until_refused(&response, cases[i].again), RESPONSE_HEAD_MAX);
    }
}

static void what_frames_a_chunk_is_bounded_but_the_chunks_are_not(void **state) {
    (void)state;
    static const char *const endless[] = {"0", ";a", " "};
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        struct response response;
        size_t used = 0;
        response_init(&response, false);
        assert_int_equal(feed(&response, CHUNKED "0", sizeof(CHUNKED "0") - 1, &used),
                         RESPONSE_MORE);
        assert_int_equal(1 + feed_until_refused(&response, endless[i]), RESPONSE_HEAD_MAX);
    }
    struct response response;
    size_t used = 0;
    response_init(&response, false);
    assert_int_equal(feed(&response, CHUNKED, sizeof(CHUNKED) - 1, &used), RESPONSE_MORE);
    for (int i = 0; i < RESPONSE_HEAD_MAX; i++)
        assert_int_equal(response_feed(&response, "1\r\nx\r\n", 6, &used), RESPONSE_MORE);
    assert_int_equal(feed(&response, "0\r\n\r\n", 5, &used), RESPONSE_COMPLETE);
}

static void a_trailer_is_bounded(void **state) {
    (void)state;
    struct response response;
    size_t used = 0;
    response_init(&response, false);
    assert_int_equal(feed(&response, CHUNKED "0\r\n", sizeof(CHUNKED "0\r\n") - 1, &used),
                     RESPONSE_MORE);
    assert_int_equal(3 + feed_until_refused(&response, "A: b\r\n"), RESPONSE_HEAD_MAX);
}

static void content_of_any_length_is_passed_over(void **state) {
    (void)state;
    static const char head[] = OK "Content-Length: 5000000000\r\n\r\n";
    static char content[1000000];
    struct response response;
    size_t used = 0;
    response_init(&response, false);
    assert_int_equal(feed(&response, head, sizeof head - 1, &used), RESPONSE_MORE);
    for (int i = 0; i < 4999; i++)
        assert_int_equal(response_feed(&response, content, sizeof content, &used), RESPONSE_MORE);
    assert_int_equal(response_feed(&response, content, sizeof content - 1, &used), RESPONSE_MORE);
    assert_int_equal(response_feed(&response, content, 2, &used), RESPONSE_COMPLETE);
    assert_int_equal(used, 1);
}

static void an_interim_answer_counts_as_a_beginning(void **state) {
    (void)state;
    struct response response;
    size_t used = 0;
    response_init(&response, false);
    assert_int_equal(feed(&response, "HTTP/1.1 100 \r\n\r\n", 17, &used), RESPONSE_MORE);
    assert_true(response_has_begun(&response));
    assert_int_equal(response_end(&response), RESPONSE_MALFORMED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_answer_is_read_whole),
    cmocka_unit_test(an_answer_may_be_split_in_two_anywhere),
    cmocka_unit_test(an_answer_may_come_byte_by_byte),
    cmocka_unit_test(what_follows_an_answer_is_left_alone),
    cmocka_unit_test(an_answer_that_ends_by_itself_is_not_whole_before_its_end),
    cmocka_unit_test(what_is_no_answer_is_refused_where_it_goes_wrong),
    cmocka_unit_test(a_nul_byte_in_a_head_is_refused),
    cmocka_unit_test(a_head_is_bounded),
    cmocka_unit_test(what_frames_a_chunk_is_bounded_but_the_chunks_are_not),
    cmocka_unit_test(a_trailer_is_bounded),
    cmocka_unit_test(content_of_any_length_is_passed_over),
    cmocka_unit_test(an_interim_answer_counts_as_a_beginning),
};

TEST_GROUP(drill_response, tests)
