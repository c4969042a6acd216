/* SPDX-License-Identifier: MIT */
#include "support/scale.h"
#include "support/scratch.h"
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmio/unix_listener.h>
#include <cmio/unix_stream.h>

/*
 * Waits until the descriptor is ready, with poll(2): these tests are about the calls, not events.
 */
static void await(int fd, short events) {
    struct pollfd entry = {.fd = fd, .events = events};
    assert_int_equal(poll(&entry, 1, 30000), 1);
}

struct pair {
    struct cmio_unix_stream a;
    struct cmio_unix_stream b;
};

static void open_pair(struct pair *pair) {
    assert_int_equal(cmio_unix_stream_pair(&pair->a, &pair->b), 0);
}

static void close_pair(struct pair *pair) {
    assert_int_equal(cmio_unix_stream_close(&pair->a), 0);
    assert_int_equal(cmio_unix_stream_close(&pair->b), 0);
}

static bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

static void assert_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void sending_descriptors_to_a_gone_peer_is_an_error_and_no_signal(void **state) {
    (void)state;
    struct pair pair;
    const int fd = 0;
    struct sigaction default_action = {.sa_handler = SIG_DFL};
    struct sigaction before;
    assert_int_equal(sigaction(SIGPIPE, &default_action, &before), 0);
    open_pair(&pair);
    assert_int_equal(cmio_unix_stream_close(&pair.b), 0);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, "a", 1, &fd, 1), -EPIPE);
    close_pair(&pair);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

/* Names. */

static void pairs_are_nonblocking_close_on_exec_and_unnamed(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_address unnamed;
    struct cmio_address address;
    assert_int_equal(cmio_address_parse("unix:", &unnamed), 0);
    open_pair(&pair);
    assert_prepared(cmio_unix_stream_fd(&pair.a));
    assert_prepared(cmio_unix_stream_fd(&pair.b));
    assert_int_equal(cmio_unix_stream_local_address(&pair.a, &address), 0);
    assert_true(cmio_address_equal(&address, &unnamed));
    assert_int_equal(address.length, unnamed.length);
    assert_int_equal(cmio_unix_stream_peer_address(&pair.a, &address), 0);
    assert_true(cmio_address_equal(&address, &unnamed));
    assert_int_equal(address.length, unnamed.length);
    assert_int_equal(cmio_unix_stream_finish_connect(&pair.a), 0);
    close_pair(&pair);
}

static void a_pair_needs_two_streams(void **state) {
    (void)state;
    struct cmio_unix_stream stream = {.source.fd = 77};
    assert_int_equal(cmio_unix_stream_pair(&stream, &stream), -EINVAL);
    assert_int_equal(cmio_unix_stream_pair(&stream, NULL), -EINVAL);
    assert_int_equal(cmio_unix_stream_pair(NULL, &stream), -EINVAL);
    assert_int_equal(stream.source.fd, 77);
}

/* What a connection to the address says of it at both ends. */
static void expect_names(const struct cmio_address *address) {
    struct cmio_unix_listener listener;
    struct cmio_unix_stream client;
    struct cmio_unix_stream server;
    struct cmio_address unnamed;
    struct cmio_address name;
    assert_int_equal(cmio_address_parse("unix:", &unnamed), 0);
    assert_int_equal(cmio_unix_listener_bind(&listener, address, NULL), 0);
    assert_int_equal(cmio_unix_listener_local_address(&listener, &name), 0);
    assert_int_equal(name.length, address->length);
    assert_true(cmio_address_equal(&name, address));
    assert_int_equal(cmio_unix_stream_connect(&client, address), 0);
    await(cmio_unix_stream_fd(&client), POLLOUT);
    assert_int_equal(cmio_unix_stream_finish_connect(&client), 0);
    assert_prepared(cmio_unix_stream_fd(&client));
    assert_int_equal(cmio_unix_listener_accept(&listener, &server, &name), 0);
    assert_int_equal(name.length, unnamed.length);
    assert_true(cmio_address_equal(&name, &unnamed));
    assert_int_equal(cmio_unix_stream_peer_address(&client, &name), 0);
    assert_int_equal(name.length, address->length);
    assert_true(cmio_address_equal(&name, address));
    assert_int_equal(cmio_unix_stream_local_address(&server, &name), 0);
    assert_int_equal(name.length, address->length);
    assert_true(cmio_address_equal(&name, address));
    assert_int_equal(cmio_unix_stream_close(&client), 0);
    assert_int_equal(cmio_unix_stream_close(&server), 0);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
}

