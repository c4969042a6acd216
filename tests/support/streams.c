/* SPDX-License-Identifier: MIT */
#include "support/streams.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The calls of each type, as functions of the one type that all tests know. */

#define OWNER_CALLS(type)                                                                          \
    static int type##_from_fd(struct test_stream *stream, int fd) {                                \
        return cmio_##type##_from_fd(&stream->type, fd);                                           \
    }                                                                                              \
    static int type##_into_fd(struct test_stream *stream) {                                        \
        return cmio_##type##_into_fd(&stream->type);                                               \
    }                                                                                              \
    static int type##_fd(const struct test_stream *stream) {                                       \
        return cmio_##type##_fd(&stream->type);                                                    \
    }                                                                                              \
    static int type##_close(struct test_stream *stream) {                                          \
        return cmio_##type##_close(&stream->type);                                                 \
    }

#define READER_CALLS(type)                                                                         \
    static ssize_t type##_read(struct test_stream *stream, void *buffer, size_t length) {          \
        return cmio_##type##_read(&stream->type, buffer, length);                                  \
    }                                                                                              \
    static ssize_t type##_readv(struct test_stream *stream, const struct iovec *buffers,           \
                                int count) {                                                       \
        return cmio_##type##_readv(&stream->type, buffers, count);                                 \
    }

#define WRITER_CALLS(type)                                                                         \
    static ssize_t type##_write(struct test_stream *stream, const void *buffer, size_t length) {   \
        return cmio_##type##_write(&stream->type, buffer, length);                                 \
    }                                                                                              \
    static ssize_t type##_writev(struct test_stream *stream, const struct iovec *buffers,          \
                                 int count) {                                                      \
        return cmio_##type##_writev(&stream->type, buffers, count);                                \
    }

#define SOCKET_CALLS(type)                                                                         \
    static ssize_t type##_peek(struct test_stream *stream, void *buffer, size_t length) {          \
        return cmio_##type##_peek(&stream->type, buffer, length);                                  \
    }                                                                                              \
    static int type##_shutdown(struct test_stream *stream, enum cmio_shutdown how) {               \
        return cmio_##type##_shutdown(&stream->type, how);                                         \
    }                                                                                              \
    static int type##_finish_connect(struct test_stream *stream) {                                 \
        return cmio_##type##_finish_connect(&stream->type);                                        \
    }                                                                                              \
    static int type##_take_error(struct test_stream *stream) {                                     \
        return cmio_##type##_take_error(&stream->type);                                            \
    }                                                                                              \
    static int type##_local_address(const struct test_stream *stream, struct cmio_address *out) {  \
        return cmio_##type##_local_address(&stream->type, out);                                    \
    }                                                                                              \
    static int type##_peer_address(const struct test_stream *stream, struct cmio_address *out) {   \
        return cmio_##type##_peer_address(&stream->type, out);                                     \
    }

#define OWNER_ENTRIES(type)                                                                        \
    .from_fd = type##_from_fd, .into_fd = type##_into_fd, .fd = type##_fd, .close = type##_close
#define READER_ENTRIES(type) .read = type##_read, .readv = type##_readv
#define WRITER_ENTRIES(type) .write = type##_write, .writev = type##_writev
#define SOCKET_ENTRIES(type)                                                                       \
    .peek = type##_peek, .shutdown = type##_shutdown, .finish_connect = type##_finish_connect,     \
    .take_error = type##_take_error, .local_address = type##_local_address,                        \
    .peer_address = type##_peer_address

OWNER_CALLS(tcp_stream)
READER_CALLS(tcp_stream)
WRITER_CALLS(tcp_stream)
SOCKET_CALLS(tcp_stream)
OWNER_CALLS(unix_stream)
READER_CALLS(unix_stream)
WRITER_CALLS(unix_stream)
SOCKET_CALLS(unix_stream)
OWNER_CALLS(pipe_sender)
WRITER_CALLS(pipe_sender)
OWNER_CALLS(pipe_receiver)
READER_CALLS(pipe_receiver)

