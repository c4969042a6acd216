/* SPDX-License-Identifier: MIT */

/*
 * What lasting conditions cost: how often poll(2) is called and the clock read, and how many waits
 * return with an event. The linker turns these calls to the test, which counts them. What is
 * bounded is bounded by the time that has really passed, so a slow machine only does less.
 */
#include "support/scale.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "poll/rest.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scratch.h"

/* The calls. */

static int polls;
static int clocks;

int __real_poll(struct pollfd *list, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *list, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *list, nfds_t count, int timeout) {
    polls++;
    return __real_poll(list, count, timeout);
}

int __real_ppoll(struct pollfd *list, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);
int __wrap_ppoll(struct pollfd *list, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);
int __wrap_ppoll(struct pollfd *list, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask) {
    polls++;
    return __real_ppoll(list, count, timeout, mask);
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
    clocks++;
    return __real_clock_gettime(clock, now);
}

static int questions;

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
    questions++;
    return __real_getsockopt(fd, level, name, value, length);
}

/* A loop on poll(2), whatever else there is. */
static void open_loop(struct test_loop *loop) {
    memset(loop, 0, sizeof *loop);
    assert_int_equal(cmio_poll_new_with(&loop->poll, "poll"), 0);
    assert_int_equal(cmio_events_new(&loop->events, 64), 0);
    loop->registry = cmio_poll_registry(loop->poll);
}

static int enter(struct test_loop *loop, struct cmio_fd_source *source, int fd, cmio_token token,
                 cmio_interest interest) {
    assert_int_equal(cmio_fd_source_init(source, fd), 0);
    return cmio_registry_register(loop->registry, &source->source, token, interest);
}

/* FIFOs whose writer came and went, as their readers have seen. */

enum { FIFOS = 10 };

struct fifos {
    struct test_loop loop;
    struct test_scratch scratch;
    struct cmio_fd_source sources[FIFOS];
};

static const char *fifo_path(struct fifos *fifos, int number) {
    char name[16];
    (void)snprintf(name, sizeof name, "fifo%d", number);
    return test_scratch_path(&fifos->scratch, name);
}

static void open_fifo(struct fifos *fifos, int number) {
    const char *path = fifo_path(fifos, number);
    assert_int_equal(mkfifo(path, 0600), 0);
    const int reader = open(path, O_RDONLY | O_NONBLOCK);
    const int writer = open(path, O_WRONLY | O_NONBLOCK);
    assert_true(reader >= 0 && writer >= 0);
    assert_int_equal(
        enter(&fifos->loop, &fifos->sources[number], reader, (cmio_token)number, CMIO_READABLE), 0);
    test_close(writer);
    (void)test_loop_expect(&fifos->loop, (cmio_token)number, CMIO_READABLE);
    assert_int_equal(test_source_drain(&fifos->sources[number]), 0);
}

static void open_fifos(struct fifos *fifos) {
    test_scratch_open(&fifos->scratch);
    open_loop(&fifos->loop);
    for (int i = 0; i < FIFOS; i++)
        open_fifo(fifos, i);
}

static void close_fifos(struct fifos *fifos) {
    for (int i = 0; i < FIFOS; i++) {
        const int fd = cmio_fd_source_fd(&fifos->sources[i]);
        assert_int_equal(cmio_fd_source_close(&fifos->sources[i]), 0);
        test_close(fd);
    }
    test_loop_close(&fifos->loop);
    (void)test_scratch_close(&fifos->scratch);
}

/* So many in so long, and what the growing pauses come to before they are at their longest. */
static int at_most(int a_second, int64_t elapsed) {
    enum { WHILE_PAUSES_GROW = 7 };
    return (int)(a_second * elapsed / CMIO_SECOND) + WHILE_PAUSES_GROW;
}

static void ten_fifos_at_their_end_cost_22_polls_a_second(void **state) {
    (void)state;
    struct fifos fifos;
    open_fifos(&fifos);
    const int64_t begin = test_now();
    polls = 0;
    assert_int_equal(test_loop_wait(&fifos.loop, 3 * CMIO_SECOND / 2), 0);
    const int64_t elapsed = test_now() - begin;
    assert_in_range(polls, 1, at_most(22, elapsed));
    close_fifos(&fifos);
}

static void a_wait_is_not_early_while_fifos_rest(void **state) {
    (void)state;
    struct fifos fifos;
    open_fifos(&fifos);
    for (int i = 0; i < 3; i++) {
        const int64_t begin = test_now();
        assert_int_equal(test_loop_wait(&fifos.loop, 100 * CMIO_MILLISECOND), 0);
        assert_true(test_now() - begin >= 100 * CMIO_MILLISECOND);
    }
    close_fifos(&fifos);
}

