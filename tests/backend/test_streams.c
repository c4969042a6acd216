/* SPDX-License-Identifier: MIT */

/*
 * Streams of every kind as sources: what their calls do to the events that follow, and what events
 * say about them. Each test is a row for each kind that it makes sense for. What one kind alone has
 * is in test_tcp.c, test_unix.c and test_pipe.c, and that each call does what it should in
 * tests/net.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"
#include "support/streams.h"

enum { CLIENT = 1, SERVER = 2 };

static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};

#define EACH_MODE(mode)                                                                            \
    for (const cmio_interest *mode = modes; mode < modes + sizeof modes / sizeof *modes; mode++)

/* What the server's events say, by family. */
static const struct {
    enum scene peer_closed;
    enum scene peer_shut_reading;
    enum scene peer_shut_writing;
    enum scene peer_shut_both;
} scenes[TEST_FAMILIES] = {
    [TEST_FAMILY_TCP] =
        {
            .peer_closed = SCENE_TCP_PEER_CLOSED,
            .peer_shut_reading = SCENE_TCP_PEER_SHUT_READING,
            .peer_shut_writing = SCENE_TCP_PEER_SHUT_WRITING,
            .peer_shut_both = SCENE_TCP_PEER_SHUT_WRITING,
        },
    [TEST_FAMILY_UNIX] =
        {
            .peer_closed = SCENE_UNIX_PEER_CLOSED,
            .peer_shut_reading = SCENE_UNIX_PEER_SHUT_READING,
            .peer_shut_writing = SCENE_UNIX_PEER_SHUT_WRITING,
            .peer_shut_both = SCENE_UNIX_PEER_SHUT_BOTH,
        },
    [TEST_FAMILY_PIPE] = {.peer_closed = SCENE_PIPE_WRITER_CLOSED},
};

/* A loop and the two ends of a connection, neither registered. The client of a pipe only writes. */
struct setting {
    const struct test_stream_kind *kind;
    struct test_loop loop;
    struct test_stream client;
    struct test_stream server;
};

static void setting_open(struct setting *setting, void *const *state) {
    setting->kind = *state;
    if (!test_stream_open(setting->kind, &setting->client, &setting->server))
        skip();
    test_loop_open(&setting->loop);
}

static void setting_close(struct setting *setting) {
    TEST_OK(stream_close(&setting->client));
    TEST_OK(stream_close(&setting->server));
    test_loop_close(&setting->loop);
}

static void enter(struct setting *setting, struct test_stream *stream, cmio_interest interest) {
    const cmio_token token = stream == &setting->client ? CLIENT : SERVER;
    TEST_OK(cmio_registry_register(setting->loop.registry, &stream->source, token, interest));
}

#define expect_readable(setting) test_loop_expect(&(setting)->loop, SERVER, CMIO_READABLE)
#define expect_writable(setting) test_loop_expect(&(setting)->loop, CLIENT, CMIO_WRITABLE)

/* Writes until it blocks: how many bytes. */
static size_t fill(struct setting *setting) {
    static const char bytes[4096];
    size_t filled = 0;
    ssize_t count;
    while ((count = stream_write(&setting->client, bytes, sizeof bytes)) > 0)
        filled += (size_t)count;
    TEST_FAILS(count, -EAGAIN);
    return filled;
}

/* Reads until it blocks or ends: how many bytes. */
static size_t drain(struct setting *setting) {
    static char bytes[4096];
    size_t drained = 0;
    ssize_t count;
    while ((count = stream_read(&setting->server, bytes, sizeof bytes)) > 0)
        drained += (size_t)count;
    assert_true(count == -EAGAIN || count == 0);
    return drained;
}

/* Reads on until so many bytes came, some of which may still be on their way. */
static void drain_all(struct setting *setting, size_t length) {
    size_t drained = 0;
    TEST_EVENTUALLY((drained += drain(setting)) >= length);
    assert_int_equal(drained, length);
}

/* Events around reads and writes. */

