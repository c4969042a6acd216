/* SPDX-License-Identifier: MIT */

/*
 * The write end of a pipe whose reader goes: every backend hears of it, also where the pipe is full
 * and registered for writing alone, once or with every wait as the mode says, and no longer than
 * the descriptor is registered and open.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scratch.h"

enum { TOKEN = 1, OTHER = 2 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;
static const uint32_t broken = CMIO_ERROR | CMIO_WRITE_CLOSED;
static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};

#define EACH_MODE(mode)                                                                            \
    for (const cmio_interest *mode = modes; mode < modes + sizeof modes / sizeof *modes; mode++)

/* The write end is a source; closed descriptors are -1. */
struct setting {
    struct test_loop loop;
    struct cmio_fd_source writer;
    int fds[2];
};

static void setting_open(struct setting *setting) {
    test_loop_open(&setting->loop);
    test_pair_open(TEST_PIPE, setting->fds);
    assert_int_equal(cmio_fd_source_init(&setting->writer, setting->fds[1]), 0);
}

static void close_end(struct setting *setting, int end) {
    test_close(setting->fds[end]);
    setting->fds[end] = -1;
}

static void setting_close(struct setting *setting) {
    (void)cmio_fd_source_close(&setting->writer); /* -EBADF where the test closed the descriptor */
    for (int end = 0; end < 2; end++)
        if (setting->fds[end] >= 0)
            close_end(setting, end);
    test_loop_close(&setting->loop);
}

static void enter(struct setting *setting, cmio_interest interest) {
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &setting->writer.source, TOKEN, interest),
        0);
}

static void change(struct setting *setting, cmio_token token, cmio_interest interest) {
    assert_int_equal(
        cmio_registry_reregister(setting->loop.registry, &setting->writer.source, token, interest),
        0);
}

static void expect_broken(struct setting *setting, cmio_token token) {
    uint32_t came = test_loop_expect(&setting->loop, token, CMIO_WRITABLE);
    assert_true((came & broken) != 0);
}

static void a_sleeping_wait_hears_that_the_reader_of_a_full_pipe_goes(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        struct test_waiter waiter;
        setting_open(&setting);
        assert_true(test_fill(setting.fds[1]) > 0);
        enter(&setting, CMIO_WRITABLE | *mode);
        test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, 30 * CMIO_SECOND);
        close_end(&setting, 0);
        test_waiter_join(&waiter);
        assert_int_equal(waiter.result, 1);
        assert_true((test_waiter_came(&waiter, TOKEN) & CMIO_WRITABLE) != 0);
        assert_true((test_waiter_came(&waiter, TOKEN) & broken) != 0);
        test_waiter_free(&waiter);
        setting_close(&setting);
    }
}

static void a_full_pipe_that_is_registered_for_both_hears_it_too(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting);
        assert_true(test_fill(setting.fds[1]) > 0);
        enter(&setting, both | *mode);
        test_loop_expect_silence(&setting.loop);
        close_end(&setting, 0);
        expect_broken(&setting, TOKEN);
        setting_close(&setting);
    }
}

static void by_edge_and_oneshot_a_full_pipe_tells_it_once(void **state) {
    (void)state;
    static const cmio_interest once[] = {0, CMIO_ONESHOT};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        struct setting setting;
        setting_open(&setting);
        assert_true(test_fill(setting.fds[1]) > 0);
        enter(&setting, CMIO_WRITABLE | once[i]);
        close_end(&setting, 0);
        expect_broken(&setting, TOKEN);
        test_loop_expect_silence(&setting.loop);
        setting_close(&setting);
    }
}

static void by_level_a_full_pipe_tells_it_with_every_wait(void **state) {
    (void)state;
    static const cmio_interest directions[] = {CMIO_WRITABLE, CMIO_READABLE | CMIO_WRITABLE};
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++) {
        struct setting setting;
        setting_open(&setting);
        assert_true(test_fill(setting.fds[1]) > 0);
        enter(&setting, directions[i] | CMIO_LEVEL);
        close_end(&setting, 0);
        for (int round = 0; round < 10; round++)
            expect_broken(&setting, TOKEN);
        setting_close(&setting);
    }
}

static void a_oneshot_that_told_of_room_is_silent_when_the_reader_goes(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, CMIO_WRITABLE | CMIO_ONESHOT);
    test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
    close_end(&setting, 0);
    test_loop_expect_silence(&setting.loop);
    change(&setting, OTHER, CMIO_WRITABLE | CMIO_ONESHOT);
    expect_broken(&setting, OTHER);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void after_deregister_a_full_pipe_is_silent_when_the_reader_goes(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting);
        assert_true(test_fill(setting.fds[1]) > 0);
        enter(&setting, CMIO_WRITABLE | *mode);
        assert_int_equal(cmio_registry_deregister(setting.loop.registry, &setting.writer.source),
                         0);
        close_end(&setting, 0);
        test_loop_expect_silence(&setting.loop);
        enter(&setting, CMIO_WRITABLE | *mode);
        expect_broken(&setting, TOKEN);
        assert_int_equal(cmio_registry_deregister(setting.loop.registry, &setting.writer.source),
                         0);
        test_loop_expect_silence(&setting.loop);
        setting_close(&setting);
    }
}

