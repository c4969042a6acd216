/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_READ_H
#define CMIO_ASYNC_READ_H

/**
 * @file
 * Futures that read from TCP and Unix streams, pipe receivers and fd sources that are bound to an
 * executor.
 */

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A future that reads once. cmio_read_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_read_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__io_wait wait;
    void *buffer;
    size_t length;
};

/**
 * Makes a future that reads once, as soon as there is something to read.
 *
 * @param read    The future to initialise. It stays the caller's.
 * @param io      The binding of a TCP or Unix stream, a pipe receiver or an fd source. Borrowed
 *                until the future has ended or io is closed.
 * @param buffer  Where the bytes are stored. It must stay in place until the future has ended.
 * @param length  The size of the buffer in bytes, at least 1.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the number of bytes that were read, from 1 to length, or 0 at the end
 * of the source.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: read, io or buffer is NULL, length is 0, or io is not a binding of a source that can
 *   be read.
 * - -EBUSY: another future waits to read from the source.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -ECONNRESET: the peer has reset the connection.
 * - Other errors of the read function of the source: cmio_tcp_stream_read(),
 *   cmio_unix_stream_read(), cmio_pipe_receiver_read(), read(2).
 *
 * **Cancellation**: dropping the pending future loses nothing. The bytes are there for the next
 * future.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: recv(2), read(2).
 */
CMIO_API int cmio_read_future_init(struct cmio_read_future *read, struct cmio_io *io, void *buffer,
                                   size_t length);

/**
 * A future that reads until a buffer is full. cmio_read_exactly_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_read_exactly_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members before `done`. */
    struct cmio__io_wait wait;
    char *buffer;
    size_t length;
    /**
     * The number of bytes that were read so far. It is right also after an error and after a drop.
     */
    size_t done;
};

/**
 * Makes a future that reads until a buffer is full or the source ends.
 *
 * However the future ends, its member `done` tells how many bytes are in the buffer. None is lost:
 * another future can read the rest.
 *
 * @param read    The future to initialise. It stays the caller's.
 * @param io      The binding of a TCP or Unix stream, a pipe receiver or an fd source. Borrowed
 *                until the future has ended or io is closed.
 * @param buffer  Where the bytes are stored. It must stay in place until the future has ended. NULL
 *                is allowed if length is 0.
 * @param length  The number of bytes to read. With 0, nothing is read.
 *
 * **Returns** 0.
 *
 * **Result** of the future: length, or fewer bytes if the source ended before.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: read or io is NULL, buffer is NULL and length is not 0, or io is not a binding of a
 *   source that can be read.
 * - -EBUSY: another future waits to read from the source.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -ECONNRESET: the peer has reset the connection.
 * - Other errors of the read function of the source: cmio_tcp_stream_read(),
 *   cmio_unix_stream_read(), cmio_pipe_receiver_read(), read(2).
 *
 * **Cancellation**: dropping the pending future loses nothing. `done` bytes are in the buffer, and
 * the others are there for the next future.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: recv(2), read(2).
 */
CMIO_API int cmio_read_exactly_future_init(struct cmio_read_exactly_future *read,
                                           struct cmio_io *io, void *buffer, size_t length);

/**
 * A buffer of bytes that were read and not consumed yet, for reads up to a delimiter.
 *
 * A read does not stop at a delimiter, so the bytes behind it stay in the buffer. The memory is the
 * caller's, and nothing has to be freed. cmio_read_buffer_init() makes the buffer. A zeroed buffer
 * is empty and has no room: nothing can be read into it.
 *
 * **Threads**: one thread at a time.
 */
struct cmio_read_buffer {
    /** Internal, together with the members after it. */
    char *memory;
    size_t capacity;
    size_t begin;
    size_t end;
};

/**
 * Makes an empty buffer in the given memory.
 *
 * @param buffer    The buffer to initialise. It stays the caller's.
 * @param memory    The memory for the bytes. It stays the caller's, and must stay in place as long
 *                  as the buffer is used.
 * @param capacity  The size of the memory in bytes, at least 1. The longest text up to a delimiter
 *                  must fit into it.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the buffer is untouched:
 * - -EINVAL: buffer or memory is NULL, or capacity is 0.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_read_buffer_init(struct cmio_read_buffer *buffer, void *memory, size_t capacity);

/**
 * Lends the first byte that was not consumed.
 *
 * cmio_read_buffer_size() tells how many bytes there are. They stay in place until the next future
 * that reads into the buffer is polled.
 *
 * @param buffer  The buffer. Borrowed. It must not be NULL.
 *
 * **Returns** a pointer into the memory of the buffer.
 *
 * **Threads**: one thread at a time for a buffer.
 */
