/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UNIX_STREAM_H
#define CMIO_UNIX_STREAM_H

/**
 * @file
 * Unix streams: connections between processes of one system, which carry bytes and descriptors.
 */

#include <stddef.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/**
 * One buffer of a call that takes several: its start and its length in bytes.
 *
 * Declared in full by `<sys/uio.h>`, which a program that uses it includes.
 */
struct iovec;

/**
 * A connection between two processes of one system, which can carry descriptors besides bytes.
 *
 * cmio_unix_stream_connect(), cmio_unix_stream_pair(), cmio_unix_listener_accept() or
 * cmio_unix_stream_from_fd() makes a stream in the caller's memory. The stream owns its descriptor,
 * which is non-blocking and close-on-exec. cmio_unix_stream_close() closes it. The struct may be
 * moved if only one copy is used afterwards.
 *
 * Each call that sends or receives is one system call. It raises no SIGPIPE, and it never blocks,
 * also if another holder of the socket cleared O_NONBLOCK (MSG_DONTWAIT).
 *
 * Zeroed memory is a closed stream. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a stream. While the stream stays registered, or stays
 * unregistered, one thread may read from it and another one write to it.
 *
 * **Source**: unix(7).
 */
struct cmio_unix_stream {
    /** What the registry takes: `&stream.source`. Its members are internal. */
    struct cmio_source source;
};

/**
 * Makes a stream and connects it to a path or an abstract name.
 *
 * On most systems it is connected at once. A connection that is still in progress is success too.
 * So a portable program registers the stream for CMIO_WRITABLE, and calls
 * cmio_unix_stream_finish_connect() when it is writable.
 *
 * If too many connections wait to be accepted, the call fails, and no event follows when there is
 * room. Try again after a while.
 *
 * @param stream   Receives the stream. It must not be open.
 * @param address  The Unix address of the listener. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which stream is untouched and no descriptor is open:
 * - -EINVAL: stream or address is NULL, or the address is unnamed.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -ENOENT: the path does not exist.
 * - -ECONNREFUSED: nobody listens there or, on other systems than Linux, too many connections wait
 *   to be accepted.
 * - -EAGAIN: too many connections wait to be accepted, on Linux.
 * - -EACCES: the socket file may not be written to, or a directory of the path may not be searched.
 * - -EPROTOTYPE: the socket there is not a stream socket.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2) and connect(2).
 *
 * **Threads**: any thread. The new stream belongs to one thread at a time.
 *
 * **Source**: unix(7), connect(2).
 */
CMIO_API int cmio_unix_stream_connect(struct cmio_unix_stream *stream,
                                      const struct cmio_address *address);

/**
 * Checks whether the connect of a stream has succeeded.
 *
 * Call it when the stream is writable. After -EINPROGRESS wait for the next event, which comes.
 * After any other error the stream is not connected and will not be. Every call returns its error,
 * even if cmio_unix_stream_take_error(), a read or a write returned it before.
 *
 * @param stream  The stream. Borrowed.
 *
 * **Returns** 0 if the stream is connected. Also if it was connected and the peer has closed, on
 * systems that still know the peer then (Linux).
 *
 * **Errors**:
 * - -EINVAL: stream is NULL.
 * - -EBADF: the stream is closed.
 * - -EINPROGRESS: the connect is still in progress.
 * - -ECONNREFUSED: nobody listens there.
 * - -ECONNRESET: the peer closed without reading everything.
 * - -ENOTCONN: the stream is not connected, and no call of cmio was told why. An adopted socket
 *   that was never connected fails with it too, although some systems return -EINPROGRESS for ever.
 * - Other errors of connect(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: connect(2), getpeername(2).
 */
CMIO_API int cmio_unix_stream_finish_connect(struct cmio_unix_stream *stream);

/**
 * Makes two streams that are connected to each other.
 *
 * Neither end has a name.
 *
 * @param a  Receives one end. It must not be open.
 * @param b  Receives the other end. It must not be open.
 *
 * **Returns** 0.
 *
 * **Errors**, after which a and b are untouched and no descriptor is open:
 * - -EINVAL: a or b is NULL, or both are one stream.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socketpair(2).
 *
 * **Threads**: any thread. Each new stream belongs to one thread at a time.
 *
 * **Source**: socketpair(2).
 */
CMIO_API int cmio_unix_stream_pair(struct cmio_unix_stream *a, struct cmio_unix_stream *b);

