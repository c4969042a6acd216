/* SPDX-License-Identifier: MIT */

/* Sockets, pipes, FIFOs and terminals: what every system has. */
#include "backend/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "support/pair.h"

#define R CMIO_READABLE
#define W CMIO_WRITABLE
#define P CMIO_PRIORITY

/* A pair of descriptors, of which the first becomes the owner's. */
static int open_pair(struct rig *rig, enum test_pair_kind kind) {
    int fds[2];
    test_pair_open(kind, fds);
    rig->peer = fds[1];
    return rig->fd = fds[0];
}

/* TCP. */

static bool open_tcp(struct rig *rig) {
    const int fd = open_pair(rig, TEST_TCP);
    assert_int_equal(cmio_tcp_stream_from_fd(&rig->owner.tcp_stream, fd), 0);
    return true;
}

/* The other end of the pair: the one that was accepted. */
static bool open_tcp_accepted(struct rig *rig) {
    int fds[2];
    test_pair_open(TEST_TCP, fds);
    rig->peer = fds[0];
    rig->fd = fds[1];
    assert_int_equal(cmio_tcp_stream_from_fd(&rig->owner.tcp_stream, rig->fd), 0);
    return true;
}

static bool open_tcp_raw(struct rig *rig) {
    rig_set_fd_source(rig, open_pair(rig, TEST_TCP));
    return true;
}

static ssize_t tcp_read(struct rig *rig, void *buffer, size_t length) {
    return cmio_tcp_stream_read(&rig->owner.tcp_stream, buffer, length);
}

static ssize_t tcp_readv(struct rig *rig, void *buffer, size_t length) {
    const struct iovec parts[] = {{buffer, 1}, {(char *)buffer + 1, length - 1}};
    return cmio_tcp_stream_readv(&rig->owner.tcp_stream, parts, 2);
}

static ssize_t tcp_peek(struct rig *rig, void *buffer, size_t length) {
    return cmio_tcp_stream_peek(&rig->owner.tcp_stream, buffer, length);
}

static ssize_t tcp_write(struct rig *rig, const void *buffer, size_t length) {
    return cmio_tcp_stream_write(&rig->owner.tcp_stream, buffer, length);
}

static ssize_t tcp_writev(struct rig *rig, const void *buffer, size_t length) {
    const struct iovec parts[] = {{(void *)(uintptr_t)buffer, 1},
                                  {(char *)(uintptr_t)buffer + 1, length - 1}};
    return cmio_tcp_stream_writev(&rig->owner.tcp_stream, parts, 2);
}

static int tcp_shutdown(struct rig *rig, enum cmio_shutdown how) {
    return cmio_tcp_stream_shutdown(&rig->owner.tcp_stream, how);
}

static int tcp_take_error(struct rig *rig) {
    return cmio_tcp_stream_take_error(&rig->owner.tcp_stream);
}

static ssize_t raw_recv(struct rig *rig, void *buffer, size_t length) {
    return cmio_fd_source_note_io(&rig->owner.fd, R, recv(rig->fd, buffer, length, 0), length);
}

static ssize_t raw_send(struct rig *rig, const void *buffer, size_t length) {
    return cmio_fd_source_note_io(&rig->owner.fd, W, send(rig->fd, buffer, length, MSG_NOSIGNAL),
                                  length);
}

static const struct rig_kind tcp = {
    .open = open_tcp,
    .receive = tcp_read,
    .peek = tcp_peek,
    .send = tcp_write,
    .shutdown = tcp_shutdown,
    .take_error = tcp_take_error,
    .interest = R | W,
    .varies = true,
};

static const struct rig_kind tcp_accepted = {
    .open = open_tcp_accepted,
    .receive = tcp_readv,
    .send = tcp_writev,
    .interest = R | W,
    .varies = true,
};

static const struct rig_kind tcp_raw = {
    .open = open_tcp_raw,
    .receive = raw_recv,
    .send = raw_send,
    .interest = R | W,
    .varies = true,
};

/* Connecting: other listens. */

static struct cmio_address loopback(uint16_t port) {
    char text[32];
    struct cmio_address address;
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)port);
    assert_int_equal(cmio_address_parse(text, &address), 0);
    return address;
}

/* Whether it is under way: on FreeBSD a loopback connect may be refused at once. */
static bool connect_tcp(struct rig *rig) {
    const struct cmio_address address = loopback(rig->port);
    const int error = cmio_tcp_stream_connect(&rig->owner.tcp_stream, &address);
    assert_true(error == 0 || error == -ECONNREFUSED);
    rig->fd = error == 0 ? cmio_tcp_stream_fd(&rig->owner.tcp_stream) : -1;
    return error == 0;
}

static bool open_tcp_client(struct rig *rig) {
    rig->other = test_listen(&rig->port);
    return connect_tcp(rig);
}

static bool open_tcp_refused(struct rig *rig) {
    rig->other = test_refuse(&rig->port);
    for (int i = 0; i < 100; i++) /* until one is not refused at once */
        if (connect_tcp(rig))
            return true;
    return false;
}

static const struct rig_kind tcp_client = {
    .open = open_tcp_client,
    .receive = tcp_read,
    .send = tcp_write,
    .interest = R | W,
    .varies = true,
};

static const struct rig_kind tcp_refused = {
    .open = open_tcp_refused,
    .receive = tcp_read,
    .send = tcp_write,
    .take_error = tcp_take_error,
    .interest = R | W,
};

static void owner_finishes_connect(struct rig *rig) {
    (void)rig_note(rig, W, cmio_tcp_stream_finish_connect(&rig->owner.tcp_stream), 0);
}

static void peer_accepts(struct rig *rig) {
    rig->peer = accept(rig->other, NULL, NULL);
    assert_true(rig->peer >= 0);
    test_set_nonblocking(rig->peer);
}

/* Listeners. The peer is the last client. */

static bool open_tcp_listener(struct rig *rig) {
    const struct cmio_address address = loopback(0);
    assert_int_equal(cmio_tcp_listener_bind(&rig->owner.tcp_listener, &address, NULL), 0);
    rig->fd = cmio_tcp_listener_fd(&rig->owner.tcp_listener);
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    assert_int_equal(getsockname(rig->fd, (struct sockaddr *)&name, &length), 0);
    rig->port = ntohs(name.sin_port);
    return true;
}

static int connect_to_port(struct rig *rig) {
    return test_connect(rig->port);
}

static ssize_t tcp_accept(struct rig *rig, void *buffer, size_t length) {
    struct cmio_tcp_stream stream;
    (void)buffer;
    (void)length;
    int error = cmio_tcp_listener_accept(&rig->owner.tcp_listener, &stream, NULL);
    if (error == 0)
        assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    return error == 0 ? 1 : error;
}

static int listener_take_error(struct rig *rig) {
    return cmio_tcp_listener_take_error(&rig->owner.tcp_listener);
}