static void bytes_in_one_of_ten_resting_fifos_are_told(void **state) {
    (void)state;
    struct fifos fifos;
    open_fifos(&fifos);
    const int writer = open(fifo_path(&fifos, 7), O_WRONLY | O_NONBLOCK);
    assert_true(writer >= 0);
    test_put(writer, 5);
    (void)test_loop_expect(&fifos.loop, 7, CMIO_READABLE);
    test_loop_expect_silence(&fifos.loop);
    assert_int_equal(test_source_drain(&fifos.sources[7]), 5);
    test_close(writer);
    close_fifos(&fifos);
}

/* The other side is there, and no wait but that of 0 looks. */
static void a_wait_of_0_looks_at_what_rests(void **state) {
    (void)state;
    struct fifos fifos;
    open_fifos(&fifos);
    const int writer = open(fifo_path(&fifos, 3), O_WRONLY | O_NONBLOCK);
    assert_true(writer >= 0);
    test_put(writer, 1);
    assert_int_equal(test_loop_wait(&fifos.loop, 0), 1);
    assert_int_equal(fifos.loop.came[3], CMIO_READABLE);
    test_close(writer);
    close_fifos(&fifos);
}

/* Conditions that last, and a program that answers each event with the same call. */

struct lasting {
    struct test_loop loop;
    struct cmio_fd_source source;
    int fd;
    int other;
};

static void open_lasting(struct lasting *lasting, int fd, int other) {
    open_loop(&lasting->loop);
    lasting->fd = fd;
    lasting->other = other;
    test_set_nonblocking(fd);
    assert_int_equal(enter(&lasting->loop, &lasting->source, fd, 1, CMIO_READABLE), 0);
}

static void close_lasting(struct lasting *lasting) {
    assert_int_equal(cmio_fd_source_close(&lasting->source), 0);
    test_close(lasting->fd);
    test_close(lasting->other);
    test_loop_close(&lasting->loop);
}

/* Waits for a second: each event is answered, and they are few. */
static void expect_few_events(struct lasting *lasting, void (*answer)(struct lasting *lasting)) {
    const int64_t begin = test_now();
    int events = 0;
    answer(lasting);
    while (test_now() - begin < CMIO_SECOND)
        if (test_loop_wait(&lasting->loop, 100 * CMIO_MILLISECOND) > 0) {
            answer(lasting);
            events++;
        }
    assert_in_range(events, 0, at_most(30, test_now() - begin));
    test_loop_forget(&lasting->loop);
}

static ssize_t receive(struct lasting *lasting) {
    char buffer[64];
    return cmio_fd_source_note_io(&lasting->source, CMIO_READABLE,
                                  recv(lasting->fd, buffer, sizeof buffer, 0), sizeof buffer);
}

static void expect_nothing_to_receive(struct lasting *lasting) {
    const ssize_t result = receive(lasting);
    assert_true(result == -EAGAIN || result == 0);
}

static void a_datagram_socket_that_is_shut_for_reading_makes_few_events(void **state) {
    (void)state;
    struct lasting lasting;
    int fds[2];
    test_pair_open(TEST_UDP, fds);
    assert_int_equal(shutdown(fds[0], SHUT_RD), 0);
    open_lasting(&lasting, fds[0], fds[1]);
    expect_few_events(&lasting, expect_nothing_to_receive);
    close_lasting(&lasting);
}

static void fail_to_accept(struct lasting *lasting) {
    const int result = accept(lasting->fd, NULL, NULL);
    assert_int_equal(cmio_fd_source_note_io(&lasting->source, CMIO_READABLE, result, 1), -EMFILE);
}

static void limit_descriptors(rlim_t limit) {
    struct rlimit limits;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limits), 0);
    limits.rlim_cur = limit;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limits), 0);
}

static void a_listener_without_descriptors_makes_few_events_and_then_one(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip(); /* which loses a connection that cannot be accepted: support/scale.h */
    struct lasting lasting;
    struct rlimit limits;
    uint16_t port;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limits), 0);
    const int listener = test_listen(&port);
    open_lasting(&lasting, listener, test_connect(port));
    const int lowest = dup(listener);
    test_close(lowest);
    limit_descriptors((rlim_t)lowest);
    expect_few_events(&lasting, fail_to_accept);
    limit_descriptors(limits.rlim_cur);
    (void)test_loop_expect(&lasting.loop, 1, CMIO_READABLE);
    test_close(accept(listener, NULL, NULL));
    close_lasting(&lasting);
}

