/* SPDX-License-Identifier: MIT */
#include "posix/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"
#include "posix/features.h"
#include "posix/inline.h"

static int result_of(int result) {
    return result < 0 ? -errno : 0;
}

static ssize_t count_of(ssize_t result) {
    return result < 0 ? -errno : result;
}

int cmio__socket_adopt(int fd, int type) {
    int actual = 0;
    int error = cmio__socket_option(fd, SOL_SOCKET, SO_TYPE, &actual);
    if (error < 0)
        return error;
    if (actual != type)
        return -EINVAL;
    error = cmio__fd_prepare(fd);
    return error < 0 ? error : cmio__socket_no_sigpipe(fd);
}

int cmio__socket_no_sigpipe(int fd) {
    if (CMIO__SO_NOSIGPIPE < 0)
        return 0; /* MSG_NOSIGNAL does it for each send */
    return cmio__socket_set_option(fd, SOL_SOCKET, CMIO__SO_NOSIGPIPE, 1);
}

int cmio__socket_connect(int fd, const struct sockaddr *address, socklen_t length) {
    const int state = cmio__cancel_disable(); /* else the descriptor may be lost */
    const int result = connect(fd, address, length);
    const int error = result == 0 || errno == EINPROGRESS || errno == EINTR ? 0 : -errno;
    cmio__cancel_restore(state);
    return error;
}

int cmio__socket_is_settled(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int count;
    do
        count = poll(&entry, 1, 0);
    while (count < 0 && errno == EINTR); /* Linux returns it even for a poll without a wait */
    return count < 0 ? -errno : count;
}

int cmio__socket_bind(int fd, const struct sockaddr *address, socklen_t length) {
    return result_of(bind(fd, address, length));
}

int cmio__socket_listen(int fd, int backlog) {
    return result_of(listen(fd, backlog));
}

int cmio__socket_shutdown(int fd, int how) {
    return result_of(shutdown(fd, how));
}

int cmio__socket_local_name(int fd, struct sockaddr *out, socklen_t *length) {
    return result_of(getsockname(fd, out, length));
}

/* macOS calls a socket that was reset invalid. */
int cmio__socket_peer_name(int fd, struct sockaddr *out, socklen_t *length) {
    const int error = result_of(getpeername(fd, out, length));
    return error == -EINVAL ? -ENOTCONN : error;
}

int cmio__socket_set_option(int fd, int level, int option, int value) {
    if (option == -1)
        return -ENOTSUP;
    return result_of(setsockopt(fd, level, option, &value, sizeof value));
}

int cmio__socket_option(int fd, int level, int option, int *out) {
    int value = 0;
    socklen_t length = sizeof value;
    if (option == -1)
        return -ENOTSUP;
    if (getsockopt(fd, level, option, &value, &length) < 0)
        return -errno;
    *out = value;
    return 0;
}

int cmio__socket_set_linger(int fd, int seconds) {
    const struct linger value = {.l_onoff = seconds >= 0, .l_linger = seconds >= 0 ? seconds : 0};
    return result_of(setsockopt(fd, SOL_SOCKET, CMIO__SO_LINGER, &value, sizeof value));
}

int cmio__socket_linger(int fd, int *out) {
    struct linger value;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, CMIO__SO_LINGER, &value, &length) < 0)
        return -errno;
    *out = value.l_onoff != 0 ? value.l_linger : -1;
    return 0;
}

int cmio__socket_set_byte_option(int fd, int level, int option, unsigned char value) {
    return result_of(setsockopt(fd, level, option, &value, sizeof value));
}

int cmio__socket_byte_option(int fd, int level, int option, unsigned char *out) {
    unsigned char value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(fd, level, option, &value, &length) < 0)
        return -errno;
    *out = value;
    return 0;
}

int cmio__socket_set_struct_option(int fd, int level, int option, const void *value,
                                   socklen_t size) {
    return result_of(setsockopt(fd, level, option, value, size));
}

int cmio__socket_take_error(int fd) {
    int pending = 0;
    int error = cmio__socket_option(fd, SOL_SOCKET, SO_ERROR, &pending);
    return error < 0 ? error : -pending;
}