static void paths_come_back_with_their_exact_length(void **state) {
    (void)state;
    struct test_scratch scratch;
    char longest[sizeof((struct sockaddr_un *)0)->sun_path];
    test_scratch_open(&scratch);
    struct cmio_address address = test_scratch_address(&scratch, "s");
    expect_names(&address);
    /* All of sun_path but the NUL. */
    const char *path = test_scratch_path(&scratch, "");
    memset(longest, 'x', sizeof longest);
    memcpy(longest, path, strlen(path));
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(cmio_address_from_path(longest, &address), 0);
    assert_int_equal(address.length, sizeof address.u.local);
    expect_names(&address);
    assert_int_equal(test_scratch_close(&scratch), 2);
}

static void abstract_names_come_back_with_their_exact_length(void **state) {
    (void)state;
    struct cmio_address address;
    char name[64];
    int length = snprintf(name, sizeof name, "cmio-%ld", (long)getpid());
    if (cmio_address_from_abstract(name, (size_t)length, &address) == -ENOTSUP)
        skip();
    expect_names(&address);
    name[4] = '\0'; /* any byte will do */
    assert_int_equal(cmio_address_from_abstract(name, (size_t)length, &address), 0);
    expect_names(&address);
}

static void a_path_that_is_too_long_is_refused_before_any_call(void **state) {
    (void)state;
    char text[sizeof "unix:" + sizeof((struct sockaddr_un *)0)->sun_path];
    struct cmio_address address = {.length = 77};
    memset(text, 'x', sizeof text);
    memcpy(text, "unix:", 5);
    text[sizeof text - 1] = '\0'; /* as many bytes as sun_path, and no room for the NUL */
    assert_int_equal(cmio_address_parse(text, &address), -ENAMETOOLONG);
    assert_int_equal(cmio_address_from_path(text + 5, &address), -ENAMETOOLONG);
    assert_int_equal(address.length, 77);
}

/* Connecting. */

