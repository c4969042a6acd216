/* SPDX-License-Identifier: MIT */

/* Datagrams of UDP and Unix sockets. */
#include "async/io_support.h"

#include <sys/socket.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/system.h"
#include "support/udp.h"

/* Two UDP sockets that are bound to an executor. */
struct sockets {
    struct cmio_executor *executor;
    struct test_udp_pair udp;
    struct cmio_io a, b;
};

static void sockets_open(void **state, struct sockets *sockets, bool connected) {
    sockets->executor = new_executor(SUBJECT(state)->workers);
    if (connected)
        test_udp_pair_connect(&sockets->udp);
    else
        test_udp_pair_open(&sockets->udp);
    TEST_OK(cmio_io_bind_udp_socket(&sockets->a, sockets->executor, &sockets->udp.a));
    TEST_OK(cmio_io_bind_udp_socket(&sockets->b, sockets->executor, &sockets->udp.b));
}

static void sockets_close(struct sockets *sockets) {
    TEST_OK(cmio_io_close(&sockets->a));
    TEST_OK(cmio_io_close(&sockets->b));
    test_udp_pair_close(&sockets->udp);
    cmio_executor_free(sockets->executor);
}

static ssize_t send_now(struct cmio_executor *executor, struct cmio_io *io, const char *text,
                        const struct cmio_address *address) {
    struct cmio_send_to_future send;
    TEST_OK(cmio_send_to_future_init(&send, io, text, strlen(text), address));
    return cmio_block_on(executor, &send.future);
}

static void expect_equal(const struct cmio_address *a, const struct cmio_address *b) {
    char text[2][CMIO_ADDRESS_TEXT_MAX];
    assert_true(cmio_address_format(a, text[0], sizeof text[0]) > 0);
    assert_true(cmio_address_format(b, text[1], sizeof text[1]) > 0);
    assert_string_equal(text[0], text[1]);
}

static void a_datagram_is_received_whole_and_with_its_sender(void **state) {
    struct sockets sockets;
    char buffer[16] = {0};
    struct cmio_address peer;
    sockets_open(state, &sockets, false);
    for (int i = 0; i < 10; i++) {
        atomic_int pending = 0;
        struct cmio_receive_from_future receive;
        TEST_OK(cmio_receive_from_future_init(&receive, &sockets.b, buffer, sizeof buffer, &peer,
                                              NULL));
        struct giving_up waiting = giving_up_after(&receive.future, 1 << 20, &pending);
        struct cmio_join_handle *handle = SPAWN(sockets.executor, &waiting);
        await_pending(sockets.executor, &pending, 1);
        TEST_GIVES(send_now(sockets.executor, &sockets.a, "hello", &sockets.udp.b_address), 5);
        TEST_GIVES(join(sockets.executor, handle), 5);
        assert_string_equal(buffer, "hello");
        expect_equal(&peer, &sockets.udp.a_address);
    }
    sockets_close(&sockets);
}

static void connected_sockets_need_no_address(void **state) {
    struct sockets sockets;
    char buffer[16];
    struct cmio_receive_from_future receive;
    sockets_open(state, &sockets, true);
    TEST_GIVES(send_now(sockets.executor, &sockets.a, "hello", NULL), 5);
    TEST_GIVES(send_now(sockets.executor, &sockets.a, "", NULL), 0);
    TEST_OK(cmio_receive_from_future_init(&receive, &sockets.b, buffer, sizeof buffer, NULL, NULL));
    TEST_GIVES(cmio_block_on(sockets.executor, &receive.future), 5);
    TEST_OK(cmio_receive_from_future_init(&receive, &sockets.b, buffer, sizeof buffer, NULL, NULL));
    TEST_OK(cmio_block_on(sockets.executor, &receive.future));
    sockets_close(&sockets);
}

static void what_does_not_fit_is_told(void **state) {
    struct sockets sockets;
    char buffer[3];
    bool truncated = false;
    struct cmio_receive_from_future receive;
    sockets_open(state, &sockets, true);
    TEST_GIVES(send_now(sockets.executor, &sockets.a, "hello", NULL), 5);
    TEST_GIVES(send_now(sockets.executor, &sockets.a, "hello", NULL), 5);
    TEST_OK(cmio_receive_from_future_init(&receive, &sockets.b, buffer, sizeof buffer, NULL,
                                          &truncated));
    TEST_GIVES(cmio_block_on(sockets.executor, &receive.future), 3);
    assert_true(truncated);
    TEST_OK(cmio_receive_from_future_init(&receive, &sockets.b, buffer, sizeof buffer, NULL, NULL));
    TEST_GIVES(cmio_block_on(sockets.executor, &receive.future), 3);
    sockets_close(&sockets);
}

