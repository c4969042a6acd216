/* SPDX-License-Identifier: MIT */

/*
 * Edges beside the beaten track: what comes after an end of file, an error or a peek is an event,
 * on every backend, and no condition that lasts makes waits spin.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"
#include "support/scratch.h"

enum { TOKEN = 1, ROUNDS = 4, ROOM = 64 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

struct setting {
    struct test_loop loop;
    struct test_scratch scratch;
    struct cmio_pipe_receiver receiver;
    const char *path;
};

static void receiver_open(struct setting *setting, int fd) {
    assert_true(fd >= 0);
    assert_int_equal(cmio_pipe_receiver_from_fd(&setting->receiver, fd), 0);
    assert_int_equal(cmio_registry_register(setting->loop.registry, &setting->receiver.source,
                                            TOKEN, CMIO_READABLE),
                     0);
}

/* A reader of a FIFO to which nobody has written yet. */
static void fifo_open(struct setting *setting) {
    test_loop_open(&setting->loop);
    test_scratch_open(&setting->scratch);
    setting->path = test_scratch_path(&setting->scratch, "fifo");
    assert_int_equal(mkfifo(setting->path, 0600), 0);
    receiver_open(setting, open(setting->path, O_RDONLY | O_NONBLOCK));
}

static void fifo_close(struct setting *setting) {
    assert_int_equal(cmio_pipe_receiver_close(&setting->receiver), 0);
    assert_int_equal(test_scratch_close(&setting->scratch), 1);
    test_loop_close(&setting->loop);
}