static void a_path_without_a_listener_is_refused(void **state) {
    (void)state;
    struct test_scratch scratch;
    struct cmio_unix_listener listener;
    struct cmio_unix_stream stream = {.source.fd = 77};
    test_scratch_open(&scratch);
    struct cmio_address address = test_scratch_address(&scratch, "s");
    assert_int_equal(cmio_unix_stream_connect(&stream, &address), -ENOENT);
    assert_int_equal(cmio_unix_listener_bind(&listener, &address, NULL), 0);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    assert_int_equal(cmio_unix_stream_connect(&stream, &address), -ECONNREFUSED);
    assert_int_equal(stream.source.fd, 77);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static void a_full_backlog_is_told_at_once(void **state) {
    (void)state;
    enum { ENOUGH = 64 };
    const struct cmio_unix_listener_options options = {.backlog = 1};
    struct test_scratch scratch;
    struct cmio_unix_listener listener;
    struct cmio_unix_stream streams[ENOUGH];
    struct cmio_unix_stream refused = {.source.fd = 77};
    test_scratch_open(&scratch);
    struct cmio_address address = test_scratch_address(&scratch, "s");
    assert_int_equal(cmio_unix_listener_bind(&listener, &address, &options), 0);
    int count = 0;
    int error = 0;
    while (count < ENOUGH && (error = cmio_unix_stream_connect(&refused, &address)) == 0) {
        streams[count++] = refused;
        refused.source.fd = 77;
    }
    if (test_answers()->backlog_is_kept)
        assert_true(error == -EAGAIN || error == -ECONNREFUSED);
    else
        assert_int_equal(error, 0);
    assert_int_equal(refused.source.fd, 77);
    assert_int_equal(cmio_unix_listener_accept(&listener, &refused, NULL), 0);
    assert_int_equal(cmio_unix_stream_close(&refused), 0);
    assert_int_equal(cmio_unix_stream_connect(&refused, &address), 0);
    assert_int_equal(cmio_unix_stream_close(&refused), 0);
    while (count > 0)
        assert_int_equal(cmio_unix_stream_close(&streams[--count]), 0);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

/* Its peer went without reading all, which is an error of the socket's. */
static void a_stream_whose_peer_is_gone_was_connected_or_says_why_not(void **state) {
    (void)state;
    struct cmio_unix_stream a;
    struct cmio_unix_stream b;
    char byte = 'a';
    assert_int_equal(cmio_unix_stream_pair(&a, &b), 0);
    assert_int_equal(cmio_unix_stream_write(&a, &byte, 1), 1);
    assert_int_equal(cmio_unix_stream_close(&b), 0);
    const int first = cmio_unix_stream_finish_connect(&a);
    assert_true(first == 0 || first == -ECONNRESET || first == -ENOTCONN);
    (void)cmio_unix_stream_read(&a, &byte, 1);
    (void)cmio_unix_stream_take_error(&a);
    assert_int_equal(cmio_unix_stream_finish_connect(&a), first);
    assert_int_equal(cmio_unix_stream_finish_connect(&a), first);
    assert_int_equal(cmio_unix_stream_close(&a), 0);
}

static void connect_takes_unix_addresses_alone(void **state) {
    (void)state;
    struct cmio_unix_stream stream = {.source.fd = 77};
    struct cmio_address address;
    assert_int_equal(cmio_address_parse("127.0.0.1:1", &address), 0);
    assert_int_equal(cmio_unix_stream_connect(&stream, &address), -EAFNOSUPPORT);
    assert_int_equal(cmio_address_parse("[::1]:1", &address), 0);
    assert_int_equal(cmio_unix_stream_connect(&stream, &address), -EAFNOSUPPORT);
    assert_int_equal(cmio_unix_stream_connect(&stream, NULL), -EINVAL);
    assert_int_equal(cmio_unix_stream_connect(NULL, &address), -EINVAL);
    assert_int_equal(stream.source.fd, 77);
}

/* Descriptors of streams. */

static void what_is_no_unix_stream_is_not_adopted(void **state) {
    (void)state;
    struct cmio_unix_stream stream = {.source.fd = 77};
    struct cmio_unix_listener listener = {.source.fd = 77};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const int tcp = socket(AF_INET, SOCK_STREAM, 0);
    const int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    const int flags = fcntl(datagram, F_GETFL);
    const struct {
        int fd;
        int error;
    } rows[] = {{fds[0], -ENOTSOCK}, {tcp, -EAFNOSUPPORT}, {datagram, -EINVAL}, {-1, -EBADF}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(cmio_unix_stream_from_fd(&stream, rows[i].fd), rows[i].error);
        assert_int_equal(cmio_unix_listener_from_fd(&listener, rows[i].fd), rows[i].error);
    }
    assert_int_equal(cmio_unix_stream_from_fd(NULL, datagram), -EINVAL);
    assert_int_equal(stream.source.fd, 77);
    assert_int_equal(listener.source.fd, 77);
    assert_int_equal(fcntl(datagram, F_GETFL), flags);
    close(datagram);
    close(tcp);
    close(fds[0]);
    close(fds[1]);
}

static void null_and_closed_streams_are_refused(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_unix_stream zeroed = {0};
    struct cmio_address address;
    struct iovec vector = {.iov_base = (char[]){'a'}, .iov_len = 1};
    char byte = 0;
    int fd = 0;
    ssize_t count = 77;
    open_pair(&pair);
    assert_int_equal(cmio_unix_stream_close(&pair.a), 0);
    struct cmio_unix_stream *const rows[] = {NULL, &pair.a, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        assert_int_equal(cmio_unix_stream_read(rows[i], &byte, 1), error);
        assert_int_equal(cmio_unix_stream_readv(rows[i], &vector, 1), error);
        assert_int_equal(cmio_unix_stream_peek(rows[i], &byte, 1), error);
        assert_int_equal(cmio_unix_stream_write(rows[i], &byte, 1), error);
        assert_int_equal(cmio_unix_stream_writev(rows[i], &vector, 1), error);
        assert_int_equal(cmio_unix_stream_send_fds(rows[i], &byte, 1, &fd, 1), error);
        assert_int_equal(cmio_unix_stream_receive_fds(rows[i], &byte, 1, &fd, 1, &count), error);
        assert_int_equal(cmio_unix_stream_shutdown(rows[i], CMIO_SHUTDOWN_BOTH), error);
        assert_int_equal(cmio_unix_stream_finish_connect(rows[i]), error);
        assert_int_equal(cmio_unix_stream_local_address(rows[i], &address), error);
        assert_int_equal(cmio_unix_stream_peer_address(rows[i], &address), error);
        assert_int_equal(cmio_unix_stream_take_error(rows[i]), error);
        assert_int_equal(cmio_unix_stream_fd(rows[i]), error);
        assert_int_equal(cmio_unix_stream_into_fd(rows[i]), error);
        assert_int_equal(cmio_unix_stream_close(rows[i]), 0);
    }
    assert_int_equal(count, 77);
    close_pair(&pair);
}

static void a_stream_takes_24_bytes(void **state) {
    (void)state;
    assert_true(sizeof(void *) != 8 || sizeof(struct cmio_unix_stream) == 24);
}

/* Descriptors through streams. */

static void a_descriptor_that_is_sent_can_be_used(void **state) {
    (void)state;
    struct pair pair;
    int fds[2];
    int received = -1;
    ssize_t count = -1;
    char buffer[8];
    open_pair(&pair);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, "abc", 3, &fds[0], 1), 3);
    assert_int_equal(close(fds[0]), 0); /* the one that is under way is another */
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, buffer, 8, &received, 1, &count), 3);
    assert_memory_equal(buffer, "abc", 3);
    assert_int_equal(count, 1);
    assert_true(fcntl(received, F_GETFD) & FD_CLOEXEC);
    assert_false(fcntl(received, F_GETFL) & O_NONBLOCK); /* the sender's way, which is kept */
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(read(received, buffer, 1), 1);
    assert_int_equal(buffer[0], 'x');
    assert_int_equal(close(received), 0);
    assert_int_equal(close(fds[1]), 0);
    close_pair(&pair);
}

