/* SPDX-License-Identifier: MIT */
#include <cmio/tcp_stream.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "core/source.h"
#include "net/socket.h"
#include "posix/features.h"
#include "posix/socket.h"

/* The stream's source, which is its first member; NULL for NULL. */
static struct cmio_source *source_of_tcp_stream(struct cmio_tcp_stream *stream) {
    return stream == NULL ? NULL : &stream->source;
}

static const struct cmio_source *const_source_of_tcp_stream(const struct cmio_tcp_stream *stream) {
    return stream == NULL ? NULL : &stream->source;
}

int cmio_tcp_stream_connect(struct cmio_tcp_stream *stream, const struct cmio_address *address) {
    int error = stream == NULL ? -EINVAL : cmio__net_check_ip(address);
    return error < 0 ? error : cmio__net_connect(&stream->source, address);
}

int cmio_tcp_stream_finish_connect(struct cmio_tcp_stream *stream) {
    return cmio__net_finish_connect(source_of_tcp_stream(stream));
}

int cmio_tcp_stream_from_fd(struct cmio_tcp_stream *stream, int fd) {
    return cmio__net_from_ip_fd(source_of_tcp_stream(stream), fd, SOCK_STREAM);
}

int cmio_tcp_stream_into_fd(struct cmio_tcp_stream *stream) {
    return cmio__net_into_fd(source_of_tcp_stream(stream));
}

int cmio_tcp_stream_fd(const struct cmio_tcp_stream *stream) {
    return cmio__net_fd(const_source_of_tcp_stream(stream));
}

int cmio_tcp_stream_close(struct cmio_tcp_stream *stream) {
    return cmio__net_close(source_of_tcp_stream(stream));
}

CMIO__HOT ssize_t cmio_tcp_stream_read(struct cmio_tcp_stream *stream, void *buffer,
                                       size_t length) {
    return cmio__net_read(source_of_tcp_stream(stream), buffer, length);
}

ssize_t cmio_tcp_stream_readv(struct cmio_tcp_stream *stream, const struct iovec *buffers,
                              int count) {
    return cmio__net_readv(source_of_tcp_stream(stream), buffers, count);
}

ssize_t cmio_tcp_stream_peek(struct cmio_tcp_stream *stream, void *buffer, size_t length) {
    return cmio__net_peek(source_of_tcp_stream(stream), buffer, length);
}

CMIO__HOT ssize_t cmio_tcp_stream_write(struct cmio_tcp_stream *stream, const void *buffer,
                                        size_t length) {
    return cmio__net_write(source_of_tcp_stream(stream), buffer, length);
}

ssize_t cmio_tcp_stream_writev(struct cmio_tcp_stream *stream, const struct iovec *buffers,
                               int count) {
    return cmio__net_writev(source_of_tcp_stream(stream), buffers, count);
}

int cmio_tcp_stream_shutdown(struct cmio_tcp_stream *stream, enum cmio_shutdown how) {
    return cmio__net_shutdown(source_of_tcp_stream(stream), how);
}

/* The most that a count can express. */
static const size_t longest_send = SIZE_MAX / 2;

ssize_t cmio_tcp_stream_send_file(struct cmio_tcp_stream *stream, int file, int64_t offset,
                                  size_t length) {
    const int fd = cmio__net_fd_if(source_of_tcp_stream(stream), offset >= 0);
    if (fd < 0)
        return fd;
    if (length > longest_send)
        length = longest_send;
    return cmio__net_io(&stream->source, CMIO_WRITABLE,
                        cmio__socket_send_file(fd, file, (off_t)offset, length), length);
}

/* One keepalive number, as the system takes it. */
struct number {
    int option;
    uint32_t value;
    uint32_t limit;
};

enum { NUMBERS = 3 };

static void list_numbers(const struct cmio_tcp_stream_options *options, struct number *out) {
    out[0] = (struct number){CMIO__TCP_KEEPIDLE, options->keepalive_idle, INT16_MAX};
    out[1] = (struct number){CMIO__TCP_KEEPINTVL, options->keepalive_interval, INT16_MAX};
    out[2] = (struct number){CMIO__TCP_KEEPCNT, options->keepalive_count, INT8_MAX};
}

static bool is_linger(bool enabled, uint32_t seconds) {
    return seconds <= (enabled ? INT16_MAX : 0);
}

static int check_stream_options(const struct cmio_tcp_stream_options *options,
                                const struct number *numbers) {
    if (!is_linger(options->linger, options->linger_seconds))
        return -EINVAL;
    for (size_t i = 0; i < NUMBERS; i++)
        if (numbers[i].value > (options->keepalive ? numbers[i].limit : 0))
            return -EINVAL;
    for (size_t i = 0; i < NUMBERS; i++)
        if (numbers[i].value > 0 && numbers[i].option == -1)
            return -ENOTSUP;
    return 0;
}