static void drop_receive_after(struct sockets *sockets, int polls) {
    char buffer[16] = {0};
    atomic_int pending = 0;
    struct cmio_receive_from_future receive;
    TEST_OK(
        cmio_receive_from_future_init(&receive, &sockets->b, buffer, sizeof buffer, NULL, NULL));
    struct giving_up giving_up = giving_up_after(&receive.future, polls, &pending);
    struct cmio_join_handle *handle = SPAWN(sockets->executor, &giving_up);
    await_pending(sockets->executor, &pending, polls);
    TEST_GIVES(send_now(sockets->executor, &sockets->a, "hello", NULL), 5);
    TEST_FAILS(join(sockets->executor, handle), -ECANCELED);
    assert_int_equal(buffer[0], '\0');
    TEST_OK(
        cmio_receive_from_future_init(&receive, &sockets->b, buffer, sizeof buffer, NULL, NULL));
    TEST_GIVES(cmio_block_on(sockets->executor, &receive.future), 5);
}

static void a_receive_that_is_dropped_loses_no_datagram(void **state) {
    struct sockets sockets;
    char buffer[16];
    struct cmio_receive_from_future receive;
    sockets_open(state, &sockets, true);
    drop_receive_after(&sockets, 0);
    drop_receive_after(&sockets, 1);
    TEST_OK(cmio_receive_from_future_init(&receive, &sockets.b, buffer, sizeof buffer, NULL, NULL));
    abort_waiting(sockets.executor, &receive.future);
    drop_receive_after(&sockets, 1);
    sockets_close(&sockets);
}

static void after_an_error_of_the_network_receiving_goes_on(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct cmio_udp_socket holder, socket;
    struct cmio_io io;
    char buffer[16];
    struct cmio_receive_from_future receive;
    const struct cmio_address refusing = test_udp_open_refusing(&holder);
    (void)test_udp_open(&socket, "127.0.0.1:0");
    TEST_OK(cmio_udp_socket_connect(&socket, &refusing));
    TEST_OK(cmio_io_bind_udp_socket(&io, executor, &socket));
    TEST_OK(cmio_receive_from_future_init(&receive, &io, buffer, sizeof buffer, NULL, NULL));
    struct cmio_join_handle *handle = SPAWN(executor, &receive);
    TEST_GIVES(send_now(executor, &io, "x", NULL), 1);
    TEST_FAILS(join(executor, handle), -ECONNREFUSED);
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_udp_socket_close(&socket));
    TEST_OK(cmio_udp_socket_close(&holder));
    cmio_executor_free(executor);
}

/* Unix datagrams */

static void a_send_waits_until_the_peer_has_room(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct cmio_unix_datagram a, b;
    struct cmio_io a_io, b_io;
    char buffer[64];
    atomic_int pending = 0;
    const char message[64] = {0};
    TEST_OK(cmio_unix_datagram_pair(&a, &b));
    TEST_OK(cmio_io_bind_unix_datagram(&a_io, executor, &a));
    TEST_OK(cmio_io_bind_unix_datagram(&b_io, executor, &b));
    int sent = 0;
    while (cmio_unix_datagram_send(&a, message, sizeof message) > 0)
        sent++;
    struct cmio_send_to_future send;
    TEST_OK(cmio_send_to_future_init(&send, &a_io, message, sizeof message, NULL));
    struct giving_up waiting = giving_up_after(&send.future, 1 << 20, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &waiting);
    await_pending(executor, &pending, 1);
    for (int i = 0; i <= sent; i++) {
        struct cmio_receive_from_future receive;
        TEST_OK(cmio_receive_from_future_init(&receive, &b_io, buffer, sizeof buffer, NULL, NULL));
        TEST_GIVES(cmio_block_on(executor, &receive.future), sizeof message);
    }
    TEST_GIVES(join(executor, handle), sizeof message);
    TEST_OK(cmio_io_close(&a_io));
    TEST_OK(cmio_io_close(&b_io));
    TEST_OK(cmio_unix_datagram_close(&a));
    TEST_OK(cmio_unix_datagram_close(&b));
    cmio_executor_free(executor);
}