static ssize_t tcp_stream_send_file(struct test_stream *stream, int file, int64_t offset,
                                    size_t length) {
    return cmio_tcp_stream_send_file(&stream->tcp_stream, file, offset, length);
}

static const struct test_stream_calls tcp_calls = {
    OWNER_ENTRIES(tcp_stream),  READER_ENTRIES(tcp_stream),        WRITER_ENTRIES(tcp_stream),
    SOCKET_ENTRIES(tcp_stream), .send_file = tcp_stream_send_file,
};

static const struct test_stream_calls unix_calls = {
    OWNER_ENTRIES(unix_stream),
    READER_ENTRIES(unix_stream),
    WRITER_ENTRIES(unix_stream),
    SOCKET_ENTRIES(unix_stream),
};

static const struct test_stream_calls sender_calls = {
    OWNER_ENTRIES(pipe_sender),
    WRITER_ENTRIES(pipe_sender),
};

static const struct test_stream_calls receiver_calls = {
    OWNER_ENTRIES(pipe_receiver),
    READER_ENTRIES(pipe_receiver),
};

#define LISTENER_ENTRIES(type)                                                                     \
    .bind = type##_bind, .accept = type##_accept, .connect = type##_connect,                       \
    .take_error = type##_take_error, .local_address = type##_local_address,                        \
    .from_fd = type##_from_fd, .into_fd = type##_into_fd, .fd = type##_fd, .close = type##_close

#define LISTENER_CALLS(type, streams, stream_calls)                                                \
    static int type##_bind(struct test_listener *listener, const struct cmio_address *address) {   \
        return cmio_##type##_bind(&listener->type, address, NULL);                                 \
    }                                                                                              \
    static int type##_accept(struct test_listener *listener, struct test_stream *stream,           \
                             struct cmio_address *peer) {                                          \
        const int error = cmio_##type##_accept(&listener->type, &stream->streams, peer);           \
        if (error == 0)                                                                            \
            stream->calls = &(stream_calls);                                                       \
        return error;                                                                              \
    }                                                                                              \
    static int type##_connect(struct test_stream *stream, const struct cmio_address *address) {    \
        stream->calls = &(stream_calls);                                                           \
        return cmio_##streams##_connect(&stream->streams, address);                                \
    }                                                                                              \
    static int type##_take_error(struct test_listener *listener) {                                 \
        return cmio_##type##_take_error(&listener->type);                                          \
    }                                                                                              \
    static int type##_local_address(const struct test_listener *listener,                          \
                                    struct cmio_address *out) {                                    \
        return cmio_##type##_local_address(&listener->type, out);                                  \
    }                                                                                              \
    static int type##_from_fd(struct test_listener *listener, int fd) {                            \
        return cmio_##type##_from_fd(&listener->type, fd);                                         \
    }                                                                                              \
    static int type##_into_fd(struct test_listener *listener) {                                    \
        return cmio_##type##_into_fd(&listener->type);                                             \
    }                                                                                              \
    static int type##_fd(const struct test_listener *listener) {                                   \
        return cmio_##type##_fd(&listener->type);                                                  \
    }                                                                                              \
    static int type##_close(struct test_listener *listener) {                                      \
        return cmio_##type##_close(&listener->type);                                               \
    }

LISTENER_CALLS(tcp_listener, tcp_stream, tcp_calls)
LISTENER_CALLS(unix_listener, unix_stream, unix_calls)

static const struct test_listener_calls tcp_listener_calls = {LISTENER_ENTRIES(tcp_listener)};
static const struct test_listener_calls unix_listener_calls = {LISTENER_ENTRIES(unix_listener)};

/* Listeners. */

static int name_loopback(const struct test_listener_kind *kind, struct test_scratch *scratch,
                         struct cmio_address *out) {
    (void)scratch;
    return cmio_address_parse(kind->any, out);
}

static int name_path(const struct test_listener_kind *kind, struct test_scratch *scratch,
                     struct cmio_address *out) {
    (void)kind;
    *out = test_scratch_address(scratch, "listener");
    return 0;
}

