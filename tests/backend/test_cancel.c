/* SPDX-License-Identifier: MIT */

/*
 * Deferred cancellation, pthread_cancel(3). A wait can be cancelled, and its poll goes on without
 * that thread. Nothing else that holds or makes something can: a thread that was told to end before
 * the call still finishes it.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"
#include "support/scratch.h"

enum { ROUNDS = 500, TOKEN = 5, WAKE = 7 };

static void skip_where_cancelled_threads_are_lost_track_of(void) {
    if (test_is_under_thread_sanitizer())
        skip();
}

static void cancel_and_join(struct test_waiter *waiter) {
    void *result;
    assert_int_equal(pthread_cancel(waiter->thread), 0);
    assert_int_equal(pthread_join(waiter->thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    test_waiter_free(waiter);
}

static void a_cancelled_wait_releases_its_poll(void **state) {
    (void)state;
    skip_where_cancelled_threads_are_lost_track_of();
    static const int64_t timeouts[] = {CMIO_FOREVER, 3600 * CMIO_SECOND, 3600 * CMIO_SECOND + 1,
                                       INT64_MAX};
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        struct test_loop loop;
        struct test_waiter waiter;
        struct cmio_fd_source source;
        int fds[2];
        test_loop_open(&loop);
        test_pair_open(TEST_PIPE, fds);
        test_waiter_start(&waiter, &loop, cmio_poll_wait, timeouts[i]);
        cancel_and_join(&waiter);
        assert_int_equal(test_loop_wait(&loop, 0), 0);
        assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE), 0);
        test_put(fds[1], 1);
        test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        assert_int_equal(cmio_fd_source_close(&source), 0);
        test_pair_close(fds);
        test_loop_close(&loop);
    }
}

/* Calls and cancellations that race with the wait: what is registered during it stays usable. */
static void changes_go_on_while_waits_are_cancelled(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_fd_source source;
    int fds[2];
    skip_where_cancelled_threads_are_lost_track_of();
    test_loop_open(&loop);
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
    for (int i = 0; i < test_scale(ROUNDS); i++) {
        struct test_waiter waiter;
        test_waiter_start(&waiter, &loop, cmio_poll_wait, CMIO_FOREVER);
        assert_int_equal(pthread_cancel(waiter.thread), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE), 0);
        assert_int_equal(cmio_registry_deregister(loop.registry, &source.source), 0);
        assert_int_equal(pthread_join(waiter.thread, NULL), 0);
        test_waiter_free(&waiter);
    }
    assert_int_equal(cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE),
                     0);
    test_put(fds[1], 1);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_fd_source_close(&source), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

/* The waiting thread is cancelled as the event of a wake reaches it: later wakes still wake. */
static void a_cancelled_wait_takes_no_later_wake_along(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_waker *waker;
    skip_where_cancelled_threads_are_lost_track_of();
    test_loop_open(&loop);
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKE), 0);
    for (int i = 0; i < test_scale(ROUNDS); i++) {
        struct test_waiter waiter;
        test_waiter_start(&waiter, &loop, cmio_poll_wait, CMIO_FOREVER);
        assert_int_equal(cmio_waker_wake(waker), 0);
        (void)pthread_cancel(waiter.thread); /* it may have ended by itself */
        assert_int_equal(pthread_join(waiter.thread, NULL), 0);
        test_waiter_free(&waiter);
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_loop_expect(&loop, WAKE, CMIO_READABLE);
        (void)test_loop_wait(&loop, 0); /* one event too many is permitted */
        test_loop_forget(&loop);
    }
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

/* What a call needs and what it makes. */
struct scene {
    struct test_loop loop;
    struct cmio_waker *waker;
    struct cmio_waker *made_waker;
    struct cmio_poll *made_poll;
    struct cmio_fd_source source;
    struct cmio_fd_source registered;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream accepted;
    struct cmio_tcp_stream connected;
    struct cmio_unix_stream sender;
    struct cmio_unix_stream receiver;
    struct cmio_pipe_sender pipe_sender;
    struct cmio_pipe_receiver pipe_receiver;
    struct cmio_unix_listener unix_listener;
    struct cmio_address address;
    struct cmio_address stale;
    struct test_scratch scratch;
    int unregistered_fds[2];
    int registered_fds[2];
    int client;
    int passed;
};

static int call_wake(struct scene *scene) {
    return cmio_waker_wake(scene->waker);
}

