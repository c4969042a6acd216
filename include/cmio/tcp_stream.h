/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TCP_STREAM_H
#define CMIO_TCP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

struct iovec; /* <sys/uio.h> */

/*
 * A TCP connection (tcp(7), RFC 9293). The descriptor is non-blocking and close-on-exec, and owned.
 * Each read and write is one system call. It raises no SIGPIPE and never blocks, also where
 * somebody who shares the socket cleared O_NONBLOCK (MSG_DONTWAIT); send_file is the exception, see
 * there. A struct of zeros may be closed, and is good for nothing else. Every call below says
 * -EINVAL for a null argument and -EBADF for a closed stream.
 */
struct cmio_tcp_stream {
    struct cmio_source source;
};

/* What a stream does beyond moving bytes. Zeros are the defaults. */
struct cmio_tcp_stream_options {
    /* Probes a peer that is silent, so that one that vanished is noticed: SO_KEEPALIVE. */
    bool keepalive;
    /*
     * When, for a stream with keepalive; 0 leaves the number as it is, which in a new stream is the
     * system's own. How many seconds of silence come
     * before the first probe, how many between two, and how many probes stay unanswered until the
     * connection is -ETIMEDOUT: TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. -ENOTSUP where a stream
     * has no such options of its own (OpenBSD).
     */
    uint32_t keepalive_idle;     /* seconds, at most 32767 */
    uint32_t keepalive_interval; /* seconds, at most 32767 */
    uint32_t keepalive_count;    /* at most 127 */
    /*
     * What close does with bytes that were not sent yet: SO_LINGER. Off: it returns at once, and
     * the system sends them. On with 0 seconds: they are dropped, and the connection is reset. On
     * with more: close blocks the thread until they were taken, for at most that long.
     */
    bool linger;
    uint32_t linger_seconds; /* at most 32767 */
};

/*
 * Begins to connect. That the connection is still in progress is success: register the stream for
 * CMIO_WRITABLE and call cmio_tcp_stream_finish_connect() when it is. Errors: -EAFNOSUPPORT for a
 * Unix address; what socket(2) and connect(2) say. On failure stream is untouched and nothing is
 * open.
 */
CMIO_API int cmio_tcp_stream_connect(struct cmio_tcp_stream *stream,
                                     const struct cmio_address *address);

/*
 * How the connect went, to call when the stream is writable. 0: it is connected. -EINPROGRESS: it
 * is not yet, so wait for the next event, which comes. Any other error: it is not connected and
 * will not be.
 *
 * A connect that failed stays failed: every call gives the same error (-ECONNREFUSED, -ETIMEDOUT,
 * -EHOSTUNREACH, ...), also after take_error, a read or a write was told of it first. So does a
 * connection that was lost later: -ECONNRESET, -ETIMEDOUT. -ENOTCONN stands for what no call of
 * cmio was told: the program asked getsockopt(2) for SO_ERROR by itself, both ends have shut the
 * connection down, or an adopted socket was never connected (some systems show that one as
 * -EINPROGRESS for ever).
 */
CMIO_API int cmio_tcp_stream_finish_connect(struct cmio_tcp_stream *stream);

/*
 * Adopts a connected or connecting stream socket: it is made non-blocking and close-on-exec, and
 * belongs to the stream from then on. On failure it stays the caller's: -EBADF, -ENOTSOCK,
 * -EAFNOSUPPORT for a socket of another family, or -EINVAL for one of another type.
 */
CMIO_API int cmio_tcp_stream_from_fd(struct cmio_tcp_stream *stream, int fd);

/* Deregisters and closes the stream but for its descriptor, which it returns: the caller's now. */
CMIO_API int cmio_tcp_stream_into_fd(struct cmio_tcp_stream *stream);

/* The descriptor: borrowed. */
CMIO_API int cmio_tcp_stream_fd(const struct cmio_tcp_stream *stream);

/*
 * Deregisters, then closes. NULL, a zeroed or closed stream is allowed: 0. The stream is closed
 * whatever comes back: 0, or what deregister or close(2) had to say.
 */
CMIO_API int cmio_tcp_stream_close(struct cmio_tcp_stream *stream);

/*
 * Receives up to length bytes: recv(2). Returns how many; 0 when the peer has sent all that it will
 * send; -EAGAIN when there is nothing yet; -ECONNRESET and other errors of the connection. length
 * should not be 0.
 *
 * After an event, read until -EAGAIN. You may stop at a short read, one that returns less than
 * length, if two things hold. First, the peer sends no urgent data (MSG_OOB): a read stops before
 * the urgent byte although more bytes may follow it, and no event comes for those. A peer that you
 * do not control can send some. Second, the event did not say read-closed: if it did, the end of
 * the stream is there already, so read on until 0.
 */
CMIO_API ssize_t cmio_tcp_stream_read(struct cmio_tcp_stream *stream, void *buffer, size_t length);

/*
 * The same into several buffers in turn, with one recvmsg(2). No buffers are 0 bytes, which is not
 * the end of the stream. -EINVAL for a negative count or more than IOV_MAX.
 */
CMIO_API ssize_t cmio_tcp_stream_readv(struct cmio_tcp_stream *stream, const struct iovec *buffers,
                                       int count);

/* Like read, but leaves the bytes in place: they are there for the next read. MSG_PEEK. */
CMIO_API ssize_t cmio_tcp_stream_peek(struct cmio_tcp_stream *stream, void *buffer, size_t length);

