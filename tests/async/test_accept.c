/* SPDX-License-Identifier: MIT */

/* Accepting, and a server of many connections. */
#include "async/io_support.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/udp.h"

/* A bound listener of TCP. */
struct server {
    struct cmio_executor *executor;
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    struct cmio_io io;
};

static void server_open(void **state, struct server *server) {
    const struct cmio_address any = test_address("127.0.0.1:0");
    server->executor = new_executor(SUBJECT(state)->workers);
    TEST_OK(cmio_tcp_listener_bind(&server->listener, &any, NULL));
    TEST_OK(cmio_tcp_listener_local_address(&server->listener, &server->address));
    TEST_OK(cmio_io_bind_tcp_listener(&server->io, server->executor, &server->listener));
}

static void server_close(struct server *server) {
    TEST_OK(cmio_io_close(&server->io));
    TEST_OK(cmio_tcp_listener_close(&server->listener));
    cmio_executor_free(server->executor);
}

static void expect_peer(struct cmio_tcp_stream *client, const struct cmio_address *peer) {
    char expected[CMIO_ADDRESS_TEXT_MAX], got[CMIO_ADDRESS_TEXT_MAX];
    struct cmio_address local;
    TEST_OK(cmio_tcp_stream_local_address(client, &local));
    assert_true(cmio_address_format(&local, expected, sizeof expected) > 0);
    assert_true(cmio_address_format(peer, got, sizeof got) > 0);
    assert_string_equal(got, expected);
}

static void accept_gives_the_stream_and_who_it_is(void **state) {
    struct server server;
    struct cmio_tcp_stream client, stream;
    struct cmio_address peer;
    struct cmio_accept_future accept;
    server_open(state, &server);
    for (int i = 0; i < 10; i++) {
        TEST_OK(cmio_tcp_stream_connect(&client, &server.address));
        TEST_OK(cmio_accept_tcp_future_init(&accept, &server.io, &stream, &peer));
        TEST_OK(cmio_block_on(server.executor, &accept.future));
        expect_peer(&client, &peer);
        TEST_OK(cmio_tcp_stream_close(&stream));
        TEST_OK(cmio_tcp_stream_close(&client));
    }
    server_close(&server);
}

static void accept_waits_for_a_connection(void **state) {
    struct server server;
    struct cmio_tcp_stream client, stream;
    atomic_int pending = 0;
    struct cmio_accept_future accept;
    server_open(state, &server);
    for (int i = 1; i <= 10; i++) {
        TEST_OK(cmio_accept_tcp_future_init(&accept, &server.io, &stream, NULL));
        struct giving_up waiting = giving_up_after(&accept.future, 1 << 20, &pending);
        struct cmio_join_handle *handle = SPAWN(server.executor, &waiting);
        await_pending(server.executor, &pending, 1);
        TEST_OK(cmio_tcp_stream_connect(&client, &server.address));
        TEST_OK(join(server.executor, handle));
        TEST_OK(cmio_tcp_stream_close(&stream));
        TEST_OK(cmio_tcp_stream_close(&client));
        atomic_store(&pending, 0);
    }
    server_close(&server);
}

static void accept_takes_unix_streams(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct test_scratch scratch;
    test_scratch_open(&scratch);
    const struct cmio_address address = test_scratch_address(&scratch, "s");
    struct cmio_unix_listener listener;
    struct cmio_unix_stream client, stream;
    struct cmio_address peer;
    struct cmio_io io;
    struct cmio_accept_future accept;
    TEST_OK(cmio_unix_listener_bind(&listener, &address, NULL));
    TEST_OK(cmio_io_bind_unix_listener(&io, executor, &listener));
    TEST_OK(cmio_accept_unix_future_init(&accept, &io, &stream, &peer));
    struct cmio_join_handle *handle = SPAWN(executor, &accept);
    run_a_little(executor);
    TEST_OK(cmio_unix_stream_connect(&client, &address));
    TEST_OK(join(executor, handle));
    assert_int_equal(cmio_address_family(&peer), AF_UNIX);
    TEST_OK(cmio_unix_stream_close(&stream));
    TEST_OK(cmio_unix_stream_close(&client));
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_unix_listener_close(&listener));
    assert_int_equal(test_scratch_close(&scratch), 1);
    cmio_executor_free(executor);
}

