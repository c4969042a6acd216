/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <string.h>

#include <cmio/version.h>

#include "request.h"

#define AGENT "User-Agent: cmio-drill/" CMIO_VERSION_STRING "\r\n"

/* Makes the requests of a plan that must be good. */
static struct requests make(const char *text, const char *base, struct plan *plan) {
    struct complaint complaint = {.message = ""};
    struct requests requests = {0};
    if (plan_parse(text, strlen(text), plan, &complaint) != 0 ||
        requests_make(plan, base, &requests, &complaint) != 0)
        fail_msg("%zu:%zu: %s", complaint.place.line, complaint.place.column, complaint.message);
    return requests;
}

static void assert_sends(const char *text, const char *base, const char *expected) {
    struct plan plan;
    struct requests requests = make(text, base, &plan);
    assert_int_equal(requests.list[0].length, strlen(expected));
    assert_memory_equal(requests.list[0].bytes, expected, requests.list[0].length);
    requests_free(&requests);
    plan_free(&plan);
}

static void a_request_is_sent_with_the_fields_that_it_needs(void **state) {
    (void)state;
    assert_sends("base: http://127.0.0.1:99\nplan: [{name: a, request: {url: /1000}}]", NULL,
                 "GET /1000 HTTP/1.1\r\nHost: 127.0.0.1:99\r\n" AGENT "Accept: */*\r\n\r\n");
    assert_sends("plan: [{name: a, request: {url: 'http://localhost?q#f', method: HEAD}}]", NULL,
                 "HEAD /?q HTTP/1.1\r\nHost: localhost\r\n" AGENT "Accept: */*\r\n\r\n");
}

static void headers_of_the_plan_replace_those_of_the_tool(void **state) {
    (void)state;
    assert_sends("plan: [{name: a, request: {url: 'http://[::1]:80/', headers: {host: h, "
                 "USER-AGENT: u, Accept: '', X: 'a: b'}}}]",
                 NULL, "GET / HTTP/1.1\r\nhost: h\r\nUSER-AGENT: u\r\nAccept: \r\nX: a: b\r\n\r\n");
}

static void a_body_is_sent_with_its_length(void **state) {
    (void)state;
    assert_sends("plan: [{name: a, request: {url: 'http://127.0.0.1/', method: POST, body: "
                 "\"\\u00e9=1\"}}]",
                 NULL,
                 "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" AGENT
                 "Accept: */*\r\nContent-Length: 4\r\n\r\n\xc3\xa9=1");
    assert_sends("plan: [{name: a, request: {url: 'http://127.0.0.1/', method: PUT}}]", NULL,
                 "PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\n" AGENT
                 "Accept: */*\r\nContent-Length: 0\r\n\r\n");
    assert_sends("plan: [{name: a, request: {url: 'http://127.0.0.1/', method: DELETE, body: ''}}]",
                 NULL,
                 "DELETE / HTTP/1.1\r\nHost: 127.0.0.1\r\n" AGENT
                 "Accept: */*\r\nContent-Length: 0\r\n\r\n");
}

static void a_base_given_apart_replaces_that_of_the_plan(void **state) {
    (void)state;
    assert_sends("base: nonsense\nplan: [{name: a, request: {url: /a}}]", "http://127.0.0.2:5/b/",
                 "GET /b/a HTTP/1.1\r\nHost: 127.0.0.2:5\r\n" AGENT "Accept: */*\r\n\r\n");
}

static void what_a_request_is_like_follows_from_the_plan(void **state) {
    (void)state;
    struct plan plan;
    struct requests requests =
        make("base: http://127.0.0.1:1\n"
             "plan:\n"
             "  - {name: a, request: {url: /, headers: {Connection: 'x, Close'}}}\n"
             "  - {name: b, request: {url: 'http://127.0.0.1:2/', method: HEAD}}\n"
             "  - {name: c, request: {url: 'http://LOCALHOST:1/', method: POST}}\n"
             "  - {name: d, request: {url: /, method: PATCH, headers: {Connection: closed}}}\n"
             "  - {name: e, request: {url: /, method: PUT}}\n",
             NULL, &plan);
    static const struct {
        uint32_t server;
        bool head;
        bool idempotent;
        bool closes;
    } expected[] = {
        {0, false, true, true},   {1, true, true, false},  {2, false, false, false},
        {0, false, false, false}, {0, false, true, false},
    };
    for (size_t i = 0; i < plan.item_count; i++) {
        assert_int_equal(requests.list[i].server, expected[i].server);
        assert_int_equal(requests.list[i].head, expected[i].head);
        assert_int_equal(requests.list[i].idempotent, expected[i].idempotent);
        assert_int_equal(requests.list[i].closes, expected[i].closes);
    }
    requests_free(&requests);
    plan_free(&plan);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_is_sent_with_the_fields_that_it_needs),
    cmocka_unit_test(headers_of_the_plan_replace_those_of_the_tool),
    cmocka_unit_test(a_body_is_sent_with_its_length),
    cmocka_unit_test(a_base_given_apart_replaces_that_of_the_plan),
    cmocka_unit_test(what_a_request_is_like_follows_from_the_plan),
};

TEST_GROUP(drill_request, tests)
