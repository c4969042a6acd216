/* SPDX-License-Identifier: MIT */
/*
 * Batches of datagrams. Built twice: with those of the system, and with those that make a call for
 * each datagram. No test may tell them apart.
 */
#include "support/scale.h"
#include "support/system.h"
#include "support/test.h"
#include "support/udp.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include <cmio/udp_socket.h>

enum { ROOM = 64, ROUND = 40 };

/* Messages with a buffer each. */
struct batch {
    struct cmio_udp_message messages[CMIO_UDP_BATCH_MAX + 1];
    char bytes[CMIO_UDP_BATCH_MAX + 1][ROOM];
};

static void batch_init(struct batch *batch) {
    memset(batch, 0, sizeof *batch);
    for (size_t i = 0; i <= CMIO_UDP_BATCH_MAX; i++) {
        batch->messages[i].buffer = batch->bytes[i];
        batch->messages[i].size = ROOM;
    }
}

static void a_batch_is_sent_and_received(void **state) {
    (void)state;
    static const char *const texts[] = {"abc", "", "fghij"};
    struct test_udp_pair pair;
    struct batch out;
    struct batch in;
    test_udp_pair_open(&pair);
    batch_init(&out);
    batch_init(&in);
    for (size_t i = 0; i < 3; i++) {
        out.messages[i].size = strlen(texts[i]);
        memcpy(out.bytes[i], texts[i], out.messages[i].size);
        out.messages[i].address = pair.b_address;
    }
    in.messages[2].size = 2;
    memset(&in.messages[3], 0x5a, sizeof in.messages[3]);
    struct cmio_udp_message untouched = in.messages[3];
    untouched.buffer = in.messages[3].buffer = in.bytes[3];
    untouched.size = in.messages[3].size = ROOM;
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.b, in.messages, 4), -EAGAIN);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 3);
    int received = 0;
    while (received < 3) {
        test_udp_await(&pair.b);
        int count =
            cmio_udp_socket_recv_batch(&pair.b, in.messages + received, (size_t)(4 - received));
        assert_true(count > 0);
        received += count;
    }
    for (size_t i = 0; i < 3; i++) {
        const size_t length = i == 2 ? 2 : strlen(texts[i]);
        assert_int_equal(in.messages[i].length, length);
        assert_memory_equal(in.bytes[i], texts[i], length);
        assert_int_equal(in.messages[i].truncated, i == 2);
        assert_true(cmio_address_equal(&in.messages[i].address, &pair.a_address));
    }
    assert_int_equal(in.bytes[2][2], 0);
    assert_memory_equal(&in.messages[3], &untouched, sizeof untouched);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair.b, in.messages, 4), -EAGAIN);
    test_udp_pair_close(&pair);
}

static void a_batch_without_addresses_goes_to_the_peer(void **state) {
    (void)state;
    struct test_udp_pair pair;
    struct batch out;
    char buffer[8];
    test_udp_pair_connect(&pair);
    batch_init(&out);
    for (size_t i = 0; i < 3; i++)
        out.messages[i].size = i;
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 3);
    for (size_t i = 0; i < 3; i++) {
        test_udp_await(&pair.b);
        assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), i);
    }
    test_udp_pair_close(&pair);
}

static void of_more_messages_a_call_takes_the_first_64(void **state) {
    (void)state;
    struct test_udp_pair pair;
    struct batch batch;
    test_udp_pair_connect(&pair);
    batch_init(&batch);
    for (size_t i = 0; i <= CMIO_UDP_BATCH_MAX; i++)
        batch.messages[i].size = 1;
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, batch.messages, CMIO_UDP_BATCH_MAX + 1),
                     CMIO_UDP_BATCH_MAX);
    assert_int_equal(cmio_udp_socket_send(&pair.a, "a", 1), 1);
    int received = 0;
    while (received <= CMIO_UDP_BATCH_MAX) {
        test_udp_await(&pair.b);
        int count = cmio_udp_socket_recv_batch(&pair.b, batch.messages, CMIO_UDP_BATCH_MAX + 1);
        assert_true(count > 0 && count <= CMIO_UDP_BATCH_MAX);
        received += count;
    }
    assert_int_equal(received, CMIO_UDP_BATCH_MAX + 1);
    test_udp_pair_close(&pair);
}

