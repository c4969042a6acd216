/* SPDX-License-Identifier: MIT */

/*
 * Edge, level and oneshot, for reading and for writing, on pipes and sockets; and what arms an edge
 * again. Kinds whose buffers fill and drain within the calls themselves (pipes, Unix streams) are
 * asked for silence when full; with TCP the system moves bytes on its own.
 */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"

enum { TOKEN = 1, OTHER = 2 };

static const enum test_pair_kind streams[] = {TEST_PIPE, TEST_UNIX_STREAM, TEST_TCP};
static const enum test_pair_kind immediate[] = {TEST_PIPE, TEST_UNIX_STREAM};

#define EACH(kind, kinds)                                                                          \
    for (const enum test_pair_kind *kind = (kinds);                                                \
         kind < (kinds) + sizeof(kinds) / sizeof *(kinds); kind++)

/* A pair with one end, the near one, as a source; the far end is used raw. */
struct setting {
    struct test_loop loop;
    struct cmio_fd_source near;
    int far;
};

static void open_end(struct setting *setting, enum test_pair_kind kind, int near) {
    int fds[2];
    test_loop_open(&setting->loop);
    test_pair_open(kind, fds);
    assert_int_equal(cmio_fd_source_init(&setting->near, fds[near]), 0);
    setting->far = fds[1 - near];
}

static void open_to_read(struct setting *setting, enum test_pair_kind kind) {
    open_end(setting, kind, 0);
}

static void open_to_write(struct setting *setting, enum test_pair_kind kind) {
    open_end(setting, kind, 1);
}

static void setting_close(struct setting *setting) {
    int near = cmio_fd_source_fd(&setting->near);
    assert_int_equal(cmio_fd_source_close(&setting->near), 0);
    test_close(near);
    test_close(setting->far);
    test_loop_close(&setting->loop);
}

static void enter(struct setting *setting, cmio_interest interest) {
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &setting->near.source, TOKEN, interest), 0);
}

static void change(struct setting *setting, cmio_interest interest) {
    assert_int_equal(
        cmio_registry_reregister(setting->loop.registry, &setting->near.source, TOKEN, interest),
        0);
}

/* Edge. */

static void an_edge_to_read_comes_once_until_drained(void **state) {
    (void)state;
    EACH(kind, streams) {
        struct setting setting;
        open_to_read(&setting, *kind);
        enter(&setting, CMIO_READABLE);
        for (int round = 0; round < 3; round++) {
            test_put(setting.far, 5);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            test_loop_expect_silence(&setting.loop);
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(test_source_drain(&setting.near), 5);
            test_loop_expect_silence(&setting.loop);
        }
        setting_close(&setting);
    }
}

static void an_edge_to_write_comes_once_until_full_and_drained(void **state) {
    (void)state;
    EACH(kind, immediate) {
        struct setting setting;
        open_to_write(&setting, *kind);
        enter(&setting, CMIO_WRITABLE);
        for (int round = 0; round < 3; round++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
            test_loop_expect_silence(&setting.loop);
            size_t length = test_source_fill(&setting.near);
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(test_drain(setting.far), length);
        }
        test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        setting_close(&setting);
    }
}

/* How much is on its way to the other end is the system's secret: read until the event comes. */
static bool is_writable_after_a_read(struct setting *setting) {
    (void)test_drain(setting->far);
    (void)test_loop_wait(&setting->loop, CMIO_MILLISECOND);
    return (setting->loop.came[TOKEN] & CMIO_WRITABLE) != 0;
}

static void a_full_tcp_stream_is_writable_again_when_the_peer_has_read(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct setting setting;
        open_to_write(&setting, TEST_TCP);
        enter(&setting, CMIO_WRITABLE | modes[i]);
        for (int round = 0; round < 3; round++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
            assert_true(test_source_fill(&setting.near) > 0);
            test_loop_forget(&setting.loop);
            if (modes[i] == CMIO_ONESHOT)
                change(&setting, CMIO_WRITABLE | modes[i]);
            TEST_EVENTUALLY(is_writable_after_a_read(&setting));
            test_loop_forget(&setting.loop);
            if (modes[i] != CMIO_LEVEL)
                change(&setting, CMIO_WRITABLE | modes[i]);
        }
        setting_close(&setting);
    }
}

