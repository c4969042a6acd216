/* SPDX-License-Identifier: MIT */

/*
 * What an event says is true: ends, errors and resets come with the flags that the contract
 * promises, those of expectations.c besides, and nothing is called closed or failed that is not.
 */

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/system.h"

enum { TOKEN = 1 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;
static const uint32_t trouble = CMIO_ERROR | CMIO_READ_CLOSED | CMIO_WRITE_CLOSED;
static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};

#define EACH_MODE(mode)                                                                            \
    for (const cmio_interest *mode = modes; mode < modes + sizeof modes / sizeof *modes; mode++)

/* A pair with one end as a source. */
struct setting {
    struct test_loop loop;
    struct cmio_fd_source near;
    int near_fd;
    int far; /* -1 once it is closed */
};

static void setting_open(struct setting *setting, enum test_pair_kind kind, int near) {
    int fds[2];
    test_loop_open(&setting->loop);
    test_pair_open(kind, fds);
    setting->near_fd = fds[near];
    setting->far = fds[1 - near];
    assert_int_equal(cmio_fd_source_init(&setting->near, setting->near_fd), 0);
}

static void close_far(struct setting *setting) {
    test_close(setting->far);
    setting->far = -1;
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_fd_source_close(&setting->near), 0);
    test_close(setting->near_fd);
    if (setting->far >= 0)
        close_far(setting);
    test_loop_close(&setting->loop);
}

static int enter(struct setting *setting, cmio_interest interest) {
    return cmio_registry_register(setting->loop.registry, &setting->near.source, TOKEN, interest);
}

/* Waits until all that the scene must show has come; what it must not show has not. */
#define expect_scene(loop, scene) expect_scene_at((loop), (scene), TEST_HERE)
static void expect_scene_at(struct test_loop *loop, enum scene scene, const char *file, int line) {
    const struct expected *expected = expected_in(loop->poll, scene);
    assert_non_null(expected);
    uint32_t came = test_loop_expect_at(loop, TOKEN, expected->all, file, line);
    int64_t give_up = test_now() + 30 * CMIO_SECOND;
    while (expected->any != 0 && (came & expected->any) == 0 && test_now() < give_up) {
        (void)test_loop_wait(loop, CMIO_MILLISECOND);
        came |= loop->came[TOKEN];
    }
    if ((came & expected->never) == 0 && (expected->any == 0 || (came & expected->any) != 0))
        return;
    char text[128];
    cmio_event_format(&(struct cmio_event){.token = TOKEN, .ready = came}, text, sizeof text);
    print_error("scene %d shows %s\n", (int)scene, text);
    _fail(file, line);
}

/* Pipes. */

static void an_empty_pipe_whose_writer_closed_is_readable_and_read_closed(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_PIPE, 0);
        assert_int_equal(enter(&setting, CMIO_READABLE | *mode), 0);
        test_loop_expect_silence(&setting.loop);
        close_far(&setting);
        expect_scene(&setting.loop, SCENE_PIPE_WRITER_CLOSED);
        assert_int_equal(test_source_read(&setting.near, 1), 0);
        setting_close(&setting);
    }
}

static void a_pipe_whose_writer_closed_before_the_register_is_read_closed(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_PIPE, 0);
        close_far(&setting);
        assert_int_equal(enter(&setting, CMIO_READABLE | *mode), 0);
        expect_scene(&setting.loop, SCENE_PIPE_WRITER_CLOSED);
        setting_close(&setting);
    }
}

static void a_pipe_whose_writer_closed_gives_its_bytes_and_then_its_end(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE, 0);
    assert_int_equal(enter(&setting, CMIO_READABLE), 0);
    test_put(setting.far, 3);
    close_far(&setting);
    expect_scene(&setting.loop, SCENE_PIPE_WRITER_CLOSED);
    assert_int_equal(test_source_drain(&setting.near), 3);
    assert_int_equal(test_source_read(&setting.near, 1), 0);
    setting_close(&setting);
}

static void a_level_pipe_whose_writer_closed_says_so_with_every_wait(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE, 0);
    assert_int_equal(enter(&setting, CMIO_READABLE | CMIO_LEVEL), 0);
    close_far(&setting);
    for (int i = 0; i < 5; i++)
        expect_scene(&setting.loop, SCENE_PIPE_WRITER_CLOSED);
    setting_close(&setting);
}

