/* SPDX-License-Identifier: MIT */
/* Reading until a delimiter, through a buffer that keeps the bytes after it. */
#include <cmio/async/read.h>

#include <string.h>

#include "async/io.h"

/* Their bodies are in the header. */
extern CMIO_INLINE const char *cmio_read_buffer_data(const struct cmio_read_buffer *buffer);
extern CMIO_INLINE size_t cmio_read_buffer_size(const struct cmio_read_buffer *buffer);

int cmio_read_buffer_init(struct cmio_read_buffer *buffer, void *memory, size_t capacity) {
    if (buffer == NULL || memory == NULL || capacity == 0)
        return -EINVAL;
    *buffer = (struct cmio_read_buffer){.memory = memory, .capacity = capacity};
    return 0;
}

void cmio_read_buffer_consume(struct cmio_read_buffer *buffer, size_t length) {
    if (buffer == NULL)
        return;
    const size_t size = cmio_read_buffer_size(buffer);
    buffer->begin += length < size ? length : size;
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
}

size_t cmio_read_buffer_take(struct cmio_read_buffer *buffer, void *to, size_t length) {
    if (buffer == NULL || to == NULL)
        return 0;
    const size_t size = cmio_read_buffer_size(buffer);
    if (length > size)
        length = size;
    memcpy(to, cmio_read_buffer_data(buffer), length);
    cmio_read_buffer_consume(buffer, length);
    return length;
}

/* Makes room behind the bytes by reusing the consumed part. Returns false if there is none. */
static bool make_room(struct cmio_read_buffer *buffer) {
    if (buffer->end < buffer->capacity)
        return true;
    const size_t size = cmio_read_buffer_size(buffer);
    memmove(buffer->memory, buffer->memory + buffer->begin, size);
    buffer->begin = 0;
    buffer->end = size;
    return size < buffer->capacity;
}

static struct cmio_read_until_future *read_until_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_read_until_future, future);
}

/*
 * Returns the number of bytes up to the end of the first delimiter, or 0 if there is none.
 * Continues where the last search stopped.
 */
static size_t search(struct cmio_read_until_future *read) {
    const char *data = cmio_read_buffer_data(read->buffer);
    const size_t size = cmio_read_buffer_size(read->buffer);
    for (size_t at = read->searched; at + read->length <= size; at++) {
        const char *first = memchr(data + at, read->delimiter[0], size - read->length + 1 - at);
        if (first == NULL)
            break;
        at = (size_t)(first - data);
        if (memcmp(first, read->delimiter, read->length) == 0)
            return at + read->length;
    }
    if (size >= read->length)
        read->searched = size - read->length + 1;
    return 0;
}

/* Whether the buffered bytes alone give the result. */
static bool is_settled(struct cmio_read_until_future *read) {
    read->future.result = (ssize_t)search(read);
    if (read->future.result == 0 && !make_room(read->buffer))
        read->future.result = -EMSGSIZE;
    return read->future.result != 0;
}

static enum cmio_future_state poll_read_until(struct cmio_future *future,
                                              struct cmio_context *context) {
    struct cmio_read_until_future *read = read_until_of(future);
    struct cmio_read_buffer *buffer = read->buffer;
    while (!is_settled(read)) {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&read->wait, context, "read until", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = read->wait.io;
        const size_t room = buffer->capacity - buffer->end;
        const ssize_t count = io->ops->read(io->source, buffer->memory + buffer->end, room);
        if (cmio__io_is_to_wait(&read->wait, count))
            continue;
        future->result = count;
        if (count <= 0)
            return CMIO_READY;
        buffer->end += (size_t)count;
        cmio__io_note_read(&read->wait, count, room);
    }
    cmio__io_wait_drop(&read->wait);
    return cmio__context_spend(context) ? CMIO_READY : CMIO_PENDING;
}

static void drop_read_until(struct cmio_future *future) {
    cmio__io_wait_drop(&read_until_of(future)->wait);
}

static const struct cmio_future_ops read_until_ops = {
    .name = "read until",
    .poll = poll_read_until,
    .drop = drop_read_until,
};

int cmio_read_until_future_init(struct cmio_read_until_future *read, struct cmio_io *io,
                                struct cmio_read_buffer *buffer, const void *delimiter,
                                size_t length) {
    if (read == NULL || !CMIO__IO_HAS(io, read, CMIO_READABLE) || buffer == NULL ||
        buffer->memory == NULL || delimiter == NULL || length == 0)
        return -EINVAL;
    *read = (struct cmio_read_until_future){
        .future.ops = &read_until_ops, .buffer = buffer, .delimiter = delimiter, .length = length};
    cmio__io_wait_init(&read->wait, io, CMIO_READABLE);
    return 0;
}