static void a_full_pipe_hears_it_by_the_token_and_mode_of_its_reregister(void **state) {
    (void)state;
    EACH_MODE(before) {
        EACH_MODE(after) {
            struct setting setting;
            setting_open(&setting);
            assert_true(test_fill(setting.fds[1]) > 0);
            enter(&setting, CMIO_WRITABLE | *before);
            change(&setting, OTHER, CMIO_WRITABLE | *after);
            test_loop_expect_silence(&setting.loop);
            close_end(&setting, 0);
            expect_broken(&setting, OTHER);
            assert_int_equal(setting.loop.came[TOKEN], 0);
            if (*after != CMIO_LEVEL)
                test_loop_expect_silence(&setting.loop);
            setting_close(&setting);
        }
    }
}

/* Bytes that are read are no end, and room is told as ever. */
static void a_full_pipe_that_is_drained_is_writable_and_not_broken(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting);
        assert_true(test_source_fill(&setting.writer) > 0);
        enter(&setting, CMIO_WRITABLE | *mode);
        test_loop_expect_silence(&setting.loop);
        assert_true(test_drain(setting.fds[0]) > 0);
        assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE), CMIO_WRITABLE);
        setting_close(&setting);
    }
}

static void a_fifo_whose_reader_comes_back_is_writable_by_level(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_fd_source writer;
    struct test_scratch scratch;
    test_scratch_open(&scratch);
    const char *path = test_scratch_path(&scratch, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    int fd = open(path, O_WRONLY | O_NONBLOCK);
    assert_true(reader >= 0 && fd >= 0);
    test_loop_open(&loop);
    assert_int_equal(cmio_fd_source_init(&writer, fd), 0);
    assert_int_equal(
        cmio_registry_register(loop.registry, &writer.source, TOKEN, CMIO_WRITABLE | CMIO_LEVEL),
        0);
    test_loop_expect(&loop, TOKEN, CMIO_WRITABLE);
    test_close(reader);
    test_loop_expect(&loop, TOKEN, CMIO_WRITABLE);
    reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    for (int round = 0; round < 10; round++)
        test_loop_expect(&loop, TOKEN, CMIO_WRITABLE);
    assert_int_equal(test_source_write(&writer, 1), 1);
    assert_int_equal(cmio_fd_source_close(&writer), 0);
    test_close(reader);
    test_close(fd);
    test_loop_close(&loop);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

/* How many of the next waits have an event. */
static int events_in(struct setting *setting, int waits) {
    int count = 0;
    for (int i = 0; i < waits; i++)
        count += test_loop_wait(&setting->loop, 2 * CMIO_MILLISECOND) > 0;
    test_loop_forget(&setting->loop);
    return count;
}

/* The reader goes before or after the register. No room is told, so what is told is the end. */
static void enter_broken(struct setting *setting, bool before, cmio_interest interest) {
    assert_true(test_fill(setting->fds[1]) > 0);
    if (before)
        close_end(setting, 0);
    enter(setting, interest);
    if (!before)
        close_end(setting, 0);
    expect_broken(setting, TOKEN);
}

/* Closing what is registered is misuse, with bounded harm. */
static void a_broken_pipe_that_is_closed_while_registered_falls_silent(void **state) {
    (void)state;
    EACH_MODE(mode) {
        for (int before = 0; before < 2; before++) {
            struct setting setting;
            setting_open(&setting);
            enter_broken(&setting, before != 0, CMIO_WRITABLE | *mode);
            close_end(&setting, 1);
            assert_true(events_in(&setting, 50) <= 3);
            assert_int_equal(events_in(&setting, 10), 0);
            setting_close(&setting);
        }
    }
}

static void expect_silent_again(cmio_interest interest, bool before) {
    struct setting setting;
    int again[2];
    setting_open(&setting);
    const int number = setting.fds[1];
    enter_broken(&setting, before, interest);
    close_end(&setting, 1);
    test_pair_open(TEST_PIPE, again);
    assert_true(again[0] == number || again[1] == number);
    assert_true(events_in(&setting, 50) <= 3);
    assert_int_equal(events_in(&setting, 10), 0);
    (void)cmio_fd_source_close(&setting.writer); /* 0: the number is open */
    test_pair_close(again);
    setting_close(&setting);
}

/* Not on poll(2), which watches numbers. */
static void a_broken_pipe_s_number_that_is_used_again_is_silent(void **state) {
    (void)state;
    if (strcmp(test_backend() != NULL ? test_backend() : "", "poll") == 0)
        skip();
    EACH_MODE(mode) {
        expect_silent_again(CMIO_WRITABLE | *mode, false);
        expect_silent_again(CMIO_WRITABLE | *mode, true);
        expect_silent_again(both | *mode, true);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_sleeping_wait_hears_that_the_reader_of_a_full_pipe_goes),
    cmocka_unit_test(a_full_pipe_that_is_registered_for_both_hears_it_too),
    cmocka_unit_test(by_edge_and_oneshot_a_full_pipe_tells_it_once),
    cmocka_unit_test(by_level_a_full_pipe_tells_it_with_every_wait),
    cmocka_unit_test(a_oneshot_that_told_of_room_is_silent_when_the_reader_goes),
    cmocka_unit_test(after_deregister_a_full_pipe_is_silent_when_the_reader_goes),
    cmocka_unit_test(a_full_pipe_hears_it_by_the_token_and_mode_of_its_reregister),
    cmocka_unit_test(a_full_pipe_that_is_drained_is_writable_and_not_broken),
    cmocka_unit_test(a_fifo_whose_reader_comes_back_is_writable_by_level),
    cmocka_unit_test(a_broken_pipe_that_is_closed_while_registered_falls_silent),
    cmocka_unit_test(a_broken_pipe_s_number_that_is_used_again_is_silent),
};

TEST_GROUP(backend_broken_pipe, tests)
