/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"
#include "request.h"

#define PLAN(text) "plan:\n  - name: a\n    request:\n" text

/* A plan that is wrong, and what is said of it, the place included. */
struct bad_plan {
    const char *text;
    const char *complaint;
};

static const struct bad_plan bad_plans[] = {
    /* No document, or not one. */
    {"", "1:1: the file is empty"},
    {"# a comment\n", "1:1: the file is empty"},
    {"---\n", "2:1: the file must be a mapping, not nothing"},
    {"- plan\n", "1:1: the file must be a mapping, not a list"},
    {"plan\n", "1:1: the file must be a mapping, not 'plan'"},
    {PLAN("      url: /\n---\nplan: []\n"), "5:1: the file has more than one document"},
    /* Not YAML, not text. */
    {"plan:\n  - name: 'a\n", "3:1: not YAML: found unexpected end of stream while scanning a "
                              "quoted scalar"},
    {"base: http://127.0.0.1\n iterations: 2\n",
     "2:12: not YAML: mapping values are not allowed in this context"},
    {"plan: [\n", "2:1: not YAML: did not find expected node content while parsing a flow node"},
    {"base: \xc3\xa9 \xff\n", "1:9: not text: invalid leading UTF-8 octet"},
    {"name: a\nbase: \x01\n", "2:7: not text: control characters are not allowed"},
    /* Keys. */
    {"concurency: 4\n", "1:1: unknown key 'concurency' in the file, which has concurrency, base, "
                        "iterations, rampup, duration, rate, vars and plan"},
    {"base: http://127.0.0.1\nplan:\n  - name: a\n    url: /\n",
     "4:5: unknown key 'url' in an item of the plan, which has name, request, delay, with_items, "
     "with_items_range and tags"},
    {PLAN("      url: /\n      verb: GET\n"),
     "5:7: unknown key 'verb' in request, which has url, method, headers and body"},
    {"\"a\\eb\": 1\n", "1:1: unknown key 'a?b' in the file, which has concurrency, base, "
                       "iterations, rampup, duration, rate, vars and plan"},
    {"a_key_that_goes_on_and_on_and_on_and_on_and_on_and_on: 1\n",
     "1:1: unknown key 'a_key_that_goes_on_and_on_and_on_and_on_an...' in the file, which has "
     "concurrency, base, iterations, rampup, duration, rate, vars and plan"},
    {"\"plan\\0\": []\n", "1:1: unknown key 'plan?' in the file, which has concurrency, base, "
                          "iterations, rampup, duration, rate, vars and plan"},
    {"? [a]\n: 1\n", "1:3: a key must be text, not a list"},
    {"iterations: 1\niterations: 2\n", "2:1: iterations is given twice"},
    {PLAN("      url: /\n    name: b\n"), "5:5: name is given twice"},
    {PLAN("      url: /\n      url: /\n"), "5:7: url is given twice"},
    {PLAN("      url: /\n      headers:\n        Accept: a\n        accept: b\n"),
     "7:9: this header is given twice"},
    /* What the namesake has. */
    {"base: http://127.0.0.1\nthreads: 4\n", "2:1: threads of fcsonline/drill is not supported"},
    {"run_time: 4\n", "1:1: run_time of fcsonline/drill is not supported"},
    {"lifecycle: {}\n", "1:1: lifecycle of fcsonline/drill is not supported"},
    {"cookies: true\n", "1:1: cookies of fcsonline/drill is not supported"},
    {"plan:\n  - name: a\n    include: b.yml\n",
     "3:5: include of fcsonline/drill is not supported"},
    {"plan:\n  - name: a\n    exec:\n      command: ls\n",
     "3:5: exec of fcsonline/drill is not supported"},
    {"plan:\n  - name: a\n    assert: {key: a, value: 1}\n",
     "3:5: assert of fcsonline/drill is not supported"},
    {"plan:\n  - name: a\n    assign: {key: a, value: 1}\n",
     "3:5: assign of fcsonline/drill is not supported"},
    {PLAN("      url: /\n    assign: b\n"), "5:5: assign of fcsonline/drill is not supported"},
    {PLAN("      url: /\n    with_items_from_csv: b.csv\n"),
     "5:5: with_items_from_csv of fcsonline/drill is not supported"},
    {PLAN("      url: /\n    shuffle: true\n"), "5:5: shuffle of fcsonline/drill is not supported"},
    {PLAN("      url: /\n    pick: 2\n"), "5:5: pick of fcsonline/drill is not supported"},
    {PLAN("      url: /\n      auth: {type: basic}\n"),
     "5:7: auth of fcsonline/drill is not supported"},
    {PLAN("      url: /\n      cookies: {a: b}\n"),
     "5:7: cookies of fcsonline/drill is not supported"},
    /* Variables, repetitions, delays and tags. */
    {"vars: [a]\n", "1:7: vars must be a mapping, not a list"},
    {"vars: {a: [b]}\n", "1:11: the value of a variable must be text, not a list"},
    {"vars: {a: 1, a: 2}\n", "1:14: this variable is given twice"},
    {"vars: {item: 1}\n", "1:8: drill itself sets the variable item"},
    {"vars: {iteration: 1}\n", "1:8: drill itself sets the variable iteration"},
    {"vars: {a.b: 1}\n", "1:8: the name of a variable may have only letters, digits, _ and -"},
    {"vars: {1a: 1}\n", "1:8: the name of a variable may have only letters, digits, _ and -"},
    {"vars: {'': 1}\n", "1:8: the name of a variable may have only letters, digits, _ and -"},
    {PLAN("      url: /\n    with_items: a\n"),
     "5:17: with_items must be a list or a range, not 'a'"},
    {PLAN("      url: /\n    with_items: []\n"), "5:17: with_items has no items"},
    {PLAN("      url: /\n    with_items: [[a]]\n"),
     "5:18: an item must be text or a mapping, not a list"},
    {PLAN("      url: /\n    with_items: [~]\n"), "5:18: an item must be text, not nothing"},
    {PLAN("      url: /\n    with_items: [{a: {}}]\n"),
     "5:22: the value of a field must be text, not a mapping"},
    {PLAN("      url: /\n    with_items: [{a: 1, a: 2}]\n"), "5:25: this field is given twice"},
    {PLAN("      url: /\n    with_items_range: [1]\n"),
     "5:23: with_items_range must be a mapping, not a list"},
    {PLAN("      url: /\n    with_items_range: {start: 1}\n"),
     "5:23: stop is missing in with_items_range"},
    {PLAN("      url: /\n    with_items_range: {start: 2, stop: 1}\n"),
     "5:23: with_items_range stops before it starts"},
    {PLAN("      url: /\n    with_items: {start: 2, stop: 4, step: 0}\n"),
     "5:43: step must be a whole number above 0, not '0'"},
    {PLAN("      url: /\n    with_items_range: {start: -1, stop: 1}\n"),
     "5:31: start must be a whole number, not '-1'"},
    {PLAN("      url: /\n    with_items: [1]\n    with_items_range: {start: 1, stop: 1}\n"),
     "6:23: an item cannot have both with_items and with_items_range"},
    {PLAN("      url: /\n    delay: 1\n"), "2:5: an item cannot be both a request and a delay"},
    {"plan:\n  - delay: soon\n",
     "2:12: delay must be a number of seconds, such as 2 or 0.5, not 'soon'"},
    {"plan:\n  - delay: {}\n", "2:12: seconds is missing in delay"},
    {"plan:\n  - delay: {seconds: -1}\n",
     "2:22: seconds must be a number of seconds, such as 2 or 0.5, not '-1'"},
    {"plan:\n  - delay: 1\n    with_items: [1]\n", "3:17: only a request can be repeated"},
    {PLAN("      url: /\n    tags: a\n"), "5:11: tags must be a list, not 'a'"},
    {PLAN("      url: /\n    tags: [[a]]\n"), "5:12: a tag must be text, not a list"},
    {PLAN("      url: /\n    tags: ['a,b']\n"), "5:12: a tag must not contain a comma"},
    {PLAN("      url: /\n    tags: ['']\n"),
     "5:12: a tag must be a text that is not empty, not ''"},
    {PLAN("      url: /\n    tags: [\"a\\eb\"]\n"), "5:12: a tag contains a control character"},
    /* What is missing. */
    {"base: http://127.0.0.1\n", "1:1: plan is missing in the file"},
    {"plan:\n  - request:\n      url: /\n", "2:5: name is missing in an item of the plan"},
    {"plan:\n  - name: a\n", "2:5: request is missing in an item of the plan"},
    {PLAN("      method: GET\n"), "4:7: url is missing in request"},
    {"plan: []\n", "1:7: plan has no items"},
    /* Types. */
    {"concurrency: many\n",
     "1:14: concurrency must be a whole number from 1 to 1000000, not 'many'"},
    {"concurrency: 0\n", "1:14: concurrency must be a whole number from 1 to 1000000, not '0'"},
    {"concurrency: 1000001\n",
     "1:14: concurrency must be a whole number from 1 to 1000000, not '1000001'"},
    {"concurrency: '4'\n", "1:14: concurrency must be a whole number from 1 to 1000000, not '4'"},
    {"concurrency: 4.0\n", "1:14: concurrency must be a whole number from 1 to 1000000, not '4.0'"},
    {"concurrency: [4]\n",
     "1:14: concurrency must be a whole number from 1 to 1000000, not a list"},
    {"concurrency: {a: 4}\n",
     "1:14: concurrency must be a whole number from 1 to 1000000, not a mapping"},
    {"concurrency:\niterations: 1\n",
     "1:13: concurrency must be a whole number from 1 to 1000000, not nothing"},
    {"iterations: -1\n",
     "1:13: iterations must be a whole number from 1 to 1000000000000, not '-1'"},
    {"iterations: 0x10\n",
     "1:13: iterations must be a whole number from 1 to 1000000000000, not '0x10'"},
    {"rampup: soon\n", "1:9: rampup must be seconds, such as 2 or 0.5, not 'soon'"},
    {"duration: 0\n", "1:11: duration must be seconds above 0, such as 2 or 0.5, not '0'"},
    {"duration: 1m\n", "1:11: duration must be seconds above 0, such as 2 or 0.5, not '1m'"},
    {"rate: 0\n",
     "1:7: rate must be a number above 0 and at most 1000000, such as 100 or 0.5, not '0'"},
    {"rate: 1000001\n",
     "1:7: rate must be a number above 0 and at most 1000000, such as 100 or 0.5, not '1000001'"},
    {"rampup: -1\n", "1:9: rampup must be seconds, such as 2 or 0.5, not '-1'"},
    {"base: [http://127.0.0.1]\n", "1:7: base must be text, not a list"},
    {"base: ~\n", "1:7: base must be text, not nothing"},
    {"base: \"http://127.0.0.1\\0\"\n", "1:7: base contains a NUL byte"},
    {"plan: a\n", "1:7: plan must be a list, not 'a'"},
    {"plan:\n  name: a\n", "2:3: plan must be a list, not a mapping"},
    {"plan:\n  - a\n", "2:5: an item of the plan must be a mapping, not 'a'"},
    {"plan:\n  - name: {}\n", "2:11: name must be text, not a mapping"},
    {"plan:\n  - name: ''\n", "2:11: name must be a text that is not empty, not ''"},
    {"plan:\n  - name: \"a\\rb\"\n", "2:11: name contains a control character"},
    {"plan:\n  - name: a\n    request: /\n", "3:14: request must be a mapping, not '/'"},
    {PLAN("      url: [/]\n"), "4:12: url must be text, not a list"},
    {PLAN("      url: /\n      headers: [a]\n"), "5:16: headers must be a mapping, not a list"},
    {PLAN("      url: /\n      headers:\n"), "5:15: headers must be a mapping, not nothing"},
    {PLAN("      url: /\n      headers:\n        A: [b]\n"),
     "6:12: the value of a header must be text, not a list"},
    {PLAN("      url: /\n      headers:\n        [a]: b\n"),
     "6:9: the name of a header must be text, not a list"},
    {PLAN("      url: /\n      body: {a: b}\n"), "5:13: body must be text, not a mapping"},
    /* What YAML has and plans do not. */
    {"base: &b http://127.0.0.1\n", "1:7: anchors and aliases are not supported"},
    {"plan: &p []\n", "1:7: anchors and aliases are not supported"},
    {"plan:\n  - &p {}\n", "2:5: anchors and aliases are not supported"},
    {"base: *b\n", "1:7: anchors and aliases are not supported"},
    {"base: !!str 1\n", "1:7: tags are not supported"},
    {"plan: !list []\n", "1:7: tags are not supported"},
    {"plan:\n  - !item {}\n", "2:5: tags are not supported"},
};

