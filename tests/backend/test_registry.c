/* SPDX-License-Identifier: MIT */

/*
 * What registering, reregistering and deregistering do to the events that come: from the waiting
 * thread, from other threads, before and during a wait.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 1, OTHER = 2, WAKER = 3 };

/* A loop and one pair, whose reading end is a source: what most tests here begin with. */
struct setting {
    struct test_loop loop;
    struct cmio_fd_source reader;
    int fds[2];
};

static void setting_open(struct setting *setting, enum test_pair_kind kind) {
    test_loop_open(&setting->loop);
    test_pair_open(kind, setting->fds);
    assert_int_equal(cmio_fd_source_init(&setting->reader, setting->fds[0]), 0);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_fd_source_close(&setting->reader), 0);
    test_pair_close(setting->fds);
    test_loop_close(&setting->loop);
}

static int enter(struct setting *setting, cmio_token token, cmio_interest interest) {
    return cmio_registry_register(setting->loop.registry, &setting->reader.source, token, interest);
}

static int change(struct setting *setting, cmio_token token, cmio_interest interest) {
    return cmio_registry_reregister(setting->loop.registry, &setting->reader.source, token,
                                    interest);
}

static int leave(struct setting *setting) {
    return cmio_registry_deregister(setting->loop.registry, &setting->reader.source);
}

/* The circle that every program goes through, with each kind of descriptor. */

static void expect_event_drain_silence_event(enum test_pair_kind kind) {
    struct setting setting;
    setting_open(&setting, kind);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    test_loop_expect_silence(&setting.loop);
    for (int round = 0; round < 4; round++) {
        test_put(setting.fds[1], 3);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        assert_int_equal(test_source_drain(&setting.reader), 3);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void event_drain_silence_and_new_data_event_for_a_pipe(void **state) {
    (void)state;
    expect_event_drain_silence_event(TEST_PIPE);
}

static void event_drain_silence_and_new_data_event_for_a_unix_stream(void **state) {
    (void)state;
    expect_event_drain_silence_event(TEST_UNIX_STREAM);
}

static void event_drain_silence_and_new_data_event_for_a_unix_datagram(void **state) {
    (void)state;
    expect_event_drain_silence_event(TEST_UNIX_DATAGRAM);
}

static void event_drain_silence_and_new_data_event_for_tcp(void **state) {
    (void)state;
    expect_event_drain_silence_event(TEST_TCP);
}

static void event_drain_silence_and_new_data_event_for_udp(void **state) {
    (void)state;
    expect_event_drain_silence_event(TEST_UDP);
}

static void new_bytes_after_a_partial_read_make_an_event(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        if (!test_pair_is_stream(kind))
            continue;
        struct setting setting;
        setting_open(&setting, kind);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        for (int round = 0; round < 4; round++) {
            test_put(setting.fds[1], 10);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            assert_int_equal(test_source_read(&setting.reader, 4), 4);
            /* One for what is left is allowed. */
            (void)test_loop_wait(&setting.loop, 0);
            test_loop_forget(&setting.loop);
            assert_int_equal(test_source_read(&setting.reader, 1), 1);
        }
        setting_close(&setting);
    }
}

static void new_datagrams_after_one_was_taken_make_an_event(void **state) {
    (void)state;
    static const enum test_pair_kind kinds[] = {TEST_UNIX_DATAGRAM, TEST_UDP};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct setting setting;
        setting_open(&setting, kinds[i]);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        for (int round = 0; round < 4; round++) {
            test_put(setting.fds[1], 10);
            test_put(setting.fds[1], 10);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            assert_int_equal(test_source_read(&setting.reader, 10), 10);
            /* One for what is left is allowed. */
            (void)test_loop_wait(&setting.loop, 0);
            test_loop_forget(&setting.loop);
            assert_int_equal(test_source_read(&setting.reader, 10), 10);
        }
        setting_close(&setting);
    }
}

static void registering_what_is_ready_already_reports_it(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        setting_open(&setting, kind);
        test_put(setting.fds[1], 1);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        setting_close(&setting);
    }
}