static void a_batch_ends_before_the_message_that_is_wrong(void **state) {
    (void)state;
    static char too_long[70000];
    const struct cmio_address path = test_address("unix:/tmp/x");
    struct test_udp_pair pair;
    struct batch out;
    test_udp_pair_connect(&pair);
    batch_init(&out);
    out.messages[1].buffer = NULL;
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 1);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 1, 2), -EINVAL);
    out.messages[1] = (struct cmio_udp_message){.buffer = out.bytes[1], .address = path};
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 1);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 1, 2), -EAFNOSUPPORT);
    out.messages[1] = (struct cmio_udp_message){.buffer = too_long, .size = sizeof too_long};
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages, 3), 1);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 1, 2), -EMSGSIZE);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, out.messages + 2, 1), 1);
    /* What was told with the message is not told again. */
    char buffer[ROOM];
    for (int i = 0; i < 4; i++) {
        test_udp_await(&pair.b);
        assert_int_equal(cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL), ROOM);
    }
    assert_int_equal(cmio_udp_socket_recv(&pair.a, buffer, sizeof buffer, NULL), -EAGAIN);
    assert_int_equal(cmio_udp_socket_take_error(&pair.a), 0);
    test_udp_pair_close(&pair);
}

/* A buffer that cannot be written to makes the second datagram an error. */
static void receive_a_fault_behind_the_first(struct test_udp_pair *pair) {
    struct batch in;
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    assert_true(page != MAP_FAILED);
    batch_init(&in);
    in.messages[1].buffer = page;
    in.messages[1].length = 77;
    for (int i = 0; i < 3; i++)
        assert_int_equal(cmio_udp_socket_send(&pair->a, "abc", 3), 3);
    test_udp_await(&pair->b);
    assert_int_equal(cmio_udp_socket_recv_batch(&pair->b, in.messages, 3), 1);
    assert_int_equal(in.messages[0].length, 3);
    assert_int_equal(in.messages[1].length, 77);
    assert_int_equal(munmap(page, 4096), 0);
}

/* What two calls gave, of the kept fault and what is left behind it: either may be told first. */
static void expect_fault_and_rest(ssize_t first, ssize_t second, ssize_t rest) {
    const bool fault_comes_first = test_answers()->kept_error_comes_first;
    assert_int_equal(fault_comes_first ? first : second, -EFAULT);
    assert_int_equal(fault_comes_first ? second : first, rest);
}

static void an_error_behind_the_first_datagram_is_kept(void **state) {
    (void)state;
    struct test_udp_pair pair;
    struct batch in;
    char buffer[8];
    if (test_is_under_valgrind())
        skip(); /* which reports the fault */
    test_udp_pair_connect(&pair);
    receive_a_fault_behind_the_first(&pair);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, NULL, 1, NULL),
                     -EINVAL); /* which is told first */
    assert_int_equal(cmio_udp_socket_peek(&pair.b, NULL, 1, NULL), -EINVAL);
    ssize_t first = cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL);
    ssize_t second = cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL);
    expect_fault_and_rest(first, second, 3);
    receive_a_fault_behind_the_first(&pair);
    first = cmio_udp_socket_peek(&pair.b, buffer, sizeof buffer, NULL);
    if (first == 3) /* it takes nothing */
        first = cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL);
    second = cmio_udp_socket_recv(&pair.b, buffer, sizeof buffer, NULL);
    expect_fault_and_rest(first, second, 3);
    receive_a_fault_behind_the_first(&pair);
    batch_init(&in);
    first = cmio_udp_socket_recv_batch(&pair.b, in.messages, 3);
    second = cmio_udp_socket_recv_batch(&pair.b, in.messages, 3);
    expect_fault_and_rest(first, second, 1);
    receive_a_fault_behind_the_first(&pair);
    assert_int_equal(cmio_udp_socket_take_error(&pair.b), -EFAULT);
    assert_int_equal(cmio_udp_socket_take_error(&pair.b), 0);
    test_udp_pair_close(&pair);
}

