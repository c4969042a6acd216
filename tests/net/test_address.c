/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmio/address.h>

enum { PATH_SIZE = sizeof((struct sockaddr_un *)0)->sun_path };
static const socklen_t path_offset = offsetof(struct sockaddr_un, sun_path);

static struct cmio_address parse(const char *text) {
    struct cmio_address address;
    int error = cmio_address_parse(text, &address);
    if (error != 0)
        fail_msg("%s: %d", text, error);
    return address;
}

static void good_text_is_parsed_and_formatted_back(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int family;
        uint16_t port;
        const char *back; /* NULL: the same */
    } rows[] = {
        {"127.0.0.1:6969", AF_INET, 6969, NULL},
        {"0.0.0.0:0", AF_INET, 0, NULL},
        {"255.255.255.255:65535", AF_INET, 65535, NULL},
        {"10.0.0.1:00080", AF_INET, 80, "10.0.0.1:80"},
        {"[::1]:6969", AF_INET6, 6969, NULL},
        {"[::]:0", AF_INET6, 0, NULL},
        {"[2001:DB8:0:0::1]:443", AF_INET6, 443, "[2001:db8::1]:443"},
        {"[fe80::1%2]:80", AF_INET6, 80, NULL},
        {"[fe80::1%4294967295]:80", AF_INET6, 80, NULL},
        {"[fe80::1%0]:80", AF_INET6, 80, "[fe80::1]:80"},
        {"[::ffff:127.0.0.1]:1", AF_INET6, 1, NULL},
        {"unix:/tmp/x.sock", AF_UNIX, 0, NULL},
        {"unix:relative path", AF_UNIX, 0, NULL},
        {"unix:", AF_UNIX, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char back[CMIO_ADDRESS_TEXT_MAX];
        const char *wanted = rows[i].back == NULL ? rows[i].text : rows[i].back;
        struct cmio_address address = parse(rows[i].text);
        assert_int_equal(cmio_address_family(&address), rows[i].family);
        assert_int_equal(cmio_address_port(&address), rows[i].port);
        assert_int_equal(cmio_address_format(&address, back, sizeof back), strlen(wanted));
        assert_string_equal(back, wanted);
        struct cmio_address again = parse(back);
        assert_true(cmio_address_equal(&address, &again));
    }
}

static void bad_text_is_invalid_and_leaves_the_output_alone(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        ":",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 80",
        " 127.0.0.1:80",
        "127.0.0.1:80 ",
        "127.0.0.1:0x50",
        "127.0.0.1:99999999999999999999",
        "127.0.0:80",
        "127.0.0.256:80",
        "127.0.0.01.1:80",
        "localhost:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1]:",
        "[::1]:65536",
        "[::1",
        "[]:80",
        "[127.0.0.1]:80",
        "[::g]:80",
        "[::1%]:80",
        "[::1%lo]:80",
        "[::1%4294967296]:80",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
        "[fe80::1%00000000000000000000000000000000000000000000000000000000001]:80",
        "1111111111111111111111111111111:80",
        "http://127.0.0.1:80",
        "UNIX:/x",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cmio_address address = {.length = 77};
        int error = cmio_address_parse(rows[i], &address);
        if (error != -EINVAL || address.length != 77)
            fail_msg("\"%s\": %d", rows[i], error);
    }
    struct cmio_address address;
    assert_int_equal(cmio_address_parse(NULL, &address), -EINVAL);
    assert_int_equal(cmio_address_parse("127.0.0.1:1", NULL), -EINVAL);
}

static void a_path_has_an_exact_length_and_must_fit(void **state) {
    (void)state;
    char path[PATH_SIZE + 1];
    struct cmio_address address;
    socklen_t length;
    size_t name_length;
    memset(path, 'p', sizeof path);
    path[PATH_SIZE - 1] = '\0';
    assert_int_equal(cmio_address_from_path(path, &address), 0);
    assert_non_null(cmio_address_sockaddr(&address, &length));
    assert_int_equal(length, path_offset + PATH_SIZE);
    assert_string_equal(cmio_address_unix_name(&address, &name_length), path);
    assert_int_equal(name_length, PATH_SIZE - 1);
    char text[CMIO_ADDRESS_TEXT_MAX];
    assert_true(cmio_address_format(&address, text, sizeof text) < CMIO_ADDRESS_TEXT_MAX);

    path[PATH_SIZE - 1] = 'p';
    path[PATH_SIZE] = '\0';
    assert_int_equal(cmio_address_from_path(path, &address), -ENAMETOOLONG);
    assert_int_equal(cmio_address_from_path("", &address), -EINVAL);
    assert_int_equal(cmio_address_from_path(NULL, &address), -EINVAL);
    assert_int_equal(cmio_address_from_path("x", NULL), -EINVAL);
}