static void registering_what_is_writable_already_reports_it(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        setting_open(&setting, kind);
        struct cmio_fd_source writer;
        assert_int_equal(cmio_fd_source_init(&writer, setting.fds[1]), 0);
        assert_int_equal(
            cmio_registry_register(setting.loop.registry, &writer.source, OTHER, CMIO_WRITABLE), 0);
        test_loop_expect(&setting.loop, OTHER, CMIO_WRITABLE);
        assert_int_equal(cmio_fd_source_close(&writer), 0);
        setting_close(&setting);
    }
}

static void reregistering_reports_what_still_holds(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        setting_open(&setting, kind);
        test_put(setting.fds[1], 1);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        for (int round = 0; round < 3; round++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(change(&setting, TOKEN, CMIO_READABLE), 0);
        }
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        setting_close(&setting);
    }
}

static void reregistering_does_not_report_what_no_longer_holds(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        setting_open(&setting, kind);
        test_put(setting.fds[1], 1);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        assert_int_equal(test_source_drain(&setting.reader), 1);
        assert_int_equal(change(&setting, TOKEN, CMIO_READABLE), 0);
        test_loop_expect_silence(&setting.loop);
        setting_close(&setting);
    }
}

static void reregistering_replaces_the_token(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_UNIX_STREAM);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    test_put(setting.fds[1], 1);
    assert_int_equal(change(&setting, OTHER, CMIO_READABLE), 0);
    test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(test_source_drain(&setting.reader), 1);
    test_put(setting.fds[1], 1);
    test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void reregistering_replaces_the_interest(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_UNIX_STREAM);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(change(&setting, TOKEN, CMIO_WRITABLE), 0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
    test_put(setting.fds[1], 1);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(change(&setting, TOKEN, CMIO_READABLE), 0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(change(&setting, TOKEN, CMIO_READABLE | CMIO_WRITABLE), 0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE | CMIO_WRITABLE);
    setting_close(&setting);
}

static void a_pending_listener_reregistered_to_write_reports_nothing(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    uint16_t port;
    int fd = test_listen(&port);
    test_set_nonblocking(fd);
    struct cmio_fd_source listener;
    assert_int_equal(cmio_fd_source_init(&listener, fd), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &listener.source, TOKEN, CMIO_READABLE),
                     0);
    int client = test_connect(port);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(
        cmio_registry_reregister(loop.registry, &listener.source, TOKEN, CMIO_WRITABLE), 0);
    test_loop_expect_silence(&loop);
    assert_int_equal(
        cmio_registry_reregister(loop.registry, &listener.source, TOKEN, CMIO_READABLE), 0);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_fd_source_close(&listener), 0);
    test_close(client);
    test_close(fd);
    test_loop_close(&loop);
}

static void a_source_that_is_readable_and_writable_is_one_event(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    for (enum test_pair_kind kind = TEST_UNIX_STREAM; kind < TEST_PAIR_KINDS; kind++) {
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
            struct setting setting;
            setting_open(&setting, kind);
            test_put(setting.fds[1], 1);
            /* Until it is there: with UDP and TCP that may take the system a moment. */
            assert_int_equal(enter(&setting, OTHER, CMIO_READABLE), 0);
            test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
            assert_int_equal(change(&setting, TOKEN, CMIO_READABLE | CMIO_WRITABLE | modes[i]), 0);
            assert_int_equal(test_loop_wait(&setting.loop, CMIO_FOREVER), 1);
            assert_int_equal(setting.loop.came[TOKEN], CMIO_READABLE | CMIO_WRITABLE);
            setting_close(&setting);
        }
    }
}

static void a_deregistered_source_that_is_ready_is_not_reported(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        setting_open(&setting, kind);
        test_put(setting.fds[1], 1);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE | CMIO_LEVEL), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        assert_int_equal(leave(&setting), 0);
        assert_int_equal(test_loop_wait(&setting.loop, 0), 0);
        test_loop_expect_silence(&setting.loop);
        setting_close(&setting);
    }
}

static void a_deregistered_source_is_not_reported_beside_a_waker(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, setting.loop.registry, WAKER), 0);
    for (int round = 0; round < 10; round++) {
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        test_put(setting.fds[1], 1);
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(leave(&setting), 0);
        test_loop_expect(&setting.loop, WAKER, CMIO_READABLE);
        test_loop_expect_silence(&setting.loop);
    }
    cmio_waker_free(waker);
    setting_close(&setting);
}