/* Plans that are well-formed and ask for what cannot be done. */
static const struct bad_plan senseless_plans[] = {
    {PLAN("      url: /\n"), "4:12: url: a relative url needs a base"},
    {PLAN("      url: index.html\n"),
     "4:12: url: a url must begin with http://, or with / if there is a base"},
    {PLAN("      url: ''\n"),
     "4:12: url: a url must begin with http://, or with / if there is a base"},
    {PLAN("      url: https://127.0.0.1/\n"), "4:12: url: HTTPS is not supported, only http://"},
    {PLAN("      url: http://a b/\n"), "4:12: url: a character in it must be percent-encoded"},
    {PLAN("      url: http://127.0.0.999/\n"), "4:12: url: the host is not an IPv4 address"},
    {"base: ftp://127.0.0.1\n" PLAN("      url: /\n"), "1:7: base: only http:// is supported"},
    {"base: http://127.0.0.1?a\n" PLAN("      url: /\n"),
     "1:7: base: a base must not have a query or a fragment"},
    {"base: http://127.0.0.1\n" PLAN("      url: /a b\n"),
     "5:12: url: a character in it must be percent-encoded"},
    {PLAN("      url: http://127.0.0.1/{{ nonesuch }}\n"),
     "4:12: url: unknown variable 'nonesuch'"},
    {PLAN("      url: http://127.0.0.1/{{ item }}\n"), "4:12: url: unknown variable 'item'"},
    {PLAN("      url: http://127.0.0.1/{{ index }}\n"), "4:12: url: unknown variable 'index'"},
    {PLAN("      url: http://127.0.0.1/{{ foo.body.id }}\n"),
     "4:12: url: unknown variable 'foo.body.id'"},
    {PLAN("      url: http://127.0.0.1/{{ item.b }}\n    with_items: [{a: 1}]\n"),
     "4:12: url: unknown variable 'item.b'"},
    {PLAN("      url: http://127.0.0.1/{{ item }}\n    with_items: [{a: 1}]\n"),
     "4:12: url: unknown variable 'item'"},
    {PLAN("      url: http://127.0.0.1/{{ item.a }}\n    with_items: [1]\n"),
     "4:12: url: unknown variable 'item.a'"},
    {PLAN("      url: http://127.0.0.1/{{ a\n"),
     "4:12: url: {{ must be followed by the name of a variable and }}"},
    {PLAN("      url: http://127.0.0.1/\n      headers: {A: '{{ 1 }}'}\n"),
     "5:20: header: {{ must be followed by the name of a variable and }}"},
    {PLAN("      url: http://127.0.0.1/\n      body: '{{ a b }}'\n"),
     "5:13: body: {{ must be followed by the name of a variable and }}"},
    {PLAN("      url: http://127.0.0.1{{ iteration }}/\n"),
     "4:12: url: the host cannot depend on the iteration"},
    {"base: http://127.0.0.1/{{ iteration }}\n" PLAN("      url: /\n"),
     "1:7: base: it cannot depend on the iteration"},
    {"base: http://127.0.0.1/{{ base }}\n" PLAN("      url: /\n"),
     "1:7: base: unknown variable 'base'"},
    {"vars: {a: 'b c'}\n" PLAN("      url: http://127.0.0.1/{{ a }}\n"),
     "5:12: url: a character in it must be percent-encoded"},
    {"vars: {a: \"b\\r\\nC: d\"}\n" PLAN(
         "      url: http://127.0.0.1/\n      headers: {A: '{{ a }}'}\n"),
     "6:20: the value of a header contains a control character"},
    {PLAN("      url: http://127.0.0.1/\n    with_items: {start: 0, stop: 1000000}\n"),
     "2:5: the plan makes more than 1000000 requests"},
    {"plan:\n  - delay: 1\n", "2:5: no item of the plan is a request"},
    {PLAN("      url: http://127.0.0.1/\n      method: fetch\n"),
     "5:15: method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"},
    {PLAN("      url: http://127.0.0.1/\n      headers:\n        A b: c\n"),
     "6:9: this is not a valid header name"},
    {PLAN("      url: http://127.0.0.1/\n      headers:\n        '': c\n"),
     "6:9: this is not a valid header name"},
    {PLAN("      url: http://127.0.0.1/\n      headers:\n        A: \"b\\r\\nC: d\"\n"),
     "6:12: the value of a header contains a control character"},
    {PLAN("      url: http://127.0.0.1/\n      headers:\n        content-length: 3\n"),
     "6:9: drill itself sets content-length"},
    {PLAN("      url: http://127.0.0.1/\n      headers:\n        Transfer-Encoding: chunked\n"),
     "6:9: drill itself sets Transfer-Encoding"},
};

