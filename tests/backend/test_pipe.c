/* SPDX-License-Identifier: MIT */

/*
 * What the ends of pipes alone have, as sources. What they share with other streams is in
 * test_streams.c; that each call does what it should is in tests/net, and what events say of ends
 * that closed in test_event_truth.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"

enum { SENDER = 1, RECEIVER = 2, ERRORS = 3 };

static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};

#define EACH_MODE(mode)                                                                            \
    for (const cmio_interest *mode = modes; mode < modes + sizeof modes / sizeof *modes; mode++)

struct setting {
    struct test_loop loop;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    void (*pipe_action)(int);
};

/* SIGPIPE is ignored meanwhile, with the line that the header gives. */
static void setting_open(struct setting *setting) {
    setting->pipe_action = signal(SIGPIPE, SIG_IGN);
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_pipe_new(&setting->sender, &setting->receiver), 0);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_pipe_sender_close(&setting->sender), 0);
    assert_int_equal(cmio_pipe_receiver_close(&setting->receiver), 0);
    test_loop_close(&setting->loop);
    assert_true(signal(SIGPIPE, setting->pipe_action) != SIG_ERR);
}

static void enter_sender(struct setting *setting, cmio_interest mode) {
    assert_int_equal(cmio_registry_register(setting->loop.registry, &setting->sender.source, SENDER,
                                            CMIO_WRITABLE | mode),
                     0);
}

static void enter_receiver(struct setting *setting, cmio_interest mode) {
    assert_int_equal(cmio_registry_register(setting->loop.registry, &setting->receiver.source,
                                            RECEIVER, CMIO_READABLE | mode),
                     0);
}

static size_t fill(struct setting *setting) {
    static char bytes[4096];
    size_t filled = 0;
    ssize_t count;
    while ((count = cmio_pipe_sender_write(&setting->sender, bytes, sizeof bytes)) > 0)
        filled += (size_t)count;
    assert_int_equal(count, -EAGAIN);
    return filled;
}

static void a_gone_reader_is_found_by_writing(void **state) {
    (void)state;
    EACH_MODE(mode) {
        for (int full = 0; full < 2; full++) {
            struct setting setting;
            setting_open(&setting);
            if (full)
                (void)fill(&setting);
            enter_sender(&setting, *mode);
            assert_int_equal(cmio_pipe_receiver_close(&setting.receiver), 0);
            uint32_t came = test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
            while (*mode != CMIO_ONESHOT && (came & (CMIO_ERROR | CMIO_WRITE_CLOSED)) == 0)
                came = test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
            assert_true(came & (CMIO_ERROR | CMIO_WRITE_CLOSED));
            assert_int_equal(cmio_pipe_sender_write(&setting.sender, "a", 1), -EPIPE);
            setting_close(&setting);
        }
    }
}

/* A child's three standard streams. */

struct child {
    pid_t pid;
    struct cmio_pipe_sender input;
    struct cmio_pipe_receiver output;
    struct cmio_pipe_receiver errors;
};

/* Copies its input to its output and then says so. No program is run for it: where the suite is one
 * static file there is none. */
static void be_the_child(void) {
    char buffer[512];
    ssize_t count;
    while ((count = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(STDOUT_FILENO, buffer + done, (size_t)(count - done));
            if (written < 0)
                _exit(1);
            done += written;
        }
    _exit(count == 0 && write(STDERR_FILENO, "done\n", 5) == 5 ? 0 : 1);
}

static void start_child(struct child *child) {
    int pipes[3][2];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pipe(pipes[i]), 0);
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        dup2(pipes[0][0], STDIN_FILENO);
        dup2(pipes[1][1], STDOUT_FILENO);
        dup2(pipes[2][1], STDERR_FILENO);
        for (int i = 0; i < 3; i++) {
            close(pipes[i][0]);
            close(pipes[i][1]);
        }
        be_the_child();
    }
    test_close(pipes[0][0]);
    test_close(pipes[1][1]);
    test_close(pipes[2][1]);
    assert_int_equal(cmio_pipe_sender_from_fd(&child->input, pipes[0][1]), 0);
    assert_int_equal(cmio_pipe_receiver_from_fd(&child->output, pipes[1][0]), 0);
    assert_int_equal(cmio_pipe_receiver_from_fd(&child->errors, pipes[2][0]), 0);
}

/* Writes until it blocks or all is written, and then ends the child's input. */
static void feed(struct child *child, size_t *left) {
    static const char bytes[10000];
    ssize_t count = 0;
    while (*left > 0) {
        count = cmio_pipe_sender_write(&child->input, bytes,
                                       *left < sizeof bytes ? *left : sizeof bytes);
        if (count < 0)
            break;
        *left -= (size_t)count;
    }
    assert_true(count >= 0 || count == -EAGAIN);
    if (*left == 0)
        assert_int_equal(cmio_pipe_sender_close(&child->input), 0);
}

/* Reads until it blocks: false once it has ended. */
static bool count_bytes(struct cmio_pipe_receiver *receiver, size_t *total) {
    char bytes[4096];
    ssize_t count;
    while ((count = cmio_pipe_receiver_read(receiver, bytes, sizeof bytes)) > 0)
        *total += (size_t)count;
    assert_true(count == 0 || count == -EAGAIN);
    return count != 0;
}