static void a_deregistered_listener_is_not_reported_beside_a_waker(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    uint16_t port;
    int fd = test_listen(&port);
    struct cmio_fd_source listener;
    assert_int_equal(cmio_fd_source_init(&listener, fd), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &listener.source, TOKEN, CMIO_READABLE),
                     0);
    int client = test_connect(port);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(cmio_registry_deregister(loop.registry, &listener.source), 0);
    test_loop_expect(&loop, WAKER, CMIO_READABLE);
    test_loop_expect_silence(&loop);
    test_close(client);
    test_close(fd);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void a_number_used_again_before_the_wait_reports_the_new_source_alone(void **state) {
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct setting setting;
        setting_open(&setting, TEST_UNIX_STREAM);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        test_put(setting.fds[1], 1);
        assert_int_equal(leave(&setting), 0);
        int number = setting.fds[0];
        test_close(number);
        int again[2];
        test_pair_open(TEST_PIPE, again);
        assert_int_equal(again[0], number);
        struct cmio_fd_source second;
        assert_int_equal(cmio_fd_source_init(&second, number), 0);
        assert_int_equal(
            cmio_registry_register(setting.loop.registry, &second.source, OTHER, CMIO_READABLE), 0);
        test_loop_expect_silence(&setting.loop);
        test_put(again[1], 1);
        test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(cmio_fd_source_close(&second), 0);
        assert_int_equal(cmio_fd_source_close(&setting.reader), 0);
        test_pair_close(again);
        test_close(setting.fds[1]);
        test_loop_close(&setting.loop);
    }
}

static void a_deregistered_source_can_be_registered_again(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    for (cmio_token token = 1; token < 10; token++) {
        assert_false(cmio_source_is_registered(&setting.reader.source));
        assert_int_equal(enter(&setting, token, CMIO_READABLE), 0);
        assert_true(cmio_source_is_registered(&setting.reader.source));
        test_put(setting.fds[1], 1);
        test_loop_expect(&setting.loop, token, CMIO_READABLE);
        assert_int_equal(test_source_drain(&setting.reader), 1);
        assert_int_equal(leave(&setting), 0);
    }
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void a_source_can_move_from_one_poll_to_another(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    struct test_loop second;
    test_loop_open(&second);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    assert_int_equal(leave(&setting), 0);
    assert_int_equal(
        cmio_registry_register(second.registry, &setting.reader.source, OTHER, CMIO_READABLE), 0);
    test_put(setting.fds[1], 1);
    test_loop_expect(&second, OTHER, CMIO_READABLE);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(cmio_registry_deregister(second.registry, &setting.reader.source), 0);
    test_loop_close(&second);
    setting_close(&setting);
}

static void any_value_is_a_token_and_comes_back_unchanged(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    test_put(setting.fds[1], 1);
    const cmio_token tokens[] = {0,           1,
                                 UINTPTR_MAX, UINTPTR_MAX - 1,
                                 INTPTR_MAX,  (cmio_token)&setting,
                                 UINT32_MAX,  (cmio_token)setting.fds[0]};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        assert_int_equal(enter(&setting, tokens[i], CMIO_READABLE), 0);
        assert_int_equal(cmio_poll_wait(setting.loop.poll, setting.loop.events, CMIO_FOREVER), 1);
        assert_int_equal(cmio_events_begin(setting.loop.events)->token, tokens[i]);
        assert_int_equal(leave(&setting), 0);
    }
    setting_close(&setting);
}