static void bytes_without_descriptors_say_so(void **state) {
    (void)state;
    struct pair pair;
    int untouched = 77;
    ssize_t count = -1;
    char buffer[8];
    open_pair(&pair);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, buffer, 8, &untouched, 1, &count),
                     -EAGAIN);
    assert_int_equal(count, -1);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, "ab", 2, NULL, 0), 2);
    assert_int_equal(cmio_unix_stream_write(&pair.a, "c", 1), 1);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, buffer, 8, &untouched, 1, &count), 3);
    assert_int_equal(count, 0);
    assert_int_equal(cmio_unix_stream_close(&pair.a), 0);
    count = -1;
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, buffer, 8, &untouched, 1, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(untouched, 77);
    close_pair(&pair);
}

/* As many as a send takes, of one file. */
static ssize_t send_copies(struct cmio_unix_stream *stream, size_t count) {
    int fds[CMIO_UNIX_FDS_MAX + 1];
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        fds[i] = cmio_unix_stream_fd(stream);
    return cmio_unix_stream_send_fds(stream, "x", 1, fds, count);
}

static void the_most_descriptors_go_in_one_call_and_no_more(void **state) {
    (void)state;
    struct pair pair;
    int fds[CMIO_UNIX_FDS_MAX];
    ssize_t count = -1;
    char byte;
    open_pair(&pair);
    assert_int_equal(send_copies(&pair.a, CMIO_UNIX_FDS_MAX + 1), -EINVAL);
    assert_int_equal(send_copies(&pair.a, CMIO_UNIX_FDS_MAX), 1);
    assert_int_equal(
        cmio_unix_stream_receive_fds(&pair.b, &byte, 1, fds, CMIO_UNIX_FDS_MAX, &count), 1);
    assert_int_equal(count, CMIO_UNIX_FDS_MAX);
    for (size_t i = 0; i < CMIO_UNIX_FDS_MAX; i++) {
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        assert_int_equal(close(fds[i]), 0);
    }
    close_pair(&pair);
}

static void descriptors_need_a_byte_to_go_with(void **state) {
    (void)state;
    struct pair pair;
    int fd = 0;
    int bad[2] = {0, -1};
    ssize_t count = 77;
    char byte;
    open_pair(&pair);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, "", 0, &fd, 1), -EINVAL);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, NULL, 1, &fd, 1), -EINVAL);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, "a", 1, NULL, 1), -EINVAL);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, "a", 1, bad, 2), -EBADF);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, &byte, 0, &fd, 1, &count), -EINVAL);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, NULL, 1, &fd, 1, &count), -EINVAL);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, &byte, 1, NULL, 1, &count), -EINVAL);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, &byte, 1, &fd, 1, NULL), -EINVAL);
    /* Nothing of this went out. */
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, &byte, 1, &fd, 1, &count), -EAGAIN);
    assert_int_equal(count, 77);
    assert_int_equal(fd, 0);
    close_pair(&pair);
}

