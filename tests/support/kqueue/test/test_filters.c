/* SPDX-License-Identifier: MIT */

/*
 * What filters report, where kqtrace does not ask: duplicates of descriptors, room to write,
 * sockets before they are connected, timers beside descriptors, files. The rules are those of the
 * kernels' sources where no trace shows them.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kq.h"

static const enum test_pair_kind streams[] = {TEST_UNIX_STREAM, TEST_TCP};

enum { STREAMS = sizeof streams / sizeof *streams };

static int64_t after(int64_t span) {
    return test_now() + span;
}

/* Descriptors that are copies. */

static void closing_a_copy_drops_nothing(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    int copy = dup(fds[0]);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    test_close(copy);
    test_put(fds[1], 1);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    test_pair_close(fds);
    test_close(kq);
}

static void dup2_over_a_descriptor_drops_its_filters(void **state) {
    (void)state;
    int fds[2], other[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    test_pair_open(TEST_PIPE, other);
    test_put(other[1], 1);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, 0), 0);
    assert_int_equal(dup2(other[0], fds[0]), fds[0]);
    kq_expect_silence(kq);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_READ), ENOENT);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    assert_int_equal(dup2(fds[0], fds[0]), fds[0]);
    assert_int_equal(dup2(-1, fds[0]), -1);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_READ), 0);
    test_pair_close(fds);
    test_pair_close(other);
    test_close(kq);
}

static void a_partial_read_through_a_copy_is_seen(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    int copy = dup(fds[0]);
    test_put(fds[1], 5);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    test_take(copy, 2);
    assert_int_equal(kq_expect(kq, fds[0], EVFILT_READ).data, 3);
    test_close(copy);
    test_pair_close(fds);
    test_close(kq);
}

static void each_kqueue_and_each_copy_has_its_own_edge(void **state) {
    (void)state;
    int fds[2];
    int kqs[2] = {kq_open(), kq_open()};
    test_pair_open(TEST_TCP, fds);
    int copy = dup(fds[0]);
    assert_int_equal(kq_add(kqs[0], fds[0], EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_add(kqs[1], fds[0], EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_add(kqs[1], copy, EVFILT_READ, EV_CLEAR), 0);
    test_put(fds[1], 1);
    struct kevent events[2];
    for (int count = 0; count < 2;) {
        int came = kq_wait(kqs[1], events, 2, KQ_LONG);
        assert_true(came > 0);
        count += came;
    }
    (void)kq_expect(kqs[0], fds[0], EVFILT_READ);
    kq_expect_silence(kqs[0]);
    kq_expect_silence(kqs[1]);
    test_close(copy);
    test_pair_close(fds);
    test_close(kqs[0]);
    test_close(kqs[1]);
}

/* Edges. */

static void a_partial_read_from_a_socket_is_no_event(void **state) {
    (void)state;
    for (int i = 0; i < STREAMS; i++) {
        int fds[2];
        int kq = kq_open();
        test_pair_open(streams[i], fds);
        test_put(fds[1], 5);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        (void)kq_expect(kq, fds[0], EVFILT_READ);
        test_take(fds[0], 1);
        kq_expect_silence(kq);
        test_put(fds[1], 1);
        assert_int_equal(kq_expect(kq, fds[0], EVFILT_READ).data, 5);
        test_pair_close(fds);
        test_close(kq);
    }
}

static void as_many_new_bytes_as_were_read_are_an_edge(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        int fds[2];
        int kq = kq_open();
        test_pair_open(kind, fds);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        for (int i = 0; i < 3; i++) {
            test_put(fds[1], 5);
            (void)kq_expect(kq, fds[0], EVFILT_READ);
            test_take(fds[0], 5);
        }
        test_pair_close(fds);
        test_close(kq);
    }
}

static void a_pipe_reports_room_after_each_read_and_write(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, EV_CLEAR), 0);
    (void)kq_expect(kq, fds[1], EVFILT_WRITE);
    kq_expect_silence(kq);
    test_put(fds[1], 5);
    (void)kq_expect(kq, fds[1], EVFILT_WRITE);
    kq_expect_silence(kq);
    test_take(fds[0], 1);
    (void)kq_expect(kq, fds[1], EVFILT_WRITE);
    kq_expect_silence(kq);
    test_pair_close(fds);
    test_close(kq);
}

