/* SPDX-License-Identifier: MIT */
#include "support/datagrams.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The calls of each type, as functions of the one type that all tests know. */

#define SEND_CALLS(type)                                                                           \
    static int type##_connect(struct test_datagram *socket, const struct cmio_address *address) {  \
        return cmio_##type##_connect(&socket->type, address);                                      \
    }                                                                                              \
    static ssize_t type##_send(struct test_datagram *socket, const void *buffer, size_t length) {  \
        return cmio_##type##_send(&socket->type, buffer, length);                                  \
    }                                                                                              \
    static ssize_t type##_send_to(struct test_datagram *socket, const void *buffer, size_t length, \
                                  const struct cmio_address *address) {                            \
        return cmio_##type##_send_to(&socket->type, buffer, length, address);                      \
    }

#define RECEIVE_CALLS(type)                                                                        \
    static ssize_t type##_recv(struct test_datagram *socket, void *buffer, size_t length,          \
                               bool *truncated) {                                                  \
        return cmio_##type##_recv(&socket->type, buffer, length, truncated);                       \
    }                                                                                              \
    static ssize_t type##_recv_from(struct test_datagram *socket, void *buffer, size_t length,     \
                                    struct cmio_address *peer, bool *truncated) {                  \
        return cmio_##type##_recv_from(&socket->type, buffer, length, peer, truncated);            \
    }                                                                                              \
    static ssize_t type##_peek(struct test_datagram *socket, void *buffer, size_t length,          \
                               bool *truncated) {                                                  \
        return cmio_##type##_peek(&socket->type, buffer, length, truncated);                       \
    }                                                                                              \
    static ssize_t type##_peek_from(struct test_datagram *socket, void *buffer, size_t length,     \
                                    struct cmio_address *peer, bool *truncated) {                  \
        return cmio_##type##_peek_from(&socket->type, buffer, length, peer, truncated);            \
    }

#define OWNER_CALLS(type)                                                                          \
    static int type##_take_error(struct test_datagram *socket) {                                   \
        return cmio_##type##_take_error(&socket->type);                                            \
    }                                                                                              \
    static int type##_local_address(const struct test_datagram *socket,                            \
                                    struct cmio_address *out) {                                    \
        return cmio_##type##_local_address(&socket->type, out);                                    \
    }                                                                                              \
    static int type##_peer_address(const struct test_datagram *socket, struct cmio_address *out) { \
        return cmio_##type##_peer_address(&socket->type, out);                                     \
    }                                                                                              \
    static int type##_from_fd(struct test_datagram *socket, int fd) {                              \
        return cmio_##type##_from_fd(&socket->type, fd);                                           \
    }                                                                                              \
    static int type##_into_fd(struct test_datagram *socket) {                                      \
        return cmio_##type##_into_fd(&socket->type);                                               \
    }                                                                                              \
    static int type##_fd(const struct test_datagram *socket) {                                     \
        return cmio_##type##_fd(&socket->type);                                                    \
    }                                                                                              \
    static int type##_close(struct test_datagram *socket) {                                        \
        return cmio_##type##_close(&socket->type);                                                 \
    }

#define ENTRIES(type)                                                                              \
    .bind = type##_bind, .connect = type##_connect, .send = type##_send,                           \
    .send_to = type##_send_to, .recv = type##_recv, .recv_from = type##_recv_from,                 \
    .peek = type##_peek, .peek_from = type##_peek_from, .take_error = type##_take_error,           \
    .local_address = type##_local_address, .peer_address = type##_peer_address,                    \
    .from_fd = type##_from_fd, .into_fd = type##_into_fd, .fd = type##_fd, .close = type##_close

SEND_CALLS(udp_socket)
RECEIVE_CALLS(udp_socket)
OWNER_CALLS(udp_socket)
SEND_CALLS(unix_datagram)
RECEIVE_CALLS(unix_datagram)
OWNER_CALLS(unix_datagram)

static int udp_socket_bind(struct test_datagram *socket, const struct cmio_address *address) {
    return cmio_udp_socket_bind(&socket->udp_socket, address, NULL);
}

static int unix_datagram_bind(struct test_datagram *socket, const struct cmio_address *address) {
    return cmio_unix_datagram_bind(&socket->unix_datagram, address);
}

static const struct test_datagram_calls udp_calls = {ENTRIES(udp_socket)};
static const struct test_datagram_calls unix_calls = {ENTRIES(unix_datagram)};

/* The kinds. */

static int name_loopback(const struct test_datagram_kind *kind, struct test_scratch *scratch,
                         int number, struct cmio_address *out) {
    (void)scratch;
    (void)number;
    return cmio_address_parse(kind->any, out);
}

static int name_path(const struct test_datagram_kind *kind, struct test_scratch *scratch,
                     int number, struct cmio_address *out) {
    char name[16];
    (void)kind;
    snprintf(name, sizeof name, "socket-%d", number);
    *out = test_scratch_address(scratch, name);
    return 0;
}

static int name_abstract(const struct test_datagram_kind *kind, struct test_scratch *scratch,
                         int number, struct cmio_address *out) {
    char name[64];
    (void)kind;
    (void)scratch;
    const int length =
        snprintf(name, sizeof name, "cmio-test-datagram-%ld-%d", (long)getpid(), number);
    return cmio_address_from_abstract(name, (size_t)length, out);
}

const struct test_datagram_kind test_datagram_udp_v4 = {
    .calls = &udp_calls,
    .any = "127.0.0.1:0",
    .name = name_loopback,
};
const struct test_datagram_kind test_datagram_udp_v6 = {
    .calls = &udp_calls,
    .any = "[::1]:0",
    .name = name_loopback,
};
const struct test_datagram_kind test_datagram_unix_pair = {.calls = &unix_calls};
const struct test_datagram_kind test_datagram_unix_path = {
    .calls = &unix_calls,
    .name = name_path,
};
const struct test_datagram_kind test_datagram_unix_abstract = {
    .calls = &unix_calls,
    .name = name_abstract,
};

bool test_datagram_is_pair(const struct test_datagram_kind *kind) {
    return kind->name == NULL;
}

static bool open_bound(const struct test_datagram_kind *kind, struct test_scratch *scratch,
                       int number, struct test_datagram *socket) {
    struct cmio_address address;
    const int named = kind->name(kind, scratch, number, &address);
    if (named == -ENOTSUP)
        return false;
    TEST_OK(named);
    socket->calls = kind->calls;
    const int bound = kind->calls->bind(socket, &address);
    if (bound == -EAFNOSUPPORT || bound == -EADDRNOTAVAIL)
        return false;
    TEST_OK(bound);
    return true;
}

bool test_datagram_open(const struct test_datagram_kind *kind, struct test_scratch *scratch,
                        struct test_datagram sockets[2]) {
    if (test_datagram_is_pair(kind)) {
        sockets[0].calls = sockets[1].calls = kind->calls;
        TEST_OK(cmio_unix_datagram_pair(&sockets[0].unix_datagram, &sockets[1].unix_datagram));
        return true;
    }
    if (!open_bound(kind, scratch, 0, &sockets[0]))
        return false;
    assert_true(open_bound(kind, scratch, 1, &sockets[1]));
    return true;
}
