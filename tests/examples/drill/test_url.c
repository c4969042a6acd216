/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <string.h>

#include "url.h"

static void assert_slice(const char *slice, size_t length, const char *expected) {
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(slice, expected, length);
}

static void a_url_is_read_into_host_port_authority_and_target(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        int port;
        const char *authority;
        const char *target;
    } cases[] = {
        {"http://127.0.0.1", "127.0.0.1", 80, "127.0.0.1", ""},
        {"http://127.0.0.1/", "127.0.0.1", 80, "127.0.0.1", "/"},
        {"http://10.1.2.3:8080/a/b?c=d", "10.1.2.3", 8080, "10.1.2.3:8080", "/a/b?c=d"},
        {"http://127.0.0.1:65535?q", "127.0.0.1", 65535, "127.0.0.1:65535", "?q"},
        {"http://127.0.0.1#part", "127.0.0.1", 80, "127.0.0.1", ""},
        {"http://127.0.0.1/a?b#part", "127.0.0.1", 80, "127.0.0.1", "/a?b"},
        {"http://127.0.0.1/a:b@c", "127.0.0.1", 80, "127.0.0.1", "/a:b@c"},
        {"HTTP://127.0.0.1:1/", "127.0.0.1", 1, "127.0.0.1:1", "/"},
        {"http://localhost", "localhost", 80, "localhost", ""},
        {"http://LocalHost:6969/1", "LocalHost", 6969, "LocalHost:6969", "/1"},
        {"http://a-name.example_.org.:6969/1", "a-name.example_.org.", 6969,
         "a-name.example_.org.:6969", "/1"},
        {"http://1a", "1a", 80, "1a", ""},
        {"http://[::1]", "::1", 80, "[::1]", ""},
        {"http://[::1]:81/", "::1", 81, "[::1]:81", "/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url;
        assert_null(url_parse(cases[i].text, &url));
        assert_int_equal(url.port, cases[i].port);
        assert_slice(url.host, url.host_length, cases[i].host);
        assert_slice(url.authority, url.authority_length, cases[i].authority);
        assert_slice(url.target, url.target_length, cases[i].target);
    }
}

static void what_is_wrong_with_a_url_is_said(void **state) {
    (void)state;
    static const char name[] = "the host is neither a name nor an address";
    static const char port[] = "the port must be from 1 to 65535";
    static const char form[] = "a url must begin with http://, or with / if there is a base";
    static const struct {
        const char *text;
        const char *problem;
    } cases[] = {
        {"", form},
        {"127.0.0.1", form},
        {"http:/127.0.0.1", form},
        {"https://127.0.0.1", "HTTPS is not supported, only http://"},
        {"HTTPS://127.0.0.1", "HTTPS is not supported, only http://"},
        {"unix://x", "only http:// is supported"},
        {"http://", "there is no host"},
        {"http:///a", "there is no host"},
        {"http://:80", "there is no host"},
        {"http://a!b", name},
        {"http://%41", name},
        {"http://a]", name},
        {"http://unix:/a", port},
        {"http://unix:@a", "user names and passwords are not supported"},
        {"http://127.0.0.1:", port},
        {"http://127.0.0.1:65536", port},
        {"http://127.0.0.1:80:80", port},
        {"http://127.0.0.1:x", port},
        {"http://127.0.0.1:0", port},
        {"http://127.0.0.1:-1", port},
        {"http://localhost:", port},
        {"http://127.0.0.999", "the host is not an IPv4 address"},
        {"http://127.1", "the host is not an IPv4 address"},
        {"http://1", "the host is not an IPv4 address"},
        {"http://[::1", "the bracket around the host is not closed"},
        {"http://[::1]80", port},
        {"http://[127.0.0.1]", "there is no IPv6 address in the brackets"},
        {"http://[]", "there is no IPv6 address in the brackets"},
        {"http://[fe80::1%252]/", "there is no IPv6 address in the brackets"},
        {"http://[fe80::1%2]/", "there is no IPv6 address in the brackets"},
        {"http://me@127.0.0.1", "user names and passwords are not supported"},
        {"http://127.0.0.1/a b", "a character in it must be percent-encoded"},
        {"http://127.0.0.1/\r\nA: b", "a character in it must be percent-encoded"},
        {"http://127.0.0.1/\xc3\xa9", "a character in it must be percent-encoded"},
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
        struct url url;
        memset(text + strlen("http://"), '1', length);
        assert_non_null(url_parse(text, &url));
        memset(text + strlen("http://"), 'a', length);
        assert_true((url_parse(text, &url) == NULL) == (length <= 253));
    }
}

static void a_base_gives_way_to_the_slash_of_a_relative_url(void **state) {
    (void)state;
    assert_int_equal(url_base_length("http://127.0.0.1"), 16);
    assert_int_equal(url_base_length("http://127.0.0.1/"), 16);
    assert_int_equal(url_base_length("http://127.0.0.1/api/"), 20);
    assert_int_equal(url_base_length(""), 0);
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
    cmocka_unit_test(a_url_is_read_into_host_port_authority_and_target),
    cmocka_unit_test(what_is_wrong_with_a_url_is_said),
    cmocka_unit_test(a_host_of_any_length_is_read_or_refused),
    cmocka_unit_test(a_base_gives_way_to_the_slash_of_a_relative_url),
    cmocka_unit_test(a_base_has_neither_query_nor_fragment),
};

TEST_GROUP(drill_url, tests)