/* Room is reported again with the answer at the latest, which acknowledges the question. */
static void a_stream_reports_room_again_for_what_went_out(void **state) {
    (void)state;
    for (int i = 0; i < STREAMS; i++) {
        int fds[2];
        struct kevent events[2];
        int kq = kq_open();
        test_pair_open(streams[i], fds);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_CLEAR), 0);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        (void)kq_expect(kq, fds[0], EVFILT_WRITE);
        test_put(fds[1], 5); /* no question: no room */
        (void)kq_expect(kq, fds[0], EVFILT_READ);
        kq_expect_silence(kq);
        test_put(fds[0], 5);
        test_take(fds[1], 5);
        test_put(fds[1], 5);
        for (int count = 0; count < 2;)
            count += kq_wait(kq, events, 2, KQ_LONG);
        kq_expect_silence(kq);
        test_pair_close(fds);
        test_close(kq);
    }
}

static void room_made_for_a_refused_write_is_an_edge(void **state) {
    (void)state;
    for (int i = 0; i < STREAMS; i++) {
        int fds[2];
        int kq = kq_open();
        test_pair_open(streams[i], fds);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_CLEAR), 0);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        (void)kq_expect(kq, fds[0], EVFILT_WRITE);
        assert_true(test_fill(fds[0]) > 0);
        test_put(fds[1], 1);
        (void)kq_expect(kq, fds[0], EVFILT_READ);
        struct kevent event = {.filter = 0};
        for (int64_t end = after(KQ_LONG); event.filter != EVFILT_WRITE && test_now() < end;) {
            (void)test_drain(fds[1]);
            (void)kq_wait(kq, &event, 1, KQ_MILLISECOND);
        }
        assert_int_equal(event.filter, EVFILT_WRITE);
        test_pair_close(fds);
        test_close(kq);
    }
}

static void a_oneshot_reports_what_is_no_longer_true(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_UNIX_STREAM, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_ONESHOT), 0);
    test_put(fds[1], 3);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_READ, 0), 0); /* now the stand-in sees them */
    test_take(fds[0], 3);
    assert_int_equal(kq_expect(kq, fds[0], EVFILT_READ).data, 3);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_READ), ENOENT);
    test_pair_close(fds);
    test_close(kq);
}

static void a_oneshot_of_one_direction_leaves_the_other(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_ONESHOT), 0);
    (void)kq_expect(kq, fds[0], EVFILT_WRITE);
    test_put(fds[1], 1);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_WRITE), ENOENT);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_READ), 0);
    test_put(fds[1], 1);
    kq_expect_silence(kq);
    test_pair_close(fds);
    test_close(kq);
}

static void adding_the_other_direction_repeats_nothing(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_TCP, fds);
    test_put(fds[1], 1);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_CLEAR), 0);
    (void)kq_expect(kq, fds[0], EVFILT_WRITE);
    kq_expect_silence(kq);
    test_pair_close(fds);
    test_close(kq);
}

/* Sockets that are not connected, or not any more. */

static void a_socket_that_was_never_connected_is_silent(void **state) {
    (void)state;
    uint16_t port;
    int kq = kq_open();
    int listener = test_listen(&port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(kq_add(kq, fd, EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_add(kq, fd, EVFILT_WRITE, EV_CLEAR), 0);
    assert_int_equal(kq_add(kq, listener, EVFILT_WRITE, EV_CLEAR), 0);
    kq_expect_silence(kq);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)kq_expect(kq, fd, EVFILT_WRITE);
    kq_expect_silence(kq);
    test_close(fd);
    test_close(listener);
    test_close(kq);
}

static void a_reset_keeps_its_end_when_its_error_was_taken(void **state) {
    (void)state;
    int fds[2];
    char byte;
    int kq = kq_open();
    test_pair_open(TEST_TCP, fds);
    test_set_reset_on_close(fds[1]);
    test_close(fds[1]);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, 0), 0);
    struct kevent event = kq_expect(kq, fds[0], EVFILT_READ);
    assert_int_equal(event.fflags, ECONNRESET);
    assert_int_equal(read(fds[0], &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    event = kq_expect(kq, fds[0], EVFILT_READ);
    assert_int_equal(event.fflags, 0);
    assert_true(event.flags & EV_EOF);
    test_close(fds[0]);
    test_close(kq);
}

static void our_shutdown_is_the_end_of_writing_alone(void **state) {
    (void)state;
    for (int i = 0; i < STREAMS; i++) {
        int fds[2];
        int kq = kq_open();
        test_pair_open(streams[i], fds);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_CLEAR), 0);
        assert_int_equal(kq_expect(kq, fds[0], EVFILT_WRITE).flags & EV_EOF, 0);
        assert_int_equal(shutdown(fds[0], SHUT_WR), 0);
        assert_true(kq_expect(kq, fds[0], EVFILT_WRITE).flags & EV_EOF);
        kq_expect_silence(kq);
        test_pair_close(fds);
        test_close(kq);
    }
}

