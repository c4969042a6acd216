/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
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

static void assert_fills(const struct request *request, uint64_t iteration, const char *expected) {
    char *filled = malloc(request_room(request));
    assert_non_null(filled);
    size_t length = request_fill(request, iteration, filled);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(filled, expected, length);
    free(filled);
}

static void variables_are_replaced_in_url_headers_and_body(void **state) {
    (void)state;
    assert_int_equal(setenv("DRILL_TEST", "from outside", 1), 0);
    assert_sends("base: http://{{ host }}/{{a-1}}\n"
                 "vars: {host: 'h:1', a-1: api, own: '{{'}\n"
                 "plan:\n"
                 "  - name: a\n"
                 "    request:\n"
                 "      url: /{{ a-1 }}?{{  host  }}\n"
                 "      method: POST\n"
                 "      headers: {X: '{{DRILL_TEST}}', Accept: '{{ own }}{{a-1}}'}\n"
                 "      body: \"{{ a-1 }}{ {x}} {{ base }}\"\n",
                 NULL,
                 "POST /api/api?h:1 HTTP/1.1\r\nHost: h:1\r\n" AGENT "X: from outside\r\n"
                 "Accept: {{api\r\nContent-Length: 24\r\n\r\napi{ {x}} http://h:1/api");
}

static void an_item_is_repeated_for_each_of_its_items(void **state) {
    (void)state;
    static const char *const targets[] = {"/70/0", "/73/1", "/x/0", "/y/1",
                                          "/5",    "/8",    "/11",  "/last"};
    static const size_t items[] = {0, 0, 1, 1, 3, 3, 3, 4};
    struct plan plan;
    struct requests requests =
        make("base: http://127.0.0.1:1\n"
             "plan:\n"
             "  - {name: a, request: {url: '/{{ item }}/{{ index }}'}, with_items: [70, 73]}\n"
             "  - {name: b, request: {url: '/{{ item.id }}/{{ index }}'}, with_items: [{id: x}, "
             "{id: y}]}\n"
             "  - delay: 1.5\n"
             "  - {name: c, request: {url: '/{{ item }}'}, with_items_range: {start: 5, step: 3, "
             "stop: 13}}\n"
             "  - {name: d, request: {url: /last}}\n",
             NULL, &plan);
    assert_int_equal(requests.count, 9);
    assert_int_equal(requests.sent, 8);
    assert_true(requests.list[4].is_delay);
    assert_int_equal(requests.list[4].delay, 1500000000);
    for (size_t i = 0, place = 0; i < 8; i++, place++) {
        char expected[32];
        place += requests.list[place].is_delay;
        int length = snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\n", targets[i]);
        assert_memory_equal(requests.list[place].bytes, expected, (size_t)length);
        assert_int_equal(requests.list[place].item, items[i]);
    }
    assert_int_equal(requests.servers.count, 1);
    requests_free(&requests);
    plan_free(&plan);
}

static void the_number_of_the_iteration_is_filled_in_later(void **state) {
    (void)state;
    struct plan plan;
    struct requests requests =
        make("base: http://127.0.0.1:1/b\n"
             "plan:\n"
             "  - {name: a, request: {url: '/{{ iteration }}#{{ iteration }}'}}\n"
             "  - {name: c, request: {url: /}}\n",
             NULL, &plan);
    assert_fills(&requests.list[0], 7,
                 "GET /b/7 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" AGENT "Accept: */*\r\n\r\n");
    assert_fills(&requests.list[1], 7,
                 "GET /b/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" AGENT "Accept: */*\r\n\r\n");
    requests_free(&requests);
    plan_free(&plan);
}

static void the_length_of_a_body_is_that_with_the_number(void **state) {
    (void)state;
    struct plan plan;
    struct requests requests =
        make("plan:\n"
             "  - {name: b, request: {url: 'http://127.0.0.1:1?{{ iteration }}', method: PUT, "
             "headers: {User-Agent: 'x{{ iteration }}{{iteration}}y', Accept: ''}, "
             "body: '<{{ iteration }}>{{ iteration }}'}}\n",
             NULL, &plan);
    assert_fills(&requests.list[0], 123456,
                 "PUT /?123456 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                 "User-Agent: x123456123456y\r\nAccept: \r\nContent-Length: 14\r\n\r\n"
                 "<123456>123456");
    assert_fills(&requests.list[0], UINT64_MAX,
                 "PUT /?18446744073709551615 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                 "User-Agent: x1844674407370955161518446744073709551615y\r\nAccept: \r\n"
                 "Content-Length: 42\r\n\r\n<18446744073709551615>18446744073709551615");
    requests_free(&requests);
    plan_free(&plan);
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
             "  - {name: e, request: {url: /, method: put}}\n",
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
    cmocka_unit_test(variables_are_replaced_in_url_headers_and_body),
    cmocka_unit_test(an_item_is_repeated_for_each_of_its_items),
    cmocka_unit_test(the_number_of_the_iteration_is_filled_in_later),
    cmocka_unit_test(the_length_of_a_body_is_that_with_the_number),
    cmocka_unit_test(a_request_is_sent_with_the_fields_that_it_needs),
    cmocka_unit_test(headers_of_the_plan_replace_those_of_the_tool),
    cmocka_unit_test(a_body_is_sent_with_its_length),
    cmocka_unit_test(a_base_given_apart_replaces_that_of_the_plan),
    cmocka_unit_test(what_a_request_is_like_follows_from_the_plan),
};

TEST_GROUP(drill_request, tests)