static int writer_open(const struct setting *setting) {
    const int fd = open(setting->path, O_WRONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

/*
 * Reads what there is, which must be so many bytes, waiting for events as often as it takes, and
 * then to the end of file: which may be told at once or with one more event.
 */
static void read_to_the_end(struct setting *setting, size_t expected) {
    char bytes[ROOM];
    size_t length = 0;
    for (;;) {
        const ssize_t count = cmio_pipe_receiver_read(&setting->receiver, bytes, sizeof bytes);
        if (count > 0)
            length += (size_t)count;
        else if (count == 0 && length >= expected)
            break;
        else
            test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
    }
    assert_int_equal(length, expected);
}

/* OpenBSD's kqueue tells anew of the end of a pipe after each read that found it. */
static bool an_empty_read_may_be_an_edge(const struct setting *setting) {
    return strcmp(cmio_poll_backend(setting->loop.poll), "kqueue") == 0;
}

/* Answers what events come within a moment, each by reading: none of them may bring a byte, or be
 * many. */
static void expect_nothing_more(struct setting *setting) {
    char byte;
    int events = 0;
    const int64_t end = test_now() + 100 * CMIO_MILLISECOND;
    for (int64_t left; (left = end - test_now()) > 0;) {
        if (test_loop_wait(&setting->loop, left) <= 0)
            continue;
        assert_true(cmio_pipe_receiver_read(&setting->receiver, &byte, 1) <= 0);
        if (++events > 10 && !an_empty_read_may_be_an_edge(setting))
            fail_msg("more than 10 waits returned with an event");
        if (events > 10)
            break;
    }
    test_loop_forget(&setting->loop);
}

static void the_next_writer_of_a_fifo_makes_an_event_after_the_end_of_file(void **state) {
    (void)state;
    struct setting setting;
    fifo_open(&setting);
    for (int round = 0; round < ROUNDS; round++) {
        const int writer = writer_open(&setting);
        test_put(writer, 3);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        test_close(writer);
        read_to_the_end(&setting, 3);
        expect_nothing_more(&setting);
    }
    fifo_close(&setting);
}

/* It comes and goes while nobody waits. */
static void a_writer_of_a_fifo_that_has_gone_again_makes_an_event_too(void **state) {
    (void)state;
    struct setting setting;
    fifo_open(&setting);
    for (int round = 0; round < ROUNDS; round++) {
        const int writer = writer_open(&setting);
        test_put(writer, 3);
        test_close(writer);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        read_to_the_end(&setting, 3);
    }
    expect_nothing_more(&setting);
    fifo_close(&setting);
}

/* A wait that does not wait looks all the same. */
static void a_wait_of_nothing_sees_the_next_writer_of_a_fifo(void **state) {
    (void)state;
    struct setting setting;
    fifo_open(&setting);
    for (int round = 0; round < ROUNDS; round++) {
        const int writer = writer_open(&setting);
        test_put(writer, 3);
        TEST_EVENTUALLY(test_loop_wait(&setting.loop, 0) > 0);
        test_close(writer);
        read_to_the_end(&setting, 3);
        test_loop_forget(&setting.loop);
    }
    fifo_close(&setting);
}

static void at_the_end_of_a_fifo_no_wait_is_early(void **state) {
    (void)state;
    const int64_t span = 100 * CMIO_MILLISECOND;
    struct setting setting;
    fifo_open(&setting);
    const int writer = writer_open(&setting);
    test_put(writer, 1);
    test_close(writer);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    read_to_the_end(&setting, 1);
    expect_nothing_more(&setting);
    const int64_t begin = test_now();
    const int count = test_loop_wait(&setting.loop, span);
    assert_true(count > 0 || test_now() - begin >= span);
    assert_true(count == 0 || an_empty_read_may_be_an_edge(&setting));
    test_loop_forget(&setting.loop);
    fifo_close(&setting);
}

/* The other side of a terminal, without echo and line by line. */
static int open_slave(const char *name) {
    struct termios mode;
    const int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(tcgetattr(fd, &mode), 0);
    mode.c_lflag &= (tcflag_t) ~(ECHO | ICANON);
    mode.c_oflag &= (tcflag_t)~OPOST;
    assert_int_equal(tcsetattr(fd, TCSANOW, &mode), 0);
    return fd;
}

/* Reads until the other side is gone, which systems tell as an error or as the end. */
static void read_until_hung_up(struct setting *setting) {
    char bytes[ROOM];
    ssize_t count;
    while ((count = cmio_pipe_receiver_read(&setting->receiver, bytes, sizeof bytes)) != -EIO &&
           count != 0)
        if (count == -EAGAIN)
            test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
}

static void a_terminal_that_is_opened_again_makes_an_event_after_its_hang_up(void **state) {
    (void)state;
    struct setting setting;
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0)
        skip();
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    const char *name = ptsname(master);
    test_loop_open(&setting.loop);
    int slave = open_slave(name);
    receiver_open(&setting, master);
    for (int round = 0; round < ROUNDS; round++) {
        test_put(slave, 3);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        test_close(slave);
        read_until_hung_up(&setting);
        expect_nothing_more(&setting);
        slave = open_slave(name);
    }
    test_close(slave);
    assert_int_equal(cmio_pipe_receiver_close(&setting.receiver), 0);
    test_loop_close(&setting.loop);
}

/* Calls something while the process can open no descriptor. */
static int accept_at_the_limit(struct cmio_tcp_listener *listener, struct cmio_tcp_stream *stream) {
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const int result = cmio_tcp_listener_accept(listener, stream, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    return result;
}

static void the_next_client_makes_an_event_after_an_accept_without_descriptors(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip();
    struct test_loop loop;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_address address;
    test_loop_open(&loop);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &address), 0);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &listener.source, TOKEN, CMIO_READABLE),
                     0);
    const int first = test_connect(cmio_address_port(&address));
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(accept_at_the_limit(&listener, &stream), -EMFILE);
    const int second = test_connect(cmio_address_port(&address));
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio_tcp_listener_accept(&listener, &stream, NULL), 0);
        assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    }
    assert_int_equal(cmio_tcp_listener_accept(&listener, &stream, NULL), -EAGAIN);
    (void)test_loop_wait(&loop, 0);
    test_loop_forget(&loop);
    test_loop_expect_silence(&loop);
    test_close(first);
    test_close(second);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    test_loop_close(&loop);
}