static void a_fresh_stream_is_writable_and_not_readable(void **state) {
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, state);
        enter(&setting, &setting.client, CMIO_WRITABLE | *mode);
        enter(&setting, &setting.server, CMIO_READABLE | *mode);
        assert_int_equal(expect_writable(&setting), CMIO_WRITABLE);
        test_loop_expect_none(&setting.loop, SERVER);
        setting_close(&setting);
    }
}

static void each_read_that_empties_the_stream_is_followed_by_an_event(void **state) {
    struct setting setting;
    char first[2];
    char second[6];
    const struct iovec in[] = {{first, sizeof first}, {second, sizeof second}};
    setting_open(&setting, state);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int round = 0; round < 5; round++) {
        TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
        assert_int_equal(expect_readable(&setting), CMIO_READABLE);
        /* In turn: what blocks, what falls short, and the same into several buffers. */
        if (round % 2 == 0)
            assert_int_equal(drain(&setting), 3);
        else
            TEST_GIVES(stream_readv(&setting.server, in, 2), 3);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void bytes_after_a_partial_read_make_an_event(void **state) {
    struct setting setting;
    char byte;
    setting_open(&setting, state);
    enter(&setting, &setting.server, CMIO_READABLE);
    TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
    expect_readable(&setting);
    TEST_GIVES(stream_read(&setting.server, &byte, 1), 1);
    TEST_GIVES(stream_write(&setting.client, "def", 3), 3);
    expect_readable(&setting);
    drain_all(&setting, 5);
    setting_close(&setting);
}

/* A socket takes less than is written at once, as a pipe does by itself. */
static void limit_room(struct setting *setting) {
    const int room = 64 * 1024;
    if (setting->kind->family != TEST_FAMILY_PIPE)
        TEST_OK(setsockopt(stream_fd(&setting->client), SOL_SOCKET, SO_SNDBUF, &room, sizeof room));
}

static void a_write_that_fell_short_is_followed_by_an_event_when_there_is_room(void **state) {
    const size_t length = 4 << 20;
    char *bytes = calloc(1, length);
    assert_non_null(bytes);
    const struct iovec out[] = {{bytes, length / 2}, {bytes, length / 2}};
    for (int vectored = 0; vectored < 2; vectored++) {
        struct setting setting;
        setting_open(&setting, state);
        limit_room(&setting);
        enter(&setting, &setting.client, CMIO_WRITABLE);
        expect_writable(&setting);
        const ssize_t count = vectored ? stream_writev(&setting.client, out, 2)
                                       : stream_write(&setting.client, bytes, length);
        assert_in_range(count, 1, length - 1);
        (void)test_loop_wait(&setting.loop, 0); /* kqueue may tell of room that was there */
        test_loop_forget(&setting.loop);
        const size_t filled = fill(&setting);
        drain_all(&setting, (size_t)count + filled);
        expect_writable(&setting);
        setting_close(&setting);
    }
    free(bytes);
}

static void vectored_reads_and_writes_move_what_fits_and_no_byte_more(void **state) {
    struct setting setting;
    setting_open(&setting, state);
    enter(&setting, &setting.server, CMIO_READABLE);
    char hello[] = "hel";
    char world[] = "lo";
    const struct iovec out[] = {{hello, 3}, {world, 2}};
    char first[2] = {'_', '_'};
    char second[5] = {'_', '_', '_', '_', '_'};
    const struct iovec in[] = {{first, 2}, {second, 4}};
    for (int round = 0; round < 3; round++) {
        TEST_GIVES(stream_writev(&setting.client, out, 2), 5);
        expect_readable(&setting);
        TEST_GIVES(stream_readv(&setting.server, in, 2), 5);
        assert_memory_equal(first, "he", 2);
        assert_memory_equal(second, "llo__", 5);
        /* Less than asked for: the edge is armed. */
        test_loop_expect_silence(&setting.loop);
    }
    TEST_FAILS(stream_readv(&setting.server, in, 2), -EAGAIN);
    setting_close(&setting);
}

static void a_peek_that_succeeds_consumes_nothing(void **state) {
    struct setting setting;
    char buffer[8];
    setting_open(&setting, state);
    enter(&setting, &setting.server, CMIO_READABLE);
    TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
    expect_readable(&setting);
    for (int i = 0; i < 3; i++) {
        TEST_GIVES(stream_peek(&setting.server, buffer, sizeof buffer), 3);
        assert_memory_equal(buffer, "abc", 3);
        (void)test_loop_expect_no_spin(&setting.loop);
    }
    TEST_OK(cmio_registry_reregister(setting.loop.registry, &setting.server.source, SERVER,
                                     CMIO_READABLE));
    expect_readable(&setting);
    TEST_GIVES(stream_read(&setting.server, buffer, sizeof buffer), 3);
    assert_memory_equal(buffer, "abc", 3);
    setting_close(&setting);
}

static void a_peek_that_blocks_arms_the_edge(void **state) {
    struct setting setting;
    char buffer[8];
    setting_open(&setting, state);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int round = 0; round < 4; round++) {
        TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
        expect_readable(&setting);
        /* Behind cmio's back, so that only the peek can have armed it. */
        test_take(stream_fd(&setting.server), 3);
        TEST_FAILS(stream_peek(&setting.server, buffer, sizeof buffer), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

/* Ends of connections. */

/* What the server shows, as the table of expectations has it. */
static void expect_scene(struct setting *setting, enum scene scene) {
    const struct expected *expected = expected_in(setting->loop.poll, scene);
    assert_non_null(expected);
    uint32_t came = 0;
    if (expected->all != 0)
        came = test_loop_expect(&setting->loop, SERVER, expected->all);
    (void)test_loop_wait(&setting->loop, 15 * CMIO_MILLISECOND);
    came |= setting->loop.came[SERVER];
    test_loop_forget(&setting->loop);
    assert_int_equal(came & expected->never, 0);
}

static void expect_shutdown(void *const *state, enum cmio_shutdown way) {
    struct setting setting;
    char byte;
    setting_open(&setting, state);
    const enum scene shown[] = {
        [CMIO_SHUTDOWN_READ] = scenes[setting.kind->family].peer_shut_reading,
        [CMIO_SHUTDOWN_WRITE] = scenes[setting.kind->family].peer_shut_writing,
        [CMIO_SHUTDOWN_BOTH] = scenes[setting.kind->family].peer_shut_both,
    };
    enter(&setting, &setting.server, CMIO_READABLE | CMIO_WRITABLE);
    assert_int_equal(test_loop_expect(&setting.loop, SERVER, CMIO_WRITABLE), CMIO_WRITABLE);
    TEST_OK(stream_shutdown(&setting.client, way));
    expect_scene(&setting, shown[way]);
    if (way != CMIO_SHUTDOWN_WRITE)
        TEST_GIVES(stream_read(&setting.client, &byte, 1), 0);
    if (way != CMIO_SHUTDOWN_READ) {
        TEST_FAILS(stream_write(&setting.client, "x", 1), -EPIPE);
        TEST_GIVES(stream_read(&setting.server, &byte, 1), 0);
    } else {
        TEST_GIVES(stream_write(&setting.client, "x", 1), 1);
        expect_readable(&setting);
    }
    setting_close(&setting);
}

static void each_way_to_shut_down_shows_at_both_ends(void **state) {
    expect_shutdown(state, CMIO_SHUTDOWN_READ);
    expect_shutdown(state, CMIO_SHUTDOWN_WRITE);
    expect_shutdown(state, CMIO_SHUTDOWN_BOTH);
}

/*
 * Waits for the end behind bytes that are there. TCP sends it on its own, so a one-shot may have
 * told of the bytes before.
 */
static uint32_t expect_end(struct setting *setting, cmio_interest mode) {
    uint32_t hints =
        expected_in(setting->loop.poll, scenes[setting->kind->family].peer_closed)->all;
    if (setting->kind->family == TEST_FAMILY_TCP && mode == CMIO_ONESHOT)
        hints = 0;
    return test_loop_expect(&setting->loop, SERVER, CMIO_READABLE | (hints & CMIO_READ_CLOSED));
}

static void a_gone_writer_is_the_end_after_the_last_bytes(void **state) {
    EACH_MODE(mode) {
        struct setting setting;
        char byte;
        setting_open(&setting, state);
        enter(&setting, &setting.server, CMIO_READABLE | *mode);
        TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
        TEST_OK(stream_close(&setting.client));
        assert_int_equal(expect_end(&setting, *mode) & CMIO_ERROR, 0);
        assert_int_equal(drain(&setting), 3);
        TEST_EVENTUALLY(stream_read(&setting.server, &byte, 1) == 0);
        setting_close(&setting);
    }
}

static void a_peer_that_left_bytes_unread_is_an_end_or_a_reset(void **state) {
    struct setting setting;
    char buffer[8];
    setting_open(&setting, state);
    enter(&setting, &setting.server, CMIO_READABLE);
    TEST_GIVES(stream_write(&setting.server, "unread", 6), 6);
    TEST_EVENTUALLY(stream_peek(&setting.client, buffer, sizeof buffer) == 6);
    TEST_OK(stream_close(&setting.client));
    expect_readable(&setting);
    const ssize_t result = stream_read(&setting.server, buffer, 1);
    assert_true(result == 0 || result == -ECONNRESET);
    TEST_GIVES(stream_read(&setting.server, buffer, 1), 0);
    setting_close(&setting);
}

/* The first bytes after a TCP connection's end may only bring the news that it was reset. */
static bool write_fails(struct setting *setting) {
    const ssize_t result = stream_write(&setting->server, "x", 1);
    if (setting->kind->family == TEST_FAMILY_TCP)
        assert_true(result == 1 || result == -EPIPE || result == -ECONNRESET);
    else
        TEST_FAILS(result, -EPIPE);
    return result < 0;
}

static void writes_after_the_peer_left_fail_and_raise_no_signal(void **state) {
    struct setting setting;
    setting_open(&setting, state);
    enter(&setting, &setting.server, CMIO_READABLE | CMIO_WRITABLE);
    TEST_OK(stream_close(&setting.client));
    const enum scene scene = scenes[setting.kind->family].peer_closed;
    test_loop_expect(&setting.loop, SERVER, expected_in(setting.loop.poll, scene)->all);
    /* SIGPIPE is at its default here, and would end the program. */
    TEST_EVENTUALLY(write_fails(&setting));
    setting_close(&setting);
}

static void what_was_written_before_close_arrives(void **state) {
    struct setting setting;
    char buffer[512];
    size_t total = 0;
    ssize_t count = -EAGAIN;
    setting_open(&setting, state);
    enter(&setting, &setting.client, test_stream_interest(&setting.client));
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int i = 0; i < 16; i++)
        TEST_GIVES(stream_write(&setting.client, "0123456789abcdef", 16), 16);
    TEST_OK(stream_close(&setting.client));
    while (count != 0) {
        expect_readable(&setting);
        while ((count = stream_read(&setting.server, buffer, sizeof buffer)) > 0)
            total += (size_t)count;
        assert_true(count == 0 || count == -EAGAIN);
    }
    assert_int_equal(total, 16 * 16);
    setting_close(&setting);
}

/* Ends of registrations. */

static void what_was_written_before_deregister_arrives(void **state) {
    struct setting setting;
    char buffer[8];
    setting_open(&setting, state);
    enter(&setting, &setting.client, test_stream_interest(&setting.client));
    enter(&setting, &setting.server, CMIO_READABLE);
    TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
    TEST_OK(cmio_registry_deregister(setting.loop.registry, &setting.client.source));
    expect_readable(&setting);
    TEST_GIVES(stream_read(&setting.server, buffer, sizeof buffer), 3);
    setting_close(&setting);
}

static void a_deregistered_stream_has_no_events_and_its_io_goes_on(void **state) {
    struct setting setting;
    char buffer[8];
    setting_open(&setting, state);
    enter(&setting, &setting.server, test_stream_interest(&setting.server));
    TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
    TEST_OK(cmio_registry_deregister(setting.loop.registry, &setting.server.source));
    test_loop_expect_silence(&setting.loop);
    TEST_EVENTUALLY(stream_read(&setting.server, buffer, sizeof buffer) == 3);
    TEST_GIVES(stream_write(&setting.client, "def", 3), 3);
    test_loop_expect_silence(&setting.loop);
    TEST_EVENTUALLY(stream_read(&setting.server, buffer, sizeof buffer) == 3);
    assert_memory_equal(buffer, "def", 3);
    TEST_FAILS(stream_read(&setting.server, buffer, sizeof buffer), -EAGAIN);
    setting_close(&setting);
}

static int copy_of(const struct test_stream *stream) {
    const int fd = dup(stream_fd(stream));
    assert_true(fd >= 0);
    return fd;
}

static void close_deregisters_though_a_dup_keeps_the_connection_alive(void **state) {
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, state);
        enter(&setting, &setting.server, test_stream_interest(&setting.server) | *mode);
        const int copy = copy_of(&setting.server);
        TEST_GIVES(stream_write(&setting.client, "x", 1), 1);
        TEST_OK(stream_close(&setting.server));
        test_loop_expect_silence(&setting.loop);
        TEST_GIVES(stream_write(&setting.client, "y", 1), 1);
        test_loop_expect_silence(&setting.loop);
        test_close(copy);
        setting_close(&setting);
    }
}