/* Level. */

static void a_level_to_read_comes_with_every_wait_until_drained(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        open_to_read(&setting, kind);
        enter(&setting, CMIO_READABLE | CMIO_LEVEL);
        for (int round = 0; round < 3; round++) {
            test_loop_expect_silence(&setting.loop);
            test_put(setting.far, 5);
            for (int i = 0; i < 5; i++)
                test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            assert_int_equal(test_source_drain(&setting.near), 5);
        }
        test_loop_expect_silence(&setting.loop);
        setting_close(&setting);
    }
}

static void a_level_to_read_comes_again_after_a_partial_read(void **state) {
    (void)state;
    EACH(kind, streams) {
        struct setting setting;
        open_to_read(&setting, *kind);
        enter(&setting, CMIO_READABLE | CMIO_LEVEL);
        test_put(setting.far, 5);
        for (int i = 0; i < 5; i++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            /* Behind cmio's back: what is level needs no help. */
            test_take(cmio_fd_source_fd(&setting.near), 1);
        }
        test_loop_expect_silence(&setting.loop);
        setting_close(&setting);
    }
}

static void a_level_to_write_comes_with_every_wait_until_full(void **state) {
    (void)state;
    EACH(kind, immediate) {
        struct setting setting;
        open_to_write(&setting, *kind);
        enter(&setting, CMIO_WRITABLE | CMIO_LEVEL);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 5; i++)
                test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
            size_t length = test_source_fill(&setting.near);
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(test_drain(setting.far), length);
        }
        setting_close(&setting);
    }
}

/* Oneshot. */

static void a_oneshot_to_read_is_silent_after_one_event_until_reregistered(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        open_to_read(&setting, kind);
        enter(&setting, CMIO_READABLE | CMIO_ONESHOT);
        test_loop_expect_silence(&setting.loop);
        for (int round = 0; round < 3; round++) {
            test_put(setting.far, 5);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            test_loop_expect_silence(&setting.loop);
            /* Neither what is there, nor a drain, nor new data wakes it. */
            assert_int_equal(test_source_drain(&setting.near), 5);
            test_put(setting.far, 1);
            test_loop_expect_silence(&setting.loop);
            change(&setting, CMIO_READABLE | CMIO_ONESHOT);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            assert_int_equal(test_source_drain(&setting.near), 1);
            change(&setting, CMIO_READABLE | CMIO_ONESHOT);
            test_loop_expect_silence(&setting.loop);
        }
        setting_close(&setting);
    }
}

static void a_oneshot_to_write_is_silent_after_one_event_until_reregistered(void **state) {
    (void)state;
    EACH(kind, immediate) {
        struct setting setting;
        open_to_write(&setting, *kind);
        enter(&setting, CMIO_WRITABLE | CMIO_ONESHOT);
        for (int round = 0; round < 3; round++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
            size_t length = test_source_fill(&setting.near);
            assert_int_equal(test_drain(setting.far), length);
            test_loop_expect_silence(&setting.loop);
            length = test_source_fill(&setting.near);
            change(&setting, CMIO_WRITABLE | CMIO_ONESHOT);
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(test_drain(setting.far), length);
        }
        test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        setting_close(&setting);
    }
}

static void a_oneshot_for_both_silences_at_least_the_direction_that_came(void **state) {
    (void)state;
    struct setting setting;
    open_to_read(&setting, TEST_UNIX_STREAM);
    enter(&setting, CMIO_READABLE | CMIO_WRITABLE | CMIO_ONESHOT);
    for (int round = 0; round < 3; round++) {
        test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        test_put(setting.far, 1);
        /* Reading may be silent too, or come once; writing must be. */
        while (test_loop_wait(&setting.loop, 15 * CMIO_MILLISECOND) > 0)
            assert_int_equal(setting.loop.came[TOKEN], CMIO_READABLE);
        test_loop_forget(&setting.loop);
        test_loop_expect_silence(&setting.loop);
        change(&setting, CMIO_READABLE | CMIO_WRITABLE | CMIO_ONESHOT);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        assert_int_equal(test_source_drain(&setting.near), 1);
        test_loop_expect_silence(&setting.loop);
        change(&setting, CMIO_READABLE | CMIO_WRITABLE | CMIO_ONESHOT);
    }
    setting_close(&setting);
}

