/* SPDX-License-Identifier: MIT */
#ifndef FRAMED_CHANNEL_H
#define FRAMED_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/cmio.h>

/*
 * A channel: messages over a TCP connection, each after its length in four bytes, the highest
 * first. The time in which nothing moves is limited. The channel is a source of the program's own,
 * made of a stream and a timer: register &channel.source like any other source. Each operation on
 * it applies to the stream, and the events of the stream and the timer have the same token. After
 * an event, and after the timer was popped, receive, send and flush until they return -EAGAIN.
 * Without that no further event is promised, as with any stream.
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
    struct cmio_registry *registry; /* NULL: not registered. Borrowed; the source holds it */
    struct cmio_timers *timers;
    struct cmio_timer timer;
    int64_t idle_timeout;
    int64_t deadline; /* when it will have been idle for too long */
    struct channel_buffer in;
    struct channel_buffer out;
};

/*
 * Makes a channel from a stream that is not registered, and moves the stream into it. timers is
 * borrowed and must outlive it. idle_timeout is in nanoseconds; CMIO_FOREVER means no limit.
 */
void channel_init(struct channel *channel, const struct cmio_tcp_stream *stream,
                  struct cmio_timers *timers, int64_t idle_timeout);

/* Deregisters and closes, even if it fails. Unflushed bytes are lost. All zeros: does nothing. */
int channel_close(struct channel *channel);

/*
 * Receives the next message. Returns 1 and sets message to its bytes, which stay until the next
 * call of this function or channel_close(). Returns 0 when the peer has ended its stream, and
 * -EAGAIN if no message is complete yet. Any other result ends the channel: -EMSGSIZE if the
 * announced length is above the limit, -EPROTO if the message breaks off, -ETIMEDOUT if nothing
 * moved for too long, or an error of cmio_tcp_stream_read().
 */
int channel_receive(struct channel *channel, const void **message, size_t *length);

/*
 * Takes the message to send it; channel_flush() makes sure that it leaves. Takes nothing on
 * failure. Fails with -EAGAIN if there is no room (a writable event will follow), -EMSGSIZE if the
 * message is above the limit, -ETIMEDOUT, or an error of cmio_tcp_stream_write().
 */
int channel_send(struct channel *channel, const void *message, size_t length);

/*
 * Sends the messages that were taken. Returns 0 once all have left. Fails with -EAGAIN if bytes are
 * left (a writable event will follow), -ETIMEDOUT, or an error of cmio_tcp_stream_write().
 */
int channel_flush(struct channel *channel);

#endif