/* A UDP socket whose peer's port refuses until it is opened. */
struct refused {
    struct test_loop loop;
    struct cmio_udp_socket socket;
    struct cmio_address here;
    uint16_t there;
    int holder;
};

static void refused_open(struct refused *refused) {
    struct cmio_address there;
    test_loop_open(&refused->loop);
    refused->holder = test_udp_refuse(&refused->there);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &refused->here), 0);
    assert_int_equal(cmio_udp_socket_bind(&refused->socket, &refused->here, NULL), 0);
    assert_int_equal(cmio_udp_socket_local_address(&refused->socket, &refused->here), 0);
    there = refused->here;
    assert_int_equal(cmio_address_set_port(&there, refused->there), 0);
    assert_int_equal(cmio_udp_socket_connect(&refused->socket, &there), 0);
    assert_int_equal(cmio_registry_register(refused->loop.registry, &refused->socket.source, TOKEN,
                                            CMIO_READABLE),
                     0);
}

static void refused_close(struct refused *refused) {
    test_close(refused->holder);
    assert_int_equal(cmio_udp_socket_close(&refused->socket), 0);
    test_loop_close(&refused->loop);
}

/* Makes an ICMP error, and waits for the event that tells of it. */
static void be_refused(struct refused *refused) {
    assert_int_equal(cmio_udp_socket_send(&refused->socket, "x", 1), 1);
    test_loop_expect(&refused->loop, TOKEN, CMIO_READABLE);
}

/* The peer is there, and its datagram must be told. */
static void expect_next_datagram(struct refused *refused) {
    char bytes[ROOM];
    ssize_t count;
    const int peer = test_udp_bind_refused(refused->there);
    test_udp_connect(peer, cmio_address_port(&refused->here));
    test_put(peer, 3);
    do { /* one event may be spurious */
        test_loop_expect(&refused->loop, TOKEN, CMIO_READABLE);
        count = cmio_udp_socket_recv(&refused->socket, bytes, sizeof bytes, NULL);
    } while (count == -EAGAIN);
    assert_int_equal(count, 3);
    assert_int_equal(cmio_udp_socket_recv(&refused->socket, bytes, sizeof bytes, NULL), -EAGAIN);
    test_close(peer);
}

static int by_recv(struct refused *refused) {
    char bytes[ROOM];
    return (int)cmio_udp_socket_recv(&refused->socket, bytes, sizeof bytes, NULL);
}

static int by_peek(struct refused *refused) {
    char bytes[ROOM];
    return (int)cmio_udp_socket_peek(&refused->socket, bytes, sizeof bytes, NULL);
}

static int by_batch(struct refused *refused) {
    char bytes[ROOM];
    struct cmio_udp_message message = {.buffer = bytes, .size = sizeof bytes};
    return cmio_udp_socket_recv_batch(&refused->socket, &message, 1);
}

static int by_take_error(struct refused *refused) {
    return cmio_udp_socket_take_error(&refused->socket);
}

static int by_send(struct refused *refused) {
    return (int)cmio_udp_socket_send(&refused->socket, "x", 1);
}

/* Whichever call tells of the error, and though the program stops there: the next datagram is an
 * event. */
static void the_next_datagram_makes_an_event_after_an_icmp_error_was_told(void **state) {
    (void)state;
    int (*const calls[])(struct refused *) = {by_recv, by_peek, by_batch, by_take_error, by_send};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct refused refused;
        refused_open(&refused);
        be_refused(&refused);
        assert_int_equal(calls[i](&refused), -ECONNREFUSED);
        expect_next_datagram(&refused);
        refused_close(&refused);
    }
}