static void a_oneshot_comes_though_the_source_was_ready_before(void **state) {
    (void)state;
    EACH(kind, streams) {
        struct setting setting;
        open_to_read(&setting, *kind);
        test_put(setting.far, 1);
        enter(&setting, CMIO_READABLE | CMIO_ONESHOT);
        for (int round = 0; round < 3; round++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            test_loop_expect_silence(&setting.loop);
            change(&setting, CMIO_READABLE | CMIO_ONESHOT);
        }
        setting_close(&setting);
    }
}

/* One mode after the other. */

static void expect_edge(struct setting *setting) {
    change(setting, CMIO_READABLE);
    test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
    test_loop_expect_silence(&setting->loop);
}

static void expect_level(struct setting *setting) {
    change(setting, CMIO_READABLE | CMIO_LEVEL);
    for (int i = 0; i < 3; i++)
        test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
}

static void expect_oneshot(struct setting *setting) {
    change(setting, CMIO_READABLE | CMIO_ONESHOT);
    test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
    test_put(setting->far, 1);
    test_loop_expect_silence(&setting->loop);
}

static void reregistering_changes_the_mode(void **state) {
    (void)state;
    typedef void expect_mode(struct setting * setting);
    static expect_mode *const modes[] = {expect_edge,  expect_level,   expect_edge, expect_oneshot,
                                         expect_level, expect_oneshot, expect_edge};
    EACH(kind, streams) {
        struct setting setting;
        open_to_read(&setting, *kind);
        enter(&setting, CMIO_READABLE);
        test_put(setting.far, 1);
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
            modes[i](&setting);
        setting_close(&setting);
    }
}

static void reregistering_changes_mode_and_direction_at_once(void **state) {
    (void)state;
    EACH(kind, immediate) {
        if (*kind == TEST_PIPE)
            continue; /* one direction alone */
        struct setting setting;
        open_to_read(&setting, *kind);
        test_put(setting.far, 1);
        enter(&setting, CMIO_READABLE | CMIO_LEVEL);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        change(&setting, CMIO_WRITABLE);
        assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE) & CMIO_READABLE, 0);
        test_loop_expect_silence(&setting.loop);
        change(&setting, CMIO_WRITABLE | CMIO_LEVEL);
        for (int i = 0; i < 3; i++)
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        change(&setting, CMIO_READABLE | CMIO_ONESHOT);
        assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE) & CMIO_WRITABLE, 0);
        test_loop_expect_silence(&setting.loop);
        setting_close(&setting);
    }
}

static void two_polls_watch_one_socket_each_in_its_mode(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    struct test_loop loops[3];
    struct cmio_fd_source sources[3];
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    for (int i = 0; i < 3; i++) {
        test_loop_open(&loops[i]);
        assert_int_equal(cmio_fd_source_init(&sources[i], fds[0]), 0);
        assert_int_equal(cmio_registry_register(loops[i].registry, &sources[i].source, TOKEN,
                                                CMIO_READABLE | modes[i]),
                         0);
    }
    for (int round = 0; round < 3; round++) {
        test_put(fds[1], 1);
        for (int i = 0; i < 2; i++)
            test_loop_expect(&loops[i], TOKEN, CMIO_READABLE);
        if (round == 0)
            test_loop_expect(&loops[2], TOKEN, CMIO_READABLE);
        test_loop_expect_silence(&loops[0]);
        test_loop_expect(&loops[1], TOKEN, CMIO_READABLE);
        test_loop_expect_silence(&loops[2]);
        /* The bytes go through one source; the other edge is told that they are gone. */
        assert_int_equal(test_source_drain(&sources[1]), 1);
        assert_int_equal(cmio_source_rearm(&sources[0].source, CMIO_READABLE), 0);
        for (int i = 0; i < 3; i++)
            test_loop_expect_silence(&loops[i]);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio_fd_source_close(&sources[i]), 0);
        test_loop_close(&loops[i]);
    }
    test_pair_close(fds);
}

