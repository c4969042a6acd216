/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "url.h"

static void a_url_is_read_into_address_authority_and_target(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *address;
        const char *authority;
        const char *target;
    } cases[] = {
        {"http://127.0.0.1", "127.0.0.1:80", "127.0.0.1", ""},
        {"http://127.0.0.1/", "127.0.0.1:80", "127.0.0.1", "/"},
        {"http://10.1.2.3:8080/a/b?c=d", "10.1.2.3:8080", "10.1.2.3:8080", "/a/b?c=d"},
        {"http://127.0.0.1:65535?q", "127.0.0.1:65535", "127.0.0.1:65535", "?q"},
        {"http://127.0.0.1#part", "127.0.0.1:80", "127.0.0.1", ""},
        {"http://127.0.0.1/a?b#part", "127.0.0.1:80", "127.0.0.1", "/a?b"},
        {"http://127.0.0.1/a:b@c", "127.0.0.1:80", "127.0.0.1", "/a:b@c"},
        {"HTTP://127.0.0.1:1/", "127.0.0.1:1", "127.0.0.1:1", "/"},
        {"http://localhost", "127.0.0.1:80", "localhost", ""},
        {"http://LocalHost:6969/1", "127.0.0.1:6969", "LocalHost:6969", "/1"},
        {"http://[::1]", "[::1]:80", "[::1]", ""},
        {"http://[::1]:81/", "[::1]:81", "[::1]:81", "/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url;
        char address[CMIO_ADDRESS_TEXT_MAX];
        assert_null(url_parse(cases[i].text, &url));
        assert_true(cmio_address_format(&url.address, address, sizeof address) > 0);
        assert_string_equal(address, cases[i].address);
        assert_int_equal(url.authority_length, strlen(cases[i].authority));
        assert_memory_equal(url.authority, cases[i].authority, url.authority_length);
        assert_int_equal(url.target_length, strlen(cases[i].target));
        assert_memory_equal(url.target, cases[i].target, url.target_length);
    }
}

static void what_is_wrong_with_a_url_is_said(void **state) {
    (void)state;
    static const char numeric[] =
        "the host must be a numeric address or localhost: there is no DNS";
    static const char port[] = "neither a numeric address nor localhost, and a port";
    static const char form[] = "a url begins with http:// or, behind a base, with /";
    static const struct {
        const char *text;
        const char *problem;
    } cases[] = {
        {"", form},
        {"127.0.0.1", form},
        {"http:/127.0.0.1", form},
        {"https://127.0.0.1", "only http:// is spoken"},
        {"unix://x", "only http:// is spoken"},
        {"http://", "there is no host"},
        {"http:///a", "there is no host"},
        {"http://example.org", numeric},
        {"http://localhost.localdomain", numeric},
        {"http://localhosts", numeric},
        {"http://unix:/a", numeric},
        {"http://unix:@a", "user names and passwords are not supported"},
        {"http://:80", numeric},
        {"http://127.0.0.1:", port},
        {"http://127.0.0.1:65536", port},
        {"http://127.0.0.1:80:80", port},
        {"http://127.0.0.1:x", port},
        {"http://127.0.0.1:0", "the port must be from 1 to 65535"},
        {"http://localhost:", port},
        {"http://127.0.0.999", numeric},
        {"http://[::1", port},
        {"http://[fe80::1%252]/", numeric},
        {"http://me@127.0.0.1", "user names and passwords are not supported"},
        {"http://127.0.0.1/a b", "there is a character that must be percent-encoded"},
        {"http://127.0.0.1/\r\nA: b", "there is a character that must be percent-encoded"},
        {"http://127.0.0.1/\xc3\xa9", "there is a character that must be percent-encoded"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url = {.target_length = 7};
        const char *problem = url_parse(cases[i].text, &url);
        if (problem == NULL)
            fail_msg("this was read: %s", cases[i].text);
        assert_string_equal(problem, cases[i].problem);
        assert_int_equal(url.target_length, 7);
    }
}

static void a_host_of_any_length_is_read_or_refused(void **state) {
    (void)state;
    for (size_t length = 1; length < 300; length++) {
        char text[400] = "http://";
        memset(text + strlen(text), '1', length);
        struct url url;
        assert_non_null(url_parse(text, &url));
    }
}

static void a_relative_url_goes_behind_the_base_with_one_slash_between(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"http://127.0.0.1", "/", "http://127.0.0.1/"},
        {"http://127.0.0.1/", "/a", "http://127.0.0.1/a"},
        {"http://127.0.0.1/api", "/a?b", "http://127.0.0.1/api/a?b"},
        {"http://127.0.0.1/api/", "/a/", "http://127.0.0.1/api/a/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *joined = url_join(cases[i][0], cases[i][1]);
        assert_non_null(joined);
        assert_string_equal(joined, cases[i][2]);
        free(joined);
    }
    assert_true(url_is_relative("/a"));
    assert_false(url_is_relative("http://127.0.0.1/a"));
    assert_false(url_is_relative(""));
}

static void a_base_has_neither_query_nor_fragment(void **state) {
    (void)state;
    assert_null(url_check_base("http://127.0.0.1:1/a"));
    assert_non_null(url_check_base("http://127.0.0.1:1/a?b"));
    assert_non_null(url_check_base("http://127.0.0.1:1#b"));
    assert_non_null(url_check_base("/a"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_url_is_read_into_address_authority_and_target),
    cmocka_unit_test(what_is_wrong_with_a_url_is_said),
    cmocka_unit_test(a_host_of_any_length_is_read_or_refused),
    cmocka_unit_test(a_relative_url_goes_behind_the_base_with_one_slash_between),
    cmocka_unit_test(a_base_has_neither_query_nor_fragment),
};

TEST_GROUP(drill_url, tests)