int cmio__socket_family(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
    } name = {.any.sa_family = AF_UNSPEC};
    socklen_t length = sizeof name;
    int error = cmio__socket_local_name(fd, &name.any, &length);
    return error < 0 ? error : name.any.sa_family;
}

/* Which packets a socket sends. An IPv6 socket also sends IPv4 packets, unless it is IPv6-only. */
struct protocols {
    bool v4;
    bool v6;
    bool mapped; /* an IPv6 socket whose own address is an IPv4 address, ::ffff:a.b.c.d */
};

static int protocols_of(int fd, struct protocols *out) {
    union {
        struct sockaddr any;
        struct sockaddr_in6 v6;
    } name = {.any.sa_family = AF_UNSPEC};
    socklen_t length = sizeof name;
    int v6only = 0;
    int error = cmio__socket_local_name(fd, &name.any, &length);
    const bool v6 = error == 0 && name.any.sa_family == AF_INET6;
    if (v6)
        error = cmio__socket_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only);
    if (error < 0)
        return error;
    *out = (struct protocols){
        .v4 = v6only == 0,
        .v6 = v6,
        .mapped = v6 && IN6_IS_ADDR_V4MAPPED(&name.v6.sin6_addr),
    };
    return 0;
}

/*
 * Whether an IPv6 socket has no IPv4 option. That is so on FreeBSD, whose IPv6 option covers both
 * (ip6_output.c, IPV6_UNICAST_HOPS), and on systems whose IPv6 sockets never send IPv4 packets.
 */
static bool has_no_v4_option(const struct protocols *protocols, int error) {
    return protocols->v6 && (error == -EINVAL || error == -ENOPROTOOPT);
}

int cmio__socket_set_ttl(int fd, uint32_t ttl) {
    struct protocols protocols;
    int error = protocols_of(fd, &protocols);
    if (error == 0 && protocols.v6)
        error = cmio__socket_set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, (int)ttl);
    if (error < 0 || !protocols.v4)
        return error;
    error = cmio__socket_set_option(fd, IPPROTO_IP, IP_TTL, (int)ttl);
    return has_no_v4_option(&protocols, error) ? 0 : error;
}

int cmio__socket_ttl(int fd, uint32_t *out) {
    struct protocols protocols;
    int value = 0;
    int error = protocols_of(fd, &protocols);
    if (error < 0)
        return error;
    bool asks_v6 = protocols.v6 && !protocols.mapped;
    if (!asks_v6) {
        error = cmio__socket_option(fd, IPPROTO_IP, IP_TTL, &value);
        asks_v6 = has_no_v4_option(&protocols, error);
    }
    if (asks_v6)
        error = cmio__socket_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &value);
    if (error == 0)
        *out = (uint32_t)value;
    return error;
}

/* The kernel does not write to the array of buffers: msg_iov lacks const for historical reasons. */
static struct msghdr message_of(const struct iovec *buffers, int count) {
    union {
        const struct iovec *given;
        struct iovec *wanted;
    } array = {.given = buffers};
    struct msghdr message = {.msg_iov = array.wanted};
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count; /* size_t, int or unsigned */
    return message;
}

ssize_t cmio__socket_receive_vector(int fd, const struct iovec *buffers, int count) {
    struct msghdr message = message_of(buffers, count);
    return count_of(recvmsg(fd, &message, CMIO__MSG_DONTWAIT));
}

ssize_t cmio__socket_send_vector(int fd, const struct iovec *buffers, int count) {
    const struct msghdr message = message_of(buffers, count);
    return count_of(sendmsg(fd, &message, CMIO__SEND_FLAGS));
}

ssize_t cmio__socket_receive_from(int fd, void *buffer, size_t size, int flags,
                                  struct sockaddr *peer, socklen_t *length, bool *truncated) {
    struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {
        .msg_name = peer, .msg_namelen = *length, .msg_iov = &part, .msg_iovlen = 1};
    const ssize_t count = count_of(recvmsg(fd, &message, flags | CMIO__MSG_DONTWAIT));
    *length = message.msg_namelen;
    *truncated = (message.msg_flags & MSG_TRUNC) != 0;
    return count;
}

ssize_t cmio__socket_send_to(int fd, const void *buffer, size_t size,
                             const struct sockaddr *address, socklen_t length) {
    return count_of(sendto(fd, buffer, size, CMIO__SEND_FLAGS, address, length));
}