static void two_sources_and_a_waker_may_share_a_token(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    struct cmio_fd_source sources[2];
    for (int i = 0; i < 2; i++) {
        test_put(fds[i], 1);
        assert_int_equal(cmio_fd_source_init(&sources[i], fds[i]), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &sources[i].source, TOKEN, CMIO_READABLE), 0);
    }
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, TOKEN), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, CMIO_FOREVER), 3);
    CMIO_EVENTS_FOREACH (event, loop.events)
        assert_int_equal(event->token, TOKEN);
    cmio_waker_free(waker);
    for (int i = 0; i < 2; i++)
        assert_int_equal(cmio_fd_source_close(&sources[i]), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

/* The batch in hand after a deregister. */

static void the_batch_in_hand_keeps_its_events_until_they_are_purged(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, setting.loop.registry, WAKER), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    test_put(setting.fds[1], 1);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    assert_int_equal(test_loop_wait(&setting.loop, CMIO_FOREVER), 2);
    assert_int_equal(leave(&setting), 0);

    int stale = 0;
    int others = 0;
    CMIO_EVENTS_FOREACH (event, setting.loop.events)
        stale += event->token == TOKEN;
    assert_int_equal(stale, 1);
    cmio_events_purge(setting.loop.events, TOKEN);
    stale = 0;
    CMIO_EVENTS_FOREACH (event, setting.loop.events) {
        stale += event->token == TOKEN;
        others += event->token == WAKER;
    }
    assert_int_equal(stale, 0);
    assert_int_equal(others, 1);
    assert_int_equal(cmio_events_count(setting.loop.events), 2);
    cmio_waker_free(waker);
    setting_close(&setting);
}

enum { DYING = 20 };

static void purging_lets_a_program_free_what_tokens_point_to_while_it_goes_on(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct thing {
        struct cmio_fd_source source;
        int fds[2];
        struct thing *partner; /* which ends with it */
    };
    struct thing *things[DYING];
    for (int i = 0; i < DYING; i++) {
        things[i] = malloc(sizeof *things[i]);
        assert_non_null(things[i]);
        test_pair_open(TEST_PIPE, things[i]->fds);
        test_put(things[i]->fds[1], 1);
        assert_int_equal(cmio_fd_source_init(&things[i]->source, things[i]->fds[0]), 0);
        assert_int_equal(cmio_registry_register(loop.registry, &things[i]->source.source,
                                                (cmio_token)things[i], CMIO_READABLE),
                         0);
    }
    for (int i = 0; i < DYING; i++)
        things[i]->partner = things[i ^ 1];

    /* The first of two that comes frees both; the other's event must not be visited. */
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, CMIO_FOREVER), DYING);
    int visited = 0;
    CMIO_EVENTS_FOREACH (event, loop.events) {
        struct thing *both[2] = {(struct thing *)event->token, NULL};
        both[1] = both[0]->partner;
        for (int i = 0; i < 2; i++) {
            cmio_events_purge(loop.events, (cmio_token)both[i]);
            assert_int_equal(cmio_fd_source_close(&both[i]->source), 0);
            test_pair_close(both[i]->fds);
            free(both[i]);
        }
        visited++;
    }
    assert_int_equal(visited, DYING / 2);
    test_loop_close(&loop);
}

/* From other threads, while a wait blocks. */

static void a_register_during_a_wait_takes_effect_on_it(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        setting_open(&setting, kind);
        struct test_waiter waiter;
        test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, CMIO_FOREVER);
        test_put(setting.fds[1], 1);
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        test_waiter_join(&waiter);
        assert_int_equal(waiter.result, 1);
        assert_true(test_waiter_came(&waiter, TOKEN) & CMIO_READABLE);
        test_waiter_free(&waiter);
        setting_close(&setting);
    }
}

static void what_was_registered_during_a_wait_wakes_it_later(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    struct test_waiter waiter;
    test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, CMIO_FOREVER);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    assert_int_equal(cmio_poll_wait(setting.loop.poll, setting.loop.events, 0), -EBUSY);
    test_put(setting.fds[1], 1);
    test_waiter_join(&waiter);
    assert_int_equal(waiter.result, 1);
    assert_true(test_waiter_came(&waiter, TOKEN) & CMIO_READABLE);
    test_waiter_free(&waiter);
    setting_close(&setting);
}

static void a_reregister_during_a_wait_takes_effect_on_it(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_UNIX_STREAM);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    struct test_waiter waiter;
    test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, CMIO_FOREVER);
    assert_int_equal(change(&setting, OTHER, CMIO_WRITABLE), 0);
    test_waiter_join(&waiter);
    assert_int_equal(waiter.result, 1);
    assert_int_equal(test_waiter_came(&waiter, TOKEN), 0);
    assert_true(test_waiter_came(&waiter, OTHER) & CMIO_WRITABLE);
    test_waiter_free(&waiter);
    setting_close(&setting);
}