static void peek_and_wait_for_more(struct lasting *lasting) {
    char buffer[64];
    struct cmio_tcp_stream stream = {.source = lasting->source.source};
    assert_int_equal(cmio_tcp_stream_peek(&stream, buffer, sizeof buffer), 3);
}

static void a_peek_that_wants_more_makes_few_events(void **state) {
    (void)state;
    struct lasting lasting;
    int fds[2];
    test_pair_open(TEST_TCP, fds);
    test_put(fds[1], 3);
    open_lasting(&lasting, fds[0], fds[1]);
    (void)test_loop_expect(&lasting.loop, 1, CMIO_READABLE);
    expect_few_events(&lasting, peek_and_wait_for_more);
    close_lasting(&lasting);
}

static void reading_a_closed_terminal_again_and_again_makes_no_event(void **state) {
    (void)state;
    struct lasting lasting;
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    test_close(slave);
    open_lasting(&lasting, master, dup(master));
    (void)test_loop_expect(&lasting.loop, 1, CMIO_READABLE);
    for (int i = 0; i < 10; i++) {
        char byte;
        assert_int_equal(
            cmio_fd_source_note_io(&lasting.source, CMIO_READABLE, read(master, &byte, 1), 1),
            -EIO);
        assert_int_equal(test_loop_wait(&lasting.loop, 50 * CMIO_MILLISECOND), 0);
    }
    close_lasting(&lasting);
}

/* The end of a connection. */

static void a_half_closed_stream_neither_rests_nor_is_held(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    int fds[2];
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
    assert_int_equal(cmio__poll_entries_init(&entries, fds[1]), 0);
    assert_int_equal(cmio__poll_entries_add(&entries, fds[0], 1, CMIO_READABLE), 0);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&entries.table, fds[0]);
    entries.list[slot->place].revents = POLLIN;
    (void)cmio__poll_entries_deliver(&entries, slot, fds[0]);
    cmio__poll_entries_settle(&entries, slot, fds[0], CMIO_READABLE, CMIO__ENDED);
    assert_int_equal(slot->state & (CMIO__RESTS | CMIO__HELD_DIRECTIONS | CMIO__SLOWED), 0);
    assert_int_equal(slot->state & CMIO_READABLE, 0);
    assert_int_equal(entries.waiting, 0);
    cmio__poll_entries_free(&entries);
    test_pair_close(fds);
}

/* By read and by readv, and again: the end stays. */
static void reading_the_end_of_a_stream_asks_the_system_nothing_else(void **state) {
    (void)state;
    struct test_loop loop;
    open_loop(&loop);
    struct cmio_unix_stream ends[2];
    assert_int_equal(cmio_unix_stream_pair(&ends[0], &ends[1]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &ends[0].source, 1, CMIO_READABLE), 0);
    assert_int_equal(cmio_unix_stream_close(&ends[1]), 0);
    assert_int_equal(test_loop_wait(&loop, CMIO_FOREVER), 1);
    char bytes[8];
    const struct iovec parts[] = {{bytes, 4}, {bytes + 4, 4}};
    polls = questions = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio_unix_stream_read(&ends[0], bytes, sizeof bytes), 0);
        assert_int_equal(cmio_unix_stream_readv(&ends[0], parts, 2), 0);
    }
    assert_int_equal(polls, 0);
    assert_int_equal(questions, 0);
    test_loop_forget(&loop);
    test_loop_expect_silence(&loop);
    assert_int_equal(cmio_unix_stream_close(&ends[0]), 0);
    test_loop_close(&loop);
}

/* An entry that rests after a hang-up, as a look begins. */
static struct cmio__fd_slot *begin_look_at_resting(struct cmio__poll_entries *entries, int fd) {
    assert_int_equal(cmio__poll_entries_init(entries, 77), 0);
    assert_int_equal(cmio__poll_entries_add(entries, fd, 1, CMIO_READABLE), 0);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&entries->table, fd);
    slot->batch = POLLHUP;
    entries->waiting = 1;
    cmio__poll_entries_set_state(entries, slot, fd, slot->state | CMIO__RESTS);
    assert_int_equal(entries->list[slot->place].fd, ~fd);
    bool looking = false;
    (void)cmio__poll_entries_begin_look(entries, 0, &looking);
    assert_true(looking);
    assert_int_equal(entries->list[slot->place].fd, fd);
    return slot;
}

