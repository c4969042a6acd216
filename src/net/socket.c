/* SPDX-License-Identifier: MIT */
#include "net/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "posix/descriptor.h"
#include "posix/socket.h"

static bool is_ip(int family) {
    return family == AF_INET || family == AF_INET6;
}

int cmio__net_check_ip(const struct cmio_address *address) {
    if (address == NULL)
        return -EINVAL;
    return is_ip(cmio_address_family(address)) ? 0 : -EAFNOSUPPORT;
}

int cmio__net_check_unix(const struct cmio_address *address) {
    if (address == NULL)
        return -EINVAL;
    return cmio_address_family(address) == AF_UNIX ? 0 : -EAFNOSUPPORT;
}

int cmio__net_from_fd(struct cmio_source *source, int fd, int type) {
    if (source == NULL)
        return -EINVAL;
    int error = cmio__socket_adopt(fd, type);
    if (error == 0)
        cmio__source_set_fd(source, fd);
    return error;
}

int cmio__net_from_unix_fd(struct cmio_source *source, int fd, int type) {
    if (source == NULL)
        return -EINVAL;
    const int family = cmio__socket_family(fd);
    if (family < 0)
        return family;
    return family == AF_UNIX ? cmio__net_from_fd(source, fd, type) : -EAFNOSUPPORT;
}

int cmio__net_from_ip_fd(struct cmio_source *source, int fd, int type) {
    if (source == NULL)
        return -EINVAL;
    const int family = cmio__socket_family(fd);
    if (family < 0)
        return family;
    return is_ip(family) ? cmio__net_from_fd(source, fd, type) : -EAFNOSUPPORT;
}

int cmio__net_into_fd(struct cmio_source *source) {
    return source == NULL ? -EINVAL : cmio__source_take_fd(source);
}

int cmio__net_close(struct cmio_source *source) {
    return source == NULL ? 0 : cmio__source_close(source);
}

int cmio__net_unix_pair(struct cmio_source *a, struct cmio_source *b, int type) {
    int fds[2];
    if (a == NULL || b == NULL || a == b)
        return -EINVAL;
    int error = cmio__socket_pair(AF_UNIX, type, fds);
    if (error < 0)
        return error;
    cmio__source_set_fd(a, fds[0]);
    cmio__source_set_fd(b, fds[1]);
    return 0;
}

int cmio__net_connect(struct cmio_source *source, const struct cmio_address *address) {
    const int fd = cmio__socket_open(address->u.any.sa_family, SOCK_STREAM);
    if (fd < 0)
        return fd;
    int error = cmio__socket_connect(fd, &address->u.any, address->length);
    if (error < 0) {
        (void)cmio__fd_close(fd); /* the first error is returned */
        return error;
    }
    cmio__source_set_fd(source, fd);
    return 0;
}

/* Errors that end a connection or an attempt to connect. Others concern one call, or pass. */
static bool ends_connection(int error) {
    switch (-error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EACCES:
    case EPROTO:
    case ENOPROTOOPT:
        return true;
    default:
        return false;
    }
}

/*
 * Returns the kept error. One thread may read from a socket while another writes to it, and both
 * may get an error.
 */
static int kept_error(const struct cmio_source *source) {
    return -__atomic_load_n(&source->connect_error, __ATOMIC_RELAXED);
}