/**
 * Adopts a Unix stream socket that is connected or connecting.
 *
 * The descriptor becomes non-blocking and close-on-exec.
 *
 * @param stream  Receives the stream. It must not be open.
 * @param fd      The descriptor. On success it belongs to the stream, which closes it. On failure
 *                it stays the caller's.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave stream untouched:
 * - -EINVAL: stream is NULL, or fd is a socket of another type.
 * - -EBADF: fd is not an open descriptor.
 * - -ENOTSOCK: fd is not a socket.
 * - -EAFNOSUPPORT: the socket is not a Unix socket.
 * - Other errors of getsockname(2), getsockopt(2), setsockopt(2) and fcntl(2).
 *
 * **Threads**: any thread. The new stream belongs to one thread at a time.
 *
 * **Source**: fcntl(2), unix(7).
 */
CMIO_API int cmio_unix_stream_from_fd(struct cmio_unix_stream *stream, int fd);

/**
 * Deregisters the stream and gives its descriptor to the caller.
 *
 * The descriptor stays open, non-blocking and close-on-exec. The stream is closed afterwards.
 *
 * @param stream  The stream. Borrowed.
 *
 * **Returns** the descriptor, which the caller must close.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL.
 * - -EBADF: the stream is closed.
 *
 * **Threads**: the thread that the stream belongs to.
 */
CMIO_API int cmio_unix_stream_into_fd(struct cmio_unix_stream *stream);

/**
 * Returns the descriptor of the stream.
 *
 * Do not close it. If a call of your own on it returns EAGAIN, call cmio_source_rearm().
 *
 * @param stream  The stream. Borrowed.
 *
 * **Returns** the descriptor, which still belongs to the stream.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL.
 * - -EBADF: the stream is closed.
 *
 * **Threads**: the thread that the stream belongs to.
 */
CMIO_API int cmio_unix_stream_fd(const struct cmio_unix_stream *stream);

/**
 * Deregisters the stream, then closes its descriptor.
 *
 * The stream is closed after this call, whatever it returns.
 *
 * @param stream  The stream. NULL, zeroed memory and a closed stream are allowed. Nothing happens
 *                then.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the stream is closed too:
 * - -EBADF: the program closed the descriptor by other means.
 * - Other errors of close(2), such as -EIO, or of deregistering.
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: close(2).
 */
CMIO_API int cmio_unix_stream_close(struct cmio_unix_stream *stream);

/**
 * Receives bytes.
 *
 * Descriptors that came with the bytes are dropped, which means that the system closes them.
 * cmio_unix_stream_receive_fds() receives them.
 *
 * After an event, read until -EAGAIN. A read may return less than length although there is more,
 * and no event comes for the rest. A read stops:
 *
 * - at a send that passed descriptors, as cmio_unix_stream_send_fds() describes,
 * - at an urgent byte (MSG_OOB), on Linux,
 * - between the bytes of two sending processes, with SO_PASSCRED.
 *
 * You may stop at such a short read only if the stream has none of these and the event was not
 * read-closed. If it was, the end of the stream is there already, so read on until 0.
 *
 * @param stream  The stream. Borrowed.
 * @param buffer  Receives the bytes. NULL is allowed if length is 0.
 * @param length  The size of buffer in bytes. Pass more than 0, because a result of 0 could not be
 *                told from the end.
 *
 * **Returns** how many bytes were received. 0 if the peer has sent all that it will send.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, buffer is NULL and length is not 0, or, on Linux, there is no
 *   connection.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -ECONNRESET: the peer closed without reading everything.
 * - -ENOTCONN: there is no connection, on other systems than Linux.
 * - Other errors of recv(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may write to the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recv(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_stream_read(struct cmio_unix_stream *stream, void *buffer,
                                       size_t length);

/**
 * Receives bytes into several buffers in turn.
 *
 * Descriptors that came with the bytes are dropped, which means that the system closes them.
 * cmio_unix_stream_receive_fds() receives them.
 *
 * After an event, read until -EAGAIN. A short read, which returns less than was asked for, need not
 * be the last: see cmio_unix_stream_read() for when you may stop at it.
 *
 * @param stream   The stream. Borrowed.
 * @param buffers  The buffers to fill, each before the next. Borrowed. NULL is allowed if count is
 *                 0.
 * @param count    How many buffers there are, at most IOV_MAX.
 *
 * **Returns** how many bytes were received in all. 0 if the peer has sent all that it will send,
 * and if count is 0, which is not the end.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, buffers is NULL and count is not 0, count is negative or above
 *   IOV_MAX, or, on Linux, there is no connection.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -ECONNRESET: the peer closed without reading everything.
 * - -ENOTCONN: there is no connection, on other systems than Linux.
 * - Other errors of recvmsg(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may write to the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recvmsg(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_stream_readv(struct cmio_unix_stream *stream,
                                        const struct iovec *buffers, int count);

/**
 * Copies bytes that have arrived, and leaves them in place for the next read.
 *
 * Descriptors that came with the bytes stay in place too.
 *
 * @param stream  The stream. Borrowed.
 * @param buffer  Receives the bytes. NULL is allowed if length is 0.
 * @param length  The size of buffer in bytes. Pass more than 0, because a result of 0 could not be
 *                told from the end.
 *
 * **Returns** how many bytes were copied. 0 if the peer has sent all that it will send.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, buffer is NULL and length is not 0, or, on Linux, there is no
 *   connection.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -ECONNRESET: the peer closed without reading everything.
 * - -ENOTCONN: there is no connection, on other systems than Linux.
 * - Other errors of recv(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may write to the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: MSG_PEEK, recv(2).
 */