static void close_of_both_ends_deregisters_though_dups_keep_them_open(void **state) {
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, state);
        enter(&setting, &setting.client, test_stream_interest(&setting.client) | *mode);
        enter(&setting, &setting.server, test_stream_interest(&setting.server) | *mode);
        const int copies[] = {copy_of(&setting.server), copy_of(&setting.client)};
        TEST_OK(stream_close(&setting.client));
        TEST_OK(stream_close(&setting.server));
        test_put(copies[1], 1);
        test_loop_expect_silence(&setting.loop);
        test_pair_close(copies);
        setting_close(&setting);
    }
}

/* The end's descriptor, made blocking and without close-on-exec, as others have them. */
static int give_away(struct test_stream *stream) {
    const int fd = stream_into_fd(stream);
    assert_true(fd >= 0);
    TEST_FAILS(stream_into_fd(stream), -EBADF);
    TEST_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
    TEST_OK(fcntl(fd, F_SETFD, 0));
    return fd;
}

static void adopt(struct test_stream *stream, int fd) {
    TEST_OK(stream_from_fd(stream, fd));
    assert_int_equal(stream_fd(stream), fd);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void into_fd_deregisters_and_what_was_given_away_can_be_adopted(void **state) {
    struct setting setting;
    char buffer[8];
    setting_open(&setting, state);
    enter(&setting, &setting.client, CMIO_WRITABLE | CMIO_LEVEL);
    enter(&setting, &setting.server, CMIO_READABLE | CMIO_LEVEL);
    const int client = give_away(&setting.client);
    const int server = give_away(&setting.server);
    test_put(client, 3);
    test_loop_expect_silence(&setting.loop);
    adopt(&setting.client, client);
    adopt(&setting.server, server);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int round = 0; round < 3; round++) {
        expect_readable(&setting);
        TEST_GIVES(stream_read(&setting.server, buffer, sizeof buffer), 3);
        TEST_GIVES(stream_write(&setting.client, "abc", 3), 3);
    }
    setting_close(&setting);
}