static void an_abstract_name_may_hold_any_bytes(void **state) {
    (void)state;
    struct cmio_address address;
    struct cmio_address copy;
    char text[CMIO_ADDRESS_TEXT_MAX];
    socklen_t length;
    size_t name_length;
    int error = cmio_address_from_abstract("a\0b", 3, &address);
    if (error == -ENOTSUP)
        skip();
    assert_int_equal(error, 0);
    assert_true(cmio_address_is_abstract(&address));
    assert_non_null(cmio_address_sockaddr(&address, &length));
    assert_int_equal(length, path_offset + 1 + 3);
    assert_memory_equal(cmio_address_unix_name(&address, &name_length), "a\0b", 3);
    assert_int_equal(name_length, 3);
    assert_int_equal(cmio_address_format(&address, text, sizeof text), 9);
    assert_string_equal(text, "unix:@a@b");
    assert_int_equal(cmio_address_from_sockaddr(&address.u.any, length, &copy), 0);
    assert_true(cmio_address_equal(&address, &copy));

    copy = parse("unix:@abc");
    assert_true(cmio_address_is_abstract(&copy));
    assert_false(cmio_address_equal(&address, &copy));
    char name[PATH_SIZE] = {0};
    assert_int_equal(cmio_address_from_abstract(name, PATH_SIZE - 1, &copy), 0);
    assert_int_equal(cmio_address_format(&copy, text, sizeof text), 5 + PATH_SIZE);
    assert_int_equal(cmio_address_from_abstract(name, PATH_SIZE, &copy), -ENAMETOOLONG);
    assert_int_equal(cmio_address_from_abstract(name, 0, &copy), -EINVAL);
    assert_int_equal(cmio_address_from_abstract(NULL, 1, &copy), -EINVAL);
    assert_int_equal(cmio_address_parse("unix:@", &copy), -EINVAL);
}

static void expect_round_trip(const struct cmio_address *address) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    struct cmio_address again;
    assert_in_range(cmio_address_format(address, text, sizeof text), 1, sizeof text - 1);
    const int error = cmio_address_parse(text, &again);
    if (error < 0 || !cmio_address_equal(address, &again))
        fail_msg("\"%s\": %d", text, error);
}