/* Descriptor 0 is one like any other. */
static void a_look_without_news_leaves_every_descriptor_at_rest(void **state) {
    (void)state;
    for (int fd = 0; fd < 3; fd++) {
        struct cmio__poll_entries entries;
        struct cmio__fd_slot *slot = begin_look_at_resting(&entries, fd);
        struct pollfd *entry = &entries.list[slot->place];
        entry->revents = POLLHUP;
        assert_int_equal(cmio__poll_entries_end_look(&entries, 1), 0);
        assert_int_equal(entry->fd, ~fd);
        assert_int_equal(entry->revents, 0);
        assert_int_equal(entries.waiting, 1);
        cmio__poll_entries_free(&entries);
    }
}

/* If the hang-up comes back, it is news. */
static void a_look_that_finds_the_hang_up_gone_ends_the_rest(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    struct cmio__fd_slot *slot = begin_look_at_resting(&entries, 3);
    assert_int_equal(cmio__poll_entries_end_look(&entries, 0), 0);
    assert_int_equal(entries.list[slot->place].fd, 3);
    assert_int_equal(slot->state & CMIO__RESTS, 0);
    assert_int_equal(entries.waiting, 0);
    cmio__poll_entries_free(&entries);
}

static void progress_one_way_arms_what_was_held_the_other_way(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    int fds[2];
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(cmio__poll_entries_init(&entries, fds[1]), 0);
    assert_int_equal(cmio__poll_entries_add(&entries, fds[0], 1, CMIO_READABLE | CMIO_WRITABLE), 0);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&entries.table, fds[0]);
    entries.list[slot->place].revents = POLLIN | POLLOUT;
    (void)cmio__poll_entries_deliver(&entries, slot, fds[0]);
    cmio__poll_entries_settle(&entries, slot, fds[0], CMIO_WRITABLE, CMIO__HELD);
    assert_int_equal(entries.waiting, 1);
    cmio__poll_entries_rearm(&entries, slot, fds[0], CMIO_READABLE);
    assert_int_equal(slot->state & CMIO__ARMED & ~(CMIO__HANGUP | CMIO__HALF_CLOSE),
                     CMIO_READABLE | CMIO_WRITABLE);
    assert_int_equal(entries.waiting, 0);
    assert_int_equal(entries.slowed, 0);
    cmio__poll_entries_free(&entries);
    test_pair_close(fds);
}

/* A call that takes no out-of-band data leaves it there. */
static void out_of_band_data_that_stays_after_a_call_that_would_block_is_held(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    int fds[2];
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(send(fds[1], "!", 1, MSG_OOB), 1);
    struct pollfd urgent = {.fd = fds[0], .events = POLLPRI};
    assert_int_equal(poll(&urgent, 1, 30000), 1);
    assert_int_equal(cmio__poll_entries_init(&entries, fds[1]), 0);
    assert_int_equal(cmio__poll_entries_add(&entries, fds[0], 1, CMIO_PRIORITY), 0);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&entries.table, fds[0]);
    entries.list[slot->place].revents = POLLPRI;
    assert_int_equal(cmio__poll_entries_deliver(&entries, slot, fds[0]), CMIO_PRIORITY);
    cmio__poll_entries_settle(&entries, slot, fds[0], CMIO_PRIORITY, CMIO__BLOCKED);
    assert_int_equal(slot->state & CMIO__HELD_DIRECTIONS, CMIO_PRIORITY << CMIO__HELD_SHIFT);
    assert_int_equal(entries.waiting, 1);
    cmio__poll_entries_free(&entries);
    test_pair_close(fds);
}

static void what_was_told_meanwhile_is_held_no_more(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    int fds[2];
    test_pair_open(TEST_UDP, fds);
    assert_int_equal(cmio__poll_entries_init(&entries, fds[1]), 0);
    assert_int_equal(cmio__poll_entries_add(&entries, fds[0], 1, CMIO_READABLE | CMIO_WRITABLE), 0);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&entries.table, fds[0]);
    entries.list[slot->place].revents = POLLOUT;
    (void)cmio__poll_entries_deliver(&entries, slot, fds[0]);
    cmio__poll_entries_settle(&entries, slot, fds[0], CMIO_WRITABLE, CMIO__HELD);
    assert_int_equal(entries.waiting, 1);
    entries.list[slot->place].revents = POLLERR;
    (void)cmio__poll_entries_deliver(&entries, slot, fds[0]);
    assert_int_equal(entries.waiting, 0);
    assert_int_equal(slot->state & (CMIO__ARMED | CMIO__HELD_DIRECTIONS), 0);
    cmio__poll_entries_free(&entries);
    test_pair_close(fds);
}

