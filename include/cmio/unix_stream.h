/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UNIX_STREAM_H
#define CMIO_UNIX_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

struct iovec; /* <sys/uio.h> */

/*
 * A connection between two processes of one system (unix(7)), which may carry descriptors besides
 * bytes. The descriptor is non-blocking and close-on-exec, and owned. Each call is one system call.
 * No call raises SIGPIPE, and none that sends or receives blocks, also where somebody who shares
 * the socket cleared O_NONBLOCK (MSG_DONTWAIT). A struct of zeros may be closed, and is good for
 * nothing else. Every call below says -EINVAL for a null argument and -EBADF for a closed stream.
 */
struct cmio_unix_stream {
    struct cmio_source source;
};

/*
 * Connects to a path or an abstract name. Mostly it is connected at once; where a system says that
 * it is in progress that is success too, so a portable program registers for CMIO_WRITABLE and
 * calls cmio_unix_stream_finish_connect() when it is. Errors: -EAFNOSUPPORT for an IP address;
 * -ENOENT and -ECONNREFUSED when nobody listens there; -EAGAIN from Linux, -ECONNREFUSED from
 * others, when too many wait to be accepted: there is no event for that, so try again after a
 * while; -EACCES, -EPROTOTYPE and what else connect(2) and socket(2) say. On failure stream is
 * untouched and nothing is open.
 */
CMIO_API int cmio_unix_stream_connect(struct cmio_unix_stream *stream,
                                      const struct cmio_address *address);

/*
 * How the connect went, to call when the stream is writable. 0: it is connected, or was, where the
 * system still knows the peer that closed (Linux). -EINPROGRESS: it is not yet, so wait for the
 * next event, which comes. Any other error: it is not connected and will not be. Every call gives
 * the same error, also after take_error, a read or a write was told of it first. -ENOTCONN stands
 * for what no call of cmio was told, and for an adopted socket that was never connected (some
 * systems show that one as -EINPROGRESS for ever).
 */
CMIO_API int cmio_unix_stream_finish_connect(struct cmio_unix_stream *stream);

/*
 * Two streams that are connected to each other, without a name: socketpair(2). Errors: -EINVAL for
 * the same stream twice, -EMFILE, -ENFILE, ... On failure both are untouched.
 */
CMIO_API int cmio_unix_stream_pair(struct cmio_unix_stream *a, struct cmio_unix_stream *b);

/*
 * Adopts a connected or connecting Unix stream socket: it is made non-blocking and close-on-exec,
 * and belongs to the stream from then on. On failure it stays the caller's: -EBADF, -ENOTSOCK,
 * -EAFNOSUPPORT for a socket of another family, or -EINVAL for one that is not a stream.
 */
CMIO_API int cmio_unix_stream_from_fd(struct cmio_unix_stream *stream, int fd);

/* Deregisters and closes the stream but for its descriptor, which it returns: the caller's now. */
CMIO_API int cmio_unix_stream_into_fd(struct cmio_unix_stream *stream);

/* The descriptor: borrowed. */
CMIO_API int cmio_unix_stream_fd(const struct cmio_unix_stream *stream);

/*
 * Deregisters, then closes. NULL, a zeroed or closed stream is allowed: 0. The stream is closed
 * whatever comes back: 0, or what deregister or close(2) had to say.
 */
CMIO_API int cmio_unix_stream_close(struct cmio_unix_stream *stream);

/*
 * Receives up to length bytes: recv(2). Returns how many; 0 when the peer has sent all that it will
 * send; -EAGAIN when there is nothing yet; -ECONNRESET when the peer closed without reading
 * everything. Descriptors that came with the bytes are dropped: the system closes them.
 *
 * After an event, read until -EAGAIN. A read may return less than length although there is more,
 * and no event comes for the rest: a read stops at a send that passed descriptors (see below), at
 * an urgent byte (MSG_OOB, on Linux) and, with SO_PASSCRED, where the bytes of one sending process
 * end and those of another begin. You may stop at a short read only if the stream has none of
 * these, and if the event did not say read-closed: if it did, the end of the stream is there
 * already, so read on until 0.
 */
CMIO_API ssize_t cmio_unix_stream_read(struct cmio_unix_stream *stream, void *buffer,
                                       size_t length);

/*
 * The same into several buffers in turn, with one recvmsg(2). No buffers are 0 bytes, which is not
 * the end of the stream. -EINVAL for a negative count or more than IOV_MAX.
 */