/* A write to it raises SIGPIPE, which programs that use pipes ignore. */
static void expect_broken_pipe_as(struct setting *setting, enum scene scene) {
    expect_scene(&setting->loop, scene);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    ssize_t result = test_source_write(&setting->near, 1);
    signal(SIGPIPE, before);
    assert_int_equal(result, -EPIPE);
}

static void expect_broken_pipe(struct setting *setting) {
    expect_broken_pipe_as(setting, SCENE_PIPE_READER_CLOSED);
}

static void a_pipe_whose_reader_closed_is_writable_and_failed_or_closed(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_PIPE, 1);
        assert_int_equal(enter(&setting, CMIO_WRITABLE | *mode), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        if (*mode == CMIO_ONESHOT)
            assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.near.source,
                                                      TOKEN, CMIO_WRITABLE | CMIO_ONESHOT),
                             0);
        close_far(&setting);
        expect_broken_pipe_as(&setting, *mode == CMIO_ONESHOT ? SCENE_PIPE_READER_CLOSED_LATE
                                                              : SCENE_PIPE_READER_CLOSED);
        setting_close(&setting);
    }
}

static void a_full_pipe_whose_reader_closed_is_writable_and_failed_or_closed(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_PIPE, 1);
        assert_true(test_source_fill(&setting.near) > 0);
        assert_int_equal(enter(&setting, CMIO_WRITABLE | *mode), 0);
        test_loop_expect_silence(&setting.loop);
        close_far(&setting);
        expect_broken_pipe(&setting);
        setting_close(&setting);
    }
}

static void a_pipe_whose_reader_closed_before_the_register_says_so(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_PIPE, 1);
        close_far(&setting);
        assert_int_equal(enter(&setting, CMIO_WRITABLE | *mode), 0);
        expect_broken_pipe(&setting);
        setting_close(&setting);
    }
}

static void a_full_pipe_whose_reader_closed_before_the_register_says_so(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_PIPE, 1);
        assert_true(test_source_fill(&setting.near) > 0);
        close_far(&setting);
        assert_int_equal(enter(&setting, CMIO_WRITABLE | *mode), 0);
        expect_broken_pipe(&setting);
        setting_close(&setting);
    }
}

static void a_level_pipe_whose_reader_closed_says_so_with_every_wait(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE, 1);
    assert_int_equal(enter(&setting, CMIO_WRITABLE | CMIO_LEVEL), 0);
    close_far(&setting);
    for (int i = 0; i < 5; i++)
        expect_scene(&setting.loop, SCENE_PIPE_READER_CLOSED);
    setting_close(&setting);
}

static void reregistering_tells_again_that_the_reader_closed(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_PIPE, 1);
    close_far(&setting);
    assert_int_equal(enter(&setting, CMIO_WRITABLE), 0);
    for (int round = 0; round < 3; round++) {
        expect_scene(&setting.loop, SCENE_PIPE_READER_CLOSED);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.near.source,
                                                  TOKEN, CMIO_WRITABLE),
                         0);
    }
    expect_scene(&setting.loop, SCENE_PIPE_READER_CLOSED);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &setting.near.source), 0);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

/* Streams. */

static void a_unix_stream_whose_peer_closed_is_closed_both_ways(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_UNIX_STREAM, 0);
        close_far(&setting);
        assert_int_equal(enter(&setting, both | *mode), 0);
        expect_scene(&setting.loop, SCENE_UNIX_PEER_CLOSED);
        assert_int_equal(test_source_read(&setting.near, 1), 0);
        setting_close(&setting);
    }
}

static void a_unix_stream_hears_its_peer_close(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_UNIX_STREAM, 0);
    assert_int_equal(enter(&setting, both), 0);
    assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE), CMIO_WRITABLE);
    close_far(&setting);
    expect_scene(&setting.loop, SCENE_UNIX_PEER_CLOSED);
    setting_close(&setting);
}

static struct cmio_address loopback(uint16_t port) {
    struct cmio_address address;
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &address), 0);
    assert_int_equal(cmio_address_set_port(&address, port), 0);
    return address;
}

/*
 * Connects to a port that refuses, and registers. False where the system, as FreeBSD 15 on the
 * loopback, knows so soon that connect(2) itself says it: then there is no event to ask for.
 */
