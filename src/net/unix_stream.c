/* SPDX-License-Identifier: MIT */
#include <cmio/unix_stream.h>

#include <errno.h>
#include <sys/socket.h>

#include "core/source.h"
#include "net/socket.h"
#include "posix/rights.h"

/* The stream's source, which is its first member; NULL for NULL. */
static struct cmio_source *source_of_unix_stream(struct cmio_unix_stream *stream) {
    return stream == NULL ? NULL : &stream->source;
}

static const struct cmio_source *
const_source_of_unix_stream(const struct cmio_unix_stream *stream) {
    return stream == NULL ? NULL : &stream->source;
}

int cmio_unix_stream_connect(struct cmio_unix_stream *stream, const struct cmio_address *address) {
    int error = stream == NULL ? -EINVAL : cmio__net_check_unix(address);
    return error < 0 ? error : cmio__net_connect(&stream->source, address);
}

int cmio_unix_stream_finish_connect(struct cmio_unix_stream *stream) {
    return cmio__net_finish_connect(source_of_unix_stream(stream));
}

int cmio_unix_stream_pair(struct cmio_unix_stream *a, struct cmio_unix_stream *b) {
    return cmio__net_unix_pair(source_of_unix_stream(a), source_of_unix_stream(b), SOCK_STREAM);
}

int cmio_unix_stream_from_fd(struct cmio_unix_stream *stream, int fd) {
    return cmio__net_from_unix_fd(source_of_unix_stream(stream), fd, SOCK_STREAM);
}

int cmio_unix_stream_into_fd(struct cmio_unix_stream *stream) {
    return cmio__net_into_fd(source_of_unix_stream(stream));
}

int cmio_unix_stream_fd(const struct cmio_unix_stream *stream) {
    return cmio__net_fd(const_source_of_unix_stream(stream));
}

int cmio_unix_stream_close(struct cmio_unix_stream *stream) {
    return cmio__net_close(source_of_unix_stream(stream));
}

CMIO__HOT ssize_t cmio_unix_stream_read(struct cmio_unix_stream *stream, void *buffer,
                                        size_t length) {
    return cmio__net_read(source_of_unix_stream(stream), buffer, length);
}

ssize_t cmio_unix_stream_readv(struct cmio_unix_stream *stream, const struct iovec *buffers,
                               int count) {
    return cmio__net_readv(source_of_unix_stream(stream), buffers, count);
}

ssize_t cmio_unix_stream_peek(struct cmio_unix_stream *stream, void *buffer, size_t length) {
    return cmio__net_peek(source_of_unix_stream(stream), buffer, length);
}

CMIO__HOT ssize_t cmio_unix_stream_write(struct cmio_unix_stream *stream, const void *buffer,
                                         size_t length) {
    return cmio__net_write(source_of_unix_stream(stream), buffer, length);
}

ssize_t cmio_unix_stream_writev(struct cmio_unix_stream *stream, const struct iovec *buffers,
                                int count) {
    return cmio__net_writev(source_of_unix_stream(stream), buffers, count);
}

ssize_t cmio_unix_stream_send_fds(struct cmio_unix_stream *stream, const void *buffer,
                                  size_t length, const int *fds, size_t count) {
    const bool is_list = cmio__net_is_buffer(fds, count) && count <= CMIO_UNIX_FDS_MAX;
    const int fd =
        cmio__net_fd_if(source_of_unix_stream(stream), buffer != NULL && length > 0 && is_list);
    if (fd < 0)
        return fd;
    return cmio__net_io(&stream->source, CMIO_WRITABLE,
                        cmio__rights_send(fd, buffer, length, fds, count), length);
}

ssize_t cmio_unix_stream_receive_fds(struct cmio_unix_stream *stream, void *buffer, size_t length,
                                     int *fds, size_t capacity, ssize_t *count) {
    const bool is_list = cmio__net_is_buffer(fds, capacity) && count != NULL;
    const int fd =
        cmio__net_fd_if(source_of_unix_stream(stream), buffer != NULL && length > 0 && is_list);
    if (fd < 0)
        return fd;
    return cmio__net_io(&stream->source, CMIO_READABLE,
                        cmio__rights_receive(fd, buffer, length, fds, capacity, count), length);
}

int cmio_unix_stream_shutdown(struct cmio_unix_stream *stream, enum cmio_shutdown how) {
    return cmio__net_shutdown(source_of_unix_stream(stream), how);
}

int cmio_unix_stream_local_address(const struct cmio_unix_stream *stream,
                                   struct cmio_address *out) {
    return cmio__net_local_address(const_source_of_unix_stream(stream), out);
}

int cmio_unix_stream_peer_address(const struct cmio_unix_stream *stream, struct cmio_address *out) {
    return cmio__net_peer_address(const_source_of_unix_stream(stream), out);
}

int cmio_unix_stream_take_error(struct cmio_unix_stream *stream) {
    return cmio__net_take_error(source_of_unix_stream(stream));
}