static void drop_accept_after(struct server *server, int polls) {
    struct cmio_tcp_stream client, stream = {{0}};
    atomic_int pending = 0;
    struct cmio_accept_future accept;
    TEST_OK(cmio_accept_tcp_future_init(&accept, &server->io, &stream, NULL));
    struct giving_up giving_up = giving_up_after(&accept.future, polls, &pending);
    struct cmio_join_handle *handle = SPAWN(server->executor, &giving_up);
    await_pending(server->executor, &pending, polls);
    TEST_OK(cmio_tcp_stream_connect(&client, &server->address));
    TEST_FAILS(join(server->executor, handle), -ECANCELED);
    assert_null(stream.source.ops);
    TEST_OK(cmio_accept_tcp_future_init(&accept, &server->io, &stream, NULL));
    TEST_OK(cmio_block_on(server->executor, &accept.future));
    TEST_OK(cmio_tcp_stream_close(&stream));
    TEST_OK(cmio_tcp_stream_close(&client));
}

static void an_accept_that_is_dropped_loses_no_connection(void **state) {
    struct server server;
    struct cmio_tcp_stream stream;
    struct cmio_accept_future accept;
    server_open(state, &server);
    drop_accept_after(&server, 0);
    drop_accept_after(&server, 1);
    TEST_OK(cmio_accept_tcp_future_init(&accept, &server.io, &stream, NULL));
    abort_waiting(server.executor, &accept.future);
    drop_accept_after(&server, 1);
    server_close(&server);
}

static void accept_says_that_there_is_no_descriptor_and_tries_again(void **state) {
    struct server server;
    struct cmio_tcp_stream client, stream;
    struct rlimit limit;
    struct cmio_accept_future accept;
    if (test_is_under_valgrind()) /* which keeps the limit itself, and loses the connection */
        skip();
    server_open(state, &server);
    TEST_OK(cmio_tcp_stream_connect(&client, &server.address));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const int next = dup(cmio_tcp_listener_fd(&server.listener)); /* the lowest that is free */
    assert_true(next >= 0);
    test_close(next);
    const struct rlimit none_left = {.rlim_cur = (rlim_t)next, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_left), 0);
    for (int i = 0; i < 3; i++) {
        TEST_OK(cmio_accept_tcp_future_init(&accept, &server.io, &stream, NULL));
        const ssize_t result = cmio_block_on(server.executor, &accept.future);
        if (result != -EMFILE)
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        TEST_FAILS(result, -EMFILE);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    TEST_OK(cmio_accept_tcp_future_init(&accept, &server.io, &stream, NULL));
    TEST_OK(cmio_block_on(server.executor, &accept.future));
    TEST_OK(cmio_tcp_stream_close(&stream));
    TEST_OK(cmio_tcp_stream_close(&client));
    server_close(&server);
}

static void what_does_not_listen_is_refused(void **state) {
    struct server server;
    struct cmio_tcp_stream stream;
    struct cmio_unix_stream local;
    struct cmio_io unbound = {0};
    struct cmio_accept_future accept;
    server_open(state, &server);
    TEST_FAILS(cmio_accept_unix_future_init(&accept, &server.io, &local, NULL), -EINVAL);
    TEST_FAILS(cmio_accept_tcp_future_init(&accept, &unbound, &stream, NULL), -EINVAL);
    TEST_FAILS(cmio_accept_tcp_future_init(&accept, NULL, &stream, NULL), -EINVAL);
    TEST_FAILS(cmio_accept_tcp_future_init(&accept, &server.io, NULL, NULL), -EINVAL);
    TEST_FAILS(cmio_accept_tcp_future_init(NULL, &server.io, &stream, NULL), -EINVAL);
    server_close(&server);
}