static bool is_refused_later(struct test_loop *loop, struct cmio_tcp_stream *stream,
                             cmio_interest mode) {
    uint16_t port;
    int holder = test_refuse(&port);
    struct cmio_address address = loopback(port);
    int connected = cmio_tcp_stream_connect(stream, &address);
    if (connected == 0)
        assert_int_equal(
            cmio_registry_register(loop->registry, &stream->source, TOKEN, both | mode), 0);
    else
        assert_int_equal(connected, -ECONNREFUSED);
    if (connected == 0)
        loop->came[TOKEN] = test_loop_expect(loop, TOKEN, CMIO_WRITABLE);
    if (holder >= 0)
        test_close(holder);
    return connected == 0;
}

static void a_refused_connect_is_writable_and_failed_with_econnrefused(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct test_loop loop;
        test_loop_open(&loop);
        struct cmio_tcp_stream stream;
        if (is_refused_later(&loop, &stream, *mode)) {
            expect_scene(&loop, SCENE_TCP_CONNECT_REFUSED);
            assert_int_equal(cmio_tcp_stream_finish_connect(&stream), -ECONNREFUSED);
            assert_int_equal(cmio_tcp_stream_close(&stream), 0);
        }
        test_loop_close(&loop);
    }
}

static void take_error_names_the_refusal_once(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_tcp_stream stream;
    if (is_refused_later(&loop, &stream, 0)) {
        assert_int_equal(cmio_tcp_stream_take_error(&stream), -ECONNREFUSED);
        assert_int_equal(cmio_tcp_stream_take_error(&stream), 0);
        assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    }
    test_loop_close(&loop);
}

static void a_peer_that_shut_down_writing_is_read_closed_and_not_before(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_TCP, 0);
        assert_int_equal(enter(&setting, both | *mode), 0);
        assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE) & trouble, 0);
        test_put(setting.far, 3);
        if (*mode == CMIO_ONESHOT)
            assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.near.source,
                                                      TOKEN, CMIO_READABLE | CMIO_ONESHOT),
                             0);
        assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE) & trouble, 0);
        assert_int_equal(test_source_drain(&setting.near), 3);
        assert_int_equal(shutdown(setting.far, SHUT_WR), 0);
        if (*mode == CMIO_ONESHOT)
            assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.near.source,
                                                      TOKEN, CMIO_READABLE | CMIO_ONESHOT),
                             0);
        expect_scene(&setting.loop, SCENE_TCP_PEER_SHUT_WRITING);
        assert_int_equal(test_source_read(&setting.near, 1), 0);
        setting_close(&setting);
    }
}

/* Bytes that nobody read are no reason to keep the end of the stream back. */
static void a_half_close_behind_unread_bytes_makes_an_event(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP, 0);
    const struct expected *expected = expected_in(setting.loop.poll, SCENE_TCP_PEER_SHUT_WRITING);
    assert_int_equal(enter(&setting, CMIO_READABLE), 0);
    test_put(setting.far, 3);
    assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE) & trouble, 0);
    assert_int_equal(shutdown(setting.far, SHUT_WR), 0);
    if (expected->all & CMIO_READ_CLOSED)
        expect_scene(&setting.loop, SCENE_TCP_PEER_SHUT_WRITING);
    assert_int_equal(test_source_drain(&setting.near), 3);
    assert_int_equal(test_source_read(&setting.near, 1), 0);
    setting_close(&setting);
}

/* Nor is it told again for each write that blocks. */
static void a_write_that_blocks_after_a_half_close_makes_no_event(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP, 0);
    assert_int_equal(enter(&setting, both), 0);
    assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE), CMIO_WRITABLE);
    assert_int_equal(shutdown(setting.far, SHUT_WR), 0);
    expect_scene(&setting.loop, SCENE_TCP_PEER_SHUT_WRITING);
    (void)test_source_fill(&setting.near);
    test_loop_forget(&setting.loop);
    if (!expected_spurious(setting.loop.poll))
        test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void a_half_closed_stream_can_still_send(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP, 0);
    assert_int_equal(shutdown(setting.far, SHUT_WR), 0);
    assert_int_equal(enter(&setting, both), 0);
    expect_scene(&setting.loop, SCENE_TCP_PEER_SHUT_WRITING);
    assert_int_equal(test_source_write(&setting.near, 3), 3);
    setting_close(&setting);
}

