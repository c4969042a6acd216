/* SPDX-License-Identifier: MIT */
#include "framed/channel.h"

#include <errno.h>
#include <string.h>

/* ---- As a source: each operation applies to the channel's parts ---- */

static struct channel *channel_of(struct cmio_source *source) {
    return (struct channel *)source; /* its first member */
}

static int on_register(struct cmio_source *source, struct cmio_registry *registry, cmio_token token,
                       cmio_interest interest) {
    struct channel *channel = channel_of(source);
    int result = cmio_registry_register(registry, &channel->stream.source, token, interest);
    if (result < 0)
        return result;
    channel->registry = registry;
    channel->timer.token = token;
    (void)cmio_timers_set(channel->timers, &channel->timer, channel->deadline); /* cannot fail */
    return 0;
}

static int on_reregister(struct cmio_source *source, struct cmio_registry *registry,
                         cmio_token token, cmio_interest interest) {
    struct channel *channel = channel_of(source);
    int result = cmio_registry_reregister(registry, &channel->stream.source, token, interest);
    if (result == 0)
        channel->timer.token = token;
    return result;
}

static int on_deregister(struct cmio_source *source, struct cmio_registry *registry) {
    struct channel *channel = channel_of(source);
    channel->registry = NULL;
    (void)cmio_timers_cancel(channel->timers, &channel->timer); /* it may have been popped */
    return cmio_registry_deregister(registry, &channel->stream.source);
}

static const struct cmio_source_ops channel_ops = {
    .on_register = on_register,
    .on_reregister = on_reregister,
    .on_deregister = on_deregister,
};

/* ---- Time ---- */

/* Bytes moved. Setting a timer each time is cheap, because it makes no system call. */
static void channel_moved(struct channel *channel) {
    if (channel->idle_timeout == CMIO_FOREVER)
        return;
    channel->deadline = cmio_now() + channel->idle_timeout;
    if (channel->registry != NULL)
        (void)cmio_timers_set(channel->timers, &channel->timer, channel->deadline);
}

/* The result if nothing moves: -EAGAIN while it still may, -ETIMEDOUT if it took too long. */
static int channel_stuck(const struct channel *channel) {
    bool is_late = channel->deadline != CMIO_FOREVER && cmio_now() >= channel->deadline;
    return is_late ? -ETIMEDOUT : -EAGAIN;
}

/* ---- Beginning and end ---- */

void channel_init(struct channel *channel, const struct cmio_tcp_stream *stream,
                  struct cmio_timers *timers, int64_t idle_timeout) {
    (void)cmio_source_init(&channel->source, &channel_ops); /* all operations are set */
    (void)cmio_timer_init(&channel->timer, 0);              /* registering sets the token */
    channel->stream = *stream;
    channel->registry = NULL;
    channel->timers = timers;
    channel->idle_timeout = idle_timeout;
    channel->deadline = CMIO_FOREVER;
    channel->in.begin = channel->in.end = 0;
    channel->out.begin = channel->out.end = 0;
    channel_moved(channel);
}

int channel_close(struct channel *channel) {
    int released = 0;
    if (channel->registry != NULL)
        released = cmio_registry_deregister(channel->registry, &channel->source);
    int closed = cmio_tcp_stream_close(&channel->stream);
    return released < 0 ? released : closed;
}

/* ---- Buffers ---- */

/* Moves the bytes to the front, so that the room behind them is as large as possible. */
static void buffer_compact(struct channel_buffer *buffer) {
    size_t length = buffer->end - buffer->begin;
    if (buffer->begin > 0)
        memmove(buffer->bytes, buffer->bytes + buffer->begin, length);
    buffer->begin = 0;
    buffer->end = length;
}

static size_t buffer_room(const struct channel_buffer *buffer) {
    return sizeof buffer->bytes - buffer->end;
}

static size_t head_read(const unsigned char *head) {
    return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

static void head_write(unsigned char *head, size_t length) {
    for (int i = 0; i < CHANNEL_HEAD_SIZE; i++)
        head[i] = (unsigned char)(length >> (24 - 8 * i));
}

/* Takes the message in front, if all of it is there. Returns 1, -EAGAIN or -EMSGSIZE. */
static int buffer_take(struct channel_buffer *buffer, const void **message, size_t *length) {
    size_t have = buffer->end - buffer->begin;
    if (have < CHANNEL_HEAD_SIZE)
        return -EAGAIN;
    const unsigned char *head = buffer->bytes + buffer->begin;
    size_t announced = head_read(head);
    if (announced > CHANNEL_MESSAGE_MAX)
        return -EMSGSIZE;
    if (announced > have - CHANNEL_HEAD_SIZE)
        return -EAGAIN;
    buffer->begin += CHANNEL_HEAD_SIZE + announced;
    *message = head + CHANNEL_HEAD_SIZE;
    *length = announced;
    return 1;
}

static void buffer_put(struct channel_buffer *buffer, const void *message, size_t length) {
    head_write(buffer->bytes + buffer->end, length);
    buffer->end += CHANNEL_HEAD_SIZE;
    if (length > 0) /* an empty message may be NULL */
        memcpy(buffer->bytes + buffer->end, message, length);
    buffer->end += length;
}

/* ---- Messages ---- */

/* There is room, because the buffer holds less than a whole message. */
static int channel_read(struct channel *channel) {
    struct channel_buffer *in = &channel->in;
    buffer_compact(in);
    ssize_t n = cmio_tcp_stream_read(&channel->stream, in->bytes + in->end, buffer_room(in));
    if (n == -EAGAIN)
        return channel_stuck(channel);
    if (n == 0)
        return in->end == 0 ? 0 : -EPROTO;
    if (n < 0)
        return (int)n;
    in->end += (size_t)n;
    channel_moved(channel);
    return 1;
}

int channel_receive(struct channel *channel, const void **message, size_t *length) {
    int result = buffer_take(&channel->in, message, length);
    while (result == -EAGAIN) {
        int more = channel_read(channel);
        if (more <= 0)
            return more;
        result = buffer_take(&channel->in, message, length);
    }
    return result;
}

int channel_flush(struct channel *channel) {
    struct channel_buffer *out = &channel->out;
    while (out->begin < out->end) {
        ssize_t n =
            cmio_tcp_stream_write(&channel->stream, out->bytes + out->begin, out->end - out->begin);
        if (n < 0)
            return n == -EAGAIN ? channel_stuck(channel) : (int)n;
        out->begin += (size_t)n;
        channel_moved(channel);
    }
    out->begin = out->end = 0;
    return 0;
}

int channel_send(struct channel *channel, const void *message, size_t length) {
    if (length > CHANNEL_MESSAGE_MAX)
        return -EMSGSIZE;
    if (buffer_room(&channel->out) < CHANNEL_HEAD_SIZE + length) {
        int result = channel_flush(channel);
        if (result < 0 && result != -EAGAIN)
            return result;
        buffer_compact(&channel->out);
        if (buffer_room(&channel->out) < CHANNEL_HEAD_SIZE + length)
            return -EAGAIN;
    }
    buffer_put(&channel->out, message, length);
    return 0;
}