static const char *as_text(const struct complaint *complaint, char *buffer, size_t size) {
    (void)snprintf(buffer, size, "%zu:%zu: %s", complaint->place.line, complaint->place.column,
                   complaint->message);
    return buffer;
}

/* Reads from memory of just that size, so that valgrind and ASan see what is read beyond it. */
static int parse_bytes(const char *bytes, size_t length, struct plan *plan,
                       struct complaint *complaint) {
    char *copy = malloc(length + (length == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    int result = plan_parse(copy, length, plan, complaint);
    free(copy);
    return result;
}

static int parse(const char *text, struct plan *plan, struct complaint *complaint) {
    return parse_bytes(text, strlen(text), plan, complaint);
}

static void what_is_wrong_with_a_plan_is_said_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_plans / sizeof *bad_plans; i++) {
        struct plan plan;
        struct complaint complaint;
        char text[512];
        if (parse(bad_plans[i].text, &plan, &complaint) == 0)
            fail_msg("this is no plan, but it was read as one:\n%s", bad_plans[i].text);
        assert_string_equal(as_text(&complaint, text, sizeof text), bad_plans[i].complaint);
    }
}

static void what_makes_no_sense_in_a_plan_is_said_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof senseless_plans / sizeof *senseless_plans; i++) {
        struct plan plan;
        struct complaint complaint;
        struct requests requests;
        char text[512];
        if (parse(senseless_plans[i].text, &plan, &complaint) != 0)
            fail_msg("%s", as_text(&complaint, text, sizeof text));
        if (requests_make(&plan, NULL, &requests, &complaint) == 0)
            fail_msg("requests were made of this:\n%s", senseless_plans[i].text);
        assert_string_equal(as_text(&complaint, text, sizeof text), senseless_plans[i].complaint);
        plan_free(&plan);
    }
}

