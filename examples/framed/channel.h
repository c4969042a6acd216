/* SPDX-License-Identifier: MIT */
#ifndef FRAMED_CHANNEL_H
#define FRAMED_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/cmio.h>

/*
 * A channel: messages over a TCP connection, each behind its length in four bytes, the highest
 * first; with a limit to how long nothing may move. It is a source of the program's own, made of a
 * stream and a timer: register &channel.source like any other. What is done to it is done to the
 * stream, and the token of the stream's events is the timer's token too. On an event and when the
 * timer is popped alike, receive, send and flush until they say -EAGAIN; without that no further
 * event is promised, as with any stream.
 *
 * Memory is bounded: there is room for one message of the longest kind in each direction.
 */

enum {
    CHANNEL_HEAD_SIZE = 4,
    CHANNEL_MESSAGE_MAX = 16 * 1024,
};

struct channel_buffer {
    size_t begin, end;
    unsigned char bytes[CHANNEL_HEAD_SIZE + CHANNEL_MESSAGE_MAX];
};

/* In the caller's memory; the members are private. It must not be moved while it is registered. */
struct channel {
    struct cmio_source source; /* first, as in every type that can be registered */
    struct cmio_tcp_stream stream;
    struct cmio_registry *registry; /* NULL: not registered. Borrowed: the source holds it */
    struct cmio_timers *timers;
    struct cmio_timer timer;
    int64_t idle_timeout;
    int64_t deadline; /* when it has been idle for too long */
    struct channel_buffer in;
    struct channel_buffer out;
};

/*
 * Makes a channel of a stream that is not registered, which is moved into it. timers are borrowed
 * and must outlive it. idle_timeout is in nanoseconds; CMIO_FOREVER: it may be idle for ever.
 */
void channel_init(struct channel *channel, const struct cmio_tcp_stream *stream,
                  struct cmio_timers *timers, int64_t idle_timeout);

/* Deregisters and closes, whatever comes back; for zeros nothing. What is not flushed is lost. */
int channel_close(struct channel *channel);

/*
 * The next message: 1, and message points to its bytes, which stay until the next call of this
 * function or channel_close(). 0 when the peer sends no more. -EAGAIN: not yet. Everything else
 * ends the channel: -EMSGSIZE for a message that is announced to be longer than the longest,
 * -EPROTO for one that breaks off, -ETIMEDOUT when nothing moved for too long, and the errors of
 * cmio_tcp_stream_read().
 */
int channel_receive(struct channel *channel, const void **message, size_t *length);

/*
 * Takes the message to send it; channel_flush() makes sure that it leaves. -EAGAIN: there is no
 * room, nothing of it was taken, and there will be a writable event. -EMSGSIZE: it is longer than
 * the longest, nothing of it was taken. -ETIMEDOUT and the errors of cmio_tcp_stream_write().
 */
int channel_send(struct channel *channel, const void *message, size_t length);

/*
 * Sends what was taken: 0 when all of it has left; -EAGAIN when there will be a writable event for
 * the rest. -ETIMEDOUT and the errors of cmio_tcp_stream_write().
 */
int channel_flush(struct channel *channel);

#endif