static void a_peer_that_closed_is_read_closed(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_TCP, 0);
        close_far(&setting);
        assert_int_equal(enter(&setting, CMIO_READABLE | *mode), 0);
        expect_scene(&setting.loop, SCENE_TCP_PEER_CLOSED);
        assert_int_equal(test_source_read(&setting.near, 1), 0);
        setting_close(&setting);
    }
}

static void a_peer_that_sent_and_closed_is_read_closed_before_it_is_read(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP, 0);
    test_put(setting.far, 3);
    close_far(&setting);
    assert_int_equal(enter(&setting, CMIO_READABLE | CMIO_LEVEL), 0);
    expect_scene(&setting.loop, SCENE_TCP_PEER_CLOSED);
    assert_int_equal(test_source_drain(&setting.near), 3);
    assert_int_equal(test_source_read(&setting.near, 1), 0);
    setting_close(&setting);
}

static void a_reset_is_readable_and_an_error(void **state) {
    (void)state;
    static const cmio_interest lasting[] = {0, CMIO_LEVEL};
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        struct setting setting;
        setting_open(&setting, TEST_TCP, 0);
        assert_int_equal(enter(&setting, both | lasting[i]), 0);
        assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE), CMIO_WRITABLE);
        test_set_reset_on_close(setting.far);
        close_far(&setting);
        expect_scene(&setting.loop, SCENE_TCP_RESET);
        assert_int_equal(test_source_read(&setting.near, 1), -ECONNRESET);
        setting_close(&setting);
    }
}

static void a_reset_shows_to_one_who_only_reads_or_only_writes(void **state) {
    (void)state;
    static const cmio_interest single[] = {CMIO_READABLE, CMIO_WRITABLE};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        struct setting setting;
        setting_open(&setting, TEST_TCP, 0);
        assert_int_equal(enter(&setting, single[i]), 0);
        if (single[i] == CMIO_WRITABLE)
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        test_loop_expect_silence(&setting.loop);
        test_set_reset_on_close(setting.far);
        close_far(&setting);
        test_loop_expect(&setting.loop, TOKEN, single[i]);
        setting_close(&setting);
    }
}

/*
 * What this end shut down itself: asked after the fact, since not every system makes it an event.
 */
static void expect_local_shutdown(enum test_pair_kind kind, int how, enum scene scene) {
    static const cmio_interest lasting[] = {0, CMIO_LEVEL};
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        struct setting setting;
        setting_open(&setting, kind, 0);
        assert_int_equal(shutdown(setting.near_fd, how), 0);
        assert_int_equal(enter(&setting, both | lasting[i]), 0);
        expect_scene(&setting.loop, scene);
        setting_close(&setting);
    }
}

static void our_own_end_of_reading_shows_as_tabled(void **state) {
    (void)state;
    expect_local_shutdown(TEST_TCP, SHUT_RD, SCENE_TCP_LOCAL_SHUT_READING);
    expect_local_shutdown(TEST_UNIX_STREAM, SHUT_RD, SCENE_UNIX_LOCAL_SHUT_READING);
}

static void our_own_end_of_writing_shows_as_tabled(void **state) {
    (void)state;
    expect_local_shutdown(TEST_TCP, SHUT_WR, SCENE_TCP_LOCAL_SHUT_WRITING);
    expect_local_shutdown(TEST_UNIX_STREAM, SHUT_WR, SCENE_UNIX_LOCAL_SHUT_WRITING);
}

static void our_own_end_of_both_shows_as_tabled(void **state) {
    (void)state;
    expect_local_shutdown(TEST_TCP, SHUT_RDWR, SCENE_TCP_LOCAL_SHUT_BOTH);
    expect_local_shutdown(TEST_UNIX_STREAM, SHUT_RDWR, SCENE_UNIX_LOCAL_SHUT_BOTH);
}

/* UDP. */

