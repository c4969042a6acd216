/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static const struct place place = {.line = 3, .column = 5};

static uint32_t add(struct servers *servers, const char *host, uint16_t port) {
    uint32_t index = UINT32_MAX;
    assert_int_equal(servers_add(servers, host, strlen(host), port, place, &index), 0);
    return index;
}

static void assert_address(const struct server *server, uint32_t index, const char *expected) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    assert_true(index < server->count);
    assert_true(cmio_address_format(&server->addresses[index], text, sizeof text) > 0);
    assert_string_equal(text, expected);
}

static void each_server_is_in_the_list_once(void **state) {
    (void)state;
    struct servers servers = {0};
    assert_int_equal(add(&servers, "one", 80), 0);
    assert_int_equal(add(&servers, "one.example", 80), 1);
    assert_int_equal(add(&servers, "one", 81), 2);
    assert_int_equal(add(&servers, "ONE", 80), 0);
    assert_int_equal(servers.count, 3);
    servers_free(&servers);
    assert_int_equal(servers.count, 0);
}

static void a_numeric_host_is_its_own_address(void **state) {
    (void)state;
    struct servers servers = {0};
    struct complaint complaint;
    (void)add(&servers, "10.1.2.3", 80);
    (void)add(&servers, "::1", 81);
    assert_int_equal(servers_resolve(&servers, &complaint), 0);
    assert_int_equal(servers.list[0].count, 1);
    assert_address(&servers.list[0], 0, "10.1.2.3:80");
    assert_address(&servers.list[1], 0, "[::1]:81");
    servers_free(&servers);
}

static void localhost_is_the_loopback_of_both_families(void **state) {
    (void)state;
    struct servers servers = {0};
    struct complaint complaint;
    (void)add(&servers, "LocalHost", 6969);
    assert_int_equal(servers_resolve(&servers, &complaint), 0);
    assert_int_equal(servers.list[0].count, 2);
    assert_address(&servers.list[0], 0, "127.0.0.1:6969");
    assert_address(&servers.list[0], 1, "[::1]:6969");
    servers_free(&servers);
}

static void a_name_that_cannot_be_looked_up_is_complained_of_at_its_place(void **state) {
    (void)state;
    struct servers servers = {0};
    struct complaint complaint = {.message = ""};
    char label[70]; /* longer than a part of a name may be: no server is asked */
    memset(label, 'a', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    (void)add(&servers, label, 80);
    assert_int_equal(servers_resolve(&servers, &complaint), -1);
    assert_int_equal(complaint.place.line, 3);
    assert_int_equal(complaint.place.column, 5);
    assert_non_null(strstr(complaint.message, "cannot be looked up: "));
    servers_free(&servers);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_server_is_in_the_list_once),
    cmocka_unit_test(a_numeric_host_is_its_own_address),
    cmocka_unit_test(localhost_is_the_loopback_of_both_families),
    cmocka_unit_test(a_name_that_cannot_be_looked_up_is_complained_of_at_its_place),
};

TEST_GROUP(drill_server, tests)