static void bytes_that_follow_a_short_peek_make_an_event(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_unix_stream reader;
    struct cmio_unix_stream writer;
    char header[8];
    test_loop_open(&loop);
    assert_int_equal(cmio_unix_stream_pair(&reader, &writer), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &reader.source, TOKEN, CMIO_READABLE),
                     0);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t part = 1; part <= sizeof header; part++) {
            assert_int_equal(cmio_unix_stream_write(&writer, "h", 1), 1);
            test_loop_expect(&loop, TOKEN, CMIO_READABLE);
            assert_int_equal(cmio_unix_stream_peek(&reader, header, sizeof header), part);
        }
        assert_int_equal(cmio_unix_stream_read(&reader, header, sizeof header), sizeof header);
        assert_int_equal(cmio_unix_stream_read(&reader, header, sizeof header), -EAGAIN);
        (void)test_loop_wait(&loop, 0); /* one event may be spurious */
        test_loop_forget(&loop);
        test_loop_expect_silence(&loop);
    }
    assert_int_equal(cmio_unix_stream_write(&writer, "h", 1), 1);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_unix_stream_peek(&reader, header, sizeof header), 1);
    (void)test_loop_expect_no_spin(&loop);
    assert_int_equal(cmio_unix_stream_close(&reader), 0);
    assert_int_equal(cmio_unix_stream_close(&writer), 0);
    test_loop_close(&loop);
}

/*
 * Conditions that last, each with a program that answers every event by reading until the call ends
 * its turn: how often waits return with an event.
 */
struct lasting {
    struct cmio_fd_source source;
    int fds[2];
};

/* One turn of the program: reads until something else than bytes comes back. */
static void answer(struct lasting *lasting) {
    char bytes[ROOM];
    ssize_t count;
    do
        count = cmio_fd_source_note_io(&lasting->source, CMIO_READABLE,
                                       read(lasting->fds[0], bytes, sizeof bytes), sizeof bytes);
    while (count > 0);
}

static void expect_no_spin(struct lasting *lasting, cmio_interest interest, const char *what) {
    struct test_loop loop;
    int events = 0;
    test_loop_open(&loop);
    assert_int_equal(cmio_fd_source_init(&lasting->source, lasting->fds[0]), 0);
    assert_int_equal(
        cmio_registry_register(loop.registry, &lasting->source.source, TOKEN, interest), 0);
    const int64_t end = test_now() + 200 * CMIO_MILLISECOND;
    for (int64_t left; (left = end - test_now()) > 0 && events <= 30;) {
        if (test_loop_wait(&loop, left) <= 0)
            continue;
        events++;
        answer(lasting);
    }
    test_loop_forget(&loop);
    if (events > 30)
        fail_msg("%s: more than 30 waits returned with an event", what);
    assert_int_equal(cmio_fd_source_close(&lasting->source), 0);
    test_loop_close(&loop);
}

static void a_half_closed_stream_makes_no_wait_spin(void **state) {
    (void)state;
    static const enum test_pair_kind kinds[] = {TEST_UNIX_STREAM, TEST_TCP};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct lasting lasting;
        test_pair_open(kinds[i], lasting.fds);
        assert_int_equal(shutdown(lasting.fds[1], SHUT_WR), 0);
        expect_no_spin(&lasting, both, test_pair_name(kinds[i]));
        test_pair_close(lasting.fds);
    }
}

static void a_socket_that_is_shut_for_reading_makes_no_wait_spin(void **state) {
    (void)state;
    static const enum test_pair_kind kinds[] = {TEST_UNIX_STREAM, TEST_UNIX_DATAGRAM, TEST_TCP,
                                                TEST_UDP};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct lasting lasting;
        test_pair_open(kinds[i], lasting.fds);
        (void)shutdown(lasting.fds[0], SHUT_RD); /* some systems refuse it for UDP */
        expect_no_spin(&lasting, CMIO_READABLE, test_pair_name(kinds[i]));
        test_pair_close(lasting.fds);
    }
}

static void a_connection_whose_peer_is_gone_makes_no_wait_spin(void **state) {
    (void)state;
    static const enum test_pair_kind kinds[] = {TEST_UNIX_STREAM, TEST_TCP, TEST_UDP,
                                                TEST_UNIX_DATAGRAM};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct lasting lasting;
        test_pair_open(kinds[i], lasting.fds);
        test_close(lasting.fds[1]);
        expect_no_spin(&lasting, both, test_pair_name(kinds[i]));
        test_close(lasting.fds[0]);
    }
}