static void a_path_that_begins_with_an_at_sign_is_no_abstract_name(void **state) {
    (void)state;
    static const struct {
        const char *path;
        const char *text;
    } rows[] = {
        {"@name", "unix:./@name"},
        {"./@name", "unix:././@name"},
        {"././@", "unix:./././@"},
        {"@", "unix:./@"},
        {"@@", "unix:./@@"},
        {"./x@y", "unix:./x@y"},
        {"../@name", "unix:../@name"},
        {".//@name", "unix:.//@name"},
        {"./", "unix:./"},
        {"x@y", "unix:x@y"},
        {"/@name", "unix:/@name"},
        {".@name", "unix:.@name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cmio_address address;
        char text[CMIO_ADDRESS_TEXT_MAX];
        size_t length;
        assert_int_equal(cmio_address_from_path(rows[i].path, &address), 0);
        assert_true(cmio_address_format(&address, text, sizeof text) > 0);
        assert_string_equal(text, rows[i].text);
        address = parse(text);
        assert_false(cmio_address_is_abstract(&address));
        assert_string_equal(cmio_address_unix_name(&address, &length), rows[i].path);
    }
}

/* xorshift64: the same sequence on every system. */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Mostly of bytes that mean something in text, at times of any; never a NUL. */
static size_t random_name(uint64_t *seed, char *out, size_t limit) {
    static const char special[] = "@./@./:[]%\n \\";
    const size_t length = 1 + next_random(seed) % (next_random(seed) % 4 == 0 ? limit : 8);
    for (size_t i = 0; i < length; i++) {
        const uint64_t number = next_random(seed) >> 8;
        out[i] = number % 8 != 0 ? special[number / 8 % (sizeof special - 1)]
                                 : (char)(1 + number / 8 % 255);
    }
    return length;
}

static void every_address_comes_back_from_its_text(void **state) {
    (void)state;
    uint64_t seed = 4711;
    for (int i = 0; i < 20000; i++) {
        struct cmio_address address = {.length = sizeof address.u.v6};
        char name[PATH_SIZE] = "";
        size_t length = random_name(&seed, name, PATH_SIZE - 2);
        if (cmio_address_from_abstract(name, length, &address) == 0)
            expect_round_trip(&address);
        name[length] = '\0';
        assert_int_equal(cmio_address_from_path(name, &address), 0);
        expect_round_trip(&address);

        memset(&address, 0, sizeof address);
        address.length = sizeof address.u.v6;
        address.u.v6.sin6_family = AF_INET6;
        address.u.v6.sin6_port = (in_port_t)next_random(&seed);
        address.u.v6.sin6_scope_id = i % 2 == 0 ? 0 : (uint32_t)next_random(&seed);
        for (size_t at = i % 3 == 0 ? 10 : 0; at < 16; at++) /* also ::a.b.c.d, ::ffff:a.b.c.d */
            address.u.v6.sin6_addr.s6_addr[at] = (unsigned char)(next_random(&seed) >> 9 & 0xff);
        if (i % 6 == 0)
            memset(address.u.v6.sin6_addr.s6_addr + 10, 0xff, 2);
        expect_round_trip(&address);

        memset(&address, 0, sizeof address);
        address.length = sizeof address.u.v4;
        address.u.v4.sin_family = AF_INET;
        address.u.v4.sin_port = (in_port_t)next_random(&seed);
        address.u.v4.sin_addr.s_addr = (in_addr_t)next_random(&seed);
        expect_round_trip(&address);
    }
    const struct cmio_address unnamed = parse("unix:");
    expect_round_trip(&unnamed);
}

static void what_the_system_gave_is_wrapped(void **state) {
    (void)state;
    struct cmio_address address = parse("127.0.0.1:80");
    struct cmio_address copy;
    const struct sockaddr *any = &address.u.any;
    assert_int_equal(cmio_address_from_sockaddr(any, address.length, &copy), 0);
    assert_true(cmio_address_equal(&address, &copy));
    assert_int_equal(cmio_address_from_sockaddr(any, address.length - 1, &copy), -EINVAL);
    assert_int_equal(cmio_address_from_sockaddr(any, address.length + 1, &copy), -EINVAL);
    assert_int_equal(cmio_address_from_sockaddr(any, 0, &copy), -EINVAL);
    assert_int_equal(cmio_address_from_sockaddr(NULL, 16, &copy), -EINVAL);
    assert_int_equal(cmio_address_from_sockaddr(any, address.length, NULL), -EINVAL);
    const struct sockaddr other = {.sa_family = AF_UNSPEC};
    assert_int_equal(cmio_address_from_sockaddr(&other, sizeof other, &copy), -EAFNOSUPPORT);
    address = parse("[fe80::1%3]:80");
    assert_int_equal(cmio_address_from_sockaddr(any, address.length, &copy), 0);
    assert_true(cmio_address_equal(&address, &copy));
    assert_int_equal(cmio_address_from_sockaddr(any, sizeof(struct sockaddr_in), &copy), -EINVAL);
}

static void unix_lengths_of_all_systems_are_understood(void **state) {
    (void)state;
    struct cmio_address path = parse("unix:/a");
    struct cmio_address unnamed = parse("unix:");
    struct cmio_address wrapped;
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/a"};
    const struct sockaddr *any = (const void *)&local;
    /* without the NUL, with it, and with the whole of sun_path */
    const socklen_t lengths[] = {path_offset + 2, path_offset + 3, sizeof local};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cmio_address_from_sockaddr(any, lengths[i], &wrapped), 0);
        assert_true(cmio_address_equal(&wrapped, &path));
        assert_int_equal(wrapped.length, path.length);
    }
    /* a path of one byte */
    struct cmio_address letter = parse("unix:a");
    struct sockaddr_un short_one = {.sun_family = AF_UNIX, .sun_path = "a"};
    for (socklen_t length = path_offset + 1; length <= path_offset + 2; length++) {
        assert_int_equal(cmio_address_from_sockaddr((const void *)&short_one, length, &wrapped), 0);
        assert_true(cmio_address_equal(&wrapped, &letter));
        assert_int_equal(wrapped.length, letter.length);
    }
    /* a path that fills sun_path to its end, of which Linux counts a NUL behind it */
    memset(local.sun_path, 'p', sizeof local.sun_path);
    for (socklen_t length = sizeof local; length <= sizeof local + 1; length++) {
        size_t name_length;
        assert_int_equal(cmio_address_from_sockaddr(any, length, &wrapped), 0);
        assert_non_null(cmio_address_unix_name(&wrapped, &name_length));
        assert_int_equal(name_length, PATH_SIZE);
    }
    /* unnamed: no byte of sun_path, or one zero */
    memset(local.sun_path, 0, sizeof local.sun_path);
    for (socklen_t length = path_offset; length <= path_offset + 1; length++) {
        assert_int_equal(cmio_address_from_sockaddr(any, length, &wrapped), 0);
        assert_true(cmio_address_equal(&wrapped, &unnamed));
        assert_false(cmio_address_is_abstract(&wrapped));
    }
}

