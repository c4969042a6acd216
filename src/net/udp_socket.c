/* SPDX-License-Identifier: MIT */
#include <cmio/udp_socket.h>

#include <errno.h>
#include <netinet/in.h>

#include "core/source.h"
#include "net/datagram.h"
#include "net/socket.h"
#include "posix/batch.h"
#include "posix/descriptor.h"
#include "posix/features.h"
#include "posix/socket.h"

/* The socket's source, which is its first member; NULL for NULL. */
static struct cmio_source *source_of_udp_socket(struct cmio_udp_socket *socket) {
    return socket == NULL ? NULL : &socket->source;
}

static const struct cmio_source *const_source_of_udp_socket(const struct cmio_udp_socket *socket) {
    return socket == NULL ? NULL : &socket->source;
}

static int check_udp_options(const struct cmio_address *address,
                             const struct cmio_udp_socket_options *options) {
    if ((unsigned)options->v6only > CMIO_V6ONLY_OFF)
        return -EINVAL;
    int error = cmio__net_check_ip(address);
    if (error < 0)
        return error;
    const bool is_v6 = cmio_address_family(address) == AF_INET6;
    return options->v6only != CMIO_V6ONLY_DEFAULT && !is_v6 ? -EINVAL : 0;
}

static int set_udp_options(int fd, const struct cmio_udp_socket_options *options) {
    int error = 0;
    if (options->reuse_address)
        error = cmio__socket_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && options->reuse_port)
        error = cmio__socket_set_option(fd, SOL_SOCKET, CMIO__SO_REUSEPORT, 1);
    if (error == 0 && options->v6only != CMIO_V6ONLY_DEFAULT)
        error = cmio__socket_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
                                        options->v6only == CMIO_V6ONLY_ON);
    return error;
}

/* A new socket has no kept error. */
static void set_fd(struct cmio_udp_socket *socket, int fd) {
    cmio__source_set_fd(&socket->source, fd);
    socket->kept_error = 0;
}