static void their_shutdown_is_the_end_of_reading_alone(void **state) {
    (void)state;
    for (int i = 0; i < STREAMS; i++) {
        int fds[2];
        int kq = kq_open();
        test_pair_open(streams[i], fds);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_CLEAR), 0);
        (void)kq_expect(kq, fds[0], EVFILT_WRITE);
        assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
        struct kevent event = kq_expect(kq, fds[0], EVFILT_READ);
        assert_true(event.flags & EV_EOF);
        assert_int_equal(event.fflags, 0);
        kq_expect_silence(kq);
        test_pair_close(fds);
        test_close(kq);
    }
}

static void an_accept_through_a_copy_reports_who_still_waits(void **state) {
    (void)state;
    uint16_t port;
    int kq = kq_open();
    int listener = test_listen(&port), copy = dup(listener);
    int fds[2] = {test_connect(port), test_connect(port)};
    assert_int_equal(kq_add(kq, listener, EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_expect(kq, listener, EVFILT_READ).data, 2);
    kq_expect_silence(kq);
    int accepted = accept(copy, NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(kq_expect(kq, listener, EVFILT_READ).data, 1);
    test_close(accepted);
    test_pair_close(fds);
    test_close(copy);
    test_close(listener);
    test_close(kq);
}

/* Timers. */

static void a_timer_is_never_early_and_counts(void **state) {
    (void)state;
    int kq = kq_open();
    int64_t start = test_now();
    assert_int_equal(kq_change(kq, 4711, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 20, NULL), 0);
    struct kevent event = kq_expect(kq, 4711, EVFILT_TIMER);
    assert_true(test_now() - start >= 20 * KQ_MILLISECOND);
    assert_int_equal(event.data, 1);
    assert_int_equal(kq_change(kq, 4711, EVFILT_TIMER, EV_DELETE, 0, 0, NULL), ENOENT);
    start = test_now();
    assert_int_equal(kq_change(kq, 4711, EVFILT_TIMER, EV_ADD, 0, 1, NULL), 0);
    for (int64_t count = 0; count < 20;)
        count += kq_expect(kq, 4711, EVFILT_TIMER).data;
    assert_true(test_now() - start >= 20 * KQ_MILLISECOND);
    assert_int_equal(kq_change(kq, 4711, EVFILT_TIMER, EV_DELETE, 0, 0, NULL), 0);
    kq_expect_silence(kq);
    test_close(kq);
}

static void adding_a_timer_again_starts_it_anew(void **state) {
    (void)state;
    int kq = kq_open();
    int64_t start = test_now();
    assert_int_equal(kq_change(kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 600000, NULL), 0);
    assert_int_equal(kq_change(kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 10, NULL), 0);
    assert_int_equal(kq_expect(kq, 1, EVFILT_TIMER).data, 1);
    assert_true(test_now() - start >= 10 * KQ_MILLISECOND);
    test_close(kq);
}

static void a_timer_of_no_time_fires_at_once(void **state) {
    (void)state;
    int kq = kq_open();
    assert_int_equal(kq_change(kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 0, NULL), 0);
    assert_int_equal(kq_expect(kq, 1, EVFILT_TIMER).data, 1);
    assert_int_equal(kq_change(kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, -1, NULL), EINVAL);
    test_close(kq);
}

/* The number of a descriptor names a timer too, which neither knows nor follows it. */
static void a_timer_may_have_the_number_of_a_descriptor(void **state) {
    (void)state;
    int fds[2];
    struct kevent events[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    test_put(fds[1], 1);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, 0), 0);
    assert_int_equal(kq_change(kq, (uintptr_t)fds[0], EVFILT_TIMER, EV_ADD, 0, 1, NULL), 0);
    bool seen = false;
    for (int64_t end = after(KQ_LONG); !seen && test_now() < end;) {
        int count = kq_wait(kq, events, 2, KQ_LONG);
        for (int i = 0; i < count; i++)
            seen = seen || events[i].filter == EVFILT_TIMER;
    }
    assert_true(seen);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_READ), 0);
    (void)kq_expect(kq, fds[0], EVFILT_TIMER);
    test_pair_close(fds);
    (void)kq_expect(kq, fds[0], EVFILT_TIMER);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_TIMER), 0);
    test_close(kq);
}

