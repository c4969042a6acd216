/* SPDX-License-Identifier: MIT */

/*
 * Sources that are handed to another thread by registering them: the event may reach that thread,
 * which closes the source and frees it, before the call has returned.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { MOST_ALIVE = 64, POOL = 3, CONNECTIONS = 8 };

/* How often a source is handed over: thousands of times, wherever the test runs. */
static int handovers(void) {
    return test_is_slow() ? 2000 : 10000;
}

/* What a thread returns when something went wrong. */
static char no_event[] = "no event within 30 s";
static char not_reregistered[] = "not reregistered";
static char not_deregistered[] = "not deregistered";

/* A connection and its peer. Plain memory: whoever has the connection's event owns it. */
struct connection {
    struct cmio_unix_stream stream;
    struct cmio_unix_stream peer;
    int number;
    int turns;
};

static struct connection *connection_new(int number) {
    struct connection *connection = calloc(1, sizeof *connection);
    assert_non_null(connection);
    assert_int_equal(cmio_unix_stream_pair(&connection->stream, &connection->peer), 0);
    connection->number = number;
    return connection;
}

static void connection_free(struct connection *connection) {
    assert_int_equal(cmio_unix_stream_close(&connection->stream), 0);
    assert_int_equal(cmio_unix_stream_close(&connection->peer), 0);
    free(connection);
}

static void send_byte(struct connection *connection) {
    assert_int_equal(cmio_unix_stream_write(&connection->peer, "x", 1), 1);
}

/* Reads until -EAGAIN: how many bytes there were. */
static int drain(struct connection *connection) {
    char bytes[16];
    ssize_t count;
    int total = 0;
    while ((count = cmio_unix_stream_read(&connection->stream, bytes, sizeof bytes)) > 0)
        total += (int)count;
    assert_int_equal(count, -EAGAIN);
    return total;
}

static struct connection *connection_of(const struct cmio_event *event) {
    return (struct connection *)event->token;
}

struct worker {
    struct test_loop loop;
    atomic_int finished;
    int expected;
};

/*
 * What a worker does with a connection that it was given: takes the first byte, has its peer send
 * another, whose edge must come, and with that one it is done.
 */
static void serve(struct worker *worker, struct connection *connection) {
    const int came = drain(connection);
    if (came == 0)
        return; /* a spurious event */
    connection->turns += came;
    if (connection->turns == 1) {
        send_byte(connection);
        return;
    }
    connection_free(connection);
    atomic_fetch_add(&worker->finished, 1);
}

static void *work(void *argument) {
    struct worker *worker = argument;
    while (atomic_load(&worker->finished) < worker->expected) {
        const int count = cmio_poll_wait(worker->loop.poll, worker->loop.events, 30 * CMIO_SECOND);
        if (count == 0)
            return no_event;
        CMIO_EVENTS_FOREACH (event, worker->loop.events)
            serve(worker, connection_of(event));
    }
    return NULL;
}

static void a_source_may_be_handed_to_another_thread_by_registering_it(void **state) {
    (void)state;
    struct worker worker = {.expected = handovers()};
    pthread_t thread;
    test_loop_open(&worker.loop);
    assert_int_equal(pthread_create(&thread, NULL, work, &worker), 0);
    for (int i = 0; i < worker.expected; i++) {
        TEST_EVENTUALLY(i - atomic_load(&worker.finished) < MOST_ALIVE);
        struct connection *connection = connection_new(i);
        send_byte(connection);
        assert_int_equal(cmio_registry_register(worker.loop.registry, &connection->stream.source,
                                                (cmio_token)connection, CMIO_READABLE),
                         0);
    }
    void *problem;
    assert_int_equal(pthread_join(thread, &problem), 0);
    assert_null(problem);
    test_loop_close(&worker.loop);
}

/* Threads that wait in turns and share all connections, one event of each at a time. */
struct pool {
    struct test_loop loop;
    pthread_mutex_t turn;
    atomic_int alive;
    int turns;
};

/* Whether the thread has the connection of an event, which is its own from now on. */
static struct connection *next_connection(struct pool *pool) {
    struct connection *connection = NULL;
    pthread_mutex_lock(&pool->turn);
    while (connection == NULL && atomic_load(&pool->alive) > 0) {
        (void)cmio_poll_wait(pool->loop.poll, pool->loop.events, CMIO_MILLISECOND);
        CMIO_EVENTS_FOREACH (event, pool->loop.events)
            connection = connection_of(event);
    }
    pthread_mutex_unlock(&pool->turn);
    return connection;
}

