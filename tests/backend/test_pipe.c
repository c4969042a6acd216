/* SPDX-License-Identifier: MIT */

/*
 * The ends of pipes as sources: what their calls do to the events that follow. That each call does
 * what it should is for tests/net, what events say of ends that closed is in test_event_truth.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"
#include "support/scratch.h"

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

static size_t drain(struct setting *setting) {
    static char bytes[4096];
    size_t drained = 0;
    ssize_t count;
    while ((count = cmio_pipe_receiver_read(&setting->receiver, bytes, sizeof bytes)) > 0)
        drained += (size_t)count;
    assert_true(count == -EAGAIN || count == 0);
    return drained;
}

static void a_fresh_pipe_is_writable_and_not_readable(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting);
        enter_sender(&setting, *mode);
        enter_receiver(&setting, *mode);
        assert_int_equal(test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE), CMIO_WRITABLE);
        test_loop_expect_none(&setting.loop, RECEIVER);
        setting_close(&setting);
    }
}

static void each_read_that_empties_the_pipe_is_followed_by_an_event(void **state) {
    (void)state;
    struct setting setting;
    char first[2];
    char second[6];
    const struct iovec in[] = {{.iov_base = first, .iov_len = sizeof first},
                               {.iov_base = second, .iov_len = sizeof second}};
    setting_open(&setting);
    enter_receiver(&setting, 0);
    for (int round = 0; round < 5; round++) {
        assert_int_equal(cmio_pipe_sender_write(&setting.sender, "abc", 3), 3);
        assert_int_equal(test_loop_expect(&setting.loop, RECEIVER, CMIO_READABLE), CMIO_READABLE);
        /* In turn: what blocks, what falls short, and the same into several buffers. */
        if (round % 2 == 0)
            assert_int_equal(drain(&setting), 3);
        else
            assert_int_equal(cmio_pipe_receiver_readv(&setting.receiver, in, 2), 3);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void bytes_after_a_partial_read_make_an_event(void **state) {
    (void)state;
    struct setting setting;
    char byte;
    setting_open(&setting);
    enter_receiver(&setting, 0);
    assert_int_equal(cmio_pipe_sender_write(&setting.sender, "abc", 3), 3);
    test_loop_expect(&setting.loop, RECEIVER, CMIO_READABLE);
    assert_int_equal(cmio_pipe_receiver_read(&setting.receiver, &byte, 1), 1);
    assert_int_equal(cmio_pipe_sender_write(&setting.sender, "def", 3), 3);
    test_loop_expect(&setting.loop, RECEIVER, CMIO_READABLE);
    assert_int_equal(drain(&setting), 5);
    setting_close(&setting);
}

static void a_write_that_fell_short_is_followed_by_an_event_when_there_is_room(void **state) {
    (void)state;
    const size_t length = 1 << 20;
    char *bytes = calloc(1, length);
    assert_non_null(bytes);
    const struct iovec out[] = {{.iov_base = bytes, .iov_len = length / 2},
                                {.iov_base = bytes, .iov_len = length / 2}};
    for (int vectored = 0; vectored < 2; vectored++) {
        struct setting setting;
        setting_open(&setting);
        enter_sender(&setting, 0);
        test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
        ssize_t count = vectored ? cmio_pipe_sender_writev(&setting.sender, out, 2)
                                 : cmio_pipe_sender_write(&setting.sender, bytes, length);
        assert_true(count > 0 && (size_t)count < length);
        (void)test_loop_wait(&setting.loop, 0); /* kqueue may tell of room that was there */
        test_loop_forget(&setting.loop);
        (void)fill(&setting);
        assert_true(drain(&setting) >= (size_t)count);
        test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
        setting_close(&setting);
    }
    free(bytes);
}