/* A connected socket whose peer, far, refuses, and that has sent to it. */
static void open_refused_udp(struct setting *setting, cmio_interest interest, uint16_t *own_port,
                             uint16_t *port) {
    test_loop_open(&setting->loop);
    setting->near_fd = test_udp_bind(own_port);
    setting->far = test_udp_refuse(port);
    test_udp_connect(setting->near_fd, *port);
    assert_int_equal(cmio_fd_source_init(&setting->near, setting->near_fd), 0);
    assert_int_equal(enter(setting, interest), 0);
    test_loop_expect_silence(&setting->loop);
    test_put(setting->near_fd, 1);
}

static void a_udp_socket_after_an_icmp_error_is_readable_and_never_closed(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        uint16_t ports[2];
        open_refused_udp(&setting, CMIO_READABLE | *mode, &ports[0], &ports[1]);
        expect_scene(&setting.loop, SCENE_UDP_REFUSED);
        assert_int_equal(test_source_read(&setting.near, 10), -ECONNREFUSED);
        assert_int_equal(test_source_read(&setting.near, 10), -EAGAIN);
        setting_close(&setting);
    }
}

static void expect_later_datagrams(cmio_interest mode) {
    struct setting setting;
    uint16_t own_port;
    uint16_t port;
    open_refused_udp(&setting, CMIO_READABLE | mode, &own_port, &port);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(test_source_read(&setting.near, 10), -ECONNREFUSED);
    assert_int_equal(test_source_read(&setting.near, 10), -EAGAIN);
    test_loop_forget(&setting.loop);
    test_loop_expect_silence(&setting.loop);
    int peer = test_udp_bind_refused(port);
    test_udp_connect(peer, own_port);
    for (int round = 0; round < 3; round++) {
        test_put(peer, 5);
        uint32_t came = test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        assert_int_equal(came & trouble, 0);
        assert_int_equal(test_source_read(&setting.near, 10), 5);
        assert_int_equal(test_source_read(&setting.near, 10), -EAGAIN);
    }
    test_close(peer);
    setting_close(&setting);
}

static void datagrams_after_an_icmp_error_still_arrive(void **state) {
    (void)state;
    expect_later_datagrams(0);
    expect_later_datagrams(CMIO_LEVEL);
}

/* Priority. */

static void an_out_of_band_byte_is_priority(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, TEST_TCP, 0);
        const struct expected *expected = expected_in(setting.loop.poll, SCENE_TCP_OUT_OF_BAND);
        int entered = enter(&setting, CMIO_READABLE | CMIO_PRIORITY | *mode);
        assert_int_equal(entered, expected->impossible ? -ENOTSUP : 0);
        if (entered == 0) {
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(send(setting.far, "!", 1, MSG_OOB), 1);
            expect_scene(&setting.loop, SCENE_TCP_OUT_OF_BAND);
            char byte;
            assert_int_equal(recv(setting.near_fd, &byte, 1, MSG_OOB), 1);
            assert_int_equal(byte, '!');
        }
        setting_close(&setting);
    }
}

static void priority_alone_says_nothing_of_ordinary_data(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, TEST_TCP, 0);
    const struct expected *expected = expected_in(setting.loop.poll, SCENE_TCP_OUT_OF_BAND);
    int entered = enter(&setting, CMIO_PRIORITY);
    assert_int_equal(entered, expected->impossible ? -ENOTSUP : 0);
    if (entered == 0) {
        test_put(setting.far, 3);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(send(setting.far, "!", 1, MSG_OOB), 1);
        test_loop_expect(&setting.loop, TOKEN, CMIO_PRIORITY);
    } else {
        /* Refused, not dropped: nothing is registered. */
        assert_false(cmio_source_is_registered(&setting.near.source));
        assert_int_equal(enter(&setting, CMIO_READABLE), 0);
    }
    setting_close(&setting);
}

/* No false alarm. */

static void an_idle_source_is_never_failed_closed_or_readable(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        for (int end = kind == TEST_PIPE ? 1 : 0; end < 2; end++) {
            EACH_MODE(mode) {
                struct setting setting;
                setting_open(&setting, kind, end);
                assert_int_equal(enter(&setting, both | *mode), 0);
                assert_int_equal(test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE),
                                 CMIO_WRITABLE);
                for (int i = 0; i < 3; i++)
                    (void)test_loop_wait(&setting.loop, CMIO_MILLISECOND);
                assert_int_equal(setting.loop.came[TOKEN] & ~CMIO_WRITABLE, 0);
                setting_close(&setting);
            }
        }
    }
}