CMIO_API ssize_t cmio_unix_stream_peek(struct cmio_unix_stream *stream, void *buffer,
                                       size_t length);

/**
 * Sends bytes.
 *
 * A result below length means that the system has no more room. An event follows when it has.
 *
 * @param stream  The stream. Borrowed.
 * @param buffer  The bytes to send. Borrowed. NULL is allowed if length is 0.
 * @param length  How many bytes there are.
 *
 * **Returns** how many bytes the system took.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: the system has no room. An event follows when it has.
 * - -EPIPE: writing was shut down, or the peer is gone.
 * - -ENOTCONN: there is no connection.
 * - Other errors of send(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may read from the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: send(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_stream_write(struct cmio_unix_stream *stream, const void *buffer,
                                        size_t length);

/**
 * Sends bytes from several buffers in turn.
 *
 * A result below the sum of the lengths means that the system has no more room. An event follows
 * when it has.
 *
 * @param stream   The stream. Borrowed.
 * @param buffers  The buffers to send, each before the next. Borrowed. NULL is allowed if count is
 *                 0.
 * @param count    How many buffers there are, at most IOV_MAX.
 *
 * **Returns** how many bytes the system took in all. 0 if count is 0.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, buffers is NULL and count is not 0, or count is negative or above
 *   IOV_MAX.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: the system has no room. An event follows when it has.
 * - -EPIPE: writing was shut down, or the peer is gone.
 * - -ENOTCONN: there is no connection.
 * - Other errors of sendmsg(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may read from the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: sendmsg(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_stream_writev(struct cmio_unix_stream *stream,
                                         const struct iovec *buffers, int count);

/** The limit of descriptors that are passed. */
enum {
    /**
     * The most descriptors that one call of cmio_unix_stream_send_fds() sends.
     *
     * All systems allow it with room to spare: Linux takes 253 and OpenBSD about 120. A peer that
     * is not cmio may send more.
     */
    CMIO_UNIX_FDS_MAX = 64,
};

/**
 * Sends bytes, and descriptors with the first of them.
 *
 * The receiver gets duplicates of the descriptors, as if by dup(2). The caller keeps its own and
 * may close them at once. A result above 0 means that all the descriptors were sent. Send the rest
 * of the bytes with cmio_unix_stream_write().
 *
 * The receiver does not see where the bytes of one send end and those of the next begin. But
 * descriptors stay with the first byte of their send. The read that takes that byte takes them, and
 * no read takes the descriptors of two sends. That read may stop short of the next send for this
 * reason, though more bytes are there, so the receiver must read until -EAGAIN. It may also begin
 * with bytes that were written before, and on some systems end with bytes that were written after.
 *
 * @param stream  The stream. Borrowed.
 * @param buffer  The bytes to send. Borrowed.
 * @param length  How many bytes there are, at least 1.
 * @param fds     The descriptors to pass. Borrowed. NULL is allowed if count is 0.
 * @param count   How many descriptors there are, at most CMIO_UNIX_FDS_MAX.
 *
 * **Returns** how many bytes the system took, at least 1.
 *
 * **Errors**, after which neither bytes nor descriptors were sent:
 * - -EINVAL: stream or buffer is NULL, length is 0, fds is NULL and count is not 0, or count is
 *   above CMIO_UNIX_FDS_MAX.
 * - -EBADF: the stream is closed, or a descriptor to pass is not open.
 * - -EAGAIN: the system has no room. An event follows when it has.
 * - -EPIPE: writing was shut down, or the peer is gone.
 * - -ENOTCONN: there is no connection.
 * - -ETOOMANYREFS: too many descriptors are under way between processes.
 * - -EMSGSIZE: the descriptors would not even fit into an empty send buffer, on NetBSD.
 * - Other errors of sendmsg(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may read from the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: SCM_RIGHTS, unix(7). sendmsg(2), cmsg(3).
 */