static void a_plan_cut_short_anywhere_leaks_nothing_and_is_never_half_read(void **state) {
    (void)state;
    static const char text[] =
        "concurrency: 2\nplan:\n  - name: a\n    request:\n      url: /\n"
        "      headers: {A: b, C: d, E: f}\n      body: |\n        text\n"
        "  - {name: b, request: {url: /, method: PUT}, with_items: [1, {a: b}],"
        " tags: [c]}\n  - delay: 1\nvars: {d: e, f: g}\n";
    for (size_t length = 0; length < sizeof text; length++) {
        struct plan plan = {0};
        struct complaint complaint;
        if (parse_bytes(text, length, &plan, &complaint) != 0) {
            assert_null(plan.items);
            continue;
        }
        assert_true(plan.item_count > 0 && plan.items[0].url.data != NULL);
        plan_free(&plan);
    }
}

static void every_key_of_a_plan_is_read(void **state) {
    (void)state;
    struct plan plan;
    struct complaint complaint;
    int result = parse("---\n"
                       "concurrency: 4\n"
                       "base: \"http://127.0.0.1:9000\"\n"
                       "iterations: 12\n"
                       "rampup: 2.5\n"
                       "duration: 30\n"
                       "rate: 0.5\n"
                       "plan:\n"
                       "  - name: Fetch it\n"
                       "    request:\n"
                       "      url: /a?b=c\n"
                       "  - request: {method: POST, url: 'http://[::1]:80/', body: \"a\\0b\",\n"
                       "      headers: {X-Number: 12, X-Text: \"a, b\"}}\n"
                       "    name: 7\n"
                       "...\n",
                       &plan, &complaint);
    assert_int_equal(result, 0);
    assert_int_equal(plan.concurrency, 4);
    assert_int_equal(plan.iterations, 12);
    assert_int_equal(plan.rampup, INT64_C(2500000000));
    assert_int_equal(plan.duration, INT64_C(30000000000));
    assert_int_equal(plan.rate, INT64_C(500000000));
    assert_string_equal(plan.base.data, "http://127.0.0.1:9000");
    assert_int_equal(plan.item_count, 2);
    assert_string_equal(plan.items[0].name.data, "Fetch it");
    assert_string_equal(plan.items[0].url.data, "/a?b=c");
    assert_null(plan.items[0].method.data);
    assert_null(plan.items[0].body.data);
    assert_int_equal(plan.items[0].headers.count, 0);
    assert_string_equal(plan.items[1].name.data, "7");
    assert_string_equal(plan.items[1].method.data, "POST");
    assert_int_equal(plan.items[1].body.length, 3);
    assert_memory_equal(plan.items[1].body.data, "a\0b", 4);
    assert_int_equal(plan.items[1].headers.count, 2);
    assert_string_equal(plan.items[1].headers.list[0].name.data, "X-Number");
    assert_string_equal(plan.items[1].headers.list[0].value.data, "12");
    assert_string_equal(plan.items[1].headers.list[1].value.data, "a, b");
    plan_free(&plan);
}