int cmio_udp_socket_bind(struct cmio_udp_socket *socket, const struct cmio_address *address,
                         const struct cmio_udp_socket_options *options) {
    static const struct cmio_udp_socket_options defaults = {.reuse_address = false};
    if (options == NULL)
        options = &defaults;
    if (socket == NULL)
        return -EINVAL;
    int error = check_udp_options(address, options);
    if (error < 0)
        return error;
    const int fd = cmio__socket_open(address->u.any.sa_family, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    error = set_udp_options(fd, options);
    if (error == 0)
        error = cmio__socket_bind(fd, &address->u.any, address->length);
    if (error < 0) {
        (void)cmio__fd_close(fd); /* the first error is returned */
        return error;
    }
    set_fd(socket, fd);
    return 0;
}

int cmio_udp_socket_connect(struct cmio_udp_socket *socket, const struct cmio_address *address) {
    const int fd = cmio__net_fd_if(source_of_udp_socket(socket), address != NULL);
    if (fd < 0)
        return fd;
    int error = cmio__net_check_ip(address);
    return error < 0 ? error : cmio__datagram_connect(&socket->source, address);
}

int cmio_udp_socket_from_fd(struct cmio_udp_socket *socket, int fd) {
    int error = cmio__net_from_ip_fd(source_of_udp_socket(socket), fd, SOCK_DGRAM);
    if (error == 0)
        set_fd(socket, fd);
    return error;
}

int cmio_udp_socket_into_fd(struct cmio_udp_socket *socket) {
    return cmio__net_into_fd(source_of_udp_socket(socket));
}

int cmio_udp_socket_fd(const struct cmio_udp_socket *socket) {
    return cmio__net_fd(const_source_of_udp_socket(socket));
}

int cmio_udp_socket_close(struct cmio_udp_socket *socket) {
    return cmio__net_close(source_of_udp_socket(socket));
}

ssize_t cmio_udp_socket_send(struct cmio_udp_socket *socket, const void *buffer, size_t length) {
    return cmio__net_write(source_of_udp_socket(socket), buffer, length);
}

ssize_t cmio_udp_socket_send_to(struct cmio_udp_socket *socket, const void *buffer, size_t length,
                                const struct cmio_address *address) {
    const bool is_valid = address != NULL && cmio__net_is_buffer(buffer, length);
    const int fd = cmio__net_fd_if(source_of_udp_socket(socket), is_valid);
    if (fd < 0)
        return fd;
    int error = cmio__net_check_ip(address);
    return error < 0 ? error : cmio__datagram_send_to(&socket->source, buffer, length, address);
}

/*
 * Takes the error that a batch left to be reported, once: 0 or -errno. A sending thread may leave
 * it for a receiving thread. Returns -EINVAL for NULL and for other invalid arguments, -EBADF if
 * closed.
 */
static int take_kept_error(struct cmio_udp_socket *socket, bool valid) {
    const int fd = cmio__net_fd_if(source_of_udp_socket(socket), valid);
    if (fd < 0)
        return fd;
    if (__atomic_load_n(&socket->kept_error, __ATOMIC_RELAXED) == 0)
        return 0;
    const int error = __atomic_exchange_n(&socket->kept_error, 0, __ATOMIC_RELAXED);
    if (error < 0)
        (void)cmio__source_io(&socket->source, CMIO_READABLE, error, 1);
    return error;
}

ssize_t cmio_udp_socket_recv_from(struct cmio_udp_socket *socket, void *buffer, size_t length,
                                  struct cmio_address *peer, bool *truncated) {
    const int kept = take_kept_error(socket, cmio__net_is_buffer(buffer, length));
    return kept < 0 ? kept
                    : cmio__datagram_receive(&socket->source, buffer, length, peer, truncated);
}

ssize_t cmio_udp_socket_recv(struct cmio_udp_socket *socket, void *buffer, size_t length,
                             bool *truncated) {
    return cmio_udp_socket_recv_from(socket, buffer, length, NULL, truncated);
}

ssize_t cmio_udp_socket_peek_from(struct cmio_udp_socket *socket, void *buffer, size_t length,
                                  struct cmio_address *peer, bool *truncated) {
    const int kept = take_kept_error(socket, cmio__net_is_buffer(buffer, length));
    return kept < 0 ? kept : cmio__datagram_peek(&socket->source, buffer, length, peer, truncated);
}

ssize_t cmio_udp_socket_peek(struct cmio_udp_socket *socket, void *buffer, size_t length,
                             bool *truncated) {
    return cmio_udp_socket_peek_from(socket, buffer, length, NULL, truncated);
}

static size_t batch_of(size_t count) {
    return count < CMIO_UDP_BATCH_MAX ? count : CMIO_UDP_BATCH_MAX;
}

static int check_message(const struct cmio_udp_message *message) {
    return message->buffer == NULL && message->size > 0 ? -EINVAL : 0;
}

static int check_sent_message(const struct cmio_udp_message *message) {
    int error = check_message(message);
    if (error < 0 || message->address.length == 0)
        return error;
    return cmio__net_check_ip(&message->address);
}

/*
 * How many messages the system gets to see: those before the first invalid one, which the call that
 * begins with it will report. Returns -EINVAL if the first message is invalid.
 */
static int check_batch(const struct cmio_udp_message *messages, size_t count,
                       int (*check)(const struct cmio_udp_message *message)) {
    if (messages == NULL || count == 0)
        return -EINVAL;
    size_t good = 0;
    int error = 0;
    while (good < batch_of(count) && (error = check(&messages[good])) == 0)
        good++;
    return good > 0 ? (int)good : error;
}

int cmio_udp_socket_recv_batch(struct cmio_udp_socket *socket, struct cmio_udp_message *messages,
                               size_t count) {
    const int good = check_batch(messages, count, check_message);
    const int fd = cmio__net_fd_if(source_of_udp_socket(socket), good > 0);
    if (fd < 0)
        return fd;
    const int kept = take_kept_error(socket, true);
    if (kept < 0)
        return kept;
    const int received = cmio__batch_receive(fd, messages, (size_t)good, &socket->kept_error);
    return (int)cmio__source_io(&socket->source, CMIO_READABLE, received, batch_of(count));
}

int cmio_udp_socket_send_batch(struct cmio_udp_socket *socket,
                               const struct cmio_udp_message *messages, size_t count) {
    const int good = check_batch(messages, count, check_sent_message);
    const int fd = cmio__net_fd_if(source_of_udp_socket(socket), good != -EINVAL);
    if (fd < 0)
        return fd;
    if (good < 0)
        return good;
    const int sent = cmio__batch_send(fd, messages, (size_t)good, &socket->kept_error);
    return (int)cmio__source_io(&socket->source, CMIO_WRITABLE, sent, batch_of(count));
}

int cmio_udp_socket_local_address(const struct cmio_udp_socket *socket, struct cmio_address *out) {
    return cmio__net_local_address(const_source_of_udp_socket(socket), out);
}

int cmio_udp_socket_peer_address(const struct cmio_udp_socket *socket, struct cmio_address *out) {
    return cmio__net_peer_address(const_source_of_udp_socket(socket), out);
}

int cmio_udp_socket_take_error(struct cmio_udp_socket *socket) {
    const int kept = take_kept_error(socket, true);
    return kept < 0 ? kept : cmio__net_take_error(&socket->source);
}

static int set_flag(const struct cmio_udp_socket *socket, int level, int option, bool enabled) {
    const int fd = cmio_udp_socket_fd(socket);
    return fd < 0 ? fd : cmio__socket_set_option(fd, level, option, enabled);
}

static int flag(const struct cmio_udp_socket *socket, int level, int option, bool *out) {
    const int fd = cmio__net_fd_if(const_source_of_udp_socket(socket), out != NULL);
    if (fd < 0)
        return fd;
    int enabled = 0;
    int error = cmio__socket_option(fd, level, option, &enabled);
    if (error == 0)
        *out = enabled != 0;
    return error;
}

/*
 * The multicast options of IPv4 are bytes, those of IPv6 integers: OpenBSD accepts nothing else.
 * valid says whether the caller's argument is valid.
 */
static int set_byte(const struct cmio_udp_socket *socket, int option, bool valid,
                    unsigned char value) {
    const int fd = cmio__net_fd_if(const_source_of_udp_socket(socket), valid);
    return fd < 0 ? fd : cmio__socket_set_byte_option(fd, IPPROTO_IP, option, value);
}

static int byte(const struct cmio_udp_socket *socket, int option, bool valid, unsigned char *out) {
    const int fd = cmio__net_fd_if(const_source_of_udp_socket(socket), valid);
    return fd < 0 ? fd : cmio__socket_byte_option(fd, IPPROTO_IP, option, out);
}

int cmio_udp_socket_set_broadcast(struct cmio_udp_socket *socket, bool enabled) {
    return set_flag(socket, SOL_SOCKET, SO_BROADCAST, enabled);
}

int cmio_udp_socket_broadcast(const struct cmio_udp_socket *socket, bool *out) {
    return flag(socket, SOL_SOCKET, SO_BROADCAST, out);
}

int cmio_udp_socket_set_ttl(struct cmio_udp_socket *socket, uint32_t ttl) {
    return cmio__net_set_ttl(source_of_udp_socket(socket), ttl);
}

int cmio_udp_socket_ttl(const struct cmio_udp_socket *socket, uint32_t *out) {
    return cmio__net_ttl(const_source_of_udp_socket(socket), out);
}

int cmio_udp_socket_set_multicast_loop_v4(struct cmio_udp_socket *socket, bool enabled) {
    return set_byte(socket, IP_MULTICAST_LOOP, true, enabled);
}

int cmio_udp_socket_multicast_loop_v4(const struct cmio_udp_socket *socket, bool *out) {
    unsigned char enabled = 0;
    int error = byte(socket, IP_MULTICAST_LOOP, out != NULL, &enabled);
    if (error == 0)
        *out = enabled != 0;
    return error;
}

int cmio_udp_socket_set_multicast_ttl_v4(struct cmio_udp_socket *socket, uint32_t ttl) {
    return set_byte(socket, IP_MULTICAST_TTL, ttl <= 255, (unsigned char)ttl);
}

int cmio_udp_socket_multicast_ttl_v4(const struct cmio_udp_socket *socket, uint32_t *out) {
    unsigned char ttl = 0;
    int error = byte(socket, IP_MULTICAST_TTL, out != NULL, &ttl);
    if (error == 0)
        *out = ttl;
    return error;
}

int cmio_udp_socket_set_multicast_loop_v6(struct cmio_udp_socket *socket, bool enabled) {
    return set_flag(socket, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, enabled);
}

int cmio_udp_socket_multicast_loop_v6(const struct cmio_udp_socket *socket, bool *out) {
    return flag(socket, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, out);
}

static int check_family(const struct cmio_address *address, int family) {
    return cmio_address_family(address) == family ? 0 : -EAFNOSUPPORT;
}

static int membership_v4(const struct cmio_udp_socket *socket, int option,
                         const struct cmio_address *group,
                         const struct cmio_address *interface_address) {
    const int fd = cmio__net_fd_if(const_source_of_udp_socket(socket), group != NULL);
    if (fd < 0)
        return fd;
    int error = check_family(group, AF_INET);
    if (error == 0 && interface_address != NULL)
        error = check_family(interface_address, AF_INET);
    if (error < 0)
        return error;
    struct ip_mreq membership = {.imr_multiaddr = group->u.v4.sin_addr,
                                 .imr_interface.s_addr = htonl(INADDR_ANY)};
    if (interface_address != NULL)
        membership.imr_interface = interface_address->u.v4.sin_addr;
    return cmio__socket_set_struct_option(fd, IPPROTO_IP, option, &membership, sizeof membership);
}

int cmio_udp_socket_join_multicast_v4(struct cmio_udp_socket *socket,
                                      const struct cmio_address *group,
                                      const struct cmio_address *interface_address) {
    return membership_v4(socket, IP_ADD_MEMBERSHIP, group, interface_address);
}

int cmio_udp_socket_leave_multicast_v4(struct cmio_udp_socket *socket,
                                       const struct cmio_address *group,
                                       const struct cmio_address *interface_address) {
    return membership_v4(socket, IP_DROP_MEMBERSHIP, group, interface_address);
}

static int membership_v6(const struct cmio_udp_socket *socket, int option,
                         const struct cmio_address *group, uint32_t interface_index) {
    const int fd = cmio__net_fd_if(const_source_of_udp_socket(socket), group != NULL);
    if (fd < 0)
        return fd;
    int error = check_family(group, AF_INET6);
    if (error < 0)
        return error;
    const struct ipv6_mreq membership = {.ipv6mr_multiaddr = group->u.v6.sin6_addr,
                                         .ipv6mr_interface = interface_index};
    return cmio__socket_set_struct_option(fd, IPPROTO_IPV6, option, &membership, sizeof membership);
}

int cmio_udp_socket_join_multicast_v6(struct cmio_udp_socket *socket,
                                      const struct cmio_address *group, uint32_t interface_index) {
    return membership_v6(socket, IPV6_JOIN_GROUP, group, interface_index);
}

int cmio_udp_socket_leave_multicast_v6(struct cmio_udp_socket *socket,
                                       const struct cmio_address *group, uint32_t interface_index) {
    return membership_v6(socket, IPV6_LEAVE_GROUP, group, interface_index);
}

int cmio_udp_socket_v6only(const struct cmio_udp_socket *socket, bool *out) {
    return flag(socket, IPPROTO_IPV6, IPV6_V6ONLY, out);
}