CMIO_API ssize_t cmio_unix_stream_send_fds(struct cmio_unix_stream *stream, const void *buffer,
                                           size_t length, const int *fds, size_t count);

/**
 * Receives bytes, and the descriptors that came with them.
 *
 * The caller gets all of the descriptors or none. If it cannot get all, those that came are closed,
 * and count tells why. The bytes were received nevertheless.
 *
 * New descriptors are close-on-exec. Whether they are non-blocking is a property of the open file,
 * which is shared with the sender, and is left as it is.
 *
 * After an event, read until -EAGAIN. A short read, which returns less than was asked for, need not
 * be the last: see cmio_unix_stream_read() for when you may stop at it.
 *
 * @param stream    The stream. Borrowed.
 * @param buffer    Receives the bytes.
 * @param length    The size of buffer in bytes, at least 1.
 * @param fds       Receives the descriptors, which the caller must close. Untouched if none came.
 *                  NULL is allowed if capacity is 0.
 * @param capacity  How many descriptors fit into fds.
 * @param count     Receives how many descriptors came, which is 0 for most reads. Or receives
 *                  -EMSGSIZE if more than capacity came, or -EMFILE if the system could not hand
 *                  out all of them, mostly because the process may open no more.
 *
 * **Returns** how many bytes were received. 0 if the peer has sent all that it will send.
 *
 * **Errors**, which leave fds and count untouched:
 * - -EINVAL: stream, buffer or count is NULL, length is 0, fds is NULL and capacity is not 0, or,
 *   on Linux, there is no connection.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -ECONNRESET: the peer closed without reading everything.
 * - -ENOTCONN: there is no connection, on other systems than Linux.
 * - -EMSGSIZE: on BSDs, the system could not hand out all of the descriptors, which are lost. The
 *   next read receives the bytes.
 * - Other errors of recvmsg(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may write to the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: SCM_RIGHTS, unix(7). recvmsg(2), cmsg(3).
 */
CMIO_API ssize_t cmio_unix_stream_receive_fds(struct cmio_unix_stream *stream, void *buffer,
                                              size_t length, int *fds, size_t capacity,
                                              ssize_t *count);

/**
 * Ends one direction of the stream, or both.
 *
 * The peer reads the end of the stream after writing was ended here.
 *
 * @param stream  The stream. Borrowed.
 * @param how     What to end: CMIO_SHUTDOWN_READ, CMIO_SHUTDOWN_WRITE or CMIO_SHUTDOWN_BOTH.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, or how is none of the three.
 * - -EBADF: the stream is closed.
 * - -ENOTCONN: the stream is not connected, if the system requires a connection.
 * - Other errors of shutdown(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: shutdown(2).
 */
CMIO_API int cmio_unix_stream_shutdown(struct cmio_unix_stream *stream, enum cmio_shutdown how);

/**
 * Gets the address of this end of the stream.
 *
 * The address is unnamed if this end was not bound, as after cmio_unix_stream_connect() and
 * cmio_unix_stream_pair().
 *
 * @param stream  The stream. Borrowed.
 * @param out     Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: stream or out is NULL.
 * - -EBADF: the stream is closed.
 * - Other errors of getsockname(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: getsockname(2).
 */
CMIO_API int cmio_unix_stream_local_address(const struct cmio_unix_stream *stream,
                                            struct cmio_address *out);

/**
 * Gets the address of the other end of the stream.
 *
 * The address is unnamed if the other end was not bound, as after cmio_unix_stream_connect() and
 * cmio_unix_stream_pair().
 *
 * @param stream  The stream. Borrowed.
 * @param out     Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: stream or out is NULL.
 * - -EBADF: the stream is closed.
 * - -ENOTCONN: the stream is not connected.
 * - Other errors of getpeername(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: getpeername(2).
 */
CMIO_API int cmio_unix_stream_peer_address(const struct cmio_unix_stream *stream,
                                           struct cmio_address *out);

/**
 * Returns the pending error of the stream and clears it.
 *
 * cmio_unix_stream_finish_connect() still returns the error afterwards.
 *
 * @param stream  The stream. Borrowed.
 *
 * **Returns** 0 if no error is pending.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL.
 * - -EBADF: the stream is closed.
 * - Any other negative errno: the pending error.
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: SO_ERROR, socket(7).
 */
CMIO_API int cmio_unix_stream_take_error(struct cmio_unix_stream *stream);

CMIO_END_DECLS

#endif