static const struct rig_kind tcp_listener = {
    .open = open_tcp_listener,
    .receive = tcp_accept,
    .take_error = listener_take_error,
    .open_peer = connect_to_port,
    .interest = R,
};

static void name_path(struct rig *rig) {
    static int number;
    (void)snprintf(rig->path, sizeof rig->path, "/tmp/cmio-rig-%ld-%d", (long)getpid(), number++);
}

static void remove_path(struct rig *rig) {
    (void)unlink(rig->path); /* may have gone */
}

static struct sockaddr_un unix_name(const struct rig *rig) {
    struct sockaddr_un name;
    memset(&name, 0, sizeof name);
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, rig->path, strlen(rig->path) + 1);
    return name;
}

static struct cmio_address unix_address(const struct rig *rig) {
    char text[RIG_PATH + 8];
    struct cmio_address address;
    (void)snprintf(text, sizeof text, "unix:%s", rig->path);
    assert_int_equal(cmio_address_parse(text, &address), 0);
    return address;
}

static bool open_unix_listener(struct rig *rig) {
    name_path(rig);
    const struct cmio_address address = unix_address(rig);
    assert_int_equal(cmio_unix_listener_bind(&rig->owner.unix_listener, &address, NULL), 0);
    rig->fd = cmio_unix_listener_fd(&rig->owner.unix_listener);
    return true;
}

static int connect_to_path(struct rig *rig) {
    const struct sockaddr_un name = unix_name(rig);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static ssize_t unix_accept(struct rig *rig, void *buffer, size_t length) {
    struct cmio_unix_stream stream;
    (void)buffer;
    (void)length;
    int error = cmio_unix_listener_accept(&rig->owner.unix_listener, &stream, NULL);
    if (error == 0)
        assert_int_equal(cmio_unix_stream_close(&stream), 0);
    return error == 0 ? 1 : error;
}

static const struct rig_kind unix_listener = {
    .open = open_unix_listener,
    .receive = unix_accept,
    .open_peer = connect_to_path,
    .close = remove_path,
    .interest = R,
};

/* accept(2) finds no descriptor free: the limit is at what is open. */
static void owner_accepts_without_descriptors(struct rig *rig) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    const int lowest = dup(rig->fd);
    assert_true(lowest >= 0);
    test_close(lowest);
    limit.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    owner_reads_once(rig);
    limit.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Unix streams. */

static bool open_unix_stream(struct rig *rig) {
    const int fd = open_pair(rig, TEST_UNIX_STREAM);
    assert_int_equal(cmio_unix_stream_from_fd(&rig->owner.unix_stream, fd), 0);
    return true;
}

static ssize_t unix_read(struct rig *rig, void *buffer, size_t length) {
    return cmio_unix_stream_read(&rig->owner.unix_stream, buffer, length);
}

static ssize_t unix_peek(struct rig *rig, void *buffer, size_t length) {
    return cmio_unix_stream_peek(&rig->owner.unix_stream, buffer, length);
}

static ssize_t unix_write(struct rig *rig, const void *buffer, size_t length) {
    return cmio_unix_stream_write(&rig->owner.unix_stream, buffer, length);
}

static int unix_shutdown(struct rig *rig, enum cmio_shutdown how) {
    return cmio_unix_stream_shutdown(&rig->owner.unix_stream, how);
}

static int unix_take_error(struct rig *rig) {
    return cmio_unix_stream_take_error(&rig->owner.unix_stream);
}

static const struct rig_kind unix_stream = {
    .open = open_unix_stream,
    .receive = unix_read,
    .peek = unix_peek,
    .send = unix_write,
    .shutdown = unix_shutdown,
    .take_error = unix_take_error,
    .interest = R | W,
};

/* A client; other listens. */
static bool open_unix_client(struct rig *rig) {
    name_path(rig);
    const struct sockaddr_un name = unix_name(rig);
    const struct cmio_address address = unix_address(rig);
    rig->other = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(rig->other, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(rig->other, 1), 0);
    assert_int_equal(cmio_unix_stream_connect(&rig->owner.unix_stream, &address), 0);
    rig->fd = cmio_unix_stream_fd(&rig->owner.unix_stream);
    return true;
}

static const struct rig_kind unix_client = {
    .open = open_unix_client,
    .receive = unix_read,
    .send = unix_write,
    .close = remove_path,
    .interest = R | W,
};

static ssize_t unix_receive_fds(struct rig *rig, void *buffer, size_t length) {
    int fds[4];
    ssize_t count = 0;
    const ssize_t result =
        cmio_unix_stream_receive_fds(&rig->owner.unix_stream, buffer, length, fds, 4, &count);
    for (ssize_t i = 0; result >= 0 && i < count; i++)
        test_close(fds[i]);
    return result;
}

static ssize_t unix_send_fds(struct rig *rig, const void *buffer, size_t length) {
    return cmio_unix_stream_send_fds(&rig->owner.unix_stream, buffer, length, &rig->fd, 1);
}

static const struct rig_kind unix_rights = {
    .open = open_unix_stream,
    .receive = unix_receive_fds,
    .send = unix_send_fds,
    .interest = R | W,
};

/* Messages: Unix datagrams and SOCK_SEQPACKET. */

static bool open_unix_datagram(struct rig *rig) {
    const int fd = open_pair(rig, TEST_UNIX_DATAGRAM);
    assert_int_equal(cmio_unix_datagram_from_fd(&rig->owner.unix_datagram, fd), 0);
    return true;
}

static ssize_t datagram_recv(struct rig *rig, void *buffer, size_t length) {
    return cmio_unix_datagram_recv(&rig->owner.unix_datagram, buffer, length, NULL);
}

static ssize_t datagram_peek(struct rig *rig, void *buffer, size_t length) {
    bool truncated;
    return cmio_unix_datagram_peek(&rig->owner.unix_datagram, buffer, length, &truncated);
}

static ssize_t datagram_send(struct rig *rig, const void *buffer, size_t length) {
    return cmio_unix_datagram_send(&rig->owner.unix_datagram, buffer, length);
}

static int datagram_shutdown(struct rig *rig, enum cmio_shutdown how) {
    return cmio_unix_datagram_shutdown(&rig->owner.unix_datagram, how);
}

static int datagram_take_error(struct rig *rig) {
    return cmio_unix_datagram_take_error(&rig->owner.unix_datagram);
}

static const struct rig_kind unix_datagram = {
    .open = open_unix_datagram,
    .receive = datagram_recv,
    .peek = datagram_peek,
    .send = datagram_send,
    .shutdown = datagram_shutdown,
    .take_error = datagram_take_error,
    .interest = R | W,
    .has_messages = true,
};

/* Not connected: it sends to the path of the peer. */
static bool open_unix_datagram_unconnected(struct rig *rig) {
    name_path(rig);
    const struct sockaddr_un name = unix_name(rig);
    rig->peer = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(rig->peer, (const struct sockaddr *)&name, sizeof name), 0);
    test_set_nonblocking(rig->peer);
    assert_int_equal(cmio_unix_datagram_unbound(&rig->owner.unix_datagram), 0);
    rig->fd = cmio_unix_datagram_fd(&rig->owner.unix_datagram);
    return true;
}