static void a_short_write_alone_is_followed_by_an_event_when_there_is_room(void **state) {
    (void)state;
    const size_t length = 1 << 20;
    char *bytes = calloc(1, length);
    assert_non_null(bytes);
    const struct iovec out[] = {{.iov_base = bytes, .iov_len = length / 2},
                                {.iov_base = bytes, .iov_len = length / 2}};
    struct setting setting;
    setting_open(&setting);
    enter_sender(&setting, 0);
    for (int round = 0; round < 4; round++) {
        test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
        ssize_t count = round % 2 ? cmio_pipe_sender_writev(&setting.sender, out, 2)
                                  : cmio_pipe_sender_write(&setting.sender, bytes, length);
        assert_true(count > 0 && (size_t)count < length);
        (void)test_loop_wait(&setting.loop, 0); /* kqueue may tell of room that was there */
        test_loop_forget(&setting.loop);
        assert_int_equal(drain(&setting), count);
    }
    test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
    setting_close(&setting);
    free(bytes);
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

static void write_to_fifo(const char *path) {
    const int fd = open(path, O_WRONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    test_put(fd, 3);
    test_close(fd);
}

static void after_a_vectored_read_to_the_end_a_fifo_hears_its_next_writer(void **state) {
    (void)state;
    struct setting setting;
    struct test_scratch scratch;
    char bytes[8];
    const struct iovec in[] = {{bytes, 4}, {bytes + 4, 4}};
    setting_open(&setting);
    assert_int_equal(cmio_pipe_receiver_close(&setting.receiver), 0);
    test_scratch_open(&scratch);
    const char *path = test_scratch_path(&scratch, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    const int fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_equal(cmio_pipe_receiver_from_fd(&setting.receiver, fd), 0);
    enter_receiver(&setting, 0);
    for (int round = 0; round < 3; round++) {
        write_to_fifo(path);
        test_loop_expect(&setting.loop, RECEIVER, CMIO_READABLE);
        ssize_t count;
        while ((count = cmio_pipe_receiver_readv(&setting.receiver, in, 2)) > 0)
            assert_int_equal(count, 3);
        /* Until the end is told, and after it. */
        for (int i = 0; i < 3; i++) {
            assert_int_equal(count, 0);
            (void)test_loop_wait(&setting.loop, 0);
            count = cmio_pipe_receiver_readv(&setting.receiver, in, 2);
        }
        test_loop_forget(&setting.loop);
    }
    assert_int_equal(unlink(path), 0);
    (void)test_scratch_close(&scratch);
    setting_close(&setting);
}

static void a_gone_writer_is_the_end_after_the_last_bytes(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        char byte;
        setting_open(&setting);
        enter_receiver(&setting, *mode);
        assert_int_equal(cmio_pipe_sender_write(&setting.sender, "abc", 3), 3);
        assert_int_equal(cmio_pipe_sender_close(&setting.sender), 0);
        uint32_t came = test_loop_expect(&setting.loop, RECEIVER, CMIO_READABLE);
        assert_true(came & CMIO_READ_CLOSED);
        assert_false(came & CMIO_ERROR);
        assert_int_equal(drain(&setting), 3);
        assert_int_equal(cmio_pipe_receiver_read(&setting.receiver, &byte, 1), 0);
        setting_close(&setting);
    }
}

static void close_deregisters_though_a_dup_keeps_the_pipe_alive(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting);
        enter_sender(&setting, *mode);
        enter_receiver(&setting, *mode);
        const int copies[] = {dup(cmio_pipe_receiver_fd(&setting.receiver)),
                              dup(cmio_pipe_sender_fd(&setting.sender))};
        assert_int_equal(cmio_pipe_sender_close(&setting.sender), 0);
        assert_int_equal(cmio_pipe_receiver_close(&setting.receiver), 0);
        test_put(copies[1], 1);
        test_loop_expect_silence(&setting.loop);
        test_pair_close(copies);
        setting_close(&setting);
    }
}

static void into_fd_deregisters_and_the_descriptor_can_be_adopted_again(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_pipe_receiver again;
    setting_open(&setting);
    enter_sender(&setting, CMIO_LEVEL);
    enter_receiver(&setting, CMIO_LEVEL);
    const int sender = cmio_pipe_sender_into_fd(&setting.sender);
    const int receiver = cmio_pipe_receiver_into_fd(&setting.receiver);
    assert_true(sender >= 0 && receiver >= 0);
    test_put(sender, 3);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(cmio_pipe_receiver_from_fd(&again, receiver), 0);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &again.source, RECEIVER, CMIO_READABLE), 0);
    test_loop_expect(&setting.loop, RECEIVER, CMIO_READABLE);
    assert_int_equal(cmio_pipe_receiver_close(&again), 0);
    test_close(sender);
    setting_close(&setting);
}

/* 16 MiB through one thread, as edges allow: each end goes on until it blocks, then waits. */

struct transfer {
    unsigned char *bytes;
    size_t length;
    size_t sent;
    size_t received;
    int short_writes;
};

/* A pattern in which no piece equals its neighbours. */
static unsigned char byte_at(size_t offset) {
    return (unsigned char)(offset * 2654435761U >> 13);
}