static void more_descriptors_than_there_is_room_for_are_closed_and_told(void **state) {
    (void)state;
    for (size_t capacity = 0; capacity < 3; capacity++) {
        struct pair pair;
        int fds[3] = {77, 77, 77};
        ssize_t count = 0;
        char byte = 0;
        open_pair(&pair);
        const int before = test_count_descriptors();
        assert_int_equal(send_copies(&pair.a, 3), 1);
        assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, &byte, 1, capacity == 0 ? NULL : fds,
                                                      capacity, &count),
                         1);
        assert_int_equal(count, -EMSGSIZE);
        assert_int_equal(byte, 'x');
        assert_int_equal(fds[0], 77);
        assert_int_equal(test_count_descriptors(), before);
        /* The stream goes on. */
        assert_int_equal(send_copies(&pair.a, 1), 1);
        assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, &byte, 1, fds, 3, &count), 1);
        assert_int_equal(count, 1);
        assert_int_equal(close(fds[0]), 0);
        close_pair(&pair);
    }
}

static void read_drops_descriptors_and_leaves_none_open(void **state) {
    (void)state;
    struct pair pair;
    char buffer[8];
    int fd = 77;
    ssize_t count = -1;
    open_pair(&pair);
    const struct iovec in = {.iov_base = buffer, .iov_len = sizeof buffer};
    const int before = test_count_descriptors();
    assert_int_equal(send_copies(&pair.a, 3), 1);
    assert_int_equal(cmio_unix_stream_read(&pair.b, buffer, sizeof buffer), 1);
    assert_int_equal(send_copies(&pair.a, 3), 1);
    assert_int_equal(cmio_unix_stream_readv(&pair.b, &in, 1), 1);
    assert_int_equal(test_count_descriptors(), before);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, buffer, 8, &fd, 1, &count), -EAGAIN);
    close_pair(&pair);
}

static void a_peek_leaves_descriptors_where_they_are(void **state) {
    (void)state;
    struct pair pair;
    char buffer[8];
    int fds[3];
    ssize_t count = -1;
    open_pair(&pair);
    const int before = test_count_descriptors();
    assert_int_equal(send_copies(&pair.a, 3), 1);
    assert_int_equal(cmio_unix_stream_peek(&pair.b, buffer, sizeof buffer), 1);
    assert_int_equal(test_count_descriptors(), before);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, buffer, 8, fds, 3, &count), 1);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(close(fds[i]), 0);
    close_pair(&pair);
}

static void descriptors_of_two_sends_never_come_with_one_read(void **state) {
    (void)state;
    struct pair pair;
    char buffer[16] = "";
    size_t length = 0;
    int sends = 0;
    open_pair(&pair);
    assert_int_equal(cmio_unix_stream_write(&pair.a, "12", 2), 2);
    assert_int_equal(send_copies(&pair.a, 1), 1);
    assert_int_equal(send_copies(&pair.a, 2), 1);
    assert_int_equal(cmio_unix_stream_write(&pair.a, "34", 2), 2);
    ssize_t got;
    for (;;) {
        int fds[4];
        ssize_t count = -1;
        got = cmio_unix_stream_receive_fds(&pair.b, buffer + length, 8, fds, 4, &count);
        if (got < 0)
            break;
        length += (size_t)got;
        /* The first send had one, the second two, and the bytes of each are in its read. */
        if (count > 0)
            assert_int_equal(count, ++sends);
        assert_true(sends < 1 || length >= 3);
        assert_true(sends < 2 || length >= 4);
        while (count > 0)
            assert_int_equal(close(fds[--count]), 0);
    }
    assert_int_equal(got, -EAGAIN);
    assert_int_equal(sends, 2);
    assert_string_equal(buffer, "12xx34");
    close_pair(&pair);
}