static ssize_t datagram_send_to(struct rig *rig, const void *buffer, size_t length) {
    const struct cmio_address address = unix_address(rig);
    return cmio_unix_datagram_send_to(&rig->owner.unix_datagram, buffer, length, &address);
}

static const struct rig_kind unix_datagram_unconnected = {
    .open = open_unix_datagram_unconnected,
    .send = datagram_send_to,
    .close = remove_path,
    .interest = W,
};

static bool open_seqpacket(struct rig *rig) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
        return false;
    rig_set_fd_source(rig, fds[0]);
    test_set_nonblocking(rig->peer = fds[1]);
    return true;
}

static const struct rig_kind seqpacket = {
    .open = open_seqpacket,
    .receive = raw_recv,
    .send = raw_send,
    .interest = R | W,
    .may_be_empty = true,
};

/* UDP. The owner is connected to the peer, where it does not say otherwise. */

static bool open_udp(struct rig *rig) {
    rig_open_udp(rig);
    test_udp_connect(rig->fd, rig->port);
    assert_int_equal(cmio_udp_socket_from_fd(&rig->owner.udp, rig->fd), 0);
    return true;
}

static bool open_udp_unconnected(struct rig *rig) {
    rig_open_udp(rig);
    assert_int_equal(cmio_udp_socket_from_fd(&rig->owner.udp, rig->fd), 0);
    return true;
}

static bool open_udp_raw(struct rig *rig) {
    rig_open_udp(rig);
    test_udp_connect(rig->fd, rig->port);
    rig_set_fd_source(rig, rig->fd);
    return true;
}

static ssize_t udp_recv(struct rig *rig, void *buffer, size_t length) {
    return cmio_udp_socket_recv(&rig->owner.udp, buffer, length, NULL);
}

static ssize_t udp_peek(struct rig *rig, void *buffer, size_t length) {
    bool truncated;
    return cmio_udp_socket_peek(&rig->owner.udp, buffer, length, &truncated);
}

static ssize_t udp_send(struct rig *rig, const void *buffer, size_t length) {
    return cmio_udp_socket_send(&rig->owner.udp, buffer, length);
}

static ssize_t udp_send_to(struct rig *rig, const void *buffer, size_t length) {
    const struct cmio_address address = loopback(rig->port);
    return cmio_udp_socket_send_to(&rig->owner.udp, buffer, length, &address);
}

static ssize_t udp_recv_batch(struct rig *rig, void *buffer, size_t length) {
    struct cmio_udp_message messages[2] = {
        {.buffer = buffer, .size = length / 2},
        {.buffer = (char *)buffer + length / 2, .size = length / 2}};
    return cmio_udp_socket_recv_batch(&rig->owner.udp, messages, 2);
}

static ssize_t udp_send_batch(struct rig *rig, const void *buffer, size_t length) {
    const struct cmio_udp_message messages[2] = {
        {.buffer = (void *)(uintptr_t)buffer, .size = length},
        {.buffer = (void *)(uintptr_t)buffer, .size = length},
    };
    return cmio_udp_socket_send_batch(&rig->owner.udp, messages, 2);
}

static int udp_take_error(struct rig *rig) {
    return cmio_udp_socket_take_error(&rig->owner.udp);
}

static int raw_shutdown(struct rig *rig, enum cmio_shutdown how) {
    static const int system_how[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
    return shutdown(rig->fd, system_how[how]) == 0 ? 0 : -errno;
}

static const struct rig_kind udp = {
    .open = open_udp,
    .receive = udp_recv,
    .peek = udp_peek,
    .send = udp_send,
    .shutdown = raw_shutdown,
    .take_error = udp_take_error,
    .open_peer = rig_open_udp_peer,
    .interest = R | W,
    .has_messages = true,
};

static const struct rig_kind udp_unconnected = {
    .open = open_udp_unconnected,
    .receive = udp_recv,
    .peek = udp_peek,
    .send = udp_send_to,
    .shutdown = raw_shutdown,
    .take_error = udp_take_error,
    .open_peer = rig_open_udp_peer,
    .interest = R | W,
    .has_messages = true,
};

static const struct rig_kind udp_batch = {
    .open = open_udp,
    .receive = udp_recv_batch,
    .send = udp_send_batch,
    .take_error = udp_take_error,
    .open_peer = rig_open_udp_peer,
    .interest = R | W,
    .whole = 2,
};

static const struct rig_kind udp_raw = {
    .open = open_udp_raw,
    .receive = raw_recv,
    .send = raw_send,
    .interest = R | W,
    .has_messages = true,
};

/* Pipes. */

static bool open_receiver(struct rig *rig) {
    const int fd = open_pair(rig, TEST_PIPE);
    assert_int_equal(cmio_pipe_receiver_from_fd(&rig->owner.receiver, fd), 0);
    return true;
}

static bool open_sender(struct rig *rig) {
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    rig->peer = fds[0];
    rig->fd = fds[1];
    assert_int_equal(cmio_pipe_sender_from_fd(&rig->owner.sender, rig->fd), 0);
    return true;
}

static ssize_t pipe_read(struct rig *rig, void *buffer, size_t length) {
    return cmio_pipe_receiver_read(&rig->owner.receiver, buffer, length);
}

static ssize_t pipe_write(struct rig *rig, const void *buffer, size_t length) {
    return cmio_pipe_sender_write(&rig->owner.sender, buffer, length);
}

static const struct rig_kind receiver = {
    .open = open_receiver, .receive = pipe_read, .interest = R};
static const struct rig_kind sender = {.open = open_sender, .send = pipe_write, .interest = W};

/* FIFOs, which either side may open again. */

static void make_fifo(struct rig *rig) {
    name_path(rig);
    assert_int_equal(mkfifo(rig->path, 0600), 0);
}

static int open_fifo_reading(struct rig *rig) {
    return open(rig->path, O_RDONLY | O_NONBLOCK);
}

static int open_fifo_writing(struct rig *rig) {
    return open(rig->path, O_WRONLY | O_NONBLOCK);
}

static bool open_fifo_reader(struct rig *rig) {
    make_fifo(rig);
    rig_set_fd_source(rig, open_fifo_reading(rig));
    return true;
}

static bool open_fifo_receiver(struct rig *rig) {
    make_fifo(rig);
    rig->fd = open_fifo_reading(rig);
    assert_int_equal(cmio_pipe_receiver_from_fd(&rig->owner.receiver, rig->fd), 0);
    return true;
}

static bool open_fifo_writer(struct rig *rig) {
    make_fifo(rig);
    rig->peer = open_fifo_reading(rig);
    rig_set_fd_source(rig, open_fifo_writing(rig));
    return true;
}

static bool open_fifo_both(struct rig *rig) {
    make_fifo(rig);
    rig_set_fd_source(rig, open(rig->path, O_RDWR));
    return true;
}

static const struct rig_kind fifo_reader = {
    .open = open_fifo_reader,
    .receive = rig_fd_read,
    .open_peer = open_fifo_writing,
    .close = remove_path,
    .interest = R,
    .reopens = true,
};

static const struct rig_kind fifo_receiver = {
    .open = open_fifo_receiver,
    .receive = pipe_read,
    .open_peer = open_fifo_writing,
    .close = remove_path,
    .interest = R,
    .reopens = true,
};

static const struct rig_kind fifo_writer = {
    .open = open_fifo_writer,
    .send = rig_fd_write,
    .open_peer = open_fifo_reading,
    .close = remove_path,
    .interest = W,
    .reopens = true,
};

static const struct rig_kind fifo_both = {
    .open = open_fifo_both,
    .receive = rig_fd_read,
    .send = rig_fd_write,
    .open_peer = open_fifo_writing,
    .close = remove_path,
    .interest = R | W,
    .reopens = true,
};

/* Terminals. */

static void set_raw(int fd) {
    struct termios settings;
    assert_int_equal(tcgetattr(fd, &settings), 0);
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    settings.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    settings.c_oflag &= ~(tcflag_t)OPOST;
    assert_int_equal(tcsetattr(fd, TCSANOW, &settings), 0);
}

static int open_slave(struct rig *rig) {
    return open(rig->path, O_RDWR | O_NOCTTY | O_NONBLOCK);
}

/* Both sides; *master is -1 where the system has no terminal left. */
static int open_terminal(struct rig *rig, int *master) {
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0)
        return -1;
    assert_int_equal(grantpt(*master), 0);
    assert_int_equal(unlockpt(*master), 0);
    (void)snprintf(rig->path, sizeof rig->path, "%s", ptsname(*master));
    test_set_nonblocking(*master);
    const int slave = open_slave(rig);
    assert_true(slave >= 0);
    set_raw(slave);
    return slave;
}