CMIO_API CMIO_INLINE const char *cmio_read_buffer_data(const struct cmio_read_buffer *buffer);

/**
 * Counts the bytes that were not consumed.
 *
 * @param buffer  The buffer. Borrowed. It must not be NULL.
 *
 * **Returns** the number of bytes.
 *
 * **Threads**: one thread at a time for a buffer.
 */
CMIO_API CMIO_INLINE size_t cmio_read_buffer_size(const struct cmio_read_buffer *buffer);

/**
 * Consumes bytes at the beginning of a buffer.
 *
 * @param buffer  The buffer. Borrowed. NULL is allowed: nothing happens.
 * @param length  The number of bytes. If the buffer has fewer, all of them are consumed.
 *
 * **Threads**: one thread at a time for a buffer. No future that reads into the buffer may be
 * pending.
 */
CMIO_API void cmio_read_buffer_consume(struct cmio_read_buffer *buffer, size_t length);

/**
 * Copies bytes from the beginning of a buffer and consumes them.
 *
 * If the buffer has fewer bytes than length, the rest is to be read from the source, for example
 * with cmio_read_exactly_future_init().
 *
 * @param buffer  The buffer. Borrowed. NULL is allowed.
 * @param to      Where the bytes are copied to. NULL is allowed.
 * @param length  The number of bytes to copy at most.
 *
 * **Returns** how many bytes were copied, or 0 if buffer or to is NULL.
 *
 * **Threads**: one thread at a time for a buffer. No future that reads into the buffer may be
 * pending.
 */
CMIO_API size_t cmio_read_buffer_take(struct cmio_read_buffer *buffer, void *to, size_t length);

/**
 * A future that reads until a delimiter. cmio_read_until_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_read_until_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__io_wait wait;
    struct cmio_read_buffer *buffer;
    const char *delimiter;
    size_t length;
    size_t searched;
};

/**
 * Makes a future that reads into a buffer until the buffer has a delimiter.
 *
 * If the buffer has a delimiter from the beginning, nothing is read. Bytes behind the delimiter
 * stay in the buffer, for the next future or for cmio_read_buffer_take(). However the future ends,
 * all bytes that were read are in the buffer.
 *
 * @param read       The future to initialise. It stays the caller's.
 * @param io         The binding of a TCP or Unix stream, a pipe receiver or an fd source. Borrowed
 *                   until the future has ended or io is closed.
 * @param buffer     The buffer. It must stay in place, and nothing else may change it, until the
 *                   future has ended.
 * @param delimiter  The bytes to look for. They must stay unchanged until the future has ended.
 * @param length     The length of the delimiter in bytes, at least 1.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the number of bytes up to the end of the first delimiter. They begin at
 * cmio_read_buffer_data(). After use, consume them with cmio_read_buffer_consume(). The result is 0
 * if the source ended before a delimiter: what is in the buffer then has no delimiter.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: read, io, buffer or delimiter is NULL, buffer is zeroed, length is 0, or io is not a
 *   binding of a source that can be read.
 * - -EMSGSIZE: the buffer is full and has no delimiter.
 * - -EBUSY: another future waits to read from the source.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -ECONNRESET: the peer has reset the connection.
 * - Other errors of the read function of the source: cmio_tcp_stream_read(),
 *   cmio_unix_stream_read(), cmio_pipe_receiver_read(), read(2).
 *
 * **Cancellation**: dropping the pending future loses nothing. What was read is in the buffer, and
 * the rest is there for the next future.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: recv(2), read(2).
 */
CMIO_API int cmio_read_until_future_init(struct cmio_read_until_future *read, struct cmio_io *io,
                                         struct cmio_read_buffer *buffer, const void *delimiter,
                                         size_t length);

#ifndef CMIO_NO_INLINE

CMIO_INLINE const char *cmio_read_buffer_data(const struct cmio_read_buffer *buffer) {
    return buffer->memory + buffer->begin;
}

CMIO_INLINE size_t cmio_read_buffer_size(const struct cmio_read_buffer *buffer) {
    return buffer->end - buffer->begin;
}

#endif

CMIO_END_DECLS

#endif