/* 16 MiB through one thread, as edges allow: each end goes on until it blocks, then waits. */

enum { MEBIBYTE = 1 << 20, CHUNK = 128 * 1024, LONGEST = 16 * MEBIBYTE };

enum transfer_way { PLAIN, VECTORED, PEEKING, FROM_A_FILE };

struct transfer {
    enum transfer_way way;
    const unsigned char *bytes;
    size_t length;
    size_t sent;
    size_t received;
    int short_writes;
    bool ended; /* was read, after all the bytes */
    FILE *file; /* which holds the bytes, where they are sent from it */
};

/* A pattern in which no piece equals its neighbours. It is made once, which is slow with sanitizers. */
static const unsigned char *pattern(void) {
    static unsigned char bytes[LONGEST];
    static bool is_made;
    for (size_t i = 0; !is_made && i < LONGEST; i++)
        bytes[i] = (unsigned char)(i * 2654435761U >> 13);
    is_made = true;
    return bytes;
}

static FILE *file_of(const unsigned char *bytes, size_t length) {
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    TEST_OK(fflush(file));
    return file;
}

static void transfer_open(struct transfer *transfer, enum transfer_way way) {
    *transfer = (struct transfer){
        .way = way,
        .bytes = pattern(),
        .length = test_is_slow() ? 2 * MEBIBYTE : LONGEST,
    };
    if (way == FROM_A_FILE)
        transfer->file = file_of(transfer->bytes, transfer->length);
}

