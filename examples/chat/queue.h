/* SPDX-License-Identifier: MIT */
#ifndef CHAT_QUEUE_H
#define CHAT_QUEUE_H

#include <stddef.h>

#include <cmio/tcp_stream.h>

/*
 * Bytes on their way to one client. It has an end: who reads more slowly than the others talk is
 * told from who reads by that it is full. A queue of zeros is empty.
 */
enum { QUEUE_SIZE = 64 * 1024 };

struct queue {
    size_t begin, end;
    char bytes[QUEUE_SIZE];
};

/*
 * Puts all of the bytes behind what waits already and sends what the kernel takes. -ENOBUFS if they
 * do not fit, and then none of them is put; else what queue_send() says.
 */
int queue_put(struct queue *queue, const char *bytes, size_t length, struct cmio_tcp_stream *to);

/*
 * Sends what the kernel takes: 0 when nothing is left, -EAGAIN when something is and the stream
 * will be reported writable, or the error of the connection.
 */
int queue_send(struct queue *queue, struct cmio_tcp_stream *to);

#endif