/* Processes. */

static void the_status_of_a_killed_child_is_told(void **state) {
    (void)state;
    int status;
    int kq = kq_open();
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    int error = kq_change(kq, (uintptr_t)child, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    struct kevent event;
    if (error == 0)
        event = kq_expect(kq, child, EVFILT_PROC);
    assert_int_equal(waitpid(child, &status, 0), child);
    test_close(kq);
    if (error == ENOSYS) {
        print_message("no process descriptors here\n");
        skip();
    }
    assert_int_equal(error, 0);
    assert_int_equal(event.fflags, NOTE_EXIT);
    assert_int_equal(event.data, status);
}

/* What is neither pipe nor socket. */

static void a_regular_file_is_readable_to_its_end(void **state) {
    (void)state;
    char name[] = "/tmp/cmio-kqueue-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(unlink(name), 0);
    test_put(fd, 3);
    int kq = kq_open();
    assert_int_equal(kq_add(kq, fd, EVFILT_READ, 0), 0);
    kq_expect_silence(kq);
    assert_int_equal(lseek(fd, 1, SEEK_SET), 1);
    assert_int_equal(kq_add(kq, fd, EVFILT_READ, 0), 0);
    assert_int_equal(kq_expect(kq, fd, EVFILT_READ).data, 2);
    assert_int_equal(kq_add(kq, fd, EVFILT_WRITE, EV_ONESHOT), 0);
    assert_int_equal(kq_delete(kq, fd, EVFILT_READ), 0);
    (void)kq_expect(kq, fd, EVFILT_WRITE);
    test_close(fd);
    fd = open("/", O_RDONLY);
    assert_int_equal(kq_add(kq, fd, EVFILT_READ, 0), 0);
    test_close(fd);
    test_close(kq);
}

static void a_datagram_socket_shut_for_writing_is_at_its_end(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_UNIX_DATAGRAM, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, EV_CLEAR), 0);
    assert_int_equal(kq_expect(kq, fds[0], EVFILT_WRITE).flags & EV_EOF, 0);
    kq_expect_silence(kq);
    assert_int_equal(shutdown(fds[0], SHUT_WR), 0);
    assert_true(kq_expect(kq, fds[0], EVFILT_WRITE).flags & EV_EOF);
    assert_int_equal(test_drain(fds[1]), 0); /* to ask was to send nothing */
    test_pair_close(fds);
    test_close(kq);
}

static void a_filter_that_nobody_knows_is_refused(void **state) {
    (void)state;
    static const int filters[] = {15, 100, 1000, -100, INT16_MIN, INT16_MAX};
    int kq = kq_open();
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        assert_int_equal(kq_add(kq, 0, filters[i], 0), EINVAL);
    test_close(kq);
}

static void a_descriptor_out_of_range_is_refused(void **state) {
    (void)state;
    static const uintptr_t idents[] = {INT32_MAX, UINT32_MAX, UINTPTR_MAX, (uintptr_t)1 << 31};
    int kq = kq_open();
    for (size_t i = 0; i < sizeof idents / sizeof *idents; i++)
        assert_int_equal(kq_change(kq, idents[i], EVFILT_READ, EV_ADD, 0, 0, NULL), EBADF);
    test_close(kq);
}