static void transfer_close(struct transfer *transfer) {
    if (transfer->file != NULL)
        TEST_OK(fclose(transfer->file));
}

static ssize_t send_some(struct test_stream *stream, const struct transfer *transfer,
                         size_t wanted) {
    const unsigned char *begin = transfer->bytes + transfer->sent;
    char *first = (char *)(uintptr_t)begin; /* iovec has no const */
    const struct iovec out[] = {{first, wanted / 3}, {first + wanted / 3, wanted - wanted / 3}};
    if (transfer->way == VECTORED)
        return stream_writev(stream, out, 2);
    if (transfer->way == FROM_A_FILE)
        return stream->calls->send_file(stream, fileno(transfer->file), (int64_t)transfer->sent,
                                        wanted);
    return stream_write(stream, begin, wanted);
}

/* Closes the stream once all is sent. */
static void send_until_blocked(struct test_stream *stream, struct transfer *transfer) {
    while (transfer->sent < transfer->length) {
        const size_t wanted = transfer->length - transfer->sent;
        const ssize_t count = send_some(stream, transfer, wanted);
        if (count < 0) {
            TEST_FAILS(count, -EAGAIN);
            return;
        }
        transfer->sent += (size_t)count;
        /* The room is used up: an event comes when there is some. */
        if ((size_t)count < wanted) {
            transfer->short_writes++;
            return;
        }
    }
    TEST_OK(stream_close(stream));
}