static void ports_can_be_replaced(void **state) {
    (void)state;
    struct cmio_address v4 = parse("127.0.0.1:1");
    struct cmio_address v6 = parse("[::1]:1");
    struct cmio_address local = parse("unix:/x");
    assert_int_equal(cmio_address_set_port(&v4, 65535), 0);
    assert_int_equal(cmio_address_set_port(&v6, 80), 0);
    assert_int_equal(cmio_address_set_port(&local, 80), -EINVAL);
    assert_int_equal(cmio_address_set_port(NULL, 80), -EINVAL);
    assert_int_equal(cmio_address_port(&v4), 65535);
    assert_int_equal(cmio_address_port(&v6), 80);
    assert_int_equal(cmio_address_port(NULL), 0);
}

static void equal_compares_family_address_port_and_scope(void **state) {
    (void)state;
    static const char *const rows[] = {
        "127.0.0.1:1",   "127.0.0.1:2",   "127.0.0.2:1", "[::1]:1",  "[::1]:2", "[::2]:1",
        "[fe80::1%1]:1", "[fe80::1%2]:1", "unix:/a",     "unix:/ab", "unix:",
    };
    const size_t count = sizeof rows / sizeof *rows;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct cmio_address a = parse(rows[i]);
            struct cmio_address b = parse(rows[j]);
            assert_int_equal(cmio_address_equal(&a, &b), i == j);
        }
    }
    struct cmio_address a = parse(rows[0]);
    assert_false(cmio_address_equal(&a, NULL));
    assert_false(cmio_address_equal(NULL, NULL));
}

static void format_cuts_like_snprintf(void **state) {
    (void)state;
    struct cmio_address address = parse("127.0.0.1:6969");
    char text[8];
    assert_int_equal(cmio_address_format(&address, text, sizeof text), 14);
    assert_string_equal(text, "127.0.0");
    assert_int_equal(cmio_address_format(&address, NULL, 0), 14);
    assert_int_equal(cmio_address_format(&address, NULL, 1), -EINVAL);
    assert_int_equal(cmio_address_format(NULL, text, sizeof text), -EINVAL);
    const struct cmio_address nothing = {.length = 0};
    assert_int_equal(cmio_address_format(&nothing, text, sizeof text), -EINVAL);
}

static void null_arguments_are_answered(void **state) {
    (void)state;
    size_t length;
    socklen_t system_length;
    struct cmio_address v4 = parse("127.0.0.1:1");
    assert_int_equal(cmio_address_family(NULL), AF_UNSPEC);
    assert_null(cmio_address_sockaddr(NULL, &system_length));
    assert_null(cmio_address_sockaddr(&v4, NULL));
    assert_null(cmio_address_unix_name(NULL, &length));
    assert_null(cmio_address_unix_name(&v4, &length));
    assert_false(cmio_address_is_abstract(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(good_text_is_parsed_and_formatted_back),
    cmocka_unit_test(bad_text_is_invalid_and_leaves_the_output_alone),
    cmocka_unit_test(a_path_has_an_exact_length_and_must_fit),
    cmocka_unit_test(an_abstract_name_may_hold_any_bytes),
    cmocka_unit_test(a_path_that_begins_with_an_at_sign_is_no_abstract_name),
    cmocka_unit_test(every_address_comes_back_from_its_text),
    cmocka_unit_test(what_the_system_gave_is_wrapped),
    cmocka_unit_test(unix_lengths_of_all_systems_are_understood),
    cmocka_unit_test(ports_can_be_replaced),
    cmocka_unit_test(equal_compares_family_address_port_and_scope),
    cmocka_unit_test(format_cuts_like_snprintf),
    cmocka_unit_test(null_arguments_are_answered),
};
TEST_GROUP(net_address, tests)