static void *work_in_turns(void *argument) {
    struct pool *pool = argument;
    struct connection *connection;
    while ((connection = next_connection(pool)) != NULL) {
        connection->turns += drain(connection);
        if (connection->turns >= pool->turns) {
            connection_free(connection);
            atomic_fetch_sub(&pool->alive, 1);
            continue;
        }
        send_byte(connection);
        if (cmio_registry_reregister(pool->loop.registry, &connection->stream.source,
                                     (cmio_token)connection, CMIO_READABLE | CMIO_ONESHOT) != 0)
            return not_reregistered;
    }
    return NULL;
}

static void a_source_may_be_handed_to_another_thread_by_a_oneshot_reregister(void **state) {
    (void)state;
    struct pool pool = {.turns = handovers() / CONNECTIONS, .turn = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[POOL];
    test_loop_open_with(&pool.loop, 1, TEST_HERE);
    atomic_store(&pool.alive, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = connection_new(i);
        send_byte(connection);
        assert_int_equal(cmio_registry_register(pool.loop.registry, &connection->stream.source,
                                                (cmio_token)connection,
                                                CMIO_READABLE | CMIO_ONESHOT),
                         0);
    }
    for (int i = 0; i < POOL; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_in_turns, &pool), 0);
    for (int i = 0; i < POOL; i++) {
        void *problem;
        assert_int_equal(pthread_join(threads[i], &problem), 0);
        assert_null(problem);
    }
    pthread_mutex_destroy(&pool.turn);
    test_loop_close(&pool.loop);
}

/* A source of the program's own, whose part can end it as soon as that is registered. */
struct composite {
    struct cmio_source source;
    struct connection *connection;
};

static int register_composite(struct cmio_source *source, struct cmio_registry *registry,
                              cmio_token token, cmio_interest interest) {
    struct composite *composite = (struct composite *)source;
    assert_true(cmio_source_is_registered(source));
    return cmio_registry_register(registry, &composite->connection->stream.source, token, interest);
}

static int reregister_composite(struct cmio_source *source, struct cmio_registry *registry,
                                cmio_token token, cmio_interest interest) {
    struct composite *composite = (struct composite *)source;
    return cmio_registry_reregister(registry, &composite->connection->stream.source, token,
                                    interest);
}

static int deregister_composite(struct cmio_source *source, struct cmio_registry *registry) {
    struct composite *composite = (struct composite *)source;
    return cmio_registry_deregister(registry, &composite->connection->stream.source);
}

static const struct cmio_source_ops composite_ops = {
    .on_register = register_composite,
    .on_reregister = reregister_composite,
    .on_deregister = deregister_composite,
};

static void *end_composites(void *argument) {
    struct worker *worker = argument;
    while (atomic_load(&worker->finished) < worker->expected) {
        if (cmio_poll_wait(worker->loop.poll, worker->loop.events, 30 * CMIO_SECOND) == 0)
            return no_event;
        CMIO_EVENTS_FOREACH (event, worker->loop.events) {
            struct composite *composite = (struct composite *)event->token;
            if (cmio_registry_deregister(worker->loop.registry, &composite->source) != 0)
                return not_deregistered;
            connection_free(composite->connection);
            free(composite);
            atomic_fetch_add(&worker->finished, 1);
        }
    }
    return NULL;
}

static void a_source_of_the_programs_own_may_be_handed_over_too(void **state) {
    (void)state;
    struct worker worker = {.expected = handovers()};
    pthread_t thread;
    test_loop_open(&worker.loop);
    assert_int_equal(pthread_create(&thread, NULL, end_composites, &worker), 0);
    for (int i = 0; i < worker.expected; i++) {
        TEST_EVENTUALLY(i - atomic_load(&worker.finished) < MOST_ALIVE);
        struct composite *composite = malloc(sizeof *composite);
        assert_non_null(composite);
        assert_int_equal(cmio_source_init(&composite->source, &composite_ops), 0);
        composite->connection = connection_new(i);
        send_byte(composite->connection);
        assert_int_equal(cmio_registry_register(worker.loop.registry, &composite->source,
                                                (cmio_token)composite,
                                                CMIO_READABLE | CMIO_ONESHOT),
                         0);
    }
    void *problem;
    assert_int_equal(pthread_join(thread, &problem), 0);
    assert_null(problem);
    test_loop_close(&worker.loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_source_may_be_handed_to_another_thread_by_registering_it),
    cmocka_unit_test(a_source_may_be_handed_to_another_thread_by_a_oneshot_reregister),
    cmocka_unit_test(a_source_of_the_programs_own_may_be_handed_over_too),
};

TEST_GROUP(backend_handover, tests)
