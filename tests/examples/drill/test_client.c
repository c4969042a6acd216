/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "client.h"

/*
 * What the order of things must be just right for: the server's end is a blocking socket in the
 * same thread, and the buffer of the wire has the length of one answer.
 */
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define REQUEST "GET / HTTP/1.1\r\n\r\n"

static char request_bytes[] = REQUEST;

struct bench {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_tcp_listener listener;
    struct wire wire;
    char buffer[sizeof ANSWER - 1];
    struct request request;
    struct server server;
    struct client client;
};

static void open_bench(struct bench *bench) {
    *bench = (struct bench){.wire = {.size = sizeof bench->buffer}};
    struct request *request = &bench->request;
    struct cmio_address *address = &bench->server.addresses[0];
    assert_int_equal(cmio_poll_new_with(&bench->poll, test_backend()), 0);
    assert_int_equal(cmio_events_new(&bench->events, 16), 0);
    bench->wire.buffer = bench->buffer;
    bench->wire.registry = cmio_poll_registry(bench->poll);
    bench->wire.servers = &bench->server;
    bench->server.count = 1;
    assert_int_equal(cmio_address_parse("127.0.0.1:0", address), 0);
    assert_int_equal(cmio_tcp_listener_bind(&bench->listener, address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_local_address(&bench->listener, address), 0);
    request->idempotent = true;
    request->bytes = request_bytes;
    request->length = sizeof REQUEST - 1;
}

static void close_bench(struct bench *bench) {
    client_free(&bench->client);
    assert_int_equal(cmio_tcp_listener_close(&bench->listener), 0);
    cmio_events_free(bench->events);
    cmio_poll_free(bench->poll);
}

/* Waits once and gives the client its events: what came of them. */
static enum outcome step(struct bench *bench) {
    enum outcome outcome = OUTCOME_PENDING;
    int count = cmio_poll_wait(bench->poll, bench->events, 30 * CMIO_SECOND);
    if (count == 0)
        fail_msg("no event within 30 s");
    assert_true(count > 0 || count == -EINTR);
    bench->wire.now = cmio_now();
    CMIO_EVENTS_FOREACH (event, bench->events) {
        assert_ptr_equal(event->token, &bench->client);
        assert_int_equal(outcome, OUTCOME_PENDING);
        outcome = client_handle(&bench->client, &bench->wire, event);
    }
    return outcome;
}

/* Waits until the request has ended. */
static enum outcome finish(struct bench *bench) {
    enum outcome outcome = OUTCOME_PENDING;
    while (outcome == OUTCOME_PENDING)
        outcome = step(bench);
    return outcome;
}

/* The server's end of the next connection. */
static struct cmio_tcp_stream accept_one(struct bench *bench) {
    struct cmio_tcp_stream stream;
    TEST_EVENTUALLY(cmio_tcp_listener_accept(&bench->listener, &stream, NULL) == 0);
    return stream;
}

/* Starts a request on a new connection and returns the server's end of it, the request sent. */
static struct cmio_tcp_stream begin(struct bench *bench) {
    assert_int_equal(client_start(&bench->client, &bench->wire, &bench->request, 0),
                     OUTCOME_PENDING);
    while (bench->client.state != CLIENT_RECEIVING)
        assert_int_equal(step(bench), OUTCOME_PENDING);
    return accept_one(bench);
}

static void send_text(struct cmio_tcp_stream *stream, const char *text) {
    assert_int_equal(cmio_tcp_stream_write(stream, text, strlen(text)), strlen(text));
}

/* Closes the server's end with a reset, and waits until it has reached the client, who has read all else. */
static void reset(const struct bench *bench, struct cmio_tcp_stream *stream) {
    struct linger at_once = {.l_onoff = 1};
    struct pollfd end = {.fd = cmio_tcp_stream_fd(&bench->client.stream), .events = POLLIN};
    assert_int_equal(
        setsockopt(cmio_tcp_stream_fd(stream), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    assert_int_equal(cmio_tcp_stream_close(stream), 0);
    TEST_EVENTUALLY(poll(&end, 1, 0) == 1);
}

static void an_answer_that_fills_the_buffer_leaves_nothing_behind_unseen(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct cmio_tcp_stream stream = begin(&bench);
    send_text(&stream, ANSWER ANSWER);
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(bench.client.state, CLIENT_IDLE);
    /* The answer to the next request is there already: no edge will announce it. */
    assert_int_equal(client_start(&bench.client, &bench.wire, &bench.request, 0), OUTCOME_PENDING);
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    close_bench(&bench);
}

static void an_answer_of_many_buffers_is_read_to_its_end(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct cmio_tcp_stream stream = begin(&bench);
    send_text(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
    for (int i = 0; i < 400; i++)
        send_text(&stream, "0123456789");
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(bench.client.state, CLIENT_IDLE);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    close_bench(&bench);
}

static void a_connection_that_the_server_has_closed_is_not_kept(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct cmio_tcp_stream stream = begin(&bench);
    const struct cmio_event event = {.token = (cmio_token)&bench.client,
                                     .ready = CMIO_READABLE | CMIO_READ_CLOSED};
    send_text(&stream, ANSWER);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    enum outcome outcome = OUTCOME_PENDING;
    TEST_EVENTUALLY((outcome = client_handle(&bench.client, &bench.wire, &event)) !=
                    OUTCOME_PENDING);
    assert_int_equal(outcome, OUTCOME_SUCCESS);
    assert_int_equal(bench.client.state, CLIENT_CLOSED);
    close_bench(&bench);
}

static void a_kept_connection_that_cannot_be_sent_on_is_replaced(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct cmio_tcp_stream stream = begin(&bench);
    send_text(&stream, "HTTP/1.1 204 \r\n\r\n");
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(bench.client.state, CLIENT_IDLE);
    reset(&bench, &stream);
    stream = begin(&bench);
    assert_false(bench.client.reused);
    send_text(&stream, ANSWER);
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    close_bench(&bench);
}

static void what_is_not_idempotent_is_not_sent_again_where_sending_failed(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    bench.request.idempotent = false;
    struct cmio_tcp_stream stream = begin(&bench);
    send_text(&stream, "HTTP/1.1 204 \r\n\r\n");
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    reset(&bench, &stream);
    enum outcome outcome = client_start(&bench.client, &bench.wire, &bench.request, 0);
    if (outcome == OUTCOME_PENDING)
        outcome = finish(&bench);
    assert_true(outcome == OUTCOME_RESET || outcome == OUTCOME_CLOSED);
    assert_int_equal(bench.client.state, CLIENT_CLOSED);
    close_bench(&bench);
}

static void spurious_events_change_nothing(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    const struct cmio_event spurious = {.token = (cmio_token)&bench.client,
                                        .ready = CMIO_READABLE | CMIO_WRITABLE};
    assert_int_equal(client_handle(&bench.client, &bench.wire, &spurious), OUTCOME_PENDING);
    assert_int_equal(bench.client.state, CLIENT_CLOSED);
    struct cmio_tcp_stream stream = begin(&bench);
    assert_int_equal(client_handle(&bench.client, &bench.wire, &spurious), OUTCOME_PENDING);
    assert_int_equal(bench.client.state, CLIENT_RECEIVING);
    send_text(&stream, ANSWER);
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(client_handle(&bench.client, &bench.wire, &spurious), OUTCOME_PENDING);
    assert_int_equal(bench.client.state, CLIENT_IDLE);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    close_bench(&bench);
}

/*
 * A listener that is full leaves further connections in progress. How many it takes is the
 * system's affair: the bench connects until one stays.
 */
static void a_connect_in_progress_is_waited_for_and_can_be_given_up(void **state) {
    (void)state;
    enum { MOST = 64 };
    struct bench bench;
    struct client clients[MOST] = {0};
    int count = 0;
    enum outcome outcome = OUTCOME_PENDING;
    open_bench(&bench);
    assert_int_equal(listen(cmio_tcp_listener_fd(&bench.listener), 0), 0);
    do {
        struct client *client = &clients[count++];
        const struct cmio_event spurious = {.token = (cmio_token)client, .ready = CMIO_WRITABLE};
        assert_int_equal(client_start(client, &bench.wire, &bench.request, 0), OUTCOME_PENDING);
        outcome = client_handle(client, &bench.wire, &spurious);
        assert_int_equal(outcome, OUTCOME_PENDING);
    } while (clients[count - 1].state != CLIENT_CONNECTING && count < MOST);
    bool stays = clients[count - 1].state == CLIENT_CONNECTING;
    while (count > 0)
        client_close(&clients[--count]);
    close_bench(&bench);
    if (!stays)
        skip(); /* the system takes any number of them */
}

/* Receives these bytes at the server's end. */
static void assert_receives(struct cmio_tcp_stream *stream, const char *expected) {
    char buffer[256];
    size_t length = strlen(expected);
    ssize_t received = 0;
    assert_true(length < sizeof buffer);
    for (size_t have = 0; have < length; have += (size_t)received) {
        TEST_EVENTUALLY((received = cmio_tcp_stream_read(stream, buffer + have, length - have)) !=
                        -EAGAIN);
        assert_true(received > 0);
    }
    assert_memory_equal(buffer, expected, length);
}

static void the_number_of_the_iteration_goes_into_the_request(void **state) {
    (void)state;
    struct bench bench;
    struct hole hole = {.offset = 5};
    open_bench(&bench);
    bench.request.holes = &hole;
    bench.request.hole_count = 1;
    struct cmio_tcp_stream stream = begin(&bench);
    assert_receives(&stream, "GET /0 HTTP/1.1\r\n\r\n");
    send_text(&stream, ANSWER);
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(client_start(&bench.client, &bench.wire, &bench.request, UINT64_MAX),
                     OUTCOME_PENDING);
    assert_receives(&stream, "GET /18446744073709551615 HTTP/1.1\r\n\r\n");
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    close_bench(&bench);
}

/* An address where nobody listens: the socket is bound, so that nobody else can. */
static int open_silent(struct cmio_address *address) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = 0;
    const struct sockaddr *sockaddr = NULL;
    struct sockaddr_in name;
    assert_true(fd >= 0);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", address), 0);
    sockaddr = cmio_address_sockaddr(address, &length);
    assert_int_equal(bind(fd, sockaddr, length), 0);
    length = sizeof name;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    assert_int_equal(cmio_address_set_port(address, ntohs(name.sin_port)), 0);
    return fd;
}

static void the_addresses_of_a_server_are_tried_until_one_takes_a_connection(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct server *server = &bench.server;
    server->count = 3;
    server->addresses[2] = server->addresses[0];
    int silent[] = {open_silent(&server->addresses[0]), open_silent(&server->addresses[1])};
    struct cmio_tcp_stream stream = begin(&bench);
    assert_int_equal(server->preferred, 2);
    assert_true(server->is_proven);
    send_text(&stream, ANSWER);
    assert_int_equal(finish(&bench), OUTCOME_SUCCESS);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    client_close(&bench.client);
    stream = begin(&bench); /* the next connection goes there at once */
    assert_int_equal(bench.client.tried, 0);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    close_bench(&bench);
    assert_int_equal(close(silent[0]), 0);
    assert_int_equal(close(silent[1]), 0);
}

static void a_server_that_refuses_on_every_address_has_refused(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct server *server = &bench.server;
    server->count = 2;
    server->preferred = 1;
    int silent[] = {open_silent(&server->addresses[0]), open_silent(&server->addresses[1])};
    enum outcome outcome = client_start(&bench.client, &bench.wire, &bench.request, 0);
    if (outcome == OUTCOME_PENDING)
        outcome = finish(&bench);
    assert_int_equal(outcome, OUTCOME_REFUSED);
    assert_int_equal(bench.client.tried, 1);
    assert_int_equal(bench.client.state, CLIENT_CLOSED);
    close_bench(&bench);
    assert_int_equal(close(silent[0]), 0);
    assert_int_equal(close(silent[1]), 0);
}

static void an_address_that_took_a_connection_is_not_left_for_another(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct server *server = &bench.server;
    server->count = 2;
    server->is_proven = true;
    server->addresses[1] = server->addresses[0];
    int silent = open_silent(&server->addresses[0]);
    enum outcome outcome = client_start(&bench.client, &bench.wire, &bench.request, 0);
    if (outcome == OUTCOME_PENDING)
        outcome = finish(&bench);
    assert_int_equal(outcome, OUTCOME_REFUSED);
    close_bench(&bench);
    assert_int_equal(close(silent), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_number_of_the_iteration_goes_into_the_request),
    cmocka_unit_test(the_addresses_of_a_server_are_tried_until_one_takes_a_connection),
    cmocka_unit_test(a_server_that_refuses_on_every_address_has_refused),
    cmocka_unit_test(an_address_that_took_a_connection_is_not_left_for_another),
    cmocka_unit_test(an_answer_that_fills_the_buffer_leaves_nothing_behind_unseen),
    cmocka_unit_test(an_answer_of_many_buffers_is_read_to_its_end),
    cmocka_unit_test(a_connection_that_the_server_has_closed_is_not_kept),
    cmocka_unit_test(a_kept_connection_that_cannot_be_sent_on_is_replaced),
    cmocka_unit_test(what_is_not_idempotent_is_not_sent_again_where_sending_failed),
    cmocka_unit_test(spurious_events_change_nothing),
    cmocka_unit_test(a_connect_in_progress_is_waited_for_and_can_be_given_up),
};

TEST_GROUP(drill_client, tests)