static int call_register(struct scene *scene) {
    return cmio_registry_register(scene->loop.registry, &scene->source.source, TOKEN,
                                  CMIO_READABLE);
}

static int call_reregister(struct scene *scene) {
    return cmio_registry_reregister(scene->loop.registry, &scene->registered.source, TOKEN,
                                    CMIO_READABLE);
}

static int call_rearm(struct scene *scene) {
    return cmio_source_rearm(&scene->registered.source, CMIO_READABLE);
}

static int call_deregister(struct scene *scene) {
    return cmio_registry_deregister(scene->loop.registry, &scene->registered.source);
}

static int call_new_waker(struct scene *scene) {
    return cmio_waker_new(&scene->made_waker, scene->loop.registry, WAKE);
}

static int call_free_waker(struct scene *scene) {
    cmio_waker_free(scene->waker);
    scene->waker = NULL;
    return 0;
}

static int call_new_poll(struct scene *scene) {
    return cmio_poll_new_with(&scene->made_poll, test_backend());
}

static int call_new_and_free_poll(struct scene *scene) {
    struct cmio_poll *poll;
    int made = cmio_poll_new_with(&poll, test_backend());
    if (made == 0)
        cmio_poll_free(poll);
    (void)scene;
    return made;
}

static int call_accept(struct scene *scene) {
    return cmio_tcp_listener_accept(&scene->listener, &scene->accepted, NULL);
}

static int call_connect(struct scene *scene) {
    return cmio_tcp_stream_connect(&scene->connected, &scene->address);
}

static int call_close(struct scene *scene) {
    return cmio_unix_stream_close(&scene->sender);
}

static int call_receive_descriptor(struct scene *scene) {
    char byte;
    ssize_t count = 0;
    ssize_t received =
        cmio_unix_stream_receive_fds(&scene->receiver, &byte, 1, &scene->passed, 1, &count);
    return received == 1 && count == 1 ? 0 : -EIO;
}

static int call_new_pipe(struct scene *scene) {
    return cmio_pipe_new(&scene->pipe_sender, &scene->pipe_receiver);
}

static int call_bind_replacing_stale(struct scene *scene) {
    return cmio_unix_listener_bind_replacing_stale(&scene->unix_listener, &scene->stale, NULL);
}

static const struct call {
    const char *name;
    int (*make)(struct scene *scene);
} calls[] = {
    {"wake", call_wake},
    {"register", call_register},
    {"reregister", call_reregister},
    {"rearm", call_rearm},
    {"deregister", call_deregister},
    {"new waker", call_new_waker},
    {"free waker", call_free_waker},
    {"new poll", call_new_poll},
    {"new poll, free it", call_new_and_free_poll},
    {"accept", call_accept},
    {"connect", call_connect},
    {"close", call_close},
    {"receive a descriptor", call_receive_descriptor},
    {"new pipe", call_new_pipe},
    {"bind over a stale socket", call_bind_replacing_stale},
};

static void scene_open(struct scene *scene) {
    struct cmio_unix_listener dead;
    memset(scene, 0, sizeof *scene);
    scene->passed = -1;
    test_loop_open(&scene->loop);
    assert_int_equal(cmio_waker_new(&scene->waker, scene->loop.registry, WAKE), 0);
    test_pair_open(TEST_PIPE, scene->unregistered_fds);
    test_pair_open(TEST_PIPE, scene->registered_fds);
    assert_int_equal(cmio_fd_source_init(&scene->source, scene->unregistered_fds[0]), 0);
    assert_int_equal(cmio_fd_source_init(&scene->registered, scene->registered_fds[0]), 0);
    assert_int_equal(cmio_registry_register(scene->loop.registry, &scene->registered.source, TOKEN,
                                            CMIO_READABLE),
                     0);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &scene->address), 0);
    assert_int_equal(cmio_tcp_listener_bind(&scene->listener, &scene->address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_local_address(&scene->listener, &scene->address), 0);
    scene->client = test_connect(cmio_address_port(&scene->address));
    assert_int_equal(cmio_unix_stream_pair(&scene->sender, &scene->receiver), 0);
    assert_int_equal(
        cmio_unix_stream_send_fds(&scene->sender, "x", 1, &scene->unregistered_fds[1], 1), 1);
    test_scratch_open(&scene->scratch);
    scene->stale = test_scratch_address(&scene->scratch, "stale");
    assert_int_equal(cmio_unix_listener_bind(&dead, &scene->stale, NULL), 0);
    assert_int_equal(cmio_unix_listener_close(&dead), 0);
}