static int name_abstract(const struct test_listener_kind *kind, struct test_scratch *scratch,
                         struct cmio_address *out) {
    char name[64];
    (void)kind;
    (void)scratch;
    const int length = snprintf(name, sizeof name, "cmio-test-%ld", (long)getpid());
    return cmio_address_from_abstract(name, (size_t)length, out);
}

const struct test_listener_kind test_listener_tcp_v4 = {
    .family = TEST_FAMILY_TCP,
    .calls = &tcp_listener_calls,
    .any = "127.0.0.1:0",
    .name = name_loopback,
};
const struct test_listener_kind test_listener_tcp_v6 = {
    .family = TEST_FAMILY_TCP,
    .calls = &tcp_listener_calls,
    .any = "[::1]:0",
    .name = name_loopback,
};
const struct test_listener_kind test_listener_unix = {
    .family = TEST_FAMILY_UNIX,
    .calls = &unix_listener_calls,
    .name = name_path,
};
const struct test_listener_kind test_listener_unix_abstract = {
    .family = TEST_FAMILY_UNIX,
    .calls = &unix_listener_calls,
    .name = name_abstract,
};

bool test_listener_open(const struct test_listener_kind *kind, struct test_scratch *scratch,
                        struct test_listener *listener, struct cmio_address *address) {
    listener->calls = kind->calls;
    const int named = kind->name(kind, scratch, address);
    if (named == -ENOTSUP)
        return false;
    TEST_OK(named);
    const int bound = kind->calls->bind(listener, address);
    if (bound == -EAFNOSUPPORT || bound == -EADDRNOTAVAIL)
        return false;
    TEST_OK(bound);
    TEST_OK(listener_local_address(listener, address));
    return true;
}

void test_stream_connect(struct test_stream *stream, const struct test_listener_kind *kind,
                         const struct cmio_address *address) {
    TEST_OK(kind->calls->connect(stream, address));
}

/* Streams. */

static bool open_tcp(const struct test_stream_kind *kind, struct test_stream *client,
                     struct test_stream *server) {
    struct test_listener listener;
    struct cmio_address address;
    if (!test_listener_open(kind->listener, NULL, &listener, &address))
        return false;
    test_stream_connect(client, kind->listener, &address);
    TEST_EVENTUALLY(listener_accept(&listener, server, NULL) == 0);
    TEST_EVENTUALLY(stream_finish_connect(client) == 0);
    TEST_OK(listener_close(&listener));
    return true;
}

static bool open_unix(const struct test_stream_kind *kind, struct test_stream *client,
                      struct test_stream *server) {
    (void)kind;
    client->calls = server->calls = &unix_calls;
    TEST_OK(cmio_unix_stream_pair(&client->unix_stream, &server->unix_stream));
    return true;
}

static bool open_pipe(const struct test_stream_kind *kind, struct test_stream *client,
                      struct test_stream *server) {
    (void)kind;
    client->calls = &sender_calls;
    server->calls = &receiver_calls;
    TEST_OK(cmio_pipe_new(&client->pipe_sender, &server->pipe_receiver));
    return true;
}

const struct test_stream_kind test_stream_tcp_v4 = {
    .family = TEST_FAMILY_TCP,
    .listener = &test_listener_tcp_v4,
    .open = open_tcp,
};
const struct test_stream_kind test_stream_tcp_v6 = {
    .family = TEST_FAMILY_TCP,
    .listener = &test_listener_tcp_v6,
    .open = open_tcp,
};
const struct test_stream_kind test_stream_unix = {
    .family = TEST_FAMILY_UNIX,
    .open = open_unix,
};
const struct test_stream_kind test_stream_pipe = {
    .family = TEST_FAMILY_PIPE,
    .open = open_pipe,
};

bool test_stream_open(const struct test_stream_kind *kind, struct test_stream *client,
                      struct test_stream *server) {
    return kind->open(kind, client, server);
}

cmio_interest test_stream_interest(const struct test_stream *stream) {
    return (stream->calls->read != NULL ? CMIO_READABLE : 0) |
           (stream->calls->write != NULL ? CMIO_WRITABLE : 0);
}