static bool open_pty_master(struct rig *rig) {
    int master;
    rig->peer = open_terminal(rig, &master);
    if (master >= 0)
        rig_set_fd_source(rig, master);
    return master >= 0;
}

static bool open_pty_slave(struct rig *rig) {
    const int slave = open_terminal(rig, &rig->peer);
    if (slave >= 0)
        rig_set_fd_source(rig, slave);
    return slave >= 0;
}

/* Bytes come line by line. */
static bool open_pty_lines(struct rig *rig) {
    struct termios settings;
    const int slave = open_terminal(rig, &rig->peer);
    if (slave < 0)
        return false;
    assert_int_equal(tcgetattr(slave, &settings), 0);
    settings.c_lflag |= (tcflag_t)ICANON;
    assert_int_equal(tcsetattr(slave, TCSANOW, &settings), 0);
    rig_set_fd_source(rig, slave);
    return true;
}

static void peer_types(struct rig *rig, const char *text) {
    assert_int_equal(write(rig->peer, text, strlen(text)), strlen(text));
}

static void peer_types_two_lines(struct rig *rig) {
    peer_types(rig, "one\ntwo\n");
}

static void peer_types_half_a_line(struct rig *rig) {
    peer_types(rig, "half ");
}

/* Control-D: a read of 0, and no end. */
static void peer_types_end_of_file(struct rig *rig) {
    peer_types(rig, "\x04");
}

static const struct rig_kind pty_lines = {
    .open = open_pty_lines,
    .receive = rig_fd_read,
    .send = rig_fd_write,
    .interest = R,
    .reopens = true,
    .varies = true,
    .makes_room_late = true,
};

static const struct rig_kind pty_master = {
    .open = open_pty_master,
    .receive = rig_fd_read,
    .send = rig_fd_write,
    .open_peer = open_slave,
    .interest = R | W,
    .reopens = true,
    .varies = true,
    .makes_room_late = true,
};

static const struct rig_kind pty_slave = {
    .open = open_pty_slave,
    .receive = rig_fd_read,
    .send = rig_fd_write,
    .interest = R | W,
    .reopens = true,
    .varies = true,
    .makes_room_late = true,
};

/* Steps of sockets. */

static void owner_sends_to(struct rig *rig, const char *text) {
    struct cmio_address address;
    assert_int_equal(cmio_address_parse(text, &address), 0);
    (void)rig_note(rig, W, cmio_udp_socket_send_to(&rig->owner.udp, "12345678", 8, &address), 8);
}

/* Without SO_BROADCAST: -EACCES. */
static void owner_sends_to_everybody(struct rig *rig) {
    owner_sends_to(rig, "255.255.255.255:9");
}

static void owner_sends_to_port_0(struct rig *rig) {
    owner_sends_to(rig, "127.0.0.1:0");
}

/* Nowhere that a socket of 127.0.0.1 can reach. */
static void owner_sends_to_nobody(struct rig *rig) {
    owner_sends_to(rig, "192.0.2.1:9");
}

static void peer_shuts_writing(struct rig *rig) {
    assert_int_equal(shutdown(rig->peer, SHUT_WR), 0);
}

static void peer_shuts_reading(struct rig *rig) {
    assert_int_equal(shutdown(rig->peer, SHUT_RD), 0);
}

static void peer_shuts_both(struct rig *rig) {
    assert_int_equal(shutdown(rig->peer, SHUT_RDWR), 0);
}

static void peer_resets(struct rig *rig) {
    test_set_reset_on_close(rig->peer);
    peer_closes(rig);
}

static void peer_sends_nothing(struct rig *rig) {
    assert_int_equal(send(rig->peer, "", 0, 0), 0);
}

static void peer_sends_urgent(struct rig *rig) {
    assert_int_equal(send(rig->peer, "!", 1, MSG_OOB), 1);
}

static void peer_sends_descriptors(struct rig *rig) {
    char control[CMSG_SPACE(sizeof(int))] = {0};
    char byte_sent[] = "d";
    struct iovec byte = {.iov_base = byte_sent, .iov_len = 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &rig->peer, sizeof(int));
    assert_int_equal(sendmsg(rig->peer, &message, 0), 1);
}

static void owner_takes_urgent(struct rig *rig) {
    char byte;
    const ssize_t result = recv(rig->fd, &byte, 1, MSG_OOB);
    (void)rig_note(rig, P, result < 0 ? -errno : result, 1);
}

static void owner_shuts_reading(struct rig *rig) {
    (void)rig->kind->shutdown(rig, CMIO_SHUTDOWN_READ);
}

