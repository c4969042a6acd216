/* SPDX-License-Identifier: MIT */
#include "support/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/system.h"
#include "support/test.h"

enum { CHUNK = 4096 };

/* The option by which several UDP sockets have one port. */
#ifdef __linux__
enum { SHARE_PORT = SO_REUSEADDR };
#else
enum { SHARE_PORT = SO_REUSEPORT };
#endif

static const char *const names[TEST_PAIR_KINDS] = {
    [TEST_PIPE] = "pipe",
    [TEST_UNIX_STREAM] = "unix stream",
    [TEST_UNIX_DATAGRAM] = "unix datagram",
    [TEST_TCP] = "tcp",
    [TEST_UDP] = "udp",
};

const char *test_pair_name(enum test_pair_kind kind) {
    return names[kind];
}

bool test_pair_is_stream(enum test_pair_kind kind) {
    return kind == TEST_PIPE || kind == TEST_UNIX_STREAM || kind == TEST_TCP;
}

void test_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    assert_true(flags >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
}

void test_set_reset_on_close(int fd) {
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
}

static struct sockaddr_in loopback(uint16_t port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static uint16_t port_of(int fd) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static void bind_loopback(int fd, uint16_t port) {
    struct sockaddr_in address = loopback(port);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
}

static int open_bound(int type, uint16_t *port) {
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    bind_loopback(fd, 0);
    *port = port_of(fd);
    return fd;
}

int test_listen(uint16_t *port) {
    int fd = open_bound(SOCK_STREAM, port);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

int test_refuse(uint16_t *port) {
    int fd = open_bound(SOCK_STREAM, port);
    if (test_answers()->bound_port_refuses)
        return fd;
    test_close(fd);
    return -1;
}

int test_connect(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_in address = loopback(port);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int test_udp_bind(uint16_t *port) {
    int fd = open_bound(SOCK_DGRAM, port);
    test_set_nonblocking(fd);
    return fd;
}

void test_udp_connect(int fd, uint16_t port) {
    struct sockaddr_in address = loopback(port);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
}

static void share_port(int fd) {
    const int on = 1;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SHARE_PORT, &on, sizeof on), 0);
}

/* It shares its port only once it has one, so it has one that nobody had. */
int test_udp_refuse(uint16_t *port) {
    enum { DISCARD = 9 };
    int fd = test_udp_bind(port);
    test_udp_connect(fd, DISCARD);
    share_port(fd);
    return fd;
}

int test_udp_bind_refused(uint16_t port) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    share_port(fd);
    bind_loopback(fd, port);
    test_set_nonblocking(fd);
    return fd;
}

static void open_tcp(int fds[2]) {
    uint16_t port;
    int listener = test_listen(&port);
    fds[0] = test_connect(port);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    test_close(listener);
}

static void open_udp(int fds[2]) {
    uint16_t ports[2];
    for (int i = 0; i < 2; i++)
        fds[i] = test_udp_bind(&ports[i]);
    test_udp_connect(fds[0], ports[1]);
    test_udp_connect(fds[1], ports[0]);
}

void test_pair_open(enum test_pair_kind kind, int fds[2]) {
    if (kind == TEST_PIPE)
        assert_int_equal(pipe(fds), 0);
    else if (kind == TEST_UNIX_STREAM)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    else if (kind == TEST_UNIX_DATAGRAM)
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
    else if (kind == TEST_TCP)
        open_tcp(fds);
    else
        open_udp(fds);
    test_set_nonblocking(fds[0]);
    test_set_nonblocking(fds[1]);
}

void test_close(int fd) {
    assert_int_equal(close(fd), 0);
}

void test_pair_close(const int fds[2]) {
    test_close(fds[0]);
    test_close(fds[1]);
}

void test_put(int fd, size_t length) {
    char bytes[CHUNK];
    assert_true(length <= sizeof bytes);
    memset(bytes, 'x', length);
    assert_int_equal(write(fd, bytes, length), length);
}

void test_take(int fd, size_t length) {
    char bytes[CHUNK];
    assert_true(length <= sizeof bytes);
    assert_int_equal(read(fd, bytes, length), length);
}

static bool is_full_or_empty(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
}

size_t test_fill(int fd) {
    const char bytes[CHUNK] = {0};
    size_t total = 0;
    ssize_t count;
    /* Single bytes in the end, so that no room is left that a smaller write would find. */
    for (size_t length = sizeof bytes; length > 0; length = length > 1 ? 1 : 0)
        for (; (count = write(fd, bytes, length)) > 0; total += (size_t)count)
            ;
    assert_int_equal(count, -1);
    assert_true(is_full_or_empty());
    return total;
}

size_t test_drain(int fd) {
    char bytes[CHUNK];
    size_t total = 0;
    ssize_t count;
    while ((count = read(fd, bytes, sizeof bytes)) > 0)
        total += (size_t)count;
    assert_true(count == 0 || is_full_or_empty());
    return total;
}

ssize_t test_source_read(struct cmio_fd_source *source, size_t length) {
    char bytes[CHUNK];
    assert_true(length <= sizeof bytes);
    int fd = cmio_fd_source_fd(source);
    return cmio_fd_source_note_io(source, CMIO_READABLE, read(fd, bytes, length), length);
}

ssize_t test_source_write(struct cmio_fd_source *source, size_t length) {
    static const char bytes[1 << 20];
    assert_true(length <= sizeof bytes);
    int fd = cmio_fd_source_fd(source);
    return cmio_fd_source_note_io(source, CMIO_WRITABLE, write(fd, bytes, length), length);
}

size_t test_source_drain(struct cmio_fd_source *source) {
    size_t total = 0;
    ssize_t count;
    while ((count = test_source_read(source, CHUNK)) > 0)
        total += (size_t)count;
    assert_true(count == 0 || count == -EAGAIN);
    return total;
}

size_t test_source_fill(struct cmio_fd_source *source) {
    size_t total = 0;
    ssize_t count;
    while ((count = test_source_write(source, CHUNK)) > 0)
        total += (size_t)count;
    assert_int_equal(count, -EAGAIN);
    return total;
}
