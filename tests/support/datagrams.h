/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_DATAGRAMS_H
#define CMIO_TESTS_DATAGRAMS_H

/*
 * Each kind of datagram socket behind one set of calls, like the streams of support/streams.h. A
 * call is the public function of that type with nothing added, and NULL if the type lacks it.
 */

#include <stdbool.h>

#include <cmio/cmio.h>

#include "support/scratch.h"
#include "support/test.h"

struct test_datagram;

struct test_datagram_calls {
    int (*bind)(struct test_datagram *socket, const struct cmio_address *address);
    int (*connect)(struct test_datagram *socket, const struct cmio_address *address);
    ssize_t (*send)(struct test_datagram *socket, const void *buffer, size_t length);
    ssize_t (*send_to)(struct test_datagram *socket, const void *buffer, size_t length,
                       const struct cmio_address *address);
    ssize_t (*recv)(struct test_datagram *socket, void *buffer, size_t length, bool *truncated);
    ssize_t (*recv_from)(struct test_datagram *socket, void *buffer, size_t length,
                         struct cmio_address *peer, bool *truncated);
    ssize_t (*peek)(struct test_datagram *socket, void *buffer, size_t length, bool *truncated);
    ssize_t (*peek_from)(struct test_datagram *socket, void *buffer, size_t length,
                         struct cmio_address *peer, bool *truncated);
    int (*take_error)(struct test_datagram *socket);
    int (*local_address)(const struct test_datagram *socket, struct cmio_address *out);
    int (*peer_address)(const struct test_datagram *socket, struct cmio_address *out);
    int (*from_fd)(struct test_datagram *socket, int fd);
    int (*into_fd)(struct test_datagram *socket);
    int (*fd)(const struct test_datagram *socket);
    int (*close)(struct test_datagram *socket);
};

struct test_datagram {
    const struct test_datagram_calls *calls;
    union {
        struct cmio_source source; /* all of them begin with it */
        struct cmio_udp_socket udp_socket;
        struct cmio_unix_datagram unix_datagram;
    };
};

#define datagram_connect(socket, address) (socket)->calls->connect((socket), (address))
#define datagram_send(socket, buffer, length) (socket)->calls->send((socket), (buffer), (length))
#define datagram_send_to(socket, buffer, length, address)                                          \
    (socket)->calls->send_to((socket), (buffer), (length), (address))
#define datagram_recv(socket, buffer, length, truncated)                                           \
    (socket)->calls->recv((socket), (buffer), (length), (truncated))
#define datagram_recv_from(socket, buffer, length, peer, truncated)                                \
    (socket)->calls->recv_from((socket), (buffer), (length), (peer), (truncated))
#define datagram_peek(socket, buffer, length, truncated)                                           \
    (socket)->calls->peek((socket), (buffer), (length), (truncated))
#define datagram_peek_from(socket, buffer, length, peer, truncated)                                \
    (socket)->calls->peek_from((socket), (buffer), (length), (peer), (truncated))
#define datagram_take_error(socket) (socket)->calls->take_error(socket)
#define datagram_local_address(socket, out) (socket)->calls->local_address((socket), (out))
#define datagram_peer_address(socket, out) (socket)->calls->peer_address((socket), (out))
#define datagram_from_fd(socket, descriptor) (socket)->calls->from_fd((socket), (descriptor))
#define datagram_into_fd(socket) (socket)->calls->into_fd(socket)
#define datagram_fd(socket) (socket)->calls->fd(socket)
#define datagram_close(socket) (socket)->calls->close(socket)

struct test_datagram_kind {
    const struct test_datagram_calls *calls;
    const char *any; /* UDP: an address to bind to a free port of the loopback */
    /* An address to bind to; the test chooses the number. NULL: there are only connected pairs. */
    int (*name)(const struct test_datagram_kind *kind, struct test_scratch *scratch, int number,
                struct cmio_address *out);
};

extern const struct test_datagram_kind test_datagram_udp_v4;
extern const struct test_datagram_kind test_datagram_udp_v6;
extern const struct test_datagram_kind test_datagram_unix_pair;
extern const struct test_datagram_kind test_datagram_unix_path;
extern const struct test_datagram_kind test_datagram_unix_abstract;

/* Whether its sockets come as connected pairs without names, to which nobody else can send. */
bool test_datagram_is_pair(const struct test_datagram_kind *kind);

/*
 * Opens two sockets: a connected pair, or both bound, with any files in scratch. Returns false if
 * the system lacks the address family.
 */
bool test_datagram_open(const struct test_datagram_kind *kind, struct test_scratch *scratch,
                        struct test_datagram sockets[2]);

/* Entries of the array of tests: a row for each kind that the macro's name says. */
#define DATAGRAM_ROW(kind, test) TEST_ROW(kind, test, &test_datagram_##kind)
#define EACH_UDP(test) DATAGRAM_ROW(udp_v4, test), DATAGRAM_ROW(udp_v6, test)
#define EACH_NAMED(test)                                                                           \
    EACH_UDP(test), DATAGRAM_ROW(unix_path, test), DATAGRAM_ROW(unix_abstract, test)
#define EACH_DATAGRAM(test) EACH_NAMED(test), DATAGRAM_ROW(unix_pair, test)

#endif