static ssize_t receive_some(struct test_stream *stream, const struct transfer *transfer,
                            unsigned char *piece) {
    static unsigned char peeked[CHUNK];
    const struct iovec in[] = {{piece, CHUNK / 3}, {piece + CHUNK / 3, CHUNK - CHUNK / 3}};
    if (transfer->way == VECTORED)
        return stream_readv(stream, in, 2);
    const ssize_t looked = transfer->way == PEEKING ? stream_peek(stream, peeked, CHUNK) : 0;
    const ssize_t count = stream_read(stream, piece, CHUNK);
    if (looked > 0 && count > 0)
        assert_memory_equal(peeked, piece, (size_t)(looked < count ? looked : count));
    return count;
}

/*
 * Vectored reads go on until one blocks, others end with a short one, as both may. Behind a short
 * one the end may be there already: where the event told of it, it is read, too.
 */
static void receive_until_blocked(struct test_stream *stream, struct transfer *transfer,
                                  uint32_t ready) {
    static unsigned char piece[CHUNK];
    const bool short_is_enough = transfer->way != VECTORED && (ready & CMIO_READ_CLOSED) == 0;
    for (;;) {
        const ssize_t count = receive_some(stream, transfer, piece);
        if (count <= 0) {
            assert_true(count == 0 || count == -EAGAIN);
            transfer->ended = count == 0;
            return;
        }
        assert_true((size_t)count <= transfer->length - transfer->received);
        assert_memory_equal(piece, transfer->bytes + transfer->received, (size_t)count);
        transfer->received += (size_t)count;
        if (count < CHUNK && short_is_enough)
            return;
    }
}