static void a_short_send_has_sent_all_descriptors(void **state) {
    (void)state;
    static char bytes[1 << 20];
    struct pair pair;
    int fd;
    ssize_t count = -1;
    open_pair(&pair);
    const int room = 16384;
    assert_int_equal(
        setsockopt(cmio_unix_stream_fd(&pair.a), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    fd = cmio_unix_stream_fd(&pair.b);
    ssize_t sent = cmio_unix_stream_send_fds(&pair.a, bytes, sizeof bytes, &fd, 1);
    assert_in_range(sent, 1, sizeof bytes - 1);
    /* There is no room: neither bytes nor descriptors. */
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, bytes, sizeof bytes, &fd, 1), -EAGAIN);
    fd = -1;
    ssize_t got = cmio_unix_stream_receive_fds(&pair.b, bytes, sizeof bytes, &fd, 1, &count);
    assert_in_range(got, 1, sent);
    assert_int_equal(count, 1);
    assert_int_equal(close(fd), 0);
    while (got < sent) {
        ssize_t more = cmio_unix_stream_receive_fds(&pair.b, bytes, sizeof bytes, &fd, 1, &count);
        assert_true(more > 0);
        assert_int_equal(count, 0);
        got += more;
    }
    assert_int_equal(cmio_unix_stream_read(&pair.b, bytes, sizeof bytes), -EAGAIN);
    close_pair(&pair);
}