static void a_child_s_standard_streams_are_pipes_here(void **state) {
    (void)state;
    const size_t length = 1 << 20;
    struct test_loop loop;
    struct child child;
    test_loop_open(&loop);
    start_child(&child);
    assert_int_equal(
        cmio_registry_register(loop.registry, &child.input.source, SENDER, CMIO_WRITABLE), 0);
    assert_int_equal(
        cmio_registry_register(loop.registry, &child.output.source, RECEIVER, CMIO_READABLE), 0);
    assert_int_equal(
        cmio_registry_register(loop.registry, &child.errors.source, ERRORS, CMIO_READABLE), 0);
    size_t left = length;
    size_t read = 0;
    size_t said = 0;
    for (int open = 2; open > 0; test_loop_forget(&loop)) {
        assert_true(test_loop_wait(&loop, 30 * CMIO_SECOND) > 0);
        if (left > 0 && loop.came[SENDER] & CMIO_WRITABLE)
            feed(&child, &left);
        if (loop.came[RECEIVER] & CMIO_READABLE)
            open -= !count_bytes(&child.output, &read);
        if (loop.came[ERRORS] & CMIO_READABLE)
            open -= !count_bytes(&child.errors, &said);
    }
    assert_int_equal(read, length);
    assert_int_equal(said, 5);
    int status = -1;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(cmio_pipe_receiver_close(&child.output), 0);
    assert_int_equal(cmio_pipe_receiver_close(&child.errors), 0);
    test_loop_close(&loop);
}

/* What hands out its bytes in pieces: a short read is not the end. */

/* Reads until -EAGAIN and so much came, as bytes may still be on their way. Returns the reads. */
static int read_on(struct test_loop *loop, struct cmio_pipe_receiver *receiver, size_t wanted) {
    char bytes[64];
    size_t length = 0;
    int reads = 0;
    for (;;) {
        ssize_t count = cmio_pipe_receiver_read(receiver, bytes, sizeof bytes);
        if (count == -EAGAIN && length == wanted)
            return reads;
        if (count == -EAGAIN) {
            test_loop_expect(loop, RECEIVER, CMIO_READABLE);
            continue;
        }
        assert_true(count > 0);
        length += (size_t)count;
        reads++;
    }
}

/* Writes both in turn: each is a read of its own, and after them the next makes an event. */
static void expect_pieces(struct test_loop *loop, struct cmio_pipe_receiver *receiver, int to,
                          const char *first, const char *second) {
    for (int round = 0; round < 3; round++) {
        assert_int_equal(write(to, first, strlen(first)), strlen(first));
        assert_int_equal(write(to, second, strlen(second)), strlen(second));
        test_loop_expect(loop, RECEIVER, CMIO_READABLE);
        assert_int_equal(read_on(loop, receiver, strlen(first) + strlen(second)), 2);
        test_loop_forget(loop);
    }
}

static void a_terminal_gives_one_line_a_read_and_the_next_line_makes_an_event(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_pipe_receiver receiver;
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0)
        skip();
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    test_loop_open(&loop);
    assert_int_equal(cmio_pipe_receiver_from_fd(&receiver, terminal), 0);
    assert_int_equal(
        cmio_registry_register(loop.registry, &receiver.source, RECEIVER, CMIO_READABLE), 0);
    expect_pieces(&loop, &receiver, master, "one\n", "three\n");
    assert_int_equal(cmio_pipe_receiver_close(&receiver), 0);
    test_close(master);
    test_loop_close(&loop);
}

/* The shim for systems whose pipes can keep the borders of writes. */
#if defined __linux__ && defined O_DIRECT
static const int packets = O_DIRECT;
#else
static const int packets = 0;
#endif

static void a_pipe_of_packets_gives_one_a_read_and_the_next_makes_an_event(void **state) {
    (void)state;
    struct setting setting;
    if (packets == 0)
        skip();
    setting_open(&setting);
    const int fd = cmio_pipe_sender_fd(&setting.sender);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK | packets), 0);
    enter_receiver(&setting, 0);
    expect_pieces(&setting.loop, &setting.receiver, fd, "one", "three");
    setting_close(&setting);
}

/* The hints of each system: see struct cmio_pipe_sender in pipe.h. */
#ifdef __linux__
static const bool on_linux = true;
#else
static const bool on_linux = false;
#endif

static void a_sender_without_a_receiver_is_failed_on_linux_and_closed_with_kqueue(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter_sender(&setting, 0);
    test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
    assert_int_equal(cmio_pipe_receiver_close(&setting.receiver), 0);
    const uint32_t came = test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
    assert_true(came & (CMIO_ERROR | CMIO_WRITE_CLOSED));
    if (strcmp(cmio_poll_backend(setting.loop.poll), "kqueue") == 0)
        assert_true((came & (CMIO_ERROR | CMIO_WRITE_CLOSED)) == CMIO_WRITE_CLOSED);
    else if (on_linux)
        assert_true((came & (CMIO_ERROR | CMIO_WRITE_CLOSED)) == CMIO_ERROR);
    assert_int_equal(cmio_pipe_sender_write(&setting.sender, "x", 1), -EPIPE);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_gone_reader_is_found_by_writing),
    cmocka_unit_test(a_child_s_standard_streams_are_pipes_here),
    cmocka_unit_test(a_terminal_gives_one_line_a_read_and_the_next_line_makes_an_event),
    cmocka_unit_test(a_pipe_of_packets_gives_one_a_read_and_the_next_makes_an_event),
    cmocka_unit_test(a_sender_without_a_receiver_is_failed_on_linux_and_closed_with_kqueue),
};

TEST_GROUP(backend_pipe, tests)
