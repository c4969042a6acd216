/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "template.h"

static char name_a[] = "a";
static char value_a[] = "1";
static char name_path[] = "PATH";
static char value_path[] = "own";
static char item_text[] = "it";
static struct pair pair_list[] = {
    {{.data = name_a, .length = 1}, {.data = value_a, .length = 1}},
    {{.data = name_path, .length = 4}, {.data = value_path, .length = 3}},
};
static const struct pairs vars = {.list = pair_list, .count = 2};
static const struct repeat item = {.text.data = item_text};

static int expand(const char *bytes, size_t length, struct expanded *out,
                  struct complaint *complaint) {
    const struct scope scope = {.vars = &vars, .base = "b", .item = &item, .index = "3"};
    char *copy = malloc(length + 1); /* of just that size, so that reads beyond it are seen */
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    const struct text text = {.data = copy, .length = length, .place = {.line = 2, .column = 9}};
    int result = template_expand(&text, "body", &scope, out, complaint);
    free(copy);
    return result;
}

static void variables_are_replaced(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *expanded;
    } cases[] = {
        {"", ""},
        {"a", "a"},
        {"{{a}}", "1"},
        {"{{ a }}{{a }}", "11"},
        {"x{{ a }}y", "x1y"},
        {"{ {{ a }} }", "{ 1 }"},
        {"{a}} } }}", "{a}} } }}"},
        {"{\"a\": {\"b\": {{ a }}}}", "{\"a\": {\"b\": 1}}"},
        {"{{ item }} {{ index }} {{ base }}", "it 3 b"},
        {"{{ PATH }}", "own"}, /* the plan's before the environment's */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expanded expanded;
        struct complaint complaint;
        assert_int_equal(expand(cases[i].text, strlen(cases[i].text), &expanded, &complaint), 0);
        assert_string_equal(expanded.data, cases[i].expanded);
        assert_int_equal(expanded.length, strlen(cases[i].expanded));
        assert_int_equal(expanded.hole_count, 0);
        expanded_free(&expanded);
    }
}

static void what_is_no_variable_is_complained_of_at_its_place(void **state) {
    (void)state;
    static const char form[] = "body: {{ must be followed by the name of a variable and }}";
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"{{", form},
        {"x {{ a", form},
        {"{{ a }", form},
        {"{{}}", form},
        {"{{ }}", form},
        {"{{{ a }}}", form},
        {"{{ 1 }}", form},
        {"{{ -a }}", form},
        {"{{ .a }}", form},
        {"{{ a b }}", form},
        {"{{ a + b }}", form},
        {"{{ a\n}}", form},
        {"{{ b }}", "body: unknown variable 'b'"},
        {"{{ A }}", "body: unknown variable 'A'"},
        {"{{ a. }}", "body: unknown variable 'a.'"},
        {"{{ a.b }}", "body: unknown variable 'a.b'"},
        {"{{ item.b }}", "body: unknown variable 'item.b'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expanded expanded = {.length = 7};
        struct complaint complaint;
        assert_int_equal(expand(cases[i].text, strlen(cases[i].text), &expanded, &complaint), -1);
        assert_string_equal(complaint.message, cases[i].message);
        assert_int_equal(complaint.place.line, 2);
        assert_int_equal(complaint.place.column, 9);
        assert_int_equal(expanded.length, 7);
    }
}

static void the_iteration_leaves_holes(void **state) {
    (void)state;
    static const char text[] = "{{ iteration }}a{{ a }}{{iteration}}{{iteration}}z";
    struct expanded expanded;
    struct complaint complaint;
    assert_int_equal(expand(text, sizeof text - 1, &expanded, &complaint), 0);
    assert_string_equal(expanded.data, "a1z");
    assert_int_equal(expanded.hole_count, 3);
    assert_int_equal(expanded.holes[0], 0);
    assert_int_equal(expanded.holes[1], 2);
    assert_int_equal(expanded.holes[2], 2);
    expanded_free(&expanded);
}

static void nul_bytes_are_text(void **state) {
    (void)state;
    static const char text[] = "\0{{ a }}\0\0{{ a }}\0";
    static const char expected[] = "\0"
                                   "1\0\0"
                                   "1";
    struct expanded expanded;
    struct complaint complaint;
    assert_int_equal(expand(text, sizeof text - 1, &expanded, &complaint), 0);
    assert_int_equal(expanded.length, sizeof expected);
    assert_memory_equal(expanded.data, expected, sizeof expected);
    expanded_free(&expanded);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(variables_are_replaced),
    cmocka_unit_test(what_is_no_variable_is_complained_of_at_its_place),
    cmocka_unit_test(the_iteration_leaves_holes),
    cmocka_unit_test(nul_bytes_are_text),
};

TEST_GROUP(drill_template, tests)
