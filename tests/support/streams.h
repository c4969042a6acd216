/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_STREAMS_H
#define CMIO_TESTS_STREAMS_H

/*
 * Each kind of stream and of listener behind one set of calls, so that one suite can prove a
 * sentence for all of them. A test finds the kind in its state, where TEST_ROW() has put it.
 *
 * A call is the public function of that type with nothing added, and NULL if the type lacks it.
 */

#include <stdbool.h>
#include <sys/uio.h>

#include <cmio/cmio.h>

#include "support/scratch.h"
#include "support/test.h"

enum test_stream_family { TEST_FAMILY_TCP, TEST_FAMILY_UNIX, TEST_FAMILY_PIPE, TEST_FAMILIES };

struct test_stream;

struct test_stream_calls {
    ssize_t (*read)(struct test_stream *stream, void *buffer, size_t length);
    ssize_t (*readv)(struct test_stream *stream, const struct iovec *buffers, int count);
    ssize_t (*peek)(struct test_stream *stream, void *buffer, size_t length);
    ssize_t (*write)(struct test_stream *stream, const void *buffer, size_t length);
    ssize_t (*writev)(struct test_stream *stream, const struct iovec *buffers, int count);
    ssize_t (*send_file)(struct test_stream *stream, int file, int64_t offset, size_t length);
    int (*shutdown)(struct test_stream *stream, enum cmio_shutdown how);
    int (*finish_connect)(struct test_stream *stream);
    int (*take_error)(struct test_stream *stream);
    int (*local_address)(const struct test_stream *stream, struct cmio_address *out);
    int (*peer_address)(const struct test_stream *stream, struct cmio_address *out);
    int (*from_fd)(struct test_stream *stream, int fd);
    int (*into_fd)(struct test_stream *stream);
    int (*fd)(const struct test_stream *stream);
    int (*close)(struct test_stream *stream);
};

struct test_stream {
    const struct test_stream_calls *calls;
    union {
        struct cmio_source source; /* all of them begin with it */
        struct cmio_tcp_stream tcp_stream;
        struct cmio_unix_stream unix_stream;
        struct cmio_pipe_sender pipe_sender;
        struct cmio_pipe_receiver pipe_receiver;
    };
};

#define stream_read(stream, buffer, length) (stream)->calls->read((stream), (buffer), (length))
#define stream_readv(stream, buffers, count) (stream)->calls->readv((stream), (buffers), (count))
#define stream_peek(stream, buffer, length) (stream)->calls->peek((stream), (buffer), (length))
#define stream_write(stream, buffer, length) (stream)->calls->write((stream), (buffer), (length))
#define stream_writev(stream, buffers, count) (stream)->calls->writev((stream), (buffers), (count))
#define stream_shutdown(stream, how) (stream)->calls->shutdown((stream), (how))
#define stream_finish_connect(stream) (stream)->calls->finish_connect(stream)
#define stream_take_error(stream) (stream)->calls->take_error(stream)
#define stream_local_address(stream, out) (stream)->calls->local_address((stream), (out))
#define stream_peer_address(stream, out) (stream)->calls->peer_address((stream), (out))
#define stream_from_fd(stream, descriptor) (stream)->calls->from_fd((stream), (descriptor))
#define stream_into_fd(stream) (stream)->calls->into_fd(stream)
#define stream_fd(stream) (stream)->calls->fd(stream)
#define stream_close(stream) (stream)->calls->close(stream)

struct test_listener_kind;

struct test_stream_kind {
    enum test_stream_family family;
    const struct test_listener_kind *listener; /* TCP: what the client connects to */
    bool (*open)(const struct test_stream_kind *kind, struct test_stream *client,
                 struct test_stream *server);
};

extern const struct test_stream_kind test_stream_tcp_v4;
extern const struct test_stream_kind test_stream_tcp_v6;
extern const struct test_stream_kind test_stream_unix;
extern const struct test_stream_kind test_stream_pipe;

/* A connection of that kind. The server reads what the client writes. Returns false if the system
 * lacks the address family. */
bool test_stream_open(const struct test_stream_kind *kind, struct test_stream *client,
                      struct test_stream *server);

/* Readable, writable or both, depending on what the end supports. */
cmio_interest test_stream_interest(const struct test_stream *stream);

struct test_listener;

struct test_listener_calls {
    int (*bind)(struct test_listener *listener, const struct cmio_address *address);
    int (*accept)(struct test_listener *listener, struct test_stream *stream,
                  struct cmio_address *peer);
    int (*connect)(struct test_stream *stream, const struct cmio_address *address);
    int (*take_error)(struct test_listener *listener);
    int (*local_address)(const struct test_listener *listener, struct cmio_address *out);
    int (*from_fd)(struct test_listener *listener, int fd);
    int (*into_fd)(struct test_listener *listener);
    int (*fd)(const struct test_listener *listener);
    int (*close)(struct test_listener *listener);
};

struct test_listener {
    const struct test_listener_calls *calls;
    union {
        struct cmio_source source;
        struct cmio_tcp_listener tcp_listener;
        struct cmio_unix_listener unix_listener;
    };
};

#define listener_accept(listener, stream, peer)                                                    \
    (listener)->calls->accept((listener), (stream), (peer))
#define listener_take_error(listener) (listener)->calls->take_error(listener)
#define listener_local_address(listener, out) (listener)->calls->local_address((listener), (out))
#define listener_from_fd(listener, descriptor) (listener)->calls->from_fd((listener), (descriptor))
#define listener_into_fd(listener) (listener)->calls->into_fd(listener)
#define listener_fd(listener) (listener)->calls->fd(listener)
#define listener_close(listener) (listener)->calls->close(listener)

struct test_listener_kind {
    enum test_stream_family family;
    const struct test_listener_calls *calls;
    const char *any; /* TCP: an address to bind to a free port of the loopback */
    int (*name)(const struct test_listener_kind *kind, struct test_scratch *scratch,
                struct cmio_address *out);
};

extern const struct test_listener_kind test_listener_tcp_v4;
extern const struct test_listener_kind test_listener_tcp_v6;
extern const struct test_listener_kind test_listener_unix;
extern const struct test_listener_kind test_listener_unix_abstract;

/*
 * Binds a listener, in scratch if its address is a path, and gives its address. Returns false if
 * the system lacks the address family.
 */
bool test_listener_open(const struct test_listener_kind *kind, struct test_scratch *scratch,
                        struct test_listener *listener, struct cmio_address *address);

/* Begins to connect to a listener of that kind. */
void test_stream_connect(struct test_stream *stream, const struct test_listener_kind *kind,
                         const struct cmio_address *address);

/* Entries of the array of tests: a row for each kind that the macro's name says. */
#define STREAM_ROW(kind, test) TEST_ROW(kind, test, &test_stream_##kind)
#define EACH_TCP(test) STREAM_ROW(tcp_v4, test), STREAM_ROW(tcp_v6, test)
#define EACH_SOCKET(test) EACH_TCP(test), STREAM_ROW(unix, test)
#define EACH_STREAM(test) EACH_SOCKET(test), STREAM_ROW(pipe, test)

#define LISTENER_ROW(kind, test) TEST_ROW(kind, test, &test_listener_##kind)
#define EACH_LISTENER(test)                                                                        \
    LISTENER_ROW(tcp_v4, test), LISTENER_ROW(tcp_v6, test), LISTENER_ROW(unix, test),              \
        LISTENER_ROW(unix_abstract, test)

#endif