CMIO_API ssize_t cmio_unix_stream_readv(struct cmio_unix_stream *stream,
                                        const struct iovec *buffers, int count);

/* Like read, but leaves the bytes, and descriptors with them, in place. MSG_PEEK. */
CMIO_API ssize_t cmio_unix_stream_peek(struct cmio_unix_stream *stream, void *buffer,
                                       size_t length);

/*
 * Sends up to length bytes: send(2). Returns how many the system took; -EAGAIN when it has no room;
 * -EPIPE when writing was shut down or the peer is gone. Less than length says that the buffer is
 * full: there is an event when there is room.
 */
CMIO_API ssize_t cmio_unix_stream_write(struct cmio_unix_stream *stream, const void *buffer,
                                        size_t length);

/*
 * The same from several buffers in turn, with one sendmsg(2). No buffers are 0 bytes. -EINVAL for a
 * negative count or more than IOV_MAX.
 */
CMIO_API ssize_t cmio_unix_stream_writev(struct cmio_unix_stream *stream,
                                         const struct iovec *buffers, int count);

/*
 * The most descriptors that one call sends. It is what all systems allow with room to spare: Linux
 * takes 253, OpenBSD about 120. What is received may be more, from a peer that is not cmio.
 */
enum { CMIO_UNIX_FDS_MAX = 64 };

/*
 * Sends up to length bytes, at least one, like write, and descriptors with the first of them:
 * SCM_RIGHTS, unix(7). The receiver gets duplicates, as if by dup(2); the caller keeps its own and
 * may close them at once. Returns how many bytes went: any number above 0 says that all the
 * descriptors did, and what is left of the bytes is to be sent by write. -EAGAIN and other failures
 * sent neither. Errors besides those of write: -EINVAL for no bytes or more than CMIO_UNIX_FDS_MAX
 * descriptors; -EBADF for one that is not open; -ETOOMANYREFS where too many are under way.
 *
 * Where bytes end and the next begin is not kept, but descriptors stay with the first byte of their
 * send: a read that takes that byte takes them, and no read takes the descriptors of two sends. It
 * may stop short of the next send for that reason, though more bytes are there: so read until
 * -EAGAIN. It may also begin with bytes that were sent before, by write, and on some systems end
 * with bytes that were sent after.
 */
CMIO_API ssize_t cmio_unix_stream_send_fds(struct cmio_unix_stream *stream, const void *buffer,
                                           size_t length, const int *fds, size_t count);

/*
 * Receives up to length bytes like read, and the descriptors that came with them into fds, which
 * has room for capacity. They are close-on-exec and the caller's to close; whether they are
 * non-blocking is a matter of the open file, which is shared with the sender, and is left as it is.
 * Returns how many bytes came, and sets *count to how many descriptors: 0 for most reads. All of
 * them are had or none: where that is not possible, those that came are closed, fds is untouched,
 * and *count is -EMSGSIZE for more than capacity, or -EMFILE when the system could not hand out all
 * of them, mostly since the process may open no more. The bytes were received all the same. fds may
 * be NULL if capacity is 0.
 *
 * Errors besides those of read: -EINVAL for a length of 0; on BSDs -EMSGSIZE in place of the
 * -EMFILE above: the descriptors are lost, the bytes are there for the next read. On failure *count
 * and fds are untouched.
 */
CMIO_API ssize_t cmio_unix_stream_receive_fds(struct cmio_unix_stream *stream, void *buffer,
                                              size_t length, int *fds, size_t capacity,
                                              ssize_t *count);

/* Ends one direction, or both: shutdown(2). -ENOTCONN before it is connected. */
CMIO_API int cmio_unix_stream_shutdown(struct cmio_unix_stream *stream, enum cmio_shutdown how);

/*
 * This end's address, and the other's (-ENOTCONN while there is none). An end that was bound to no
 * name, as those of pair and connect are, is unnamed.
 */
CMIO_API int cmio_unix_stream_local_address(const struct cmio_unix_stream *stream,
                                            struct cmio_address *out);
CMIO_API int cmio_unix_stream_peer_address(const struct cmio_unix_stream *stream,
                                           struct cmio_address *out);

/* 0, or the pending error of the socket as a negative errno, which is cleared: SO_ERROR. */
CMIO_API int cmio_unix_stream_take_error(struct cmio_unix_stream *stream);

CMIO_END_DECLS

#endif