/* What arms an edge again, and what does not. */

static void a_read_that_blocks_makes_no_writable_event(void **state) {
    (void)state;
    static const enum test_pair_kind kinds[] = {TEST_UNIX_STREAM, TEST_UNIX_DATAGRAM, TEST_TCP,
                                                TEST_UDP};
    EACH(kind, kinds) {
        struct setting setting;
        open_to_read(&setting, *kind);
        enter(&setting, CMIO_READABLE | CMIO_WRITABLE);
        test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        for (int round = 0; round < 5; round++) {
            assert_int_equal(test_source_read(&setting.near, 1), -EAGAIN);
            test_loop_expect_silence(&setting.loop);
        }
        setting_close(&setting);
    }
}

static void a_write_that_blocks_makes_no_readable_event(void **state) {
    (void)state;
    struct setting setting;
    open_to_read(&setting, TEST_UNIX_STREAM);
    enter(&setting, CMIO_READABLE | CMIO_WRITABLE);
    test_put(setting.far, 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE | CMIO_WRITABLE);
    test_loop_expect_silence(&setting.loop);
    assert_true(test_source_fill(&setting.near) > 0);
    for (int round = 0; round < 5; round++) {
        assert_int_equal(test_source_write(&setting.near, 1), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void raw_reads_and_a_rearm_give_a_foreign_descriptor_full_edges(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        open_to_read(&setting, kind);
        enter(&setting, CMIO_READABLE);
        for (int round = 0; round < 4; round++) {
            test_put(setting.far, 2);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            assert_int_equal(test_drain(cmio_fd_source_fd(&setting.near)), 2);
            assert_int_equal(cmio_source_rearm(&setting.near.source, CMIO_READABLE), 0);
            test_loop_expect_silence(&setting.loop);
        }
        setting_close(&setting);
    }
}

static void data_between_the_block_and_the_rearm_is_not_missed(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        struct setting setting;
        open_to_read(&setting, kind);
        enter(&setting, CMIO_READABLE);
        for (int round = 0; round < 4; round++) {
            assert_int_equal(test_drain(cmio_fd_source_fd(&setting.near)), round == 0 ? 0 : 2);
            test_put(setting.far, 2);
            assert_int_equal(cmio_source_rearm(&setting.near.source, CMIO_READABLE), 0);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        }
        setting_close(&setting);
    }
}

static void raw_writes_and_a_rearm_give_a_foreign_descriptor_full_edges(void **state) {
    (void)state;
    EACH(kind, immediate) {
        struct setting setting;
        open_to_write(&setting, *kind);
        enter(&setting, CMIO_WRITABLE);
        for (int round = 0; round < 4; round++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
            size_t length = test_fill(cmio_fd_source_fd(&setting.near));
            assert_int_equal(cmio_source_rearm(&setting.near.source, CMIO_WRITABLE), 0);
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(test_drain(setting.far), length);
        }
        setting_close(&setting);
    }
}

static void a_rearm_of_one_direction_makes_no_event_of_the_other(void **state) {
    (void)state;
    struct setting setting;
    open_to_read(&setting, TEST_UNIX_STREAM);
    enter(&setting, CMIO_READABLE | CMIO_WRITABLE);
    test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_source_rearm(&setting.near.source, CMIO_READABLE), 0);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void a_short_read_arms_the_edge(void **state) {
    (void)state;
    EACH(kind, streams) {
        struct setting setting;
        open_to_read(&setting, *kind);
        enter(&setting, CMIO_READABLE);
        for (int round = 0; round < 4; round++) {
            test_put(setting.far, 5);
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            assert_int_equal(test_source_read(&setting.near, 100), 5);
            test_loop_expect_silence(&setting.loop);
        }
        setting_close(&setting);
    }
}

static void a_short_write_arms_the_edge(void **state) {
    (void)state;
    const size_t length = 1 << 20; /* more than these hold */
    EACH(kind, immediate) {
        struct setting setting;
        open_to_write(&setting, *kind);
        enter(&setting, CMIO_WRITABLE);
        for (int round = 0; round < 4; round++) {
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
            ssize_t count = test_source_write(&setting.near, length);
            assert_true(count > 0 && (size_t)count < length);
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(test_drain(setting.far), count);
        }
        setting_close(&setting);
    }
}

static void a_full_write_makes_no_event(void **state) {
    (void)state;
    EACH(kind, streams) {
        struct setting setting;
        open_to_write(&setting, *kind);
        enter(&setting, CMIO_WRITABLE);
        test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        for (int round = 0; round < 5; round++) {
            assert_int_equal(test_source_write(&setting.near, 10), 10);
            if (!expected_spurious(setting.loop.poll))
                test_loop_expect_silence(&setting.loop);
            test_loop_forget(&setting.loop);
        }
        setting_close(&setting);
    }
}

static void each_accepted_connection_may_be_followed_by_the_event_of_the_next(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct test_loop loop;
        test_loop_open(&loop);
        uint16_t port;
        int fd = test_listen(&port);
        test_set_nonblocking(fd);
        struct cmio_fd_source listener;
        assert_int_equal(cmio_fd_source_init(&listener, fd), 0);
        assert_int_equal(cmio_registry_register(loop.registry, &listener.source, TOKEN,
                                                CMIO_READABLE | modes[i]),
                         0);
        for (int round = 0; round < 5; round++) {
            int client = test_connect(port);
            test_loop_expect(&loop, TOKEN, CMIO_READABLE);
            ssize_t accepted =
                cmio_fd_source_note_io(&listener, CMIO_READABLE, accept(fd, NULL, NULL), 0);
            assert_true(accepted >= 0);
            test_close((int)accepted);
            test_close(client);
            assert_int_equal(
                cmio_fd_source_note_io(&listener, CMIO_READABLE, accept(fd, NULL, NULL), 0),
                -EAGAIN);
            test_loop_expect_silence(&loop);
        }
        assert_int_equal(cmio_fd_source_close(&listener), 0);
        test_close(fd);
        test_loop_close(&loop);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_edge_to_read_comes_once_until_drained),
    cmocka_unit_test(an_edge_to_write_comes_once_until_full_and_drained),
    cmocka_unit_test(a_full_tcp_stream_is_writable_again_when_the_peer_has_read),
    cmocka_unit_test(a_level_to_read_comes_with_every_wait_until_drained),
    cmocka_unit_test(a_level_to_read_comes_again_after_a_partial_read),
    cmocka_unit_test(a_level_to_write_comes_with_every_wait_until_full),
    cmocka_unit_test(a_oneshot_to_read_is_silent_after_one_event_until_reregistered),
    cmocka_unit_test(a_oneshot_to_write_is_silent_after_one_event_until_reregistered),
    cmocka_unit_test(a_oneshot_for_both_silences_at_least_the_direction_that_came),
    cmocka_unit_test(a_oneshot_comes_though_the_source_was_ready_before),
    cmocka_unit_test(reregistering_changes_the_mode),
    cmocka_unit_test(reregistering_changes_mode_and_direction_at_once),
    cmocka_unit_test(two_polls_watch_one_socket_each_in_its_mode),
    cmocka_unit_test(a_read_that_blocks_makes_no_writable_event),
    cmocka_unit_test(a_write_that_blocks_makes_no_readable_event),
    cmocka_unit_test(raw_reads_and_a_rearm_give_a_foreign_descriptor_full_edges),
    cmocka_unit_test(data_between_the_block_and_the_rearm_is_not_missed),
    cmocka_unit_test(raw_writes_and_a_rearm_give_a_foreign_descriptor_full_edges),
    cmocka_unit_test(a_rearm_of_one_direction_makes_no_event_of_the_other),
    cmocka_unit_test(a_short_read_arms_the_edge),
    cmocka_unit_test(a_short_write_arms_the_edge),
    cmocka_unit_test(a_full_write_makes_no_event),
    cmocka_unit_test(each_accepted_connection_may_be_followed_by_the_event_of_the_next),
};

TEST_GROUP(backend_modes, tests)