static void owner_shuts_writing(struct rig *rig) {
    (void)rig->kind->shutdown(rig, CMIO_SHUTDOWN_WRITE);
}

static void owner_shuts_both(struct rig *rig) {
    (void)rig->kind->shutdown(rig, CMIO_SHUTDOWN_BOTH);
}

/* So much that the socket is full, which takes more than one call. */
static void owner_sends_files(struct rig *rig) {
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), 1 << 20), 0);
    ssize_t result;
    do
        result = rig_note(
            rig, W, cmio_tcp_stream_send_file(&rig->owner.tcp_stream, fileno(file), 0, 1 << 20),
            1 << 20);
    while (result > 0);
    assert_int_equal(fclose(file), 0);
}

static void owner_writes_too_much(struct rig *rig) {
    static const char much[70000];
    (void)rig_note(rig, W, rig->kind->send(rig, much, sizeof much), sizeof much);
}

#define S RIG_STEP

static const struct rig_scene scenes[] = {
    {"TCP: all, a part, what is there",
     &tcp,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(owner_reads_one), S(owner_drains),
      S(peer_writes), S(owner_reads_once), S(peer_writes), S(owner_drains)}},
    {"TCP: an end behind bytes",
     &tcp,
     0,
     {S(peer_writes), S(peer_shuts_writing), S(owner_drains), S(owner_writes), S(peer_drains),
      S(peer_closes), S(owner_writes), S(owner_writes), S(owner_drains)}},
    {"TCP: an end by itself",
     &tcp,
     R,
     {S(owner_drains), S(peer_shuts_writing), S(owner_drains), S(peer_closes), S(owner_drains)}},
    {"TCP: an end, then a reset",
     &tcp,
     0,
     {S(peer_shuts_writing), S(owner_drains), S(peer_resets), S(owner_drains), S(owner_writes)}},
    {"TCP: a reset behind bytes",
     &tcp,
     0,
     {S(peer_writes), S(peer_resets), S(owner_drains), S(owner_drains), S(owner_writes)}},
    {"TCP: a reset told by take_error",
     &tcp,
     0,
     {S(peer_resets), S(owner_takes_error), S(owner_drains), S(owner_writes), S(owner_drains)}},
    {"TCP: a reset told by a write",
     &tcp,
     0,
     {S(peer_resets), S(owner_writes), S(owner_writes), S(owner_drains)}},
    {"TCP: a reset of a writer", &tcp, W, {S(peer_resets), S(owner_writes), S(owner_writes)}},
    {"TCP: full, room, full, room",
     &tcp,
     0,
     {S(owner_fills), S(peer_drains), S(owner_fills), S(peer_drains), S(owner_fills),
      S(peer_drains)}},
    {"TCP: a full writer is reset", &tcp, W, {S(owner_fills), S(peer_resets), S(owner_writes)}},
    {"TCP: a full one is reset",
     &tcp,
     0,
     {S(owner_fills), S(peer_resets), S(owner_writes), S(owner_drains)}},
    {"TCP: peeks",
     &tcp,
     R,
     {S(peer_writes), S(owner_peeks_one), S(owner_peeks_more), S(peer_writes), S(owner_peeks_more),
      S(owner_drains), S(owner_peeks_one), S(peer_writes), S(owner_drains)}},
    {"TCP: peeks at the end",
     &tcp,
     R,
     {S(peer_writes), S(owner_peeks_more), S(peer_shuts_writing), S(owner_peeks_more),
      S(owner_drains), S(owner_peeks_more), S(peer_resets), S(owner_peeks_more)}},
    {"TCP: reading is shut here",
     &tcp,
     0,
     {S(owner_drains), S(owner_shuts_reading), S(owner_drains), S(peer_writes), S(owner_drains),
      S(peer_closes), S(owner_drains)}},
    {"TCP: writing is shut here",
     &tcp,
     0,
     {S(owner_shuts_writing), S(owner_writes), S(peer_drains), S(peer_writes), S(owner_drains),
      S(peer_closes), S(owner_drains)}},
    {"TCP: both ways are shut here",
     &tcp,
     0,
     {S(owner_shuts_both), S(owner_drains), S(owner_writes), S(peer_closes), S(owner_drains)}},
    {"TCP: urgent data",
     &tcp,
     R | P,
     {S(peer_sends_urgent), S(owner_takes_urgent), S(owner_drains), S(peer_writes), S(owner_drains),
      S(peer_sends_urgent), S(owner_takes_urgent), S(owner_drains)}},
    {"TCP: calls that the system refuses",
     &tcp_raw,
     0,
     {S(peer_writes), S(owner_reads_to_nowhere), S(owner_writes_from_nowhere), S(owner_drains),
      S(peer_writes), S(owner_reads_nothing), S(owner_drains), S(peer_writes)}},
    {"TCP: reregistered at each state",
     &tcp,
     0,
     {S(owner_reregisters), S(peer_writes), S(owner_reregisters), S(owner_drains),
      S(peer_shuts_writing), S(owner_reregisters), S(owner_drains), S(owner_reregisters),
      S(owner_drains), S(peer_resets), S(owner_reregisters)}},
    {"TCP: one-shot",
     &tcp,
     R | W | CMIO_ONESHOT,
     {S(peer_writes), S(owner_reregisters), S(owner_drains), S(owner_reregisters),
      S(owner_reregisters), S(peer_closes), S(owner_reregisters)}},
    {"TCP: one-shot of a reader",
     &tcp,
     R | CMIO_ONESHOT,
     {S(peer_writes), S(owner_drains), S(owner_reregisters), S(peer_writes), S(owner_drains),
      S(owner_reregisters), S(peer_closes)}},
    {"TCP: files fill it",
     &tcp,
     W,
     {S(owner_sends_files), S(peer_drains), S(owner_sends_files), S(peer_resets),
      S(owner_sends_files)}},
    {"TCP: vectors on the accepted end",
     &tcp_accepted,
     0,
     {S(peer_writes), S(owner_drains), S(owner_fills), S(peer_drains), S(owner_fills),
      S(peer_shuts_writing), S(owner_drains), S(peer_drains), S(peer_closes), S(owner_writes)}},
    {"TCP: as any descriptor",
     &tcp_raw,
     0,
     {S(peer_writes), S(owner_reads_one), S(owner_drains), S(owner_fills), S(peer_drains),
      S(peer_writes), S(peer_shuts_writing), S(owner_drains), S(peer_resets), S(owner_drains)}},
    {"TCP: a client",
     &tcp_client,
     0,
     {S(owner_finishes_connect), S(peer_accepts), S(owner_drains), S(owner_writes), S(peer_writes),
      S(owner_drains), S(peer_closes), S(owner_drains)}},
    {"TCP: a client that writes",
     &tcp_client,
     W,
     {S(owner_finishes_connect), S(peer_accepts), S(owner_fills), S(peer_drains), S(owner_writes),
      S(peer_resets), S(owner_writes)}},
    {"TCP: a refused client",
     &tcp_refused,
     0,
     {S(owner_finishes_connect), S(owner_takes_error), S(owner_drains), S(owner_writes)}},
    {"TCP: a refused client, told by a write",
     &tcp_refused,
     W,
     {S(owner_writes), S(owner_writes), S(owner_finishes_connect)}},
    {"TCP: a listener",
     &tcp_listener,
     0,
     {S(peer_opens), S(owner_drains), S(peer_closes), S(peer_opens), S(owner_reads_once),
      S(peer_resets), S(peer_opens), S(owner_drains), S(owner_takes_error), S(peer_closes)}},
    {"TCP: a client that resets before it is accepted",
     &tcp_listener,
     0,
     {S(peer_opens), S(peer_resets), S(owner_drains), S(peer_opens), S(owner_drains)}},
    {"TCP: a listener without descriptors",
     &tcp_listener,
     0,
     {S(peer_opens), S(owner_accepts_without_descriptors), S(owner_drains), S(peer_closes),
      S(peer_opens), S(owner_drains)}},
    {"Unix listener: clients",
     &unix_listener,
     0,
     {S(peer_opens), S(owner_drains), S(peer_closes), S(peer_opens), S(owner_reads_once),
      S(peer_closes), S(peer_opens), S(owner_drains)}},
    {"Unix listener: no descriptors",
     &unix_listener,
     0,
     {S(peer_opens), S(owner_accepts_without_descriptors), S(owner_drains), S(peer_closes),
      S(peer_opens), S(owner_drains)}},

    {"Unix stream: all, a part, what is there",
     &unix_stream,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(owner_reads_one), S(owner_drains),
      S(peer_writes), S(owner_reads_once), S(peer_writes), S(owner_drains)}},
    {"Unix stream: an end behind bytes",
     &unix_stream,
     0,
     {S(peer_writes), S(peer_shuts_writing), S(owner_drains), S(owner_writes), S(peer_drains),
      S(peer_closes), S(owner_drains), S(owner_writes)}},
    {"Unix stream: closed with bytes unread",
     &unix_stream,
     0,
     {S(owner_writes), S(peer_closes), S(owner_drains), S(owner_drains), S(owner_writes)}},
    {"Unix stream: closed with bytes unread, take_error",
     &unix_stream,
     0,
     {S(owner_writes), S(peer_closes), S(owner_takes_error), S(owner_drains), S(owner_writes)}},
    {"Unix stream: the peer reads no more",
     &unix_stream,
     0,
     {S(peer_shuts_reading), S(owner_writes), S(peer_writes), S(owner_drains), S(peer_closes),
      S(owner_drains)}},
    {"Unix stream: the peer shuts both ways",
     &unix_stream,
     0,
     {S(peer_shuts_both), S(owner_drains), S(owner_writes), S(peer_closes), S(owner_drains)}},
    {"Unix stream: full, room",
     &unix_stream,
     0,
     {S(owner_fills), S(peer_drains), S(owner_fills), S(peer_drains), S(owner_fills),
      S(peer_closes), S(owner_writes)}},
    {"Unix stream: a full writer's peer closes",
     &unix_stream,
     W,
     {S(owner_fills), S(peer_closes), S(owner_writes)}},
    {"Unix stream: peeks",
     &unix_stream,
     R,
     {S(peer_writes), S(owner_peeks_one), S(owner_peeks_more), S(peer_writes), S(owner_peeks_more),
      S(owner_drains), S(peer_closes), S(owner_peeks_more)}},
    {"Unix stream: shut here",
     &unix_stream,
     0,
     {S(owner_shuts_reading), S(owner_drains), S(owner_shuts_writing), S(owner_writes),
      S(peer_closes), S(owner_drains)}},
    {"Unix stream: a client",
     &unix_client,
     0,
     {S(owner_writes), S(peer_accepts), S(peer_writes), S(owner_drains), S(owner_fills),
      S(peer_drains), S(peer_closes), S(owner_drains)}},
    {"Unix stream: descriptors",
     &unix_rights,
     0,
     {S(peer_sends_descriptors), S(owner_drains), S(peer_writes), S(peer_sends_descriptors),
      S(owner_drains), S(owner_writes), S(peer_drains), S(peer_closes), S(owner_drains)}},
    {"Unix stream: full of descriptors",
     &unix_rights,
     W,
     {S(owner_fills), S(peer_drains), S(owner_fills), S(peer_drains)}},

    {"Unix datagram: all, a part, an empty one",
     &unix_datagram,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(peer_writes), S(owner_reads_one),
      S(owner_drains), S(peer_sends_nothing), S(owner_drains), S(peer_writes), S(owner_drains)}},
    {"Unix datagram: peeks",
     &unix_datagram,
     R,
     {S(peer_writes), S(owner_peeks_one), S(owner_peeks_more), S(peer_writes), S(owner_drains),
      S(peer_writes), S(owner_drains)}},
    {"Unix datagram: full, room",
     &unix_datagram,
     0,
     {S(owner_fills), S(peer_drains), S(owner_fills), S(peer_drains), S(owner_writes)}},
    {"Unix datagram: the peer closes",
     &unix_datagram,
     0,
     {S(peer_writes), S(peer_closes), S(owner_drains), S(owner_writes), S(owner_writes)}},
    {"Unix datagram: closed with some unread",
     &unix_datagram,
     0,
     {S(owner_writes), S(peer_closes), S(owner_drains), S(owner_takes_error), S(owner_writes)}},
    {"Unix datagram: a full one's peer closes",
     &unix_datagram,
     W,
     {S(owner_fills), S(peer_closes), S(owner_writes), S(owner_writes)}},
    {"Unix datagram: reading is shut here, and it goes on",
     &unix_datagram,
     0,
     {S(owner_shuts_reading), S(owner_drains_and_fills), S(peer_drains),
      S(owner_drains_and_fills)}},
    {"Unix datagram: reading is shut here",
     &unix_datagram,
     0,
     {S(owner_drains), S(owner_shuts_reading), S(owner_drains), S(owner_writes), S(peer_drains),
      S(owner_drains)}},
    {"Unix datagram: shut here",
     &unix_datagram,
     0,
     {S(owner_shuts_writing), S(owner_writes), S(peer_writes), S(owner_drains), S(owner_shuts_both),
      S(owner_drains), S(owner_writes)}},

    {"Unix datagram: not connected, full, room",
     &unix_datagram_unconnected,
     0,
     {S(owner_fills), S(peer_drains), S(owner_fills), S(peer_drains), S(peer_closes),
      S(owner_writes)}},
    {"seqpacket: messages",
     &seqpacket,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(peer_writes), S(owner_reads_one),
      S(owner_drains), S(owner_fills), S(peer_drains), S(owner_writes)}},
    {"seqpacket: an empty message",
     &seqpacket,
     R,
     {S(peer_sends_nothing), S(owner_drains), S(peer_writes), S(owner_drains), S(peer_writes),
      S(owner_drains)}},
    {"seqpacket: calls that the system refuses",
     &seqpacket,
     0,
     {S(peer_writes), S(owner_reads_to_nowhere), S(owner_drains), S(owner_writes_from_nowhere),
      S(peer_writes), S(owner_reads_nothing), S(peer_writes), S(owner_drains)}},
    {"seqpacket: the end",
     &seqpacket,
     0,
     {S(peer_writes), S(peer_shuts_writing), S(owner_drains), S(owner_drains), S(peer_closes),
      S(owner_drains), S(owner_writes)}},

    {"UDP: all, a part, an empty one",
     &udp,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(peer_writes), S(owner_reads_one),
      S(owner_drains), S(peer_sends_nothing), S(owner_drains), S(peer_writes), S(owner_drains)}},
    {"UDP: peeks",
     &udp,
     R,
     {S(peer_writes), S(owner_peeks_one), S(owner_peeks_more), S(peer_writes), S(owner_drains),
      S(peer_writes), S(owner_drains)}},
    {"UDP: a refused one, told by recv",
     &udp,
     0,
     {S(peer_closes), S(owner_writes), S(owner_drains), S(owner_drains), S(peer_opens),
      S(peer_writes), S(owner_drains), S(owner_writes)}},
    {"UDP: a refused one, told by a single recv",
     &udp,
     R,
     {S(peer_closes), S(owner_writes), S(owner_reads_once), S(peer_opens), S(peer_writes),
      S(owner_drains)}},
    {"UDP: a refused one, told by take_error",
     &udp,
     0,
     {S(peer_closes), S(owner_writes), S(owner_takes_error), S(peer_opens), S(peer_writes),
      S(owner_drains), S(peer_writes), S(owner_drains)}},
    {"UDP: a refused one, told by send",
     &udp,
     0,
     {S(peer_closes), S(owner_writes), S(owner_writes), S(peer_opens), S(peer_writes),
      S(owner_drains), S(peer_writes), S(owner_drains)}},
    {"UDP: a refused one, told by send, to a reader",
     &udp,
     R,
     {S(peer_closes), S(owner_writes), S(owner_writes), S(peer_opens), S(peer_writes),
      S(owner_drains), S(peer_writes), S(owner_drains)}},
    {"UDP: a refused one, told by peek",
     &udp,
     R,
     {S(peer_closes), S(owner_writes), S(owner_peeks_more), S(peer_opens), S(peer_writes),
      S(owner_drains)}},
    {"UDP: a refused one, told by send, and read at once",
     &udp,
     0,
     {S(peer_closes), S(owner_writes), S(owner_writes_and_drains), S(peer_opens), S(peer_writes),
      S(owner_writes_and_drains), S(peer_writes), S(owner_drains)}},
    {"UDP: sent to where nobody may",
     &udp_unconnected,
     0,
     {S(owner_sends_to_everybody), S(owner_sends_to_port_0), S(owner_sends_to_nobody),
      S(peer_writes), S(owner_drains), S(owner_writes)}},
    {"UDP: calls that the system refuses",
     &udp_raw,
     0,
     {S(peer_writes), S(owner_reads_to_nowhere), S(owner_drains), S(owner_writes_from_nowhere),
      S(peer_writes), S(owner_reads_nothing), S(peer_writes), S(owner_drains)}},
    {"UDP: refused twice",
     &udp,
     R,
     {S(peer_closes), S(owner_writes), S(owner_drains), S(owner_writes), S(owner_drains),
      S(peer_opens), S(peer_writes), S(owner_drains)}},
    {"UDP: a datagram that is too long",
     &udp,
     0,
     {S(owner_writes_too_much), S(owner_writes), S(peer_writes), S(owner_drains)}},
    {"UDP: reading is shut here",
     &udp,
     0,
     {S(owner_drains), S(owner_shuts_reading), S(owner_drains), S(peer_writes), S(owner_drains),
      S(peer_writes), S(owner_drains)}},
    {"UDP: both ways are shut here",
     &udp,
     0,
     {S(owner_shuts_both), S(owner_drains), S(owner_writes), S(peer_writes), S(owner_drains)}},
    {"UDP: not connected",
     &udp_unconnected,
     0,
     {S(owner_writes), S(peer_writes), S(owner_drains), S(peer_closes), S(owner_writes),
      S(owner_drains), S(owner_takes_error), S(peer_opens), S(peer_writes), S(owner_drains)}},
    {"UDP: not connected and shut",
     &udp_unconnected,
     0,
     {S(owner_shuts_reading), S(owner_drains), S(peer_writes), S(owner_drains)}},
    {"UDP: batches",
     &udp_batch,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(peer_writes), S(owner_reads_once),
      S(peer_writes), S(owner_drains), S(peer_sends_nothing), S(owner_drains)}},
    {"UDP: batches, refused",
     &udp_batch,
     0,
     {S(peer_closes), S(owner_writes), S(owner_drains), S(owner_drains), S(owner_writes),
      S(owner_takes_error), S(peer_opens), S(peer_writes), S(owner_drains)}},
    {"UDP: as any descriptor",
     &udp_raw,
     0,
     {S(peer_writes), S(owner_drains), S(peer_sends_nothing), S(owner_drains), S(peer_closes),
      S(owner_writes), S(owner_drains), S(owner_writes)}},

    {"pipe: a receiver",
     &receiver,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(owner_reads_one), S(peer_writes),
      S(owner_drains), S(peer_writes), S(peer_closes), S(owner_drains), S(owner_drains)}},
    {"pipe: a sender",
     &sender,
     0,
     {S(owner_writes), S(owner_fills), S(peer_drains), S(owner_fills), S(peer_closes),
      S(owner_writes), S(owner_writes)}},
    {"pipe: a sender that is not full",
     &sender,
     0,
     {S(owner_writes), S(peer_closes), S(owner_writes), S(owner_writes)}},
    {"FIFO: writers come and go",
     &fifo_reader,
     0,
     {S(owner_drains), S(peer_opens), S(owner_drains), S(peer_writes), S(owner_drains),
      S(peer_closes), S(owner_drains), S(peer_opens), S(peer_writes), S(owner_drains),
      S(peer_closes), S(owner_drains)}},
    {"FIFO: a writer that was never there while it mattered",
     &fifo_reader,
     0,
     {S(peer_opens), S(peer_writes), S(peer_closes), S(owner_drains), S(peer_opens), S(peer_writes),
      S(peer_closes), S(owner_drains), S(peer_opens), S(peer_closes), S(owner_drains)}},
    {"FIFO: a writer that writes nothing",
     &fifo_reader,
     0,
     {S(peer_opens), S(peer_writes), S(peer_closes), S(owner_drains), S(owner_drains),
      S(peer_opens), S(peer_closes), S(owner_drains), S(peer_opens), S(peer_writes)}},
    {"FIFO: a receiver",
     &fifo_receiver,
     0,
     {S(peer_opens), S(peer_writes), S(owner_reads_once), S(peer_closes), S(owner_reads_once),
      S(peer_opens), S(peer_writes), S(owner_reads_one), S(owner_drains), S(peer_closes),
      S(owner_drains)}},
    {"FIFO: readers come and go",
     &fifo_writer,
     0,
     {S(owner_writes), S(peer_closes), S(owner_writes), S(peer_opens), S(owner_fills),
      S(peer_drains), S(owner_fills), S(peer_closes), S(owner_writes), S(peer_opens),
      S(owner_writes)}},
    {"FIFO: calls that the system refuses",
     &fifo_reader,
     0,
     {S(peer_opens), S(peer_writes), S(owner_reads_to_nowhere), S(owner_drains), S(peer_writes),
      S(owner_reads_nothing), S(owner_drains), S(peer_closes), S(owner_reregisters),
      S(owner_drains), S(peer_opens), S(peer_writes)}},
    {"FIFO: both ends in one",
     &fifo_both,
     0,
     {S(owner_writes), S(owner_drains), S(peer_opens), S(peer_writes), S(owner_drains),
      S(peer_closes), S(owner_drains), S(owner_fills), S(owner_drains)}},

    {"pty: a master",
     &pty_master,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(owner_reads_one), S(owner_drains),
      S(owner_writes), S(peer_drains), S(peer_closes), S(owner_drains), S(peer_opens),
      S(peer_writes), S(owner_drains)}},
    {"pty: the slave closes and comes",
     &pty_master,
     R,
     {S(peer_writes), S(peer_closes), S(owner_drains), S(owner_drains), S(peer_opens),
      S(owner_drains), S(peer_writes), S(owner_drains), S(peer_closes), S(owner_drains),
      S(peer_opens), S(peer_writes)}},
    {"pty: a master writes",
     &pty_master,
     W,
     {S(owner_fills), S(peer_drains), S(owner_fills), S(peer_closes), S(peer_opens),
      S(peer_drains)}},
    {"pty: a master without a slave goes on",
     &pty_master,
     0,
     {S(peer_closes), S(owner_drains_and_fills), S(owner_drains), S(peer_opens),
      S(owner_drains_and_fills), S(peer_drains), S(peer_writes), S(owner_drains_and_fills)}},
    {"pty: a master whose slave is gone for good",
     &pty_master,
     0,
     {S(peer_writes), S(peer_closes), S(owner_reregisters), S(owner_drains_and_fills)}},
    {"pty: a slave",
     &pty_slave,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(owner_reads_one), S(owner_drains),
      S(owner_writes), S(peer_drains), S(owner_fills), S(peer_drains), S(peer_closes),
      S(owner_drains), S(owner_writes)}},
    {"pty: lines",
     &pty_lines,
     0,
     {S(peer_types_two_lines), S(owner_reads_once), S(owner_drains), S(peer_types_half_a_line),
      S(owner_drains), S(peer_types_two_lines), S(owner_drains), S(peer_types_end_of_file),
      S(owner_reads_once), S(peer_types_two_lines), S(owner_drains)}},
};