/* Keeps only the first error: later errors of a dead connection say less. */
static void keep_error(struct cmio_source *source, int error) {
    uint16_t none = 0;
    (void)__atomic_compare_exchange_n(&source->connect_error, &none, (uint16_t)-error, false,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

int cmio__net_failed(struct cmio_source *source, int error) {
    if (ends_connection(error))
        keep_error(source, error);
    return error;
}

/* Any pending error counts, because only the connection itself leaves errors on a stream. */
static int take_error(struct cmio_source *source, int fd) {
    const int error = cmio__socket_take_error(fd);
    if (error < 0 && error >= -UINT16_MAX)
        keep_error(source, error);
    if (error < 0 && cmio__source_reports(source))
        cmio__source_note_error_taken(source);
    return error;
}

static int check_peer(int fd) {
    union cmio__any_address peer;
    socklen_t length = sizeof peer;
    return cmio__socket_peer_name(fd, &peer.any, &length);
}

/*
 * Handles a socket that had no peer. While it connects it is ready for nothing. "Not yet" ends the
 * writable edge, as any call that would block does, and an error that a call got meanwhile was not
 * the end. Once the socket is ready it has failed, unless it connected just now.
 */
static int why_not_connected(struct cmio_source *source, int fd) {
    const int settled = cmio__socket_is_settled(fd);
    if (settled < 0)
        return settled;
    if (settled == 0) {
        (void)cmio__source_io(source, CMIO_WRITABLE, -EAGAIN, 1);
        return -EINPROGRESS;
    }
    const int error = check_peer(fd);
    if (error == -ENOTCONN && kept_error(source) == 0)
        (void)take_error(source, fd); /* which keeps it */
    return error == -ENOTCONN && kept_error(source) != 0 ? kept_error(source) : error;
}

int cmio__net_finish_connect(struct cmio_source *source) {
    const int fd = cmio__net_fd(source);
    if (fd < 0)
        return fd;
    const int error = check_peer(fd);
    return error == -ENOTCONN ? why_not_connected(source, fd) : error;
}

/*
 * cmio__net_io() for a read from a stream. The end of a connection is final: it arms no edge, so
 * the backend need not ask the system what kind of end it is.
 */
CMIO__INLINE ssize_t stream_read(struct cmio_source *source, ssize_t result, size_t wanted) {
    return result == 0 && wanted > 0 ? 0 : cmio__net_io(source, CMIO_READABLE, result, wanted);
}

ssize_t cmio__net_read_any(struct cmio_source *source, void *buffer, size_t length) {
    const int fd = cmio__net_fd_if(source, cmio__net_is_buffer(buffer, length));
    if (fd < 0)
        return fd;
    return stream_read(source, cmio__socket_receive(fd, buffer, length, 0), length);
}

ssize_t cmio__net_write_any(struct cmio_source *source, const void *buffer, size_t length) {
    const int fd = cmio__net_fd_if(source, cmio__net_is_buffer(buffer, length));
    if (fd < 0)
        return fd;
    return cmio__net_io(source, CMIO_WRITABLE, cmio__socket_send(fd, buffer, length), length);
}

ssize_t cmio__net_peek(struct cmio_source *source, void *buffer, size_t length) {
    const int fd = cmio__net_fd_if(source, cmio__net_is_buffer(buffer, length));
    if (fd < 0)
        return fd;
    ssize_t result = cmio__socket_receive(fd, buffer, length, MSG_PEEK);
    if (result < 0)
        return cmio__net_io(source, CMIO_READABLE, result, length);
    if (cmio__source_reports(source) && result > 0) /* 0 means the end, which is final */
        cmio__source_note_peek(source, result, length);
    return result;
}

static size_t length_of(const struct iovec *buffers, int count) {
    size_t length = 0;
    for (int i = 0; i < count; i++)
        length += buffers[i].iov_len;
    return length;
}

/* Looks at no array that the kernel has not accepted, and at none if it makes no difference. */
ssize_t cmio__net_wrote_vector(struct cmio_source *source, ssize_t result,
                               const struct iovec *buffers, int count) {
    const bool counts = cmio__source_reports(source) && result >= 0;
    const size_t wanted = counts ? length_of(buffers, count) : 0;
    return cmio__net_io(source, CMIO_WRITABLE, result, wanted);
}

/*
 * For too many buffers the kernel returns EMSGSIZE. readv(2) and writev(2) return EINVAL, and so
 * does cmio.
 */
static ssize_t vector_result(ssize_t result) {
    return result == -EMSGSIZE ? -EINVAL : result;
}

ssize_t cmio__net_readv(struct cmio_source *source, const struct iovec *buffers, int count) {
    const int fd = cmio__net_fd_if(source, cmio__net_is_vector(buffers, count));
    if (fd < 0)
        return fd;
    if (count == 0)
        return 0; /* some systems call this invalid */
    ssize_t result = vector_result(cmio__socket_receive_vector(fd, buffers, count));
    return stream_read(source, result, 1); /* any number but 0 will do */
}

ssize_t cmio__net_writev(struct cmio_source *source, const struct iovec *buffers, int count) {
    const int fd = cmio__net_fd_if(source, cmio__net_is_vector(buffers, count));
    if (fd < 0)
        return fd;
    if (count == 0)
        return 0; /* some systems call this invalid */
    ssize_t result = vector_result(cmio__socket_send_vector(fd, buffers, count));
    return cmio__net_wrote_vector(source, result, buffers, count);
}

int cmio__net_shutdown(struct cmio_source *source, enum cmio_shutdown how) {
    static const int system_how[] = {
        [CMIO_SHUTDOWN_READ] = SHUT_RD,
        [CMIO_SHUTDOWN_WRITE] = SHUT_WR,
        [CMIO_SHUTDOWN_BOTH] = SHUT_RDWR,
    };
    const bool is_known = (unsigned)how < sizeof system_how / sizeof *system_how;
    const int fd = cmio__net_fd_if(source, is_known);
    return fd < 0 ? fd : cmio__socket_shutdown(fd, system_how[how]);
}

static int address_of(const struct cmio_source *source, struct cmio_address *out,
                      int (*name)(int fd, struct sockaddr *name, socklen_t *length)) {
    union cmio__any_address address;
    socklen_t length = sizeof address;
    const int fd = cmio__net_fd_if(source, out != NULL);
    if (fd < 0)
        return fd;
    int error = name(fd, &address.any, &length);
    return error < 0 ? error : cmio_address_from_sockaddr(&address.any, length, out);
}

int cmio__net_local_address(const struct cmio_source *source, struct cmio_address *out) {
    return address_of(source, out, cmio__socket_local_name);
}

int cmio__net_peer_address(const struct cmio_source *source, struct cmio_address *out) {
    return address_of(source, out, cmio__socket_peer_name);
}

int cmio__net_take_error(struct cmio_source *source) {
    const int fd = cmio__net_fd(source);
    return fd < 0 ? fd : take_error(source, fd);
}

int cmio__net_set_ttl(const struct cmio_source *source, uint32_t ttl) {
    const int fd = cmio__net_fd_if(source, ttl >= 1 && ttl <= 255);
    return fd < 0 ? fd : cmio__socket_set_ttl(fd, ttl);
}

int cmio__net_ttl(const struct cmio_source *source, uint32_t *out) {
    const int fd = cmio__net_fd_if(source, out != NULL);
    return fd < 0 ? fd : cmio__socket_ttl(fd, out);
}

/*
 * Gives out the peer of an accepted connection. On some systems a Unix client without a name has no
 * address at all. An IP client has none if it was reset meanwhile, as on macOS: nobody is there.
 */
static int give_peer(const union cmio__any_address *from, socklen_t length, int family,
                     struct cmio_address *peer) {
    if (cmio_address_from_sockaddr(&from->any, length, peer) == 0)
        return 0;
    return family == AF_UNIX ? cmio_address_parse("unix:", peer) : -ECONNABORTED;
}

int cmio__net_accept(struct cmio_source *source, int family, struct cmio_address *peer) {
    union cmio__any_address address;
    socklen_t length = sizeof address;
    const int fd = cmio__net_fd(source);
    if (fd < 0)
        return fd;
    int accepted = peer == NULL ? cmio__socket_accept(fd, NULL, NULL)
                                : cmio__socket_accept(fd, &address.any, &length);
    (void)cmio__source_io(source, CMIO_READABLE, accepted < 0 ? accepted : 1, 1);
    const int error = accepted >= 0 && peer != NULL ? give_peer(&address, length, family, peer) : 0;
    if (error < 0)
        (void)cmio__fd_close(accepted); /* the first error is returned */
    return error < 0 ? error : accepted;
}