static void an_idle_reader_has_no_event_at_all(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        EACH_MODE(mode) {
            struct setting setting;
            setting_open(&setting, kind, 0);
            assert_int_equal(enter(&setting, CMIO_READABLE | *mode), 0);
            test_loop_expect_silence(&setting.loop);
            setting_close(&setting);
        }
    }
}

static void a_source_with_data_is_not_called_closed(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        EACH_MODE(mode) {
            struct setting setting;
            setting_open(&setting, kind, 0);
            assert_int_equal(enter(&setting, CMIO_READABLE | *mode), 0);
            test_put(setting.far, 1);
            uint32_t came = test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
            assert_int_equal(came & trouble, 0);
            setting_close(&setting);
        }
    }
}

static void an_idle_listener_has_no_event_at_all(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct test_loop loop;
        test_loop_open(&loop);
        uint16_t port;
        int fd = test_listen(&port);
        struct cmio_fd_source listener;
        assert_int_equal(cmio_fd_source_init(&listener, fd), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &listener.source, TOKEN, CMIO_READABLE | *mode),
            0);
        test_loop_expect_silence(&loop);
        assert_int_equal(cmio_fd_source_close(&listener), 0);
        test_close(fd);
        test_loop_close(&loop);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_empty_pipe_whose_writer_closed_is_readable_and_read_closed),
    cmocka_unit_test(a_pipe_whose_writer_closed_before_the_register_is_read_closed),
    cmocka_unit_test(a_pipe_whose_writer_closed_gives_its_bytes_and_then_its_end),
    cmocka_unit_test(a_level_pipe_whose_writer_closed_says_so_with_every_wait),
    cmocka_unit_test(a_pipe_whose_reader_closed_is_writable_and_failed_or_closed),
    cmocka_unit_test(a_full_pipe_whose_reader_closed_is_writable_and_failed_or_closed),
    cmocka_unit_test(a_pipe_whose_reader_closed_before_the_register_says_so),
    cmocka_unit_test(a_full_pipe_whose_reader_closed_before_the_register_says_so),
    cmocka_unit_test(a_level_pipe_whose_reader_closed_says_so_with_every_wait),
    cmocka_unit_test(reregistering_tells_again_that_the_reader_closed),
    cmocka_unit_test(a_unix_stream_whose_peer_closed_is_closed_both_ways),
    cmocka_unit_test(a_unix_stream_hears_its_peer_close),
    cmocka_unit_test(a_refused_connect_is_writable_and_failed_with_econnrefused),
    cmocka_unit_test(take_error_names_the_refusal_once),
    cmocka_unit_test(a_peer_that_shut_down_writing_is_read_closed_and_not_before),
    cmocka_unit_test(a_half_close_behind_unread_bytes_makes_an_event),
    cmocka_unit_test(a_write_that_blocks_after_a_half_close_makes_no_event),
    cmocka_unit_test(a_half_closed_stream_can_still_send),
    cmocka_unit_test(a_peer_that_closed_is_read_closed),
    cmocka_unit_test(a_peer_that_sent_and_closed_is_read_closed_before_it_is_read),
    cmocka_unit_test(a_reset_is_readable_and_an_error),
    cmocka_unit_test(a_reset_shows_to_one_who_only_reads_or_only_writes),
    cmocka_unit_test(our_own_end_of_reading_shows_as_tabled),
    cmocka_unit_test(our_own_end_of_writing_shows_as_tabled),
    cmocka_unit_test(our_own_end_of_both_shows_as_tabled),
    cmocka_unit_test(a_udp_socket_after_an_icmp_error_is_readable_and_never_closed),
    cmocka_unit_test(datagrams_after_an_icmp_error_still_arrive),
    cmocka_unit_test(an_out_of_band_byte_is_priority),
    cmocka_unit_test(priority_alone_says_nothing_of_ordinary_data),
    cmocka_unit_test(an_idle_source_is_never_failed_closed_or_readable),
    cmocka_unit_test(an_idle_reader_has_no_event_at_all),
    cmocka_unit_test(a_source_with_data_is_not_called_closed),
    cmocka_unit_test(an_idle_listener_has_no_event_at_all),
};

TEST_GROUP(backend_event_truth, tests)