static void scene_close(struct scene *scene) {
    (void)test_scratch_close(&scene->scratch);
    if (scene->passed >= 0)
        test_close(scene->passed);
    test_close(scene->client);
    assert_int_equal(cmio_unix_listener_close(&scene->unix_listener), 0);
    assert_int_equal(cmio_pipe_sender_close(&scene->pipe_sender), 0);
    assert_int_equal(cmio_pipe_receiver_close(&scene->pipe_receiver), 0);
    assert_int_equal(cmio_unix_stream_close(&scene->sender), 0);
    assert_int_equal(cmio_unix_stream_close(&scene->receiver), 0);
    assert_int_equal(cmio_tcp_stream_close(&scene->accepted), 0);
    assert_int_equal(cmio_tcp_stream_close(&scene->connected), 0);
    assert_int_equal(cmio_tcp_listener_close(&scene->listener), 0);
    assert_int_equal(cmio_fd_source_close(&scene->registered), 0);
    assert_int_equal(cmio_fd_source_close(&scene->source), 0);
    test_pair_close(scene->registered_fds);
    test_pair_close(scene->unregistered_fds);
    cmio_waker_free(scene->made_waker);
    cmio_waker_free(scene->waker);
    cmio_poll_free(scene->made_poll);
    test_loop_close(&scene->loop);
}

struct caller {
    struct scene *scene;
    const struct call *call;
    atomic_bool returned;
    int result;
};

/* The thread is told to end before the call, and does afterwards. */
static void *call_while_cancelled(void *argument) {
    struct caller *caller = argument;
    (void)pthread_cancel(pthread_self());
    caller->result = caller->call->make(caller->scene);
    atomic_store(&caller->returned, true);
    pthread_testcancel();
    return NULL;
}

static void expect_return(struct scene *scene, const struct call *call, const char *when) {
    struct caller caller = {.scene = scene, .call = call};
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, call_while_cancelled, &caller), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    if (!atomic_load(&caller.returned) || result != PTHREAD_CANCELED)
        fail_msg("%s %s: the thread ended inside the call", call->name, when);
    if (caller.result != 0)
        fail_msg("%s %s: %s", call->name, when, cmio_strerror(caller.result));
}

/* The waker's event comes, the registered source's too, and the poll is nobody's. */
static void expect_all_well(struct scene *scene) {
    if (scene->waker != NULL) {
        assert_int_equal(cmio_waker_wake(scene->waker), 0);
        test_loop_expect(&scene->loop, WAKE, CMIO_READABLE);
    }
    if (cmio_source_is_registered(&scene->registered.source)) {
        assert_int_equal(cmio_source_rearm(&scene->registered.source, CMIO_READABLE), 0);
        test_put(scene->registered_fds[1], 1);
        test_loop_expect(&scene->loop, TOKEN, CMIO_READABLE);
    }
    assert_int_equal(
        cmio_registry_register(scene->loop.registry, &scene->listener.source, 9, CMIO_READABLE), 0);
    assert_int_equal(cmio_registry_deregister(scene->loop.registry, &scene->listener.source), 0);
}

static void a_thread_that_was_cancelled_finishes_the_calls_that_hold_something(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct scene scene;
        scene_open(&scene);
        expect_return(&scene, &calls[i], "with nobody waiting");
        expect_all_well(&scene);
        scene_close(&scene);
    }
}

static void so_it_does_while_another_thread_waits(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct scene scene;
        struct test_waiter waiter;
        scene_open(&scene);
        test_waiter_start(&waiter, &scene.loop, cmio_poll_wait, CMIO_FOREVER);
        expect_return(&scene, &calls[i], "during a wait");
        if (scene.waker != NULL)
            assert_int_equal(cmio_waker_wake(scene.waker), 0);
        else
            test_put(scene.registered_fds[1], 1);
        test_waiter_join(&waiter);
        test_waiter_free(&waiter);
        expect_all_well(&scene);
        scene_close(&scene);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_cancelled_wait_releases_its_poll),
    cmocka_unit_test(changes_go_on_while_waits_are_cancelled),
    cmocka_unit_test(a_cancelled_wait_takes_no_later_wake_along),
    cmocka_unit_test(a_thread_that_was_cancelled_finishes_the_calls_that_hold_something),
    cmocka_unit_test(so_it_does_while_another_thread_waits),
};

TEST_GROUP(backend_cancel, tests)
