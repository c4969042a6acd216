/* SPDX-License-Identifier: MIT */
#include "proxy/stream.h"

#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_local(int family) {
    return family == AF_UNIX;
}

/* A proxy passes pieces on as they come. They must not wait for each other a second time. */
static void without_delay(struct stream *stream) {
    if (!is_local(stream->family))
        (void)cmio_tcp_stream_set_nodelay(&stream->as.tcp, true); /* without it, only slower */
}

int listener_bind(struct listener *listener, struct cmio_address *address) {
    listener->family = cmio_address_family(address);
    if (is_local(listener->family)) {
        int result = cmio_unix_listener_bind_replacing_stale(&listener->as.local, address, NULL);
        return result < 0 ? result : cmio_unix_listener_local_address(&listener->as.local, address);
    }
    int result = cmio_tcp_listener_bind(&listener->as.tcp, address, NULL);
    return result < 0 ? result : cmio_tcp_listener_local_address(&listener->as.tcp, address);
}

int listener_accept(struct listener *listener, struct stream *out) {
    out->family = listener->family;
    int result = is_local(listener->family)
                     ? cmio_unix_listener_accept(&listener->as.local, &out->as.local, NULL)
                     : cmio_tcp_listener_accept(&listener->as.tcp, &out->as.tcp, NULL);
    if (result == 0)
        without_delay(out);
    return result;
}

static void remove_file(const struct cmio_unix_listener *listener) {
    struct cmio_address address;
    char path[sizeof(struct sockaddr_un)] = "";
    size_t length;
    if (cmio_unix_listener_local_address(listener, &address) < 0 ||
        cmio_address_is_abstract(&address))
        return;
    const char *name = cmio_address_unix_name(&address, &length);
    memcpy(path, name, length);
    (void)unlink(path); /* it may be gone already */
}

void listener_close(struct listener *listener) {
    if (is_local(listener->family)) {
        remove_file(&listener->as.local);
        (void)cmio_unix_listener_close(&listener->as.local);
    } else {
        (void)cmio_tcp_listener_close(&listener->as.tcp);
    }
}

int stream_connect(struct stream *stream, const struct cmio_address *address) {
    stream->family = cmio_address_family(address);
    int result = is_local(stream->family) ? cmio_unix_stream_connect(&stream->as.local, address)
                                          : cmio_tcp_stream_connect(&stream->as.tcp, address);
    if (result == 0)
        without_delay(stream);
    return result;
}

int stream_finish_connect(struct stream *stream) {
    return is_local(stream->family) ? cmio_unix_stream_finish_connect(&stream->as.local)
                                    : cmio_tcp_stream_finish_connect(&stream->as.tcp);
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t length) {
    return is_local(stream->family) ? cmio_unix_stream_read(&stream->as.local, buffer, length)
                                    : cmio_tcp_stream_read(&stream->as.tcp, buffer, length);
}

ssize_t stream_write(struct stream *stream, const void *buffer, size_t length) {
    return is_local(stream->family) ? cmio_unix_stream_write(&stream->as.local, buffer, length)
                                    : cmio_tcp_stream_write(&stream->as.tcp, buffer, length);
}

int stream_finish(struct stream *stream) {
    return is_local(stream->family)
               ? cmio_unix_stream_shutdown(&stream->as.local, CMIO_SHUTDOWN_WRITE)
               : cmio_tcp_stream_shutdown(&stream->as.tcp, CMIO_SHUTDOWN_WRITE);
}

void stream_close(struct stream *stream) {
    /* Both close even if they fail, and accept a stream that was never open. */
    if (is_local(stream->family))
        (void)cmio_unix_stream_close(&stream->as.local);
    else
        (void)cmio_tcp_stream_close(&stream->as.tcp);
}

void stream_abort(struct stream *stream) {
    const struct cmio_tcp_stream_options reset = {.linger = true, .linger_seconds = 0};
    if (!is_local(stream->family))
        (void)cmio_tcp_stream_set_options(&stream->as.tcp, &reset); /* or a plain end */
    stream_close(stream);
}