/* The answer to one may have been told to the sender of the next, which some systems forget. */
static bool is_refused(struct cmio_udp_socket *socket) {
    char buffer[8];
    if (cmio_udp_socket_recv(socket, buffer, sizeof buffer, NULL) == -ECONNREFUSED)
        return true;
    (void)cmio_udp_socket_send(socket, "abc", 3);
    return false;
}

/* Each batch has errors of the port that nobody has, some of which are kept for the receiver. */
static void *send_to_nobody(void *argument) {
    struct cmio_udp_socket *socket = argument;
    struct batch out;
    batch_init(&out);
    for (int i = test_scale(500); i > 0; i--)
        (void)cmio_udp_socket_send_batch(socket, out.messages, 4);
    return NULL;
}

static void one_thread_sends_batches_while_another_receives(void **state) {
    (void)state;
    struct cmio_udp_socket holder;
    struct cmio_udp_socket socket;
    struct batch in;
    pthread_t sender;
    const struct cmio_address refusing = test_udp_open_refusing(&holder);
    (void)test_udp_open(&socket, "127.0.0.1:0");
    TEST_OK(cmio_udp_socket_connect(&socket, &refusing));
    batch_init(&in);
    assert_int_equal(pthread_create(&sender, NULL, send_to_nobody, &socket), 0);
    for (int i = test_scale(500); i > 0; i--) {
        const int result = cmio_udp_socket_recv_batch(&socket, in.messages, 4);
        assert_true(result == -EAGAIN || result == -ECONNREFUSED);
    }
    assert_int_equal(pthread_join(sender, NULL), 0);
    TEST_OK(cmio_udp_socket_close(&socket));
    TEST_OK(cmio_udp_socket_close(&holder));
}

static void a_batch_that_is_refused_says_so_in_the_end(void **state) {
    (void)state;
    struct cmio_udp_socket holder;
    struct cmio_udp_socket socket;
    struct batch out;
    char buffer[8];
    const struct cmio_address refusing = test_udp_open_refusing(&holder);
    (void)test_udp_open(&socket, "127.0.0.1:0");
    assert_int_equal(cmio_udp_socket_connect(&socket, &refusing), 0);
    batch_init(&out);
    assert_true(cmio_udp_socket_send_batch(&socket, out.messages, 3) >= 1);
    TEST_EVENTUALLY(is_refused(&socket));
    while (cmio_udp_socket_recv(&socket, buffer, sizeof buffer, NULL) == -ECONNREFUSED)
        continue;
    test_udp_expect_arrival(&holder, &socket);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
    assert_int_equal(cmio_udp_socket_close(&holder), 0);
}

/*
 * The property: a random mix of datagrams, sent and received in batches of any size into buffers of
 * any size, is what it is when each goes by a call of its own.
 */

struct mix {
    size_t sizes[ROUND]; /* of the datagrams */
    size_t rooms[ROUND]; /* of the buffers that they are received into */
};

static size_t random_below(size_t bound) {
    static uint32_t seed = 12345;
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % bound;
}

static void mix_choose(struct mix *mix) {
    for (size_t i = 0; i < ROUND; i++) {
        mix->sizes[i] = random_below(4) == 0 ? 0 : random_below(ROOM);
        mix->rooms[i] = random_below(3) == 0 ? random_below(ROOM) : ROOM;
    }
}

static void mix_fill(const struct mix *mix, struct batch *batch, const struct cmio_address *to) {
    batch_init(batch);
    for (size_t i = 0; i < ROUND; i++) {
        memset(batch->bytes[i], (int)('a' + i % 26), mix->sizes[i]);
        batch->messages[i].size = mix->sizes[i];
        batch->messages[i].address = *to;
    }
}

