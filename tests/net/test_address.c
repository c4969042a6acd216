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

static void a_host_is_read_and_written_without_a_port(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1",
                                        "0.0.0.0",
                                        "::",
                                        "::1",
                                        "ff02::1%2",
                                        "::ffff:10.1.2.3",
                                        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct cmio_address address;
        char text[CMIO_ADDRESS_TEXT_MAX];
        assert_int_equal(cmio_address_parse_ip(hosts[i], 6969, &address), 0);
        assert_int_equal(cmio_address_port(&address), 6969);
        assert_int_equal(cmio_address_format_ip(&address, text, sizeof text), strlen(hosts[i]));
        assert_string_equal(text, hosts[i]);
        assert_int_equal(cmio_address_format_ip(&address, text, 4), strlen(hosts[i]));
        assert_memory_equal(text, hosts[i], strlen(text));
        assert_int_equal(strlen(text), strlen(hosts[i]) < 3 ? strlen(hosts[i]) : 3);
        assert_int_equal(cmio_address_format_ip(&address, NULL, 0), strlen(hosts[i]));
        expect_round_trip(&address);
    }
}

static void what_is_no_host_is_invalid_and_leaves_the_output_alone(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "127.0.0.1:80",
                                        "[::1]",
                                        "localhost",
                                        "::1%",
                                        "::1%eth0",
                                        "1.2.3",
                                        "unix:/a",
                                        "1.2.3.4 ",
                                        "::1%4294967296",
                                        "0000000000000000000000000000000000000000000000000000000:"};
    struct cmio_address address = parse("unix:/before");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(cmio_address_parse_ip(texts[i], 1, &address), -EINVAL);
    assert_int_equal(cmio_address_parse_ip(NULL, 1, &address), -EINVAL);
    assert_int_equal(cmio_address_parse_ip("::1", 1, NULL), -EINVAL);
    char text[8] = "before";
    assert_int_equal(cmio_address_format_ip(&address, text, sizeof text), -EINVAL);
    assert_int_equal(cmio_address_format_ip(NULL, text, sizeof text), -EINVAL);
    const struct cmio_address v4 = parse("1.2.3.4:5");
    assert_int_equal(cmio_address_format_ip(&v4, NULL, 1), -EINVAL);
    assert_string_equal(text, "before");
    const struct cmio_address before = parse("unix:/before");
    assert_true(cmio_address_equal(&address, &before));
}

static void an_address_is_made_of_its_bytes_and_gives_them_back(void **state) {
    (void)state;
    static const unsigned char bytes[16] = {0x20, 1, 0xd, 0xb8, [15] = 7};
    static const struct {
        int family;
        size_t length;
        const char *text;
    } rows[] = {{AF_INET, 4, "32.1.13.184:0"}, {AF_INET6, 16, "[2001:db8::7]:0"}};
    for (size_t i = 0; i < 2; i++) {
        struct cmio_address address;
        size_t length = 0;
        memset(&address, 0xff, sizeof address);
        assert_int_equal(cmio_address_from_bytes(rows[i].family, bytes, rows[i].length, &address),
                         0);
        const struct cmio_address expected = parse(rows[i].text);
        assert_true(cmio_address_equal(&address, &expected));
        assert_memory_equal(cmio_address_bytes(&address, &length), bytes, rows[i].length);
        assert_int_equal(length, rows[i].length);
        const struct cmio_address before = address;
        assert_int_equal(cmio_address_from_bytes(rows[i].family, bytes, 5, &address), -EINVAL);
        assert_int_equal(cmio_address_from_bytes(rows[1 - i].family, bytes, length, &address),
                         -EINVAL);
        assert_int_equal(cmio_address_from_bytes(AF_UNIX, bytes, length, &address), -EAFNOSUPPORT);
        assert_int_equal(cmio_address_from_bytes(rows[i].family, NULL, length, &address), -EINVAL);
        assert_int_equal(cmio_address_from_bytes(rows[i].family, bytes, length, NULL), -EINVAL);
        assert_memory_equal(&address, &before, sizeof address);
    }
}

static void what_has_no_bytes_gives_none(void **state) {
    (void)state;
    size_t length = 77;
    const struct cmio_address local = parse("unix:/a");
    const struct cmio_address v4 = parse("1.2.3.4:5");
    const struct cmio_address nothing = {.length = 0};
    assert_null(cmio_address_bytes(&local, &length));
    assert_null(cmio_address_bytes(&nothing, &length));
    assert_null(cmio_address_bytes(NULL, &length));
    assert_null(cmio_address_bytes(&v4, NULL));
    assert_int_equal(length, 77);
}