/* A program that reads until -EAGAIN and then sends what never fits. */
static void answer_in_vain(struct lasting *lasting) {
    static const char too_long[70000];
    answer(lasting);
    assert_int_equal(cmio_fd_source_note_io(&lasting->source, CMIO_WRITABLE,
                                            send(lasting->fds[0], too_long, sizeof too_long, 0),
                                            sizeof too_long),
                     -EMSGSIZE);
}

static void a_send_that_fails_for_good_makes_no_wait_spin(void **state) {
    (void)state;
    struct lasting lasting;
    struct test_loop loop;
    int events = 0;
    test_pair_open(TEST_UDP, lasting.fds);
    test_loop_open(&loop);
    assert_int_equal(cmio_fd_source_init(&lasting.source, lasting.fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &lasting.source.source, TOKEN, both), 0);
    test_loop_expect(&loop, TOKEN, CMIO_WRITABLE);
    answer_in_vain(&lasting);
    const int64_t end = test_now() + 200 * CMIO_MILLISECOND;
    for (int64_t left; (left = end - test_now()) > 0 && events <= 30;) {
        if (test_loop_wait(&loop, left) <= 0)
            continue;
        events++;
        answer_in_vain(&lasting);
    }
    assert_in_range(events, 0, 30);
    test_loop_forget(&loop);
    assert_int_equal(cmio_fd_source_close(&lasting.source), 0);
    test_pair_close(lasting.fds);
    test_loop_close(&loop);
}

/*
 * The terminal of a session, read by a process in the background that ignores SIGTTIN: input is there,
 * and the read says EIO. Returns what is wrong, or NULL.
 */
static const char *read_in_the_background(const char *name) {
    struct lasting lasting;
    struct cmio_poll *poll;
    struct cmio_events *batch;
    int events = 0;
    lasting.fds[0] = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (lasting.fds[0] < 0 || cmio_fd_source_init(&lasting.source, lasting.fds[0]) != 0 ||
        cmio_poll_new_with(&poll, test_backend()) != 0 || cmio_events_new(&batch, 4) != 0 ||
        cmio_registry_register(cmio_poll_registry(poll), &lasting.source.source, TOKEN,
                               CMIO_READABLE) != 0)
        return "no source";
    int count;
    do
        count = cmio_poll_wait(poll, batch, 30 * CMIO_SECOND);
    while (count == -EINTR);
    if (count <= 0)
        return count == 0 ? "no event" : cmio_strerror(count);
    answer(&lasting);
    const int64_t end = test_now() + 200 * CMIO_MILLISECOND;
    for (int64_t left; (left = end - test_now()) > 0;) {
        if (cmio_poll_wait(poll, batch, left) <= 0)
            continue;
        answer(&lasting);
        if (++events > 30)
            return "more than 30 waits returned with an event";
    }
    return NULL;
}

/* The leader of a session of its own, with the terminal, and a child in another process group. */
static void lead_session(const char *name, int result) {
    (void)setsid();
    const int terminal = open(name, O_RDWR); /* which becomes the session's */
    (void)signal(SIGTTIN, SIG_IGN);
    const pid_t background = fork();
    if (background == 0) {
        (void)setpgid(0, 0);
        const char *problem = read_in_the_background(name);
        if (problem != NULL)
            (void)!write(result, problem, strlen(problem));
        _exit(0);
    }
    (void)waitpid(background, NULL, 0);
    (void)close(terminal);
    _exit(0);
}

static void a_terminal_that_may_not_be_read_makes_no_wait_spin(void **state) {
    (void)state;
    char problem[100] = "";
    int result[2];
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0)
        skip();
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    const int slave = open_slave(ptsname(master)); /* so that its input stays */
    test_put(master, 5);
    assert_int_equal(pipe(result), 0);
    const pid_t leader = fork();
    assert_true(leader >= 0);
    if (leader == 0)
        lead_session(ptsname(master), result[1]);
    test_close(result[1]);
    assert_int_equal(waitpid(leader, NULL, 0), leader);
    assert_true(read(result[0], problem, sizeof problem - 1) >= 0);
    test_close(result[0]);
    test_close(slave);
    test_close(master);
    if (*problem != '\0')
        fail_msg("%s", problem);
}

