/* SPDX-License-Identifier: MIT */
/*
 * Readiness as the BSDs see it, made of what Linux tells without changing anything: poll(2),
 * FIONREAD, TCP_INFO. SO_ERROR is no such thing, since reading it takes the error from the program
 * ("so_error client -> ECONNREFUSED" comes after the event in the traces). So a failed TCP socket's
 * error is told by its past: one that never heard from its peer was refused, any other was reset.
 */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "real.h"
#include "standin.h"

/* EVFILT_WRITE's data, the room in the buffer, is this wherever there is room: not imitated. */
enum { SOME_ROOM = 4096 };

static const struct standin_readiness not_ready = {.ready = false};

static int socket_option(int fd, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : 0;
}

static enum standin_kind socket_kind(int domain, int type) {
    if (type != SOCK_STREAM)
        return STANDIN_DATAGRAM;
    return domain == AF_UNIX ? STANDIN_UNIX_STREAM : STANDIN_TCP;
}

static int address_size(int domain) {
    if (domain == AF_INET)
        return (int)sizeof(struct sockaddr_in);
    return domain == AF_INET6 ? (int)sizeof(struct sockaddr_in6) : 0;
}

int standin_descriptor_open(int fd, struct standin_descriptor *out) {
    struct stat file;
    if (fstat(fd, &file) < 0)
        return EBADF;
    struct standin_descriptor descriptor = {
        .fd = fd,
        .kind = STANDIN_OTHER,
        .access = fcntl(fd, F_GETFL) & O_ACCMODE,
        .device = file.st_dev,
        .inode = file.st_ino,
    };
    if (S_ISSOCK(file.st_mode)) {
        int domain = socket_option(fd, SO_DOMAIN);
        descriptor.kind = socket_kind(domain, socket_option(fd, SO_TYPE));
        descriptor.address_size = address_size(domain);
    } else if (S_ISFIFO(file.st_mode)) {
        descriptor.kind = STANDIN_PIPE;
    } else if (S_ISREG(file.st_mode) || S_ISDIR(file.st_mode)) {
        descriptor.kind = STANDIN_FILE;
    }
    *out = descriptor;
    return 0;
}

bool standin_descriptor_is(const struct standin_descriptor *descriptor, const struct stat *file) {
    return descriptor->inode == file->st_ino && descriptor->device == file->st_dev;
}

bool standin_descriptor_is_stream_socket(const struct standin_descriptor *descriptor) {
    return descriptor->kind == STANDIN_TCP || descriptor->kind == STANDIN_UNIX_STREAM;
}

static int poll_now(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    if (poll(&entry, 1, 0) != 1 || entry.revents & POLLNVAL)
        return 0;
    return entry.revents;
}

static int64_t unread(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : 0;
}

static struct tcp_info tcp_state(int fd) {
    struct tcp_info info = {.tcpi_state = TCP_CLOSE};
    socklen_t length = sizeof info;
    (void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length); /* else it is as good as closed */
    return info;
}

/*
 * Pipes. Either end is one direction alone, though FreeBSD and OpenBSD would let bytes go the other
 * way too. But that the other end is gone is the end of both directions.
 */

static struct standin_readiness pipe_to_read(const struct standin_descriptor *pipe, int polled) {
    if (pipe->access == O_WRONLY) {
        const bool lost = (polled & POLLERR) != 0;
        return (struct standin_readiness){.ready = lost, .at_end = lost};
    }
    return (struct standin_readiness){
        .ready = (polled & (POLLIN | POLLHUP)) != 0,
        .at_end = (polled & POLLHUP) != 0,
        .data = unread(pipe->fd),
    };
}

/* "pipe, reader closed": no error with EV_EOF, though a write(2) would give EPIPE. */
static struct standin_readiness pipe_to_write(const struct standin_descriptor *pipe, int polled) {
    if (pipe->access == O_RDONLY)
        return not_ready;
    bool at_end = (polled & POLLERR) != 0;
    return (struct standin_readiness){
        .ready = at_end || (polled & POLLOUT),
        .at_end = at_end,
        .data = at_end ? 0 : SOME_ROOM,
    };
}

/* Stream sockets. */

/* Linux hangs up on a socket that was never connected; the BSDs have nothing to say of it. */
static bool is_unconnected(int polled) {
    return (polled & POLLHUP) && !(polled & (POLLRDHUP | POLLERR));
}

/* "listener": the connections that wait. Unix listeners do not tell how many. */
static struct standin_readiness to_accept(const struct standin_descriptor *listener, int polled) {
    bool ready = (polled & POLLIN) != 0;
    bool counted = ready && listener->kind == STANDIN_TCP;
    return (struct standin_readiness){
        .ready = ready,
        .data = counted ? tcp_state(listener->fd).tcpi_unacked : ready,
    };
}

/*
 * "tcp, connect refused", "tcp, peer resets". What SYN and ACK agreed upon, and the time between
 * them, are known only of a connection that was there.
 */
static int stream_error(const struct standin_descriptor *stream, int polled) {
    if (!(polled & POLLERR))
        return 0;
    if (stream->kind == STANDIN_UNIX_STREAM)
        return ECONNRESET;
    const struct tcp_info info = tcp_state(stream->fd);
    return info.tcpi_options != 0 || info.tcpi_rtt != 0 ? ECONNRESET : ECONNREFUSED;
}