/*
 * Sends up to length bytes: send(2). Returns how many the system took; -EAGAIN when it has no room;
 * -EPIPE when writing was shut down or the peer is gone, -ECONNRESET, and so on. Less than length
 * says that the buffer is full: there is an event when there is room.
 */
CMIO_API ssize_t cmio_tcp_stream_write(struct cmio_tcp_stream *stream, const void *buffer,
                                       size_t length);

/*
 * The same from several buffers in turn, with one sendmsg(2). No buffers are 0 bytes. -EINVAL for a
 * negative count or more than IOV_MAX.
 */
CMIO_API ssize_t cmio_tcp_stream_writev(struct cmio_tcp_stream *stream, const struct iovec *buffers,
                                        int count);

/*
 * Sends up to length bytes of a file that is open for reading, from the given offset on, without a
 * copy through the program where the system can: sendfile(2), otherwise pread(2) and send(2), as
 * many calls as it takes. The file's own position is neither used nor changed. Returns how many
 * bytes the system took: advance the offset by them. 0 means that the file has no more bytes;
 * -EAGAIN that the socket has no room, and there is an event when it has. Less than length means
 * that the socket is full or the file has ended, also for files that a read(2) hands out in pieces,
 * such as those of proc(5), or that an error followed. A program that does not know how long the
 * file is calls again at once: -EAGAIN, 0 or the error tells which it was. Other errors: -EINVAL
 * for a negative offset, -EBADF for a file that is not open for reading, -ESPIPE for a pipe or a
 * socket, -EISDIR, -EIO, and the errors of write.
 *
 * Unlike write, it has two limits that no system lets cmio lift. On Linux a peer that is gone
 * raises SIGPIPE here: a program that uses this call ignores that signal. And sendfile(2) blocks
 * where somebody who shares the socket cleared O_NONBLOCK.
 */
CMIO_API ssize_t cmio_tcp_stream_send_file(struct cmio_tcp_stream *stream, int file, int64_t offset,
                                           size_t length);

/* Ends one direction, or both: shutdown(2). -ENOTCONN before it is connected. */
CMIO_API int cmio_tcp_stream_shutdown(struct cmio_tcp_stream *stream, enum cmio_shutdown how);

/*
 * Sets the options to what is given; options must not be NULL. Errors: -EINVAL for a number out of
 * range, or one without the option that it belongs to; -ENOTSUP for one that the system does not
 * know. Both come before anything was changed.
 */
CMIO_API int cmio_tcp_stream_set_options(struct cmio_tcp_stream *stream,
                                         const struct cmio_tcp_stream_options *options);

/*
 * The options as they are; numbers of keepalive are those in force while it is on, where the system
 * tells.
 */
CMIO_API int cmio_tcp_stream_get_options(const struct cmio_tcp_stream *stream,
                                         struct cmio_tcp_stream_options *out);

/*
 * What closing does with bytes that were not sent yet: SO_LINGER of socket(7). Disabled, the default:
 * closing returns at once, and the system goes on to send them. Enabled with 0 seconds: they are
 * dropped, and the connection is reset. Enabled with more: closing blocks the thread until the peer
 * has taken them, for at most that many seconds. Nothing else of the stream's options changes.
 * Errors: -EINVAL for a null stream, more than 32767 seconds, or seconds other than 0 with enabled
 * false; -EBADF for a closed stream; what setsockopt(2) says.
 */
CMIO_API int cmio_tcp_stream_set_linger(struct cmio_tcp_stream *stream, bool enabled,
                                        uint32_t seconds);

/*
 * What cmio_tcp_stream_set_linger() has set: *seconds is 0 where *enabled is false. Either pointer
 * may be NULL. Errors: -EINVAL for a null stream, -EBADF for a closed one; both are untouched then.
 */
CMIO_API int cmio_tcp_stream_linger(const struct cmio_tcp_stream *stream, bool *enabled,
                                    uint32_t *seconds);

/* TCP_NODELAY: whether small writes go out at once. Off in a new stream. */
CMIO_API int cmio_tcp_stream_set_nodelay(struct cmio_tcp_stream *stream, bool enabled);
CMIO_API int cmio_tcp_stream_nodelay(const struct cmio_tcp_stream *stream, bool *out);

/*
 * The time to live (IPv6: the hop limit) of the packets that are sent, 1 to 255; -EINVAL otherwise.
 * It also holds for an IPv6 stream whose peer is an IPv4 one (::ffff:a.b.c.d).
 */
CMIO_API int cmio_tcp_stream_set_ttl(struct cmio_tcp_stream *stream, uint32_t ttl);
CMIO_API int cmio_tcp_stream_ttl(const struct cmio_tcp_stream *stream, uint32_t *out);

/* This end's address, and the other's (-ENOTCONN while there is none). */
CMIO_API int cmio_tcp_stream_local_address(const struct cmio_tcp_stream *stream,
                                           struct cmio_address *out);
CMIO_API int cmio_tcp_stream_peer_address(const struct cmio_tcp_stream *stream,
                                          struct cmio_address *out);

/*
 * 0, or the pending error of the socket as a negative errno, which is cleared: SO_ERROR.
 * cmio_tcp_stream_finish_connect() knows it all the same.
 */
CMIO_API int cmio_tcp_stream_take_error(struct cmio_tcp_stream *stream);

CMIO_END_DECLS

#endif
