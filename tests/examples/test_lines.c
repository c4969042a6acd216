/* SPDX-License-Identifier: MIT */
#include "common/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"

static const char line[] = "a line of some length, of which many fill a pipe\n";
static const size_t length = sizeof line - 1;

static void open_borrowed(struct lines *lines, int fd) {
    struct descriptor descriptor;
    descriptor_borrow(&descriptor, fd);
    lines_open(lines, "test", descriptor);
}

/* Fills it with whole lines; how many. */
static uint64_t fill(struct lines *lines) {
    uint64_t count = 0;
    while (lines_write(lines, line, length) == 0)
        count++;
    return count;
}

/* Reads all that is there behind what is in text. */
static void drain(int fd, char *text, size_t size) {
    size_t end = strlen(text);
    ssize_t n;
    assert_int_not_equal(fcntl(fd, F_SETFL, O_NONBLOCK), -1);
    while ((n = read(fd, text + end, size - 1 - end)) > 0)
        end += (size_t)n;
    assert_in_range(end, 0, size - 2);
    text[end] = '\0';
}

/* Takes off whole lines of ours; how many. */
static uint64_t count_lines(const char **text) {
    uint64_t count = 0;
    for (; strncmp(*text, line, length) == 0; *text += length)
        count++;
    return count;
}

/* Takes off lines that tell of dropped ones; how many. */
static uint64_t count_told(const char **text) {
    uint64_t sum = 0, count;
    while (sscanf(*text, "test: %" SCNu64 " line", &count) == 1) {
        const char *end = strstr(*text, " dropped\n");
        assert_non_null(end);
        *text = end + strlen(" dropped\n");
        sum += count;
    }
    return sum;
}

static char received[1 << 20];

/* There may be room for a short line where there is none for a long one. */
static void assert_drops_and_tells(int write_fd, int read_fd) {
    struct lines lines;
    const char *text = received;
    received[0] = '\0';
    open_borrowed(&lines, write_fd);
    uint64_t written = fill(&lines);
    assert_in_range(written, 1, UINT32_MAX);
    TEST_FAILS(lines_write(&lines, line, length), -EAGAIN);
    assert_int_equal(lines_dropped(&lines), 2);
    assert_int_equal(fcntl(write_fd, F_GETFL) & O_NONBLOCK, 0);
    drain(read_fd, received, sizeof received);
    TEST_OK(lines_write(&lines, "the next\n", 9));
    drain(read_fd, received, sizeof received);
    assert_int_equal(count_lines(&text), written);
    assert_int_equal(count_told(&text), 2);
    assert_string_equal(text, "the next\n");
    assert_int_equal(lines_dropped(&lines), 2);
    lines_close(&lines);
}

static void what_a_stalled_pipe_does_not_take_is_dropped_and_told(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_drops_and_tells(fds[1], fds[0]);
    close(fds[0]);
    close(fds[1]);
}

static void what_a_stalled_socket_does_not_take_is_dropped_and_told(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_drops_and_tells(fds[1], fds[0]);
    close(fds[0]);
    close(fds[1]);
}

/* As where the open file cannot be opened once more. */
static void a_pipe_that_is_shared_is_asked_for_room_first(void **state) {
    (void)state;
    struct lines lines;
    const char *text = received;
    int fds[2];
    received[0] = '\0';
    assert_int_equal(pipe(fds), 0);
    lines_open(&lines, "test", (struct descriptor){.fd = fds[1], .may_wait = true});
    uint64_t written = fill(&lines);
    drain(fds[0], received, sizeof received);
    assert_int_equal(count_lines(&text), written);
    assert_string_equal(text, "");
    lines_close(&lines);
    drain(fds[0], received, sizeof received);
    assert_string_equal(text, "test: 1 line was dropped\n");
    close(fds[0]);
    close(fds[1]);
}