/* Receipts. */

static void receipts_stop_where_there_is_no_room_for_them(void **state) {
    (void)state;
    int fds[2];
    struct kevent changes[3], receipts[2];
    int kq = kq_open();
    test_pair_open(TEST_UNIX_STREAM, fds);
    EV_SET(&changes[0], (uintptr_t)fds[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, NULL);
    EV_SET(&changes[1], (uintptr_t)fds[0], EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, NULL);
    EV_SET(&changes[2], (uintptr_t)fds[1], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, NULL);
    assert_int_equal(kevent(kq, changes, 3, receipts, 1, NULL), 0);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_READ), 0);
    assert_int_equal(kq_delete(kq, fds[0], EVFILT_WRITE), 0);
    assert_int_equal(kq_delete(kq, fds[1], EVFILT_READ), ENOENT);
    test_pair_close(fds);
    test_close(kq);
}

static void receipts_may_overwrite_their_changes(void **state) {
    (void)state;
    int fds[2];
    struct kevent both[2];
    int kq = kq_open();
    test_pair_open(TEST_UNIX_STREAM, fds);
    EV_SET(&both[0], (uintptr_t)fds[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, &fds[0]);
    EV_SET(&both[1], (uintptr_t)fds[1], EVFILT_READ, EV_DELETE | EV_RECEIPT, 0, 0, &fds[1]);
    assert_int_equal(kevent(kq, both, 2, both, 2, NULL), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(both[i].flags, EV_ERROR);
        assert_int_equal(both[i].ident, fds[i]);
        assert_ptr_equal(both[i].udata, &fds[i]);
        assert_int_equal(both[i].data, i == 0 ? 0 : ENOENT);
    }
    test_pair_close(fds);
    test_close(kq);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(closing_a_copy_drops_nothing),
    cmocka_unit_test(dup2_over_a_descriptor_drops_its_filters),
    cmocka_unit_test(a_partial_read_through_a_copy_is_seen),
    cmocka_unit_test(each_kqueue_and_each_copy_has_its_own_edge),
    cmocka_unit_test(a_partial_read_from_a_socket_is_no_event),
    cmocka_unit_test(as_many_new_bytes_as_were_read_are_an_edge),
    cmocka_unit_test(a_pipe_reports_room_after_each_read_and_write),
    cmocka_unit_test(a_stream_reports_room_again_for_what_went_out),
    cmocka_unit_test(room_made_for_a_refused_write_is_an_edge),
    cmocka_unit_test(a_oneshot_reports_what_is_no_longer_true),
    cmocka_unit_test(a_oneshot_of_one_direction_leaves_the_other),
    cmocka_unit_test(adding_the_other_direction_repeats_nothing),
    cmocka_unit_test(a_socket_that_was_never_connected_is_silent),
    cmocka_unit_test(a_reset_keeps_its_end_when_its_error_was_taken),
    cmocka_unit_test(our_shutdown_is_the_end_of_writing_alone),
    cmocka_unit_test(their_shutdown_is_the_end_of_reading_alone),
    cmocka_unit_test(an_accept_through_a_copy_reports_who_still_waits),
    cmocka_unit_test(a_timer_is_never_early_and_counts),
    cmocka_unit_test(adding_a_timer_again_starts_it_anew),
    cmocka_unit_test(a_timer_of_no_time_fires_at_once),
    cmocka_unit_test(a_timer_may_have_the_number_of_a_descriptor),
    cmocka_unit_test(the_status_of_a_killed_child_is_told),
    cmocka_unit_test(a_regular_file_is_readable_to_its_end),
    cmocka_unit_test(a_datagram_socket_shut_for_writing_is_at_its_end),
    cmocka_unit_test(a_filter_that_nobody_knows_is_refused),
    cmocka_unit_test(a_descriptor_out_of_range_is_refused),
    cmocka_unit_test(receipts_stop_where_there_is_no_room_for_them),
    cmocka_unit_test(receipts_may_overwrite_their_changes),
};

TEST_GROUP(kqueue_filters, tests)