static void delays_repetitions_tags_and_variables_are_read(void **state) {
    (void)state;
    struct plan plan;
    struct complaint complaint;
    int result = parse("vars: {a: 1, B-2: x}\n"
                       "plan:\n"
                       "  - delay: 2\n"
                       "  - delay: {seconds: 0.5}\n"
                       "    name: Wait\n"
                       "    tags: [a, always]\n"
                       "  - name: List\n"
                       "    request: {url: /}\n"
                       "    with_items: [70, {id: 73, name: x}]\n"
                       "  - name: Range\n"
                       "    request: {url: /}\n"
                       "    with_items_range: {start: 70, step: 5, stop: 84}\n"
                       "  - name: Range too\n"
                       "    request: {url: /}\n"
                       "    with_items: {start: 0, stop: 2}\n",
                       &plan, &complaint);
    assert_int_equal(result, 0);
    assert_int_equal(plan.vars.count, 2);
    assert_string_equal(plan.vars.list[1].name.data, "B-2");
    assert_string_equal(plan.vars.list[1].value.data, "x");
    assert_true(plan.items[0].has_delay && !plan.items[0].has_request);
    assert_int_equal(plan.items[0].delay, INT64_C(2000000000));
    assert_int_equal(plan.items[1].delay, INT64_C(500000000));
    assert_int_equal(plan.items[1].tags.count, 2);
    assert_string_equal(plan.items[1].tags.list[1].data, "always");
    assert_int_equal(plan.items[2].repeats.count, 2);
    assert_string_equal(plan.items[2].repeats.list[0].text.data, "70");
    assert_null(plan.items[2].repeats.list[1].text.data);
    assert_string_equal(plan.items[2].repeats.list[1].pairs.list[0].value.data, "73");
    assert_null(plan.items[3].repeats.list);
    assert_int_equal(plan.items[3].repeats.count, 3);
    assert_int_equal(plan.items[3].repeats.start, 70);
    assert_int_equal(plan.items[3].repeats.step, 5);
    assert_int_equal(plan.items[4].repeats.count, 3);
    plan_free(&plan);
}