static void a_deregister_during_a_wait_takes_effect_on_it(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, setting.loop.registry, WAKER), 0);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
        struct test_waiter waiter;
        test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, CMIO_FOREVER);
        assert_int_equal(leave(&setting), 0);
        test_put(setting.fds[1], 1);
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_waiter_join(&waiter);
        assert_true(waiter.result >= 1);
        /* That wait may have reported it, once; no later one does. */
        if (test_waiter_came(&waiter, WAKER) == 0)
            test_loop_expect(&setting.loop, WAKER, CMIO_READABLE);
        test_loop_expect_silence(&setting.loop);
        test_waiter_free(&waiter);
        assert_int_equal(test_drain(setting.fds[0]), 1);
    }
    cmio_waker_free(waker);
    setting_close(&setting);
}

/* Each way to tell that a direction was used up, for a source that had its event. */
enum use { UNTIL_BLOCKED, SHORT, RAW_AND_REARM, USES };

static void use_up_reading(struct setting *setting, enum use use) {
    if (use == UNTIL_BLOCKED) {
        assert_int_equal(test_source_drain(&setting->reader), 2);
    } else if (use == SHORT) {
        assert_int_equal(test_source_read(&setting->reader, 100), 2);
    } else {
        assert_int_equal(test_drain(setting->fds[0]), 2);
        assert_int_equal(cmio_source_rearm(&setting->reader.source, CMIO_READABLE), 0);
    }
}

static void expect_waiter_to_end_with(struct test_waiter *waiter, uint32_t ready) {
    TEST_EVENTUALLY(test_waiter_is_done(waiter));
    test_waiter_join(waiter);
    assert_int_equal(waiter->result, 1);
    assert_true(test_waiter_came(waiter, TOKEN) & ready);
    test_waiter_free(waiter);
}

static void reading_during_a_wait_arms_the_edge_for_it(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        for (enum use use = 0; use < USES; use++) {
            if (use == SHORT && !test_pair_is_stream(kind))
                continue;
            struct setting setting;
            setting_open(&setting, kind);
            assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
            test_put(setting.fds[1], 2);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            struct test_waiter waiter;
            test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, CMIO_FOREVER);
            use_up_reading(&setting, use);
            test_put(setting.fds[1], 1);
            expect_waiter_to_end_with(&waiter, CMIO_READABLE);
            setting_close(&setting);
        }
    }
}

static size_t use_up_writing(struct cmio_fd_source *writer, enum use use) {
    if (use == UNTIL_BLOCKED)
        return test_source_fill(writer);
    if (use == SHORT) {
        const ssize_t count = test_source_write(writer, 1 << 20);
        assert_true(count > 0 && count < 1 << 20);
        return (size_t)count;
    }
    const size_t count = test_fill(cmio_fd_source_fd(writer));
    assert_int_equal(cmio_source_rearm(&writer->source, CMIO_WRITABLE), 0);
    return count;
}

static void writing_during_a_wait_arms_the_edge_for_it(void **state) {
    (void)state;
    static const enum test_pair_kind kinds[] = {TEST_PIPE, TEST_UNIX_STREAM};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (enum use use = 0; use < USES; use++) {
            struct setting setting;
            struct cmio_fd_source writer;
            setting_open(&setting, kinds[i]);
            assert_int_equal(cmio_fd_source_init(&writer, setting.fds[1]), 0);
            assert_int_equal(
                cmio_registry_register(setting.loop.registry, &writer.source, TOKEN, CMIO_WRITABLE),
                0);
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
            struct test_waiter waiter;
            test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, CMIO_FOREVER);
            const size_t length = use_up_writing(&writer, use);
            assert_int_equal(test_drain(setting.fds[0]), length);
            expect_waiter_to_end_with(&waiter, CMIO_WRITABLE);
            assert_int_equal(cmio_fd_source_close(&writer), 0);
            setting_close(&setting);
        }
    }
}

/*
 * That a wait which a change interrupted does not spin from then on is seen by the processor time
 * of its thread: the best of a few tries, since a machine may be too busy to tell.
 */
