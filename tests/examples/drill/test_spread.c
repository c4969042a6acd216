/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <errno.h>

#include <cmio/tcp_listener.h>

#include "spread.h"

static void open_listener(struct cmio_tcp_listener *listener, struct cmio_address *address) {
    assert_int_equal(cmio_address_parse("127.0.0.1:0", address), 0);
    assert_int_equal(cmio_tcp_listener_bind(listener, address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_local_address(listener, address), 0);
}

/* Connects the client of that number and says from where. */
static struct cmio_address connect_one(struct cmio_tcp_stream *stream,
                                       const struct cmio_address *server, uint32_t number) {
    struct cmio_address source;
    assert_int_equal(spread_connect(stream, server, number), 0);
    TEST_EVENTUALLY(cmio_tcp_stream_finish_connect(stream) == 0);
    assert_int_equal(cmio_tcp_stream_local_address(stream, &source), 0);
    return source;
}

static struct cmio_address source_of(const struct cmio_address *server, uint32_t number) {
    struct cmio_tcp_stream stream;
    struct cmio_address source = connect_one(&stream, server, number);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    assert_int_equal(cmio_address_set_port(&source, 0), 0);
    return source;
}

static void many_clients_of_a_server_on_loopback_have_several_addresses(void **state) {
    (void)state;
    static const struct {
        uint32_t number;
        const char *source;
    } cases[] = {
        {0, "127.0.0.1:0"},
        {SPREAD_CLIENTS - 1, "127.0.0.1:0"},
        {SPREAD_CLIENTS, "127.0.0.2:0"},
        {3 * SPREAD_CLIENTS - 1, "127.0.0.3:0"},
        {254 * SPREAD_CLIENTS, "127.0.0.255:0"},
        {255 * SPREAD_CLIENTS, "127.0.0.1:0"},
    };
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    open_listener(&listener, &address);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CMIO_ADDRESS_TEXT_MAX];
        struct cmio_address source = source_of(&address, cases[i].number);
        assert_true(cmio_address_format(&source, text, sizeof text) > 0);
        assert_string_equal(text, cases[i].source);
    }
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
}

static void a_refused_connection_from_another_address_leaves_nothing_open(void **state) {
    (void)state;
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    struct cmio_tcp_stream holder;
    struct cmio_tcp_stream stream;
    open_listener(&listener, &address);
    /* Nobody listens at the port of a client, and nobody else can take it. */
    address = connect_one(&holder, &address, 0);
    int result = spread_connect(&stream, &address, SPREAD_CLIENTS);
    if (result == 0) {
        TEST_EVENTUALLY((result = cmio_tcp_stream_finish_connect(&stream)) != -EINPROGRESS);
        assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    }
    assert_int_equal(result, -ECONNREFUSED);
    assert_int_equal(cmio_tcp_stream_close(&holder), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(many_clients_of_a_server_on_loopback_have_several_addresses),
    cmocka_unit_test(a_refused_connection_from_another_address_leaves_nothing_open),
};

TEST_GROUP(drill_spread, tests)