static void what_a_plan_leaves_out_has_defaults(void **state) {
    (void)state;
    struct plan plan;
    struct complaint complaint;
    assert_int_equal(parse(PLAN("      url: /\n"), &plan, &complaint), 0);
    assert_int_equal(plan.concurrency, 0);
    assert_int_equal(plan.iterations, 0);
    assert_int_equal(plan.duration, 0);
    assert_int_equal(plan.rate, 0);
    assert_int_equal(plan.rampup, 0);
    assert_null(plan.base.data);
    plan_free(&plan);
}

static void a_plan_of_many_items_and_headers_is_read(void **state) {
    (void)state;
    enum { ITEMS = 100, HEADERS = 37 };
    char *bytes = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);
    assert_non_null(stream);
    fputs("plan:\n", stream);
    for (int i = 0; i < ITEMS; i++) {
        fprintf(stream, "  - name: item %d\n    request:\n      url: /%d\n      headers:\n", i, i);
        for (int j = 0; j < HEADERS; j++)
            fprintf(stream, "        X-%d: value %d\n", j, j);
    }
    assert_int_equal(fclose(stream), 0);
    struct plan plan;
    struct complaint complaint;
    assert_int_equal(plan_parse(bytes, length, &plan, &complaint), 0);
    assert_int_equal(plan.item_count, ITEMS);
    assert_string_equal(plan.items[ITEMS - 1].url.data, "/99");
    assert_int_equal(plan.items[ITEMS - 1].headers.count, HEADERS);
    assert_string_equal(plan.items[ITEMS - 1].headers.list[HEADERS - 1].value.data, "value 36");
    plan_free(&plan);
    free(bytes);
}