/* In two buffers, of all that is left. */
static void send_until_blocked(struct setting *setting, struct transfer *transfer) {
    while (transfer->sent < transfer->length) {
        const size_t left = transfer->length - transfer->sent;
        unsigned char *begin = transfer->bytes + transfer->sent;
        const struct iovec out[] = {{.iov_base = begin, .iov_len = left / 3},
                                    {.iov_base = begin + left / 3, .iov_len = left - left / 3}};
        ssize_t count = cmio_pipe_sender_writev(&setting->sender, out, 2);
        if (count < 0) {
            assert_int_equal(count, -EAGAIN);
            return;
        }
        transfer->sent += (size_t)count;
        if ((size_t)count < left) {
            transfer->short_writes++;
            return;
        }
    }
    assert_int_equal(cmio_pipe_sender_close(&setting->sender), 0);
}

/* Until the pipe is empty: false once it has ended. */
static bool receive_until_blocked(struct setting *setting, struct transfer *transfer) {
    static unsigned char pieces[2][20000];
    const struct iovec in[] = {{.iov_base = pieces[0], .iov_len = sizeof pieces[0]},
                               {.iov_base = pieces[1], .iov_len = sizeof pieces[1]}};
    for (;;) {
        ssize_t count = cmio_pipe_receiver_readv(&setting->receiver, in, 2);
        if (count <= 0) {
            assert_true(count == 0 || count == -EAGAIN);
            return count != 0;
        }
        assert_true((size_t)count <= transfer->length - transfer->received);
        assert_memory_equal(pieces, transfer->bytes + transfer->received, (size_t)count);
        transfer->received += (size_t)count;
    }
}

static void expect_transfer(cmio_interest mode) {
    struct setting setting;
    struct transfer transfer = {.length = test_is_slow() ? 2 << 20 : 16 << 20};
    transfer.bytes = malloc(transfer.length);
    assert_non_null(transfer.bytes);
    for (size_t i = 0; i < transfer.length; i++)
        transfer.bytes[i] = byte_at(i);
    setting_open(&setting);
    enter_sender(&setting, mode);
    enter_receiver(&setting, mode);
    for (bool more = true; more; test_loop_forget(&setting.loop)) {
        assert_true(test_loop_wait(&setting.loop, 30 * CMIO_SECOND) > 0);
        if (setting.loop.came[SENDER] & CMIO_WRITABLE && cmio_pipe_sender_fd(&setting.sender) >= 0)
            send_until_blocked(&setting, &transfer);
        if (setting.loop.came[RECEIVER] & CMIO_READABLE)
            more = receive_until_blocked(&setting, &transfer);
    }
    assert_true(transfer.short_writes > 0);
    assert_int_equal(transfer.received, transfer.length);
    free(transfer.bytes);
    setting_close(&setting);
}

static void sixteen_mebibytes_go_through_with_edges(void **state) {
    (void)state;
    expect_transfer(0);
}

static void sixteen_mebibytes_go_through_with_levels(void **state) {
    (void)state;
    expect_transfer(CMIO_LEVEL);
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

/* The hints of each system: see the top of pipe.h. */
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
    cmocka_unit_test(a_fresh_pipe_is_writable_and_not_readable),
    cmocka_unit_test(each_read_that_empties_the_pipe_is_followed_by_an_event),
    cmocka_unit_test(bytes_after_a_partial_read_make_an_event),
    cmocka_unit_test(a_write_that_fell_short_is_followed_by_an_event_when_there_is_room),
    cmocka_unit_test(a_short_write_alone_is_followed_by_an_event_when_there_is_room),
    cmocka_unit_test(a_gone_reader_is_found_by_writing),
    cmocka_unit_test(after_a_vectored_read_to_the_end_a_fifo_hears_its_next_writer),
    cmocka_unit_test(a_gone_writer_is_the_end_after_the_last_bytes),
    cmocka_unit_test(close_deregisters_though_a_dup_keeps_the_pipe_alive),
    cmocka_unit_test(into_fd_deregisters_and_the_descriptor_can_be_adopted_again),
    cmocka_unit_test(sixteen_mebibytes_go_through_with_edges),
    cmocka_unit_test(sixteen_mebibytes_go_through_with_levels),
    cmocka_unit_test(a_child_s_standard_streams_are_pipes_here),
    cmocka_unit_test(a_terminal_gives_one_line_a_read_and_the_next_line_makes_an_event),
    cmocka_unit_test(a_pipe_of_packets_gives_one_a_read_and_the_next_makes_an_event),
    cmocka_unit_test(a_sender_without_a_receiver_is_failed_on_linux_and_closed_with_kqueue),
};

TEST_GROUP(backend_pipe, tests)