static void the_count_is_told_at_the_end_if_there_is_room(void **state) {
    (void)state;
    struct lines lines;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    open_borrowed(&lines, fds[1]);
    received[0] = '\0';
    (void)fill(&lines);
    drain(fds[0], received, sizeof received);
    received[0] = '\0';
    lines_close(&lines);
    drain(fds[0], received, sizeof received);
    assert_string_equal(received, "test: 1 line was dropped\n");

    open_borrowed(&lines, fds[1]);
    (void)fill(&lines);
    lines_close(&lines); /* and there is none: it does not wait */
    close(fds[0]);
    close(fds[1]);
}

static void that_nobody_reads_any_more_is_an_error_of_each_line(void **state) {
    (void)state;
    struct lines lines;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    open_borrowed(&lines, fds[1]);
    close(fds[0]);
    TEST_FAILS(lines_write(&lines, line, length), -EPIPE);
    TEST_FAILS(lines_write(&lines, line, length), -EPIPE);
    assert_int_equal(lines_dropped(&lines), 2);
    lines_close(&lines);
    close(fds[1]);
}

static void a_full_disk_is_an_error_of_each_line(void **state) {
    (void)state;
    struct lines lines;
    int fd = open("/dev/full", O_WRONLY);
    if (fd < 0)
        skip();
    open_borrowed(&lines, fd);
    TEST_FAILS(lines_write(&lines, line, length), -ENOSPC);
    assert_int_equal(lines_dropped(&lines), 1);
    lines_close(&lines);
    close(fd);
}

static void the_end_of_a_line_does_not_go_to_another_file(void **state) {
    (void)state;
    static char large[LINES_LONGEST];
    struct lines lines;
    int sockets[2], pipes[2];
    char text[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    assert_int_equal(pipe(pipes), 0);
    memset(large, 'x', sizeof large);
    open_borrowed(&lines, sockets[1]);
    while (lines_write(&lines, large, sizeof large) == 0)
        continue;
    size_t left = lines.end - lines.begin; /* a socket of streams takes what it can */
    assert_int_not_equal(dup2(pipes[1], sockets[1]), -1);
    lines.descriptor.is_socket = false;
    lines_renew(&lines);
    TEST_OK(lines_write(&lines, "new\n", 4));
    assert_int_equal(lines_dropped(&lines), left > 0 ? 2 : 1);
    ssize_t n = read(pipes[0], text, 5);
    assert_int_equal(n, 5);
    assert_memory_equal(text, "test:", 5);
    lines_close(&lines);
    for (int i = 0; i < 2; i++) {
        close(sockets[i]);
        close(pipes[i]);
    }
}

/* Not from its beginning once more. */
static void a_file_without_o_append_is_written_where_it_is(void **state) {
    (void)state;
    struct lines lines;
    char path[] = "/tmp/cmio-lines-XXXXXX", text[64] = "";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "before\n", 7), 7);
    open_borrowed(&lines, fd);
    TEST_OK(lines_write(&lines, "behind\n", 7));
    lines_close(&lines);
    assert_int_equal(pread(fd, text, sizeof text - 1, 0), 14);
    assert_string_equal(text, "before\nbehind\n");
    close(fd);
    unlink(path);
}

static int ignore_sigpipe(void **state) {
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_a_stalled_pipe_does_not_take_is_dropped_and_told),
    cmocka_unit_test(what_a_stalled_socket_does_not_take_is_dropped_and_told),
    cmocka_unit_test(a_pipe_that_is_shared_is_asked_for_room_first),
    cmocka_unit_test(the_count_is_told_at_the_end_if_there_is_room),
    cmocka_unit_test_setup(that_nobody_reads_any_more_is_an_error_of_each_line, ignore_sigpipe),
    cmocka_unit_test(a_full_disk_is_an_error_of_each_line),
    cmocka_unit_test(the_end_of_a_line_does_not_go_to_another_file),
    cmocka_unit_test(a_file_without_o_append_is_written_where_it_is),
};

TEST_GROUP(lines, tests)