/* Sets the numbers before the switch, so that the first probes already follow them. */
int cmio_tcp_stream_set_options(struct cmio_tcp_stream *stream,
                                const struct cmio_tcp_stream_options *options) {
    struct number numbers[NUMBERS];
    if (stream == NULL || options == NULL)
        return -EINVAL;
    list_numbers(options, numbers);
    int error = check_stream_options(options, numbers);
    const int fd = cmio__net_fd_if(&stream->source, error != -EINVAL);
    if (fd < 0)
        return fd;
    for (size_t i = 0; i < NUMBERS && error == 0; i++)
        if (numbers[i].value > 0)
            error =
                cmio__socket_set_option(fd, IPPROTO_TCP, numbers[i].option, (int)numbers[i].value);
    if (error == 0)
        error = cmio__socket_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, options->keepalive);
    if (error == 0)
        error = cmio__socket_set_linger(fd, options->linger ? (int)options->linger_seconds : -1);
    return error;
}

/* A number that the system lacks is 0. So is one that NetBSD 7 takes but does not give back. */
static int get_numbers(int fd, struct cmio_tcp_stream_options *out) {
    uint32_t *const places[NUMBERS] = {&out->keepalive_idle, &out->keepalive_interval,
                                       &out->keepalive_count};
    struct number numbers[NUMBERS];
    list_numbers(out, numbers);
    for (size_t i = 0; i < NUMBERS; i++) {
        int value = 0;
        int error = cmio__socket_option(fd, IPPROTO_TCP, numbers[i].option, &value);
        if (error < 0 && error != -ENOTSUP && error != -ENOPROTOOPT)
            return error;
        *places[i] = (uint32_t)value;
    }
    return 0;
}

int cmio_tcp_stream_get_options(const struct cmio_tcp_stream *stream,
                                struct cmio_tcp_stream_options *out) {
    struct cmio_tcp_stream_options options = {.keepalive = false};
    int keepalive = 0;
    int linger = -1;
    const int fd = cmio_tcp_stream_fd(stream);
    if (stream == NULL || out == NULL)
        return -EINVAL;
    if (fd < 0)
        return fd;
    int error = cmio__socket_option(fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive);
    if (error == 0)
        error = cmio__socket_linger(fd, &linger);
    if (error == 0 && keepalive != 0)
        error = get_numbers(fd, &options);
    if (error < 0)
        return error;
    options.keepalive = keepalive != 0;
    options.linger = linger >= 0;
    options.linger_seconds = linger >= 0 ? (uint32_t)linger : 0;
    *out = options;
    return 0;
}

int cmio_tcp_stream_set_linger(struct cmio_tcp_stream *stream, bool enabled, uint32_t seconds) {
    const int fd = cmio__net_fd_if(source_of_tcp_stream(stream), is_linger(enabled, seconds));
    return fd < 0 ? fd : cmio__socket_set_linger(fd, enabled ? (int)seconds : -1);
}

int cmio_tcp_stream_linger(const struct cmio_tcp_stream *stream, bool *enabled, uint32_t *seconds) {
    const int fd = cmio_tcp_stream_fd(stream);
    if (fd < 0)
        return fd;
    int linger = -1;
    int error = cmio__socket_linger(fd, &linger);
    if (error < 0)
        return error;
    if (enabled != NULL)
        *enabled = linger >= 0;
    if (seconds != NULL)
        *seconds = linger >= 0 ? (uint32_t)linger : 0;
    return 0;
}

int cmio_tcp_stream_set_nodelay(struct cmio_tcp_stream *stream, bool enabled) {
    const int fd = cmio_tcp_stream_fd(stream);
    return fd < 0 ? fd : cmio__socket_set_option(fd, IPPROTO_TCP, TCP_NODELAY, enabled);
}

int cmio_tcp_stream_nodelay(const struct cmio_tcp_stream *stream, bool *out) {
    const int fd = cmio__net_fd_if(const_source_of_tcp_stream(stream), out != NULL);
    if (fd < 0)
        return fd;
    int enabled = 0;
    int error = cmio__socket_option(fd, IPPROTO_TCP, TCP_NODELAY, &enabled);
    if (error == 0)
        *out = enabled != 0;
    return error;
}

int cmio_tcp_stream_set_ttl(struct cmio_tcp_stream *stream, uint32_t ttl) {
    return cmio__net_set_ttl(source_of_tcp_stream(stream), ttl);
}

int cmio_tcp_stream_ttl(const struct cmio_tcp_stream *stream, uint32_t *out) {
    return cmio__net_ttl(const_source_of_tcp_stream(stream), out);
}

int cmio_tcp_stream_local_address(const struct cmio_tcp_stream *stream, struct cmio_address *out) {
    return cmio__net_local_address(const_source_of_tcp_stream(stream), out);
}

int cmio_tcp_stream_peer_address(const struct cmio_tcp_stream *stream, struct cmio_address *out) {
    return cmio__net_peer_address(const_source_of_tcp_stream(stream), out);
}

int cmio_tcp_stream_take_error(struct cmio_tcp_stream *stream) {
    return cmio__net_take_error(source_of_tcp_stream(stream));
}