/* An echo server: a task that accepts, and one for each connection. */

enum { ECHO_LENGTH = 5000 };

struct echo {
    struct cmio_future future;
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    bool is_bound, is_writing;
    char buffer[1024];
    struct cmio_read_future read;
    struct cmio_write_all_future write;
};

static ssize_t end_echo(struct echo *echo, ssize_t result) {
    (void)cmio_io_close(&echo->io);
    (void)cmio_tcp_stream_close(&echo->stream);
    return result;
}

/* What the present child gave: 0 to go on. */
static ssize_t step_echo(struct echo *echo, struct cmio_context *context) {
    if (echo->is_writing) {
        if (cmio_future_poll(&echo->write.future, context) == CMIO_PENDING)
            return -EAGAIN;
        if (echo->write.future.result < 0)
            return echo->write.future.result;
    } else {
        if (cmio_future_poll(&echo->read.future, context) == CMIO_PENDING)
            return -EAGAIN;
        if (echo->read.future.result <= 0)
            return echo->read.future.result == 0 ? -ESHUTDOWN : echo->read.future.result;
    }
    echo->is_writing = !echo->is_writing;
    return echo->is_writing
               ? cmio_write_all_future_init(&echo->write, &echo->io, echo->buffer,
                                            (size_t)echo->read.future.result)
               : cmio_read_future_init(&echo->read, &echo->io, echo->buffer, sizeof echo->buffer);
}

static enum cmio_future_state poll_echo(struct cmio_future *future, struct cmio_context *context) {
    struct echo *echo = (struct echo *)future;
    if (!echo->is_bound) {
        echo->is_bound = true;
        TEST_OK(cmio_io_bind_tcp_stream(&echo->io, NULL, &echo->stream));
        TEST_OK(cmio_read_future_init(&echo->read, &echo->io, echo->buffer, sizeof echo->buffer));
    }
    ssize_t result;
    do
        result = step_echo(echo, context);
    while (result == 0);
    if (result == -EAGAIN)
        return CMIO_PENDING;
    future->result = end_echo(echo, result == -ESHUTDOWN ? 0 : result);
    return CMIO_READY;
}

static void drop_echo(struct cmio_future *future) {
    struct echo *echo = (struct echo *)future;
    if (echo->is_bound)
        cmio_future_drop(echo->is_writing ? &echo->write.future : &echo->read.future);
    (void)end_echo(echo, 0);
}

static const struct cmio_future_ops echo_ops = {"echo", poll_echo, drop_echo};

struct acceptor {
    struct cmio_future future;
    struct cmio_io *io;
    struct cmio_tcp_stream stream;
    struct cmio_accept_future accept;
    bool is_accepting;
};