static bool sleeps_on(struct setting *setting, struct cmio_waker *waker) {
    struct test_waiter waiter;
    test_waiter_start(&waiter, &setting->loop, cmio_poll_wait, CMIO_FOREVER);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(enter(setting, TOKEN, CMIO_READABLE), 0);
        assert_int_equal(change(setting, OTHER, CMIO_READABLE | CMIO_LEVEL), 0);
        assert_int_equal(leave(setting), 0);
    }
    test_waiter_give_time_to_spin(&waiter);
    assert_int_equal(cmio_waker_wake(waker), 0);
    test_waiter_join(&waiter);
    assert_int_equal(waiter.result, 1);
    assert_true(test_waiter_came(&waiter, WAKER) & CMIO_READABLE);
    test_waiter_free(&waiter);
    return test_waiter_slept(&waiter);
}

static void a_wait_that_changes_interrupted_sleeps_on(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, setting.loop.registry, WAKER), 0);
    bool slept = false;
    for (int i = 0; !slept && i < 10; i++)
        slept = sleeps_on(&setting, waker);
    assert_true(slept);
    cmio_waker_free(waker);
    setting_close(&setting);
}

enum { THREADS = 4 };

/* Goes through register, deregister, register, reregister with sources of its own. */
struct registrar {
    pthread_t thread;
    struct cmio_registry *registry; /* a reference of its own, which it gives back */
    struct cmio_fd_source source;
    cmio_token token;
    int rounds;
    int error;
};

static void *register_over_and_over(void *argument) {
    struct registrar *self = argument;
    struct cmio_registry *registry = self->registry;
    struct cmio_source *source = &self->source.source;
    cmio_token passing = self->token + THREADS;
    for (int i = 0; i < self->rounds && self->error == 0; i++) {
        self->error = cmio_registry_register(registry, source, passing, CMIO_READABLE);
        if (self->error == 0)
            self->error = cmio_registry_reregister(registry, source, passing, CMIO_WRITABLE);
        if (self->error == 0)
            self->error = cmio_registry_deregister(registry, source);
    }
    if (self->error == 0)
        self->error = cmio_registry_register(registry, source, 0, CMIO_READABLE);
    if (self->error == 0)
        self->error =
            cmio_registry_reregister(registry, source, self->token, CMIO_READABLE | CMIO_WRITABLE);
    cmio_registry_unref(registry);
    return NULL;
}