/* Once: other is closed then. */
static void peer_accepts_once(struct rig *rig) {
    if (rig->other < 0)
        return;
    peer_accepts(rig);
    test_close(rig->other);
    rig->other = -1;
}

static void peer_types_a_line(struct rig *rig) {
    if (rig->peer >= 0)
        (void)!write(rig->peer, "line\n", 5);
}

static void peer_types_an_end(struct rig *rig) {
    if (rig->peer >= 0)
        (void)!write(rig->peer, "\x04", 1);
}

static void peer_sends_an_urgent_byte(struct rig *rig) {
    if (rig->peer >= 0)
        (void)send(rig->peer, "!", 1, MSG_OOB | MSG_NOSIGNAL);
}

static const struct rig_choice choices[] = {
    {"TCP", &tcp, {S(owner_takes_urgent), S(peer_sends_an_urgent_byte)}, false},
    {"TCP, accepted, in vectors", &tcp_accepted, {{0}}, false},
    {"TCP, raw", &tcp_raw, {S(owner_reads_to_nowhere), S(owner_writes_from_nowhere)}, false},
    {"TCP client", &tcp_client, {S(owner_finishes_connect), S(peer_accepts_once)}, false},
    {"TCP, refused", &tcp_refused, {S(owner_finishes_connect)}, false},
    {"TCP listener", &tcp_listener, {S(owner_accepts_without_descriptors)}, false},
    {"Unix listener", &unix_listener, {S(owner_accepts_without_descriptors)}, false},
    {"Unix stream", &unix_stream, {{0}}, false},
    {"Unix client", &unix_client, {S(peer_accepts_once)}, false},
    {"Unix stream, descriptors", &unix_rights, {{0}}, false},
    {"Unix datagram", &unix_datagram, {{0}}, false},
    {"Unix datagram, not connected", &unix_datagram_unconnected, {{0}}, false},
    {"seqpacket", &seqpacket, {S(owner_reads_to_nowhere), S(owner_writes_from_nowhere)}, false},
    {"UDP", &udp, {S(owner_writes_too_much)}, false},
    {"UDP, not connected",
     &udp_unconnected,
     {S(owner_sends_to_everybody), S(owner_sends_to_port_0), S(owner_sends_to_nobody)},
     false},
    {"UDP, batches", &udp_batch, {{0}}, false},
    {"UDP, raw", &udp_raw, {S(owner_reads_to_nowhere), S(owner_writes_from_nowhere)}, false},
    {"pipe receiver", &receiver, {{0}}, false},
    {"pipe sender", &sender, {{0}}, false},
    {"FIFO reader", &fifo_reader, {S(owner_reads_to_nowhere)}, false},
    {"FIFO receiver", &fifo_receiver, {{0}}, false},
    {"FIFO writer", &fifo_writer, {S(owner_writes_from_nowhere)}, true},
    {"FIFO, both ends in one", &fifo_both, {{0}}, false},
    {"pty master", &pty_master, {{0}}, false},
    {"pty slave", &pty_slave, {{0}}, false},
    {"pty slave, lines", &pty_lines, {S(peer_types_a_line), S(peer_types_an_end)}, false},
};

struct rig_choices rig_portable_choices(void) {
    return (struct rig_choices){choices, sizeof choices / sizeof *choices};
}

struct rig_scenes rig_portable_scenes(void) {
    return (struct rig_scenes){scenes, sizeof scenes / sizeof *scenes};
}
