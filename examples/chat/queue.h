/* SPDX-License-Identifier: MIT */
#ifndef CHAT_QUEUE_H
#define CHAT_QUEUE_H

#include <stddef.h>

#include <cmio/tcp_stream.h>

/*
 * Bytes on their way to one client. The size is limited: a full queue shows that the client reads
 * more slowly than the others talk. All zeros is an empty queue.
 */
enum { QUEUE_SIZE = 64 * 1024 };

struct queue {
    size_t begin, end;
    char bytes[QUEUE_SIZE];
};

/*
 * Appends all of the bytes and sends what the kernel takes. Returns -ENOBUFS, and appends none, if
 * they do not fit. Otherwise returns the result of queue_send().
 */
int queue_put(struct queue *queue, const char *bytes, size_t length, struct cmio_tcp_stream *to);

/*
 * Sends what the kernel takes. Returns 0 if nothing is left, -EAGAIN if bytes are left and an event
 * will report the stream writable, or the error of the connection.
 */
int queue_send(struct queue *queue, struct cmio_tcp_stream *to);

#endif
