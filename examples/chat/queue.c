/* SPDX-License-Identifier: MIT */
#include "chat/queue.h"

#include <errno.h>
#include <string.h>

int queue_put(struct queue *queue, const char *bytes, size_t length, struct cmio_tcp_stream *to) {
    size_t waiting = queue->end - queue->begin;
    if (length > sizeof queue->bytes - waiting)
        return -ENOBUFS;
    if (length > sizeof queue->bytes - queue->end) {
        memmove(queue->bytes, queue->bytes + queue->begin, waiting);
        queue->begin = 0;
        queue->end = waiting;
    }
    memcpy(queue->bytes + queue->end, bytes, length);
    queue->end += length;
    /* If bytes waited, the last send returned -EAGAIN, and an event will report room. */
    return waiting > 0 ? -EAGAIN : queue_send(queue, to);
}

int queue_send(struct queue *queue, struct cmio_tcp_stream *to) {
    while (queue->begin < queue->end) {
        ssize_t n =
            cmio_tcp_stream_write(to, queue->bytes + queue->begin, queue->end - queue->begin);
        if (n < 0)
            return (int)n;
        queue->begin += (size_t)n;
    }
    queue->begin = queue->end = 0;
    return 0;
}