static enum cmio_future_state poll_acceptor(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct acceptor *acceptor = (struct acceptor *)future;
    for (;;) {
        if (!acceptor->is_accepting)
            TEST_OK(cmio_accept_tcp_future_init(&acceptor->accept, acceptor->io, &acceptor->stream,
                                                NULL));
        acceptor->is_accepting = true;
        if (cmio_future_poll(&acceptor->accept.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        TEST_OK(acceptor->accept.future.result);
        acceptor->is_accepting = false;
        const struct echo echo = {.future.ops = &echo_ops, .stream = acceptor->stream};
        TEST_OK(cmio_spawn(NULL, &echo.future, sizeof echo, NULL, NULL));
    }
}

static void drop_acceptor(struct cmio_future *future) {
    struct acceptor *acceptor = (struct acceptor *)future;
    if (acceptor->is_accepting)
        cmio_future_drop(&acceptor->accept.future);
}

static const struct cmio_future_ops acceptor_ops = {"acceptor", poll_acceptor, drop_acceptor};

/* Connects, sends and receives the pattern at the same time, and closes. */
struct client {
    struct cmio_future future;
    struct cmio_address address;
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    int step;
    struct cmio_connect_future connect;
    struct cmio_write_all_future write;
    struct cmio_read_exactly_future read;
    char received[ECHO_LENGTH];
};

static char pattern[ECHO_LENGTH];

static enum cmio_future_state poll_client(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct client *client = (struct client *)future;
    if (client->step == 0)
        TEST_OK(cmio_connect_tcp_future_init(&client->connect, &client->io, &client->stream,
                                             &client->address));
    if (client->step == 0)
        client->step = 1;
    if (cmio_future_poll(&client->connect.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    TEST_OK(client->connect.future.result);
    if (client->step == 1) {
        client->step = 2;
        TEST_OK(cmio_write_all_future_init(&client->write, &client->io, pattern, ECHO_LENGTH));
        TEST_OK(cmio_read_exactly_future_init(&client->read, &client->io, client->received,
                                              ECHO_LENGTH));
    }
    const enum cmio_future_state written = cmio_future_poll(&client->write.future, context);
    const enum cmio_future_state got = cmio_future_poll(&client->read.future, context);
    if (written == CMIO_PENDING || got == CMIO_PENDING)
        return CMIO_PENDING;
    future->result = client->read.future.result;
    if (memcmp(client->received, pattern, ECHO_LENGTH) != 0)
        future->result = -EBADMSG;
    (void)cmio_io_close(&client->io);
    (void)cmio_tcp_stream_close(&client->stream);
    return CMIO_READY;
}

static void drop_client(struct cmio_future *future) {
    struct client *client = (struct client *)future;
    if (client->step > 0)
        cmio_future_drop(&client->connect.future);
    cmio_future_drop(&client->write.future);
    cmio_future_drop(&client->read.future);
    (void)cmio_io_close(&client->io);
    (void)cmio_tcp_stream_close(&client->stream);
}

static const struct cmio_future_ops client_ops = {"client", poll_client, drop_client};

static void five_hundred_connections_are_echoed(void **state) {
    enum { CLIENTS = 500 };
    struct server server;
    struct cmio_join_handle *handles[CLIENTS];
    /* valgrind keeps a limit of its own, beyond which a connection is lost. */
    const int count = test_is_under_valgrind() ? 50 : test_scale(CLIENTS);
    fill_pattern(pattern, sizeof pattern);
    server_open(state, &server);
    const struct acceptor acceptor = {.future.ops = &acceptor_ops, .io = &server.io};
    struct cmio_join_handle *accepting = SPAWN(server.executor, &acceptor);
    struct client *client = calloc(1, sizeof *client);
    assert_non_null(client);
    for (int i = 0; i < count; i++) {
        *client = (struct client){.future.ops = &client_ops, .address = server.address};
        handles[i] = SPAWN(server.executor, client);
    }
    for (int i = 0; i < count; i++)
        TEST_GIVES(join(server.executor, handles[i]), ECHO_LENGTH);
    TEST_OK(cmio_join_handle_abort(accepting));
    TEST_FAILS(join(server.executor, accepting), -ECANCELED);
    free(client);
    server_close(&server);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(accept_gives_the_stream_and_who_it_is),
    WORKERS_ROWS(accept_waits_for_a_connection),
    WORKERS_ROWS(accept_takes_unix_streams),
    WORKERS_ROWS(an_accept_that_is_dropped_loses_no_connection),
    WORKERS_ROWS(accept_says_that_there_is_no_descriptor_and_tries_again),
    WORKERS_ROWS(what_does_not_listen_is_refused),
    WORKERS_ROWS(five_hundred_connections_are_echoed),
};

TEST_GROUP(async_accept, tests)
