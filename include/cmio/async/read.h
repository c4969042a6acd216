/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_READ_H
#define CMIO_ASYNC_READ_H

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * Reading from TCP and Unix streams, pipe receivers and fd sources that are bound to an executor.
 * The futures' own errors, besides those of the source's read call: -EBUSY when another future waits
 * to read from the source, -EBADF for a binding that was closed before, -ECANCELED when it is closed
 * meanwhile.
 */

/* Reads once. Its members are private. */
struct cmio_read_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    void *buffer;
    size_t length;
};

/*
 * A future that is ready once something was read into the buffer, which must stay until then. Its
 * result is the number of bytes, 1 to length; 0 at the end of the source. Dropping it loses nothing:
 * what was not read yet is there for the next one. Errors of init: -EINVAL for a null argument, a
 * length of 0, or a binding of something that cannot be read.
 */
CMIO_API int cmio_read_future_init(struct cmio_read_future *read, struct cmio_io *io, void *buffer,
                                   size_t length);

/* Reads until the buffer is full. Its members are private, but for done. */
struct cmio_read_exactly_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    char *buffer;
    size_t length;
    /* The bytes that were read so far: also after an error, and after it was dropped. */
    size_t done;
};

/*
 * A future that is ready once length bytes were read into the buffer, which must stay until then.
 * Its result is length, or fewer if the source ended before; or an error. In every case, and when it
 * is dropped, `done` says how many bytes are in the buffer: none is lost, and a future for the rest
 * goes on where this one stopped. Errors of init: -EINVAL for a null argument (a null buffer is
 * allowed with a length of 0), or a binding of something that cannot be read.
 */
CMIO_API int cmio_read_exactly_future_init(struct cmio_read_exactly_future *read,
                                           struct cmio_io *io, void *buffer, size_t length);

/*
 * What was read and not consumed yet, in memory of the caller's: for reading up to a delimiter, as
 * reads do not stop there. Its members are private. It needs no cleaning up. One thread at a time.
 */
struct cmio_read_buffer {
    char *memory;
    size_t capacity;
    size_t begin;
    size_t end;
};

/*
 * Makes an empty buffer of capacity bytes of memory, which must stay as long as it is used. Errors:
 * -EINVAL for a null argument or no capacity.
 */
CMIO_API int cmio_read_buffer_init(struct cmio_read_buffer *buffer, void *memory, size_t capacity);

/* The first byte that was not consumed. Good until the next future that reads into the buffer. */
CMIO_API CMIO_INLINE const char *cmio_read_buffer_data(const struct cmio_read_buffer *buffer);

/* How many bytes were not consumed. */
CMIO_API CMIO_INLINE size_t cmio_read_buffer_size(const struct cmio_read_buffer *buffer);

/* Consumes the first length bytes, or all if there are fewer. NULL is allowed. */
CMIO_API void cmio_read_buffer_consume(struct cmio_read_buffer *buffer, size_t length);

/*
 * Copies up to length of the first bytes to the given memory and consumes them. Returns how many
 * those were; 0 for a null argument. What is missing is to be read from the source, for example by
 * cmio_read_exactly_future_init().
 */
CMIO_API size_t cmio_read_buffer_take(struct cmio_read_buffer *buffer, void *to, size_t length);

/* Reads until a delimiter. Its members are private. */
struct cmio_read_until_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    struct cmio_read_buffer *buffer;
    const char *delimiter;
    size_t length;
    size_t searched;
};

/*
 * A future that is ready once the buffer has a delimiter of length bytes. Its result is the number
 * of bytes up to and with the first one: they begin at cmio_read_buffer_data(), and whoever has used
 * them calls cmio_read_buffer_consume(). What was read beyond the delimiter stays in the buffer, for
 * the next future or cmio_read_buffer_take(). If a delimiter is there from the beginning, nothing is
 * read. The result is 0 when the source ended before: what is left in the buffer then is not
 * delimited. -EMSGSIZE: the buffer is full, and no delimiter is in it. Whatever happens, also when it
 * is dropped, all bytes that were read are in the buffer. buffer and delimiter must stay until the
 * end, and nothing else may change the buffer. Errors of init: -EINVAL for a null argument, a length
 * of 0, or a binding of something that cannot be read.
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