static void an_address_tells_what_it_is_for(void **state) {
    (void)state;
    enum { LOOPBACK = 1, MULTICAST = 2, UNSPECIFIED = 4, UNNAMED = 8 };
    static const struct {
        const char *text;
        int is;
    } rows[] = {
        {"127.0.0.1:1", LOOPBACK},
        {"127.255.255.255:0", LOOPBACK},
        {"126.255.255.255:0", 0},
        {"128.0.0.0:0", 0},
        {"[::1]:1", LOOPBACK},
        {"[::1%3]:1", LOOPBACK},
        {"[::2]:1", 0},
        {"[1::1]:1", 0},
        {"[::ffff:127.9.9.9]:1", LOOPBACK},
        {"[::127.0.0.1]:1", 0}, /* not that form */
        {"[::fffe:127.0.0.1]:1", 0},
        {"[1::ffff:127.0.0.1]:1", 0},
        {"223.255.255.255:1", 0},
        {"224.0.0.0:1", MULTICAST},
        {"239.255.255.255:1", MULTICAST},
        {"240.0.0.0:1", 0},
        {"[ff02::1%1]:1", MULTICAST},
        {"[fe02::1]:1", 0},
        {"[::ffff:224.0.0.1]:1", MULTICAST},
        {"0.0.0.0:80", UNSPECIFIED},
        {"0.0.0.1:0", 0},
        {"[::]:80", UNSPECIFIED},
        {"[::ffff:0.0.0.0]:1", UNSPECIFIED},
        {"255.255.255.255:1", 0},
        {"unix:", UNNAMED},
        {"unix:a", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cmio_address address = parse(rows[i].text);
        const int is = (cmio_address_is_loopback(&address) ? LOOPBACK : 0) |
                       (cmio_address_is_multicast(&address) ? MULTICAST : 0) |
                       (cmio_address_is_unspecified(&address) ? UNSPECIFIED : 0) |
                       (cmio_address_is_unnamed(&address) ? UNNAMED : 0);
        if (is != rows[i].is)
            fail_msg("%s is %d, not %d", rows[i].text, is, rows[i].is);
    }
    const struct cmio_address nothing = {.length = 0};
    const struct cmio_address *const nobody[] = {NULL, &nothing};
    for (size_t i = 0; i < 2; i++) {
        assert_false(cmio_address_is_loopback(nobody[i]));
        assert_false(cmio_address_is_multicast(nobody[i]));
        assert_false(cmio_address_is_unspecified(nobody[i]));
        assert_false(cmio_address_is_unnamed(nobody[i]));
    }
}

static void an_abstract_name_is_not_unnamed(void **state) {
    (void)state;
    struct cmio_address address;
    const int error = cmio_address_from_abstract("\0", 1, &address);
    assert_true(error == 0 || error == -ENOTSUP);
    assert_false(error == 0 && cmio_address_is_unnamed(&address));
}

static void a_copy_may_have_another_port(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"127.0.0.1:1", "127.0.0.1:65535"},
                                          {"[fe80::1%3]:1", "[fe80::1%3]:65535"}};
    const struct cmio_address local = parse("unix:/x");
    const struct cmio_address nothing = {.length = 0};
    for (size_t i = 0; i < 2; i++) {
        struct cmio_address address = parse(rows[i][0]);
        struct cmio_address copy = local;
        const struct cmio_address expected = parse(rows[i][1]);
        assert_int_equal(cmio_address_with_port(&local, 1, &copy), -EINVAL);
        assert_int_equal(cmio_address_with_port(&nothing, 1, &copy), -EINVAL);
        assert_int_equal(cmio_address_with_port(NULL, 1, &copy), -EINVAL);
        assert_int_equal(cmio_address_with_port(&address, 1, NULL), -EINVAL);
        assert_true(cmio_address_equal(&copy, &local));
        assert_int_equal(cmio_address_with_port(&address, 65535, &copy), 0);
        assert_true(cmio_address_equal(&copy, &expected));
        assert_int_equal(cmio_address_port(&address), 1);
        assert_int_equal(cmio_address_with_port(&address, 65535, &address), 0);
        assert_true(cmio_address_equal(&address, &expected));
    }
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
    cmocka_unit_test(a_host_is_read_and_written_without_a_port),
    cmocka_unit_test(what_is_no_host_is_invalid_and_leaves_the_output_alone),
    cmocka_unit_test(an_address_is_made_of_its_bytes_and_gives_them_back),
    cmocka_unit_test(what_has_no_bytes_gives_none),
    cmocka_unit_test(an_address_tells_what_it_is_for),
    cmocka_unit_test(an_abstract_name_is_not_unnamed),
    cmocka_unit_test(a_copy_may_have_another_port),
};
TEST_GROUP(net_address, tests)