static void an_error_queue_that_is_not_read_makes_no_wait_spin(void **state) {
    (void)state;
#ifdef IP_RECVERR
    const int on = 1;
    struct lasting lasting;
    uint16_t ports[2];
    char byte;
    lasting.fds[0] = test_udp_bind(&ports[0]);
    lasting.fds[1] = test_udp_refuse(&ports[1]);
    test_udp_connect(lasting.fds[0], ports[1]);
    assert_int_equal(setsockopt(lasting.fds[0], IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
    assert_int_equal(send(lasting.fds[0], "x", 1, 0), 1);
    TEST_EVENTUALLY(recv(lasting.fds[0], &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED);
    expect_no_spin(&lasting, both, "IP_RECVERR");
    test_pair_close(lasting.fds);
#else
    skip();
#endif
}

/* What fell short, in each way to write, arms the edge by itself: no -EAGAIN follows. */
static void a_write_that_falls_short_arms_the_edge_alone(void **state) {
    (void)state;
    static char bytes[4 << 20]; /* more than a pipe or a stream holds */
    const struct iovec parts[] = {{bytes, sizeof bytes / 2}, {bytes, sizeof bytes / 2}};
    enum { WAYS = 5 };
    for (int way = 0; way < WAYS; way++) {
        struct test_loop loop;
        struct cmio_pipe_sender pipe;
        struct cmio_unix_stream stream;
        int fds[2];
        const bool is_pipe = way < 2;
        struct cmio_source *source = is_pipe ? &pipe.source : &stream.source;
        test_loop_open(&loop);
        test_pair_open(is_pipe ? TEST_PIPE : TEST_UNIX_STREAM, fds);
        assert_int_equal(is_pipe ? cmio_pipe_sender_from_fd(&pipe, fds[1])
                                 : cmio_unix_stream_from_fd(&stream, fds[1]),
                         0);
        assert_int_equal(cmio_registry_register(loop.registry, source, TOKEN, CMIO_WRITABLE), 0);
        for (int round = 0; round < ROUNDS; round++) {
            test_loop_expect(&loop, TOKEN, CMIO_WRITABLE);
            const ssize_t written[WAYS] = {
                way == 0 ? cmio_pipe_sender_write(&pipe, bytes, sizeof bytes) : 0,
                way == 1 ? cmio_pipe_sender_writev(&pipe, parts, 2) : 0,
                way == 2 ? cmio_unix_stream_write(&stream, bytes, sizeof bytes) : 0,
                way == 3 ? cmio_unix_stream_writev(&stream, parts, 2) : 0,
                way == 4 ? cmio_unix_stream_send_fds(&stream, bytes, sizeof bytes, fds, 1) : 0,
            };
            assert_true(written[way] > 0 && (size_t)written[way] < sizeof bytes);
            (void)test_loop_wait(&loop, 0); /* kqueue may tell of room that was there */
            test_loop_forget(&loop);
            assert_int_equal(test_drain(fds[0]), written[way]);
        }
        test_loop_expect(&loop, TOKEN, CMIO_WRITABLE);
        assert_int_equal(is_pipe ? cmio_pipe_sender_close(&pipe) : cmio_unix_stream_close(&stream),
                         0);
        test_close(fds[0]);
        test_loop_close(&loop);
    }
}

/* Only the buffers that count are looked at, and a full write arms nothing. */
static void a_full_vectored_write_makes_no_event(void **state) {
    (void)state;
    char hello[] = "hello";
    const struct iovec parts[] = {{hello, 3}, {hello + 3, 2}, {hello, 5}};
    struct test_loop loop;
    struct cmio_unix_stream writer;
    struct cmio_unix_stream reader;
    test_loop_open(&loop);
    assert_int_equal(cmio_unix_stream_pair(&writer, &reader), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &writer.source, TOKEN, CMIO_WRITABLE),
                     0);
    test_loop_expect(&loop, TOKEN, CMIO_WRITABLE);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(cmio_unix_stream_writev(&writer, parts, 2), 5);
        if (strcmp(cmio_poll_backend(loop.poll), "kqueue") != 0) /* which tells of room again */
            test_loop_expect_silence(&loop);
    }
    test_loop_forget(&loop);
    assert_int_equal(cmio_unix_stream_close(&writer), 0);
    assert_int_equal(cmio_unix_stream_close(&reader), 0);
    test_loop_close(&loop);
}

static void an_accept_that_somebody_else_was_quicker_for_arms_the_edge(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_address address;
    test_loop_open(&loop);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &address), 0);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &listener.source, TOKEN, CMIO_READABLE),
                     0);
    for (int round = 0; round < ROUNDS; round++) {
        const int client = test_connect(cmio_address_port(&address));
        test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        const int taken = accept(cmio_tcp_listener_fd(&listener), NULL, NULL);
        assert_true(taken >= 0);
        assert_int_equal(cmio_tcp_listener_accept(&listener, &stream, NULL), -EAGAIN);
        test_close(taken);
        test_close(client);
    }
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    test_loop_close(&loop);
}