static void threads_that_hold_references_register_while_another_waits(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct registrar registrars[THREADS] = {0};
    int fds[THREADS][2];
    for (int i = 0; i < THREADS; i++) {
        test_pair_open(TEST_UNIX_STREAM, fds[i]);
        test_put(fds[i][1], 1);
        registrars[i].rounds = test_scale(2000);
        registrars[i].token = (cmio_token)(i + 1);
        registrars[i].registry = cmio_registry_ref(loop.registry);
        assert_ptr_equal(registrars[i].registry, loop.registry);
        assert_int_equal(cmio_fd_source_init(&registrars[i].source, fds[i][0]), 0);
        assert_int_equal(
            pthread_create(&registrars[i].thread, NULL, register_over_and_over, &registrars[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        test_loop_expect(&loop, registrars[i].token, CMIO_READABLE | CMIO_WRITABLE);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(registrars[i].thread, NULL), 0);
        assert_int_equal(registrars[i].error, 0);
    }
    /* What the rounds brought is over, and the last interest is silent once it was reported. */
    test_loop_forget(&loop);
    test_loop_expect_silence(&loop);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(cmio_fd_source_close(&registrars[i].source), 0);
        test_pair_close(fds[i]);
    }
    test_loop_close(&loop);
}

/* A thread that changes what one source is watched for, with every mode, while another waits. */
struct modifier {
    pthread_t thread;
    struct cmio_registry *registry;
    struct cmio_fd_source *source;
    int rounds;
    int error;
};

static void *modify_over_and_over(void *argument) {
    static const cmio_interest interests[] = {
        CMIO_READABLE,
        CMIO_READABLE | CMIO_LEVEL,
        CMIO_WRITABLE | CMIO_ONESHOT,
        CMIO_READABLE | CMIO_ONESHOT,
        CMIO_WRITABLE | CMIO_LEVEL,
        CMIO_READABLE | CMIO_WRITABLE,
    };
    struct modifier *self = argument;
    for (int i = 0; i < self->rounds && self->error == 0; i++)
        self->error =
            cmio_registry_reregister(self->registry, &self->source->source, TOKEN,
                                     interests[(size_t)i % (sizeof interests / sizeof *interests)]);
    if (self->error == 0)
        self->error =
            cmio_registry_reregister(self->registry, &self->source->source, OTHER, CMIO_WRITABLE);
    return NULL;
}

static void reregistering_over_and_over_during_waits_ends_with_the_last_word(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_UNIX_STREAM);
    assert_int_equal(enter(&setting, TOKEN, CMIO_READABLE), 0);
    struct modifier other = {
        .registry = setting.loop.registry,
        .source = &setting.reader,
        .rounds = test_scale(20000),
    };
    assert_int_equal(pthread_create(&other.thread, NULL, modify_over_and_over, &other), 0);
    test_loop_expect(&setting.loop, OTHER, CMIO_WRITABLE);
    assert_int_equal(pthread_join(other.thread, NULL), 0);
    assert_int_equal(other.error, 0);
    test_loop_forget(&setting.loop);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void references_are_counted_and_null_has_none(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    assert_null(cmio_registry_ref(NULL));
    cmio_registry_unref(NULL);
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(cmio_registry_ref(loop.registry), loop.registry);
    for (int i = 0; i < 100; i++)
        cmio_registry_unref(loop.registry);
    assert_int_equal(test_loop_wait(&loop, 0), 0);
    test_loop_close(&loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(event_drain_silence_and_new_data_event_for_a_pipe),
    cmocka_unit_test(event_drain_silence_and_new_data_event_for_a_unix_stream),
    cmocka_unit_test(event_drain_silence_and_new_data_event_for_a_unix_datagram),
    cmocka_unit_test(event_drain_silence_and_new_data_event_for_tcp),
    cmocka_unit_test(event_drain_silence_and_new_data_event_for_udp),
    cmocka_unit_test(new_bytes_after_a_partial_read_make_an_event),
    cmocka_unit_test(new_datagrams_after_one_was_taken_make_an_event),
    cmocka_unit_test(registering_what_is_ready_already_reports_it),
    cmocka_unit_test(registering_what_is_writable_already_reports_it),
    cmocka_unit_test(reregistering_reports_what_still_holds),
    cmocka_unit_test(reregistering_does_not_report_what_no_longer_holds),
    cmocka_unit_test(reregistering_replaces_the_token),
    cmocka_unit_test(reregistering_replaces_the_interest),
    cmocka_unit_test(a_pending_listener_reregistered_to_write_reports_nothing),
    cmocka_unit_test(a_source_that_is_readable_and_writable_is_one_event),
    cmocka_unit_test(a_deregistered_source_that_is_ready_is_not_reported),
    cmocka_unit_test(a_deregistered_source_is_not_reported_beside_a_waker),
    cmocka_unit_test(a_deregistered_listener_is_not_reported_beside_a_waker),
    cmocka_unit_test(a_number_used_again_before_the_wait_reports_the_new_source_alone),
    cmocka_unit_test(a_deregistered_source_can_be_registered_again),
    cmocka_unit_test(a_source_can_move_from_one_poll_to_another),
    cmocka_unit_test(any_value_is_a_token_and_comes_back_unchanged),
    cmocka_unit_test(two_sources_and_a_waker_may_share_a_token),
    cmocka_unit_test(the_batch_in_hand_keeps_its_events_until_they_are_purged),
    cmocka_unit_test(purging_lets_a_program_free_what_tokens_point_to_while_it_goes_on),
    cmocka_unit_test(a_register_during_a_wait_takes_effect_on_it),
    cmocka_unit_test(what_was_registered_during_a_wait_wakes_it_later),
    cmocka_unit_test(a_reregister_during_a_wait_takes_effect_on_it),
    cmocka_unit_test(a_deregister_during_a_wait_takes_effect_on_it),
    cmocka_unit_test(reading_during_a_wait_arms_the_edge_for_it),
    cmocka_unit_test(writing_during_a_wait_arms_the_edge_for_it),
    cmocka_unit_test(a_wait_that_changes_interrupted_sleeps_on),
    cmocka_unit_test(threads_that_hold_references_register_while_another_waits),
    cmocka_unit_test(reregistering_over_and_over_during_waits_ends_with_the_last_word),
    cmocka_unit_test(references_are_counted_and_null_has_none),
};

TEST_GROUP(backend_registry, tests)