static void mix_make_room(const struct mix *mix, struct batch *batch) {
    batch_init(batch);
    for (size_t i = 0; i < ROUND; i++)
        batch->messages[i].size = mix->rooms[i];
}

static void send_one_by_one(struct cmio_udp_socket *socket, const struct batch *batch) {
    for (size_t i = 0; i < ROUND; i++) {
        const struct cmio_udp_message *message = &batch->messages[i];
        assert_int_equal(
            cmio_udp_socket_send_to(socket, message->buffer, message->size, &message->address),
            message->size);
    }
}

static void receive_one_by_one(struct cmio_udp_socket *socket, struct batch *batch) {
    for (size_t i = 0; i < ROUND; i++) {
        struct cmio_udp_message *message = &batch->messages[i];
        test_udp_await(socket);
        ssize_t length = cmio_udp_socket_recv_from(socket, message->buffer, message->size,
                                                   &message->address, &message->truncated);
        assert_true(length >= 0);
        message->length = (size_t)length;
    }
}

static void send_in_batches(struct cmio_udp_socket *socket, const struct batch *batch) {
    for (size_t sent = 0; sent < ROUND;) {
        const size_t some = 1 + random_below(ROUND - sent);
        int count = cmio_udp_socket_send_batch(socket, batch->messages + sent, some);
        assert_int_equal(count, some);
        sent += (size_t)count;
    }
}

static void receive_in_batches(struct cmio_udp_socket *socket, struct batch *batch) {
    for (size_t received = 0; received < ROUND;) {
        test_udp_await(socket);
        const size_t some = 1 + random_below(ROUND - received);
        int count = cmio_udp_socket_recv_batch(socket, batch->messages + received, some);
        assert_true(count > 0 && (size_t)count <= some);
        received += (size_t)count;
    }
}

static void expect_equal_batches(const struct batch *a, const struct batch *b) {
    for (size_t i = 0; i < ROUND; i++) {
        assert_int_equal(a->messages[i].length, b->messages[i].length);
        assert_int_equal(a->messages[i].truncated, b->messages[i].truncated);
        assert_true(cmio_address_equal(&a->messages[i].address, &b->messages[i].address));
        assert_memory_equal(a->bytes[i], b->bytes[i], ROOM);
    }
}

static bool is_truncated(size_t size, size_t room) {
    return size > room || (size == 0 && room == 0 && test_answers()->empty_is_truncated);
}

static void a_random_mix_comes_as_it_does_one_by_one(void **state) {
    (void)state;
    struct test_udp_pair pair;
    test_udp_pair_open(&pair);
    for (int round = 0; round < test_scale(100); round++) {
        struct mix mix;
        struct batch out;
        struct batch single;
        struct batch batched;
        mix_choose(&mix);
        mix_fill(&mix, &out, &pair.b_address);
        mix_make_room(&mix, &single);
        mix_make_room(&mix, &batched);
        send_one_by_one(&pair.a, &out);
        receive_one_by_one(&pair.b, &single);
        send_in_batches(&pair.a, &out);
        receive_in_batches(&pair.b, &batched);
        expect_equal_batches(&single, &batched);
        for (size_t i = 0; i < ROUND; i++)
            assert_int_equal(single.messages[i].truncated,
                             is_truncated(mix.sizes[i], mix.rooms[i]));
    }
    test_udp_pair_close(&pair);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_batch_is_sent_and_received),
    cmocka_unit_test(a_batch_without_addresses_goes_to_the_peer),
    cmocka_unit_test(of_more_messages_a_call_takes_the_first_64),
    cmocka_unit_test(a_batch_ends_before_the_message_that_is_wrong),
    cmocka_unit_test(an_error_behind_the_first_datagram_is_kept),
    cmocka_unit_test(one_thread_sends_batches_while_another_receives),
    cmocka_unit_test(a_batch_that_is_refused_says_so_in_the_end),
    cmocka_unit_test(a_random_mix_comes_as_it_does_one_by_one),
};
TEST_GROUP(net_udp_batch, tests)
