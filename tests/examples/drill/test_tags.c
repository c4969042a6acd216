/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tags.h"

static void assert_selected(const char *wanted, const char *skipped, const char *tags,
                            bool expected) {
    struct plan plan;
    struct complaint complaint;
    char text[256];
    const struct tag_filter filter = {.wanted = wanted, .skipped = skipped};
    (void)snprintf(text, sizeof text, "plan: [{name: a, request: {url: /}%s}]", tags);
    assert_int_equal(plan_parse(text, strlen(text), &plan, &complaint), 0);
    if (plan_select(&plan, &filter) != expected)
        fail_msg("%s with %s and without %s", text, wanted, skipped);
    plan_free(&plan);
}

static void an_item_is_run_by_its_tags(void **state) {
    (void)state;
    static const struct {
        const char *wanted;
        const char *skipped;
        const char *tags;
        bool runs;
    } cases[] = {
        {NULL, NULL, "", true},
        {"a", NULL, "", false},
        {NULL, "a", "", true},
        {NULL, NULL, ", tags: [a, b]", true},
        {"a", NULL, ", tags: [a, b]", true},
        {"b", NULL, ", tags: [a, b]", true},
        {"c", NULL, ", tags: [a, b]", false},
        {" c , b ", NULL, ", tags: [a, b]", true},
        {"ab", NULL, ", tags: [a, b]", false},
        {"a,b", NULL, ", tags: ['a b']", false},
        {"x,a b,y", NULL, ", tags: ['a b']", true},
        {NULL, "c", ", tags: [a, b]", true},
        {NULL, "b", ", tags: [a, b]", false},
        {"a", "b", ", tags: [a, b]", false},
        {NULL, NULL, ", tags: [never, a]", false},
        {"a", NULL, ", tags: [never, a]", false},
        {"never", NULL, ", tags: [never, a]", true},
        {"x", NULL, ", tags: [always, a]", true},
        {NULL, NULL, ", tags: [always, a]", true},
        {NULL, "always", ", tags: [always, a]", false},
        {"x", "a", ", tags: [always, a]", false},
        {"", NULL, ", tags: [a]", false},
        {NULL, "", ", tags: [a]", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_selected(cases[i].wanted, cases[i].skipped, cases[i].tags, cases[i].runs);
}

static void the_items_that_are_run_stay_in_their_order(void **state) {
    (void)state;
    static const char text[] = "plan:\n"
                               "  - {name: a, request: {url: /}, tags: [x]}\n"
                               "  - {name: b, request: {url: /}}\n"
                               "  - {name: c, request: {url: /}, tags: [y]}\n"
                               "  - {delay: 1, tags: [x]}\n";
    const struct tag_filter filter = {.skipped = "y"};
    struct plan plan;
    struct complaint complaint;
    assert_int_equal(plan_parse(text, sizeof text - 1, &plan, &complaint), 0);
    assert_true(plan_select(&plan, &filter));
    assert_int_equal(plan.item_count, 3);
    assert_string_equal(plan.items[0].name.data, "a");
    assert_string_equal(plan.items[1].name.data, "b");
    assert_true(plan.items[2].has_delay);
    plan_free(&plan);
}

static bool conflict(const char *wanted, const char *skipped, const char **tag, size_t *length) {
    const struct tag_filter filter = {.wanted = wanted, .skipped = skipped};
    return tags_conflict(&filter, tag, length);
}

static void a_tag_in_both_lists_is_found(void **state) {
    (void)state;
    const char *tag = NULL;
    size_t length = 0;
    assert_false(conflict(NULL, NULL, &tag, &length));
    assert_false(conflict("a,b", NULL, &tag, &length));
    assert_false(conflict("a,b", "c,ab", &tag, &length));
    assert_true(conflict("a, bb", "c, bb ", &tag, &length));
    assert_int_equal(length, 2);
    assert_memory_equal(tag, "bb", 2);
}

static void tags_are_listed_once_and_in_order(void **state) {
    (void)state;
    static const char text[] = "plan:\n"
                               "  - {name: a, request: {url: /}, tags: [x, b]}\n"
                               "  - {name: c, request: {url: /}, tags: [b, never, A]}\n";
    struct plan plan;
    struct complaint complaint;
    char *out = NULL;
    size_t length = 0;
    assert_int_equal(plan_parse(text, sizeof text - 1, &plan, &complaint), 0);
    FILE *stream = open_memstream(&out, &length);
    assert_non_null(stream);
    assert_true(tags_print(&plan, stream));
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(out, "A\nb\nnever\nx\n");
    free(out);
    plan_free(&plan);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_item_is_run_by_its_tags),
    cmocka_unit_test(the_items_that_are_run_stay_in_their_order),
    cmocka_unit_test(a_tag_in_both_lists_is_found),
    cmocka_unit_test(tags_are_listed_once_and_in_order),
};

TEST_GROUP(drill_tags, tests)