/* The same with readv(2), whose end of file is noted too. */
static void after_a_vectored_read_to_the_end_a_fifo_hears_its_next_writer(void **state) {
    (void)state;
    char bytes[ROOM];
    const struct iovec parts[] = {{bytes, 4}, {bytes + 4, sizeof bytes - 4}};
    struct setting setting;
    fifo_open(&setting);
    for (int round = 0; round < ROUNDS; round++) {
        const int writer = writer_open(&setting);
        test_put(writer, 3);
        test_close(writer);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        while (cmio_pipe_receiver_readv(&setting.receiver, parts, 2) > 0)
            continue;
        (void)test_loop_wait(&setting.loop, 0); /* the end may be told by itself */
        test_loop_forget(&setting.loop);
        assert_int_equal(cmio_pipe_receiver_readv(&setting.receiver, parts, 2), 0);
    }
    fifo_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_next_writer_of_a_fifo_makes_an_event_after_the_end_of_file),
    cmocka_unit_test(a_writer_of_a_fifo_that_has_gone_again_makes_an_event_too),
    cmocka_unit_test(a_wait_of_nothing_sees_the_next_writer_of_a_fifo),
    cmocka_unit_test(at_the_end_of_a_fifo_no_wait_is_early),
    cmocka_unit_test(a_terminal_that_is_opened_again_makes_an_event_after_its_hang_up),
    cmocka_unit_test(the_next_client_makes_an_event_after_an_accept_without_descriptors),
    cmocka_unit_test(the_next_datagram_makes_an_event_after_an_icmp_error_was_told),
    cmocka_unit_test(bytes_that_follow_a_short_peek_make_an_event),
    cmocka_unit_test(a_write_that_falls_short_arms_the_edge_alone),
    cmocka_unit_test(a_full_vectored_write_makes_no_event),
    cmocka_unit_test(an_accept_that_somebody_else_was_quicker_for_arms_the_edge),
    cmocka_unit_test(after_a_vectored_read_to_the_end_a_fifo_hears_its_next_writer),
    cmocka_unit_test(a_half_closed_stream_makes_no_wait_spin),
    cmocka_unit_test(a_socket_that_is_shut_for_reading_makes_no_wait_spin),
    cmocka_unit_test(a_connection_whose_peer_is_gone_makes_no_wait_spin),
    cmocka_unit_test(a_send_that_fails_for_good_makes_no_wait_spin),
    cmocka_unit_test(a_terminal_that_may_not_be_read_makes_no_wait_spin),
    cmocka_unit_test(an_error_queue_that_is_not_read_makes_no_wait_spin),
};

TEST_GROUP(backend_edges, tests)