/* A file of the system that is always readable, until it says otherwise. */
static void a_file_is_armed_by_reading_only_once_it_would_block(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    int fds[2];
    test_pair_open(TEST_PIPE, fds); /* for a descriptor that is empty */
    assert_int_equal(cmio__poll_entries_init(&entries, fds[1]), 0);
    assert_int_equal(cmio__poll_entries_add(&entries, fds[0], 1, CMIO_READABLE | CMIO__FILE), 0);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&entries.table, fds[0]);
    entries.list[slot->place].revents = POLLIN | POLLERR;
    (void)cmio__poll_entries_deliver(&entries, slot, fds[0]);
    cmio__poll_entries_rearm(&entries, slot, fds[0], CMIO_READABLE);
    assert_int_equal(slot->state & (CMIO_READABLE | CMIO__HANGUP), CMIO__HANGUP);
    cmio__poll_entries_settle(&entries, slot, fds[0], CMIO_READABLE, CMIO__BLOCKED);
    assert_int_equal(slot->state & (CMIO_READABLE | CMIO__HANGUP), CMIO_READABLE | CMIO__HANGUP);
    cmio__poll_entries_free(&entries);
    test_pair_close(fds);
}

static void a_file_whose_read_failed_is_told_of_once_more(void **state) {
    (void)state;
    struct cmio__poll_entries entries;
    bool looking = false;
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(cmio__poll_entries_init(&entries, fds[1]), 0);
    assert_int_equal(cmio__poll_entries_add(&entries, fds[0], 1, CMIO_READABLE | CMIO__FILE), 0);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&entries.table, fds[0]);
    entries.list[slot->place].revents = POLLIN;
    (void)cmio__poll_entries_deliver(&entries, slot, fds[0]);
    cmio__poll_entries_settle(&entries, slot, fds[0], CMIO_READABLE, CMIO__HELD);
    assert_int_equal(slot->state & CMIO_READABLE, 0);
    TEST_EVENTUALLY((cmio__poll_entries_begin_look(&entries, 0, &looking), entries.waiting == 0));
    assert_int_equal(slot->state & CMIO_READABLE, CMIO_READABLE);
    cmio__poll_entries_free(&entries);
    test_pair_close(fds);
}

/* While nothing rests. */

static int clocks_of_a_wait(struct test_loop *loop, int64_t timeout) {
    clocks = 0;
    (void)test_loop_wait(loop, timeout);
    return clocks;
}

static void a_wait_while_nothing_rests_reads_the_clock_for_its_timeout_alone(void **state) {
    (void)state;
    struct lasting lasting;
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    open_lasting(&lasting, fds[0], fds[1]);
    assert_int_equal(clocks_of_a_wait(&lasting.loop, 0), 0);
    test_put(fds[1], 1);
    assert_int_equal(clocks_of_a_wait(&lasting.loop, CMIO_FOREVER), 0);
    assert_int_equal(test_source_drain(&lasting.source), 1);
    test_put(fds[1], 1);
    assert_int_equal(clocks_of_a_wait(&lasting.loop, CMIO_SECOND), 1);
    assert_int_equal(test_source_drain(&lasting.source), 1);
    assert_int_equal(clocks_of_a_wait(&lasting.loop, 0), 0);
    close_lasting(&lasting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ten_fifos_at_their_end_cost_22_polls_a_second),
    cmocka_unit_test(a_wait_is_not_early_while_fifos_rest),
    cmocka_unit_test(bytes_in_one_of_ten_resting_fifos_are_told),
    cmocka_unit_test(a_wait_of_0_looks_at_what_rests),
    cmocka_unit_test(a_datagram_socket_that_is_shut_for_reading_makes_few_events),
    cmocka_unit_test(a_listener_without_descriptors_makes_few_events_and_then_one),
    cmocka_unit_test(a_peek_that_wants_more_makes_few_events),
    cmocka_unit_test(reading_a_closed_terminal_again_and_again_makes_no_event),
    cmocka_unit_test(a_half_closed_stream_neither_rests_nor_is_held),
    cmocka_unit_test(reading_the_end_of_a_stream_asks_the_system_nothing_else),
    cmocka_unit_test(a_look_without_news_leaves_every_descriptor_at_rest),
    cmocka_unit_test(a_look_that_finds_the_hang_up_gone_ends_the_rest),
    cmocka_unit_test(progress_one_way_arms_what_was_held_the_other_way),
    cmocka_unit_test(out_of_band_data_that_stays_after_a_call_that_would_block_is_held),
    cmocka_unit_test(what_was_told_meanwhile_is_held_no_more),
    cmocka_unit_test(a_file_is_armed_by_reading_only_once_it_would_block),
    cmocka_unit_test(a_file_whose_read_failed_is_told_of_once_more),
    cmocka_unit_test(a_wait_while_nothing_rests_reads_the_clock_for_its_timeout_alone),
};
TEST_GROUP(poll_rest, tests)