static void a_file_that_cannot_be_read_is_complained_of_at_its_start(void **state) {
    (void)state;
    struct plan plan;
    struct complaint complaint;
    char text[512];
    assert_int_equal(plan_read("/nonexistent/plan.yaml", &plan, &complaint), -1);
    assert_string_equal(as_text(&complaint, text, sizeof text),
                        "1:1: cannot be read: No such file or directory");
    assert_int_equal(plan_read("/", &plan, &complaint), -1);
    assert_string_equal(as_text(&complaint, text, sizeof text),
                        "1:1: cannot be read: Is a directory");
    assert_int_equal(plan_read("/dev/zero", &plan, &complaint), -1);
    assert_string_equal(as_text(&complaint, text, sizeof text),
                        "1:1: a plan may have at most 16777216 bytes");
    assert_int_equal(plan_read("/dev/null", &plan, &complaint), -1);
    assert_string_equal(as_text(&complaint, text, sizeof text), "1:1: the file is empty");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_wrong_with_a_plan_is_said_with_its_place),
    cmocka_unit_test(what_makes_no_sense_in_a_plan_is_said_with_its_place),
    cmocka_unit_test(a_plan_cut_short_anywhere_leaks_nothing_and_is_never_half_read),
    cmocka_unit_test(every_key_of_a_plan_is_read),
    cmocka_unit_test(delays_repetitions_tags_and_variables_are_read),
    cmocka_unit_test(what_a_plan_leaves_out_has_defaults),
    cmocka_unit_test(a_plan_of_many_items_and_headers_is_read),
    cmocka_unit_test(a_file_that_cannot_be_read_is_complained_of_at_its_start),
};

TEST_GROUP(drill_plan, tests)