static void a_send_that_is_dropped_has_sent_nothing(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct cmio_unix_datagram a, b;
    struct cmio_io io;
    char buffer[64];
    const char message[64] = {0};
    TEST_OK(cmio_unix_datagram_pair(&a, &b));
    TEST_OK(cmio_io_bind_unix_datagram(&io, executor, &a));
    int sent = 0, received = 0;
    while (cmio_unix_datagram_send(&a, message, sizeof message) > 0)
        sent++;
    struct cmio_send_to_future send;
    TEST_OK(cmio_send_to_future_init(&send, &io, message, sizeof message, NULL));
    abort_waiting(executor, &send.future);
    while (cmio_unix_datagram_recv(&b, buffer, sizeof buffer, NULL) > 0)
        received++;
    assert_int_equal(received, sent);
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_unix_datagram_close(&a));
    TEST_OK(cmio_unix_datagram_close(&b));
    cmio_executor_free(executor);
}

/* No event tells when another socket's queue has room: the future says so instead of waiting. */
static void a_send_to_a_full_receiver_is_told(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct test_scratch scratch;
    struct cmio_unix_datagram sender, receiver;
    struct cmio_io io;
    test_scratch_open(&scratch);
    const struct cmio_address address = test_scratch_address(&scratch, "r");
    TEST_OK(cmio_unix_datagram_bind(&receiver, &address));
    TEST_OK(cmio_unix_datagram_unbound(&sender));
    TEST_OK(cmio_io_bind_unix_datagram(&io, executor, &sender));
    ssize_t result;
    do
        result = send_now(executor, &io, "x", &address);
    while (result > 0);
    assert_true(result == -EAGAIN || result == -ENOBUFS);
    char byte;
    TEST_GIVES(cmio_unix_datagram_recv(&receiver, &byte, 1, NULL), 1);
    TEST_GIVES(send_now(executor, &io, "x", &address), 1);
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_unix_datagram_close(&sender));
    TEST_OK(cmio_unix_datagram_close(&receiver));
    assert_int_equal(test_scratch_close(&scratch), 1);
    cmio_executor_free(executor);
}

static void what_has_no_datagrams_is_refused(void **state) {
    struct sockets sockets;
    struct ends ends;
    char byte;
    struct cmio_receive_from_future receive;
    struct cmio_send_to_future send;
    sockets_open(state, &sockets, true);
    ends_open(&ends, UNIX);
    ends_bind(&ends, sockets.executor);
    TEST_FAILS(cmio_receive_from_future_init(&receive, &ends.a.io, &byte, 1, NULL, NULL), -EINVAL);
    TEST_FAILS(cmio_receive_from_future_init(&receive, &sockets.a, NULL, 1, NULL, NULL), -EINVAL);
    TEST_FAILS(cmio_receive_from_future_init(&receive, NULL, &byte, 1, NULL, NULL), -EINVAL);
    TEST_FAILS(cmio_receive_from_future_init(NULL, &sockets.a, &byte, 1, NULL, NULL), -EINVAL);
    TEST_FAILS(cmio_send_to_future_init(&send, &ends.a.io, "x", 1, NULL), -EINVAL);
    TEST_FAILS(cmio_send_to_future_init(&send, &sockets.a, NULL, 1, NULL), -EINVAL);
    TEST_FAILS(cmio_send_to_future_init(&send, NULL, "x", 1, NULL), -EINVAL);
    TEST_FAILS(cmio_send_to_future_init(NULL, &sockets.a, "x", 1, NULL), -EINVAL);
    ends_close(&ends);
    sockets_close(&sockets);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(a_datagram_is_received_whole_and_with_its_sender),
    WORKERS_ROWS(connected_sockets_need_no_address),
    WORKERS_ROWS(what_does_not_fit_is_told),
    WORKERS_ROWS(a_receive_that_is_dropped_loses_no_datagram),
    WORKERS_ROWS(after_an_error_of_the_network_receiving_goes_on),
    WORKERS_ROWS(a_send_waits_until_the_peer_has_room),
    WORKERS_ROWS(a_send_that_is_dropped_has_sent_nothing),
    WORKERS_ROWS(a_send_to_a_full_receiver_is_told),
    WORKERS_ROWS(what_has_no_datagrams_is_refused),
};

TEST_GROUP(async_datagram, tests)