/* Receives where so many descriptors can be opened, at the lowest free numbers. */
static ssize_t receive_at_the_limit(struct cmio_unix_stream *stream, int free, int *fds,
                                    ssize_t *count) {
    char byte;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int limit = 0;
    for (int left = free; left > 0 || is_open(limit); limit++)
        left -= !is_open(limit);
    struct rlimit lowered = {.rlim_cur = (rlim_t)limit, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    ssize_t got = cmio_unix_stream_receive_fds(stream, &byte, 1, fds, 4, count);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    return got;
}

static void descriptors_beyond_the_limit_are_closed_and_told(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip();
    for (int free = 0; free < 4; free++) {
        struct pair pair;
        int fds[4] = {77, 77, 77, 77};
        ssize_t count = 0;
        open_pair(&pair);
        const int before = test_count_descriptors();
        assert_int_equal(send_copies(&pair.a, 4), 1);
        ssize_t got = receive_at_the_limit(&pair.b, free, fds, &count);
        if (got >= 0) { /* Linux */
            assert_int_equal(got, 1);
            assert_int_equal(count, -EMFILE);
        } else { /* BSDs */
            assert_int_equal(got, -EMSGSIZE);
            assert_int_equal(count, 0);
            assert_int_equal(cmio_unix_stream_read(&pair.b, &(char){0}, 1), 1);
        }
        assert_int_equal(fds[0], 77);
        assert_int_equal(test_count_descriptors(), before);
        assert_int_equal(send_copies(&pair.a, 4), 1);
        assert_int_equal(receive_at_the_limit(&pair.b, 4, fds, &count), 1);
        assert_int_equal(count, 4);
        for (int i = 0; i < 4; i++)
            assert_int_equal(close(fds[i]), 0);
        close_pair(&pair);
    }
}

static void descriptors_that_nobody_receives_are_closed_with_the_stream(void **state) {
    (void)state;
    struct pair pair;
    int fds[2];
    char byte;
    open_pair(&pair);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(cmio_unix_stream_send_fds(&pair.a, "a", 1, &fds[1], 1), 1);
    assert_int_equal(close(fds[1]), 0);
    close_pair(&pair);
    assert_int_equal(read(fds[0], &byte, 1), 0); /* no writer is left */
    assert_int_equal(close(fds[0]), 0);
}

/* Linux 6.5: SO_PASSPIDFD, by its number on most processors. */
static void descriptors_that_nobody_asked_for_are_closed(void **state) {
    (void)state;
    const int pass_process_descriptors = 76;
    const int enabled = 1;
    struct pair pair;
    ssize_t count;
    char byte;
    int fd;
    assert_int_equal(cmio_unix_stream_pair(&pair.a, &pair.b), 0);
    (void)setsockopt(cmio_unix_stream_fd(&pair.b), SOL_SOCKET, pass_process_descriptors, &enabled,
                     sizeof enabled); /* elsewhere there is nothing to be closed */
    assert_int_equal(cmio_unix_stream_write(&pair.a, "x", 1), 1);
    assert_int_equal(cmio_unix_stream_receive_fds(&pair.b, &byte, 1, &fd, 1, &count), 1);
    assert_int_equal(count, 0);
    assert_int_equal(cmio_unix_stream_close(&pair.a), 0);
    assert_int_equal(cmio_unix_stream_close(&pair.b), 0);
}

static void invalid_descriptors_come_before_a_closed_stream(void **state) {
    (void)state;
    struct cmio_unix_stream closed = {0};
    int fd = 0;
    char byte = 'a';
    ssize_t count;
    assert_int_equal(cmio_unix_stream_send_fds(&closed, NULL, 1, &fd, 1), -EINVAL);
    assert_int_equal(cmio_unix_stream_send_fds(&closed, &byte, 0, &fd, 1), -EINVAL);
    assert_int_equal(cmio_unix_stream_send_fds(&closed, &byte, 1, NULL, 1), -EINVAL);
    assert_int_equal(cmio_unix_stream_send_fds(&closed, &byte, 1, &fd, CMIO_UNIX_FDS_MAX + 1),
                     -EINVAL);
    assert_int_equal(cmio_unix_stream_receive_fds(&closed, &byte, 0, &fd, 1, &count), -EINVAL);
    assert_int_equal(cmio_unix_stream_receive_fds(&closed, &byte, 1, NULL, 1, &count), -EINVAL);
    assert_int_equal(cmio_unix_stream_receive_fds(&closed, &byte, 1, &fd, 1, NULL), -EINVAL);
}

static void an_adopted_descriptor_keeps_its_other_flags(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_APPEND), 0);
    const int before = fcntl(fds[0], F_GETFL);
    assert_true(before & O_APPEND);
    struct cmio_unix_stream stream;
    assert_int_equal(cmio_unix_stream_from_fd(&stream, fds[0]), 0);
    assert_int_equal(fcntl(fds[0], F_GETFL), before | O_NONBLOCK);
    assert_int_equal(cmio_unix_stream_close(&stream), 0);
    assert_int_equal(close(fds[1]), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_adopted_descriptor_keeps_its_other_flags),
    cmocka_unit_test(descriptors_that_nobody_asked_for_are_closed),
    cmocka_unit_test(sending_descriptors_to_a_gone_peer_is_an_error_and_no_signal),
    cmocka_unit_test(pairs_are_nonblocking_close_on_exec_and_unnamed),
    cmocka_unit_test(a_pair_needs_two_streams),
    cmocka_unit_test(paths_come_back_with_their_exact_length),
    cmocka_unit_test(abstract_names_come_back_with_their_exact_length),
    cmocka_unit_test(a_path_that_is_too_long_is_refused_before_any_call),
    cmocka_unit_test(a_path_without_a_listener_is_refused),
    cmocka_unit_test(a_full_backlog_is_told_at_once),
    cmocka_unit_test(a_stream_whose_peer_is_gone_was_connected_or_says_why_not),
    cmocka_unit_test(connect_takes_unix_addresses_alone),
    cmocka_unit_test(what_is_no_unix_stream_is_not_adopted),
    cmocka_unit_test(null_and_closed_streams_are_refused),
    cmocka_unit_test(a_stream_takes_24_bytes),
    cmocka_unit_test(a_descriptor_that_is_sent_can_be_used),
    cmocka_unit_test(bytes_without_descriptors_say_so),
    cmocka_unit_test(the_most_descriptors_go_in_one_call_and_no_more),
    cmocka_unit_test(descriptors_need_a_byte_to_go_with),
    cmocka_unit_test(more_descriptors_than_there_is_room_for_are_closed_and_told),
    cmocka_unit_test(read_drops_descriptors_and_leaves_none_open),
    cmocka_unit_test(a_peek_leaves_descriptors_where_they_are),
    cmocka_unit_test(descriptors_of_two_sends_never_come_with_one_read),
    cmocka_unit_test(a_short_send_has_sent_all_descriptors),
    cmocka_unit_test(descriptors_beyond_the_limit_are_closed_and_told),
    cmocka_unit_test(descriptors_that_nobody_receives_are_closed_with_the_stream),
    cmocka_unit_test(invalid_descriptors_come_before_a_closed_stream),
};
TEST_GROUP(net_unix_stream, tests)