static struct standin_readiness stream_to_read(const struct standin_descriptor *stream,
                                               int polled) {
    if (socket_option(stream->fd, SO_ACCEPTCONN))
        return to_accept(stream, polled);
    if (is_unconnected(polled))
        return not_ready;
    return (struct standin_readiness){
        .ready = (polled & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)) != 0,
        .at_end = (polled & (POLLRDHUP | POLLHUP)) != 0,
        .error = stream_error(stream, polled),
        .data = unread(stream->fd),
    };
}

/* "tcp, shut down our writing": known by the states that follow our FIN. */
static bool tcp_cannot_send(const struct standin_descriptor *stream) {
    switch (tcp_state(stream->fd).tcpi_state) {
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
    case TCP_CLOSE:
        return true;
    default:
        return false;
    }
}

/* poll(2) says it only of both directions together; an empty send does nothing but tell. */
static bool unix_cannot_send(const struct standin_descriptor *stream, int polled) {
    if (polled & POLLHUP)
        return true;
    return send(stream->fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE;
}

static struct standin_readiness stream_to_write(const struct standin_descriptor *stream,
                                                int polled) {
    if (is_unconnected(polled) || socket_option(stream->fd, SO_ACCEPTCONN))
        return not_ready;
    bool at_end =
        stream->kind == STANDIN_TCP ? tcp_cannot_send(stream) : unix_cannot_send(stream, polled);
    return (struct standin_readiness){
        .ready = at_end || (polled & (POLLOUT | POLLERR)),
        .at_end = at_end,
        .error = stream_error(stream, polled),
        .data = at_end ? 0 : SOME_ROOM,
    };
}

/* Datagram sockets. "udp": an ICMP error makes them ready, without EV_EOF and without its code. */

static struct standin_readiness datagram_to_read(const struct standin_descriptor *socket,
                                                 int polled) {
    bool counted = (polled & POLLIN) && standin_flavour.counts_addresses;
    return (struct standin_readiness){
        .ready = (polled & (POLLIN | POLLRDHUP | POLLERR)) != 0,
        .at_end = (polled & POLLRDHUP) != 0,
        .data = unread(socket->fd) + (counted ? socket->address_size : 0),
    };
}

/* Sockets are numbered as they come, so of this many made in a row no two share a mark. */
enum { MARKS = 1 << 18 };

static atomic_bool shut_for_writing[MARKS];

void standin_descriptor_note_shutdown(const struct stat *file) {
    atomic_store(&shut_for_writing[file->st_ino % MARKS], true);
}

/* Of the Internet they tell it themselves, if they are connected. */
static bool datagram_cannot_send(const struct standin_descriptor *socket) {
    return socket->address_size == 0 && atomic_load(&shut_for_writing[socket->inode % MARKS]);
}

static struct standin_readiness datagram_to_write(const struct standin_descriptor *socket,
                                                  int polled) {
    const bool at_end = datagram_cannot_send(socket);
    return (struct standin_readiness){
        .ready = at_end || (polled & (POLLOUT | POLLERR)),
        .at_end = at_end,
        .data = at_end ? 0 : SOME_ROOM,
    };
}

/* "files": what is left of a regular file, until its end. */

static struct standin_readiness file_to_read(const struct standin_descriptor *file, int polled) {
    (void)polled;
    struct stat status;
    off_t offset = lseek(file->fd, 0, SEEK_CUR);
    if (offset < 0 || fstat(file->fd, &status) < 0)
        return not_ready;
    return (struct standin_readiness){
        .ready = status.st_size != offset,
        .data = status.st_size - offset,
    };
}

static struct standin_readiness file_to_write(const struct standin_descriptor *file, int polled) {
    (void)file, (void)polled;
    return (struct standin_readiness){.ready = true};
}

/* "kqueue as a descriptor": a kqueue with events has one. */
static struct standin_readiness other_to_read(const struct standin_descriptor *other, int polled) {
    bool ready = (polled & (POLLIN | POLLHUP | POLLERR)) != 0;
    int64_t count = unread(other->fd);
    return (struct standin_readiness){
        .ready = ready,
        .at_end = (polled & POLLHUP) != 0,
        .data = count > 0 ? count : ready,
    };
}

static struct standin_readiness other_to_write(const struct standin_descriptor *other, int polled) {
    (void)other;
    return (struct standin_readiness){
        .ready = (polled & (POLLOUT | POLLHUP | POLLERR)) != 0,
        .at_end = (polled & POLLHUP) != 0,
        .data = SOME_ROOM,
    };
}

typedef struct standin_readiness answer(const struct standin_descriptor *descriptor, int polled);

static const struct {
    answer *to_read, *to_write;
} kinds[] = {
    [STANDIN_PIPE] = {pipe_to_read, pipe_to_write},
    [STANDIN_TCP] = {stream_to_read, stream_to_write},
    [STANDIN_UNIX_STREAM] = {stream_to_read, stream_to_write},
    [STANDIN_DATAGRAM] = {datagram_to_read, datagram_to_write},
    [STANDIN_FILE] = {file_to_read, file_to_write},
    [STANDIN_OTHER] = {other_to_read, other_to_write},
};

struct standin_readiness standin_descriptor_to_read(const struct standin_descriptor *descriptor) {
    return kinds[descriptor->kind].to_read(descriptor, poll_now(descriptor->fd));
}

struct standin_readiness standin_descriptor_to_write(const struct standin_descriptor *descriptor) {
    return kinds[descriptor->kind].to_write(descriptor, poll_now(descriptor->fd));
}