static void expect_transfer(void *const *state, cmio_interest mode, enum transfer_way way) {
    struct setting setting;
    struct transfer transfer;
    setting_open(&setting, state);
    limit_room(&setting);
    enter(&setting, &setting.client, CMIO_WRITABLE | mode);
    enter(&setting, &setting.server, CMIO_READABLE | mode);
    transfer_open(&transfer, way);
    for (; !transfer.ended; test_loop_forget(&setting.loop)) {
        assert_true(test_loop_wait(&setting.loop, 30 * CMIO_SECOND) > 0);
        if (setting.loop.came[CLIENT] & CMIO_WRITABLE && stream_fd(&setting.client) >= 0)
            send_until_blocked(&setting.client, &transfer);
        if (setting.loop.came[SERVER] & CMIO_READABLE)
            receive_until_blocked(&setting.server, &transfer, setting.loop.came[SERVER]);
    }
    assert_true(transfer.short_writes > 0);
    assert_int_equal(transfer.sent, transfer.length);
    assert_int_equal(transfer.received, transfer.length);
    transfer_close(&transfer);
    setting_close(&setting);
}

static void sixteen_mebibytes_go_through_with_edges(void **state) {
    expect_transfer(state, 0, PLAIN);
}

static void sixteen_mebibytes_go_through_with_levels(void **state) {
    expect_transfer(state, CMIO_LEVEL, PLAIN);
}

static void sixteen_mebibytes_in_vectors_go_through_with_edges(void **state) {
    expect_transfer(state, 0, VECTORED);
}

static void sixteen_mebibytes_in_vectors_go_through_with_levels(void **state) {
    expect_transfer(state, CMIO_LEVEL, VECTORED);
}

static void sixteen_mebibytes_go_through_with_a_peek_before_each_read(void **state) {
    expect_transfer(state, 0, PEEKING);
}

static void sixteen_mebibytes_of_a_file_go_through_with_edges(void **state) {
    expect_transfer(state, 0, FROM_A_FILE);
}

static const struct CMUnitTest tests[] = {
    EACH_STREAM(a_fresh_stream_is_writable_and_not_readable),
    EACH_STREAM(each_read_that_empties_the_stream_is_followed_by_an_event),
    EACH_STREAM(bytes_after_a_partial_read_make_an_event),
    EACH_STREAM(a_write_that_fell_short_is_followed_by_an_event_when_there_is_room),
    EACH_STREAM(vectored_reads_and_writes_move_what_fits_and_no_byte_more),
    EACH_SOCKET(a_peek_that_succeeds_consumes_nothing),
    EACH_SOCKET(a_peek_that_blocks_arms_the_edge),
    EACH_SOCKET(each_way_to_shut_down_shows_at_both_ends),
    EACH_STREAM(a_gone_writer_is_the_end_after_the_last_bytes),
    EACH_SOCKET(a_peer_that_left_bytes_unread_is_an_end_or_a_reset),
    EACH_SOCKET(writes_after_the_peer_left_fail_and_raise_no_signal),
    EACH_STREAM(what_was_written_before_close_arrives),
    EACH_STREAM(what_was_written_before_deregister_arrives),
    EACH_STREAM(a_deregistered_stream_has_no_events_and_its_io_goes_on),
    EACH_STREAM(close_deregisters_though_a_dup_keeps_the_connection_alive),
    EACH_STREAM(close_of_both_ends_deregisters_though_dups_keep_them_open),
    EACH_STREAM(into_fd_deregisters_and_what_was_given_away_can_be_adopted),
    EACH_STREAM(sixteen_mebibytes_go_through_with_edges),
    EACH_STREAM(sixteen_mebibytes_go_through_with_levels),
    EACH_STREAM(sixteen_mebibytes_in_vectors_go_through_with_edges),
    EACH_STREAM(sixteen_mebibytes_in_vectors_go_through_with_levels),
    EACH_SOCKET(sixteen_mebibytes_go_through_with_a_peek_before_each_read),
    EACH_TCP(sixteen_mebibytes_of_a_file_go_through_with_edges),
};

TEST_GROUP(backend_streams, tests)
