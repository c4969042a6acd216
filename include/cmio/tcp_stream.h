/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TCP_STREAM_H
#define CMIO_TCP_STREAM_H

/**
 * @file
 * TCP streams: connecting, reading and writing, sending files, and socket options.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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
 * A TCP connection.
 *
 * cmio_tcp_stream_connect(), cmio_tcp_listener_accept() or cmio_tcp_stream_from_fd() makes a stream
 * in the caller's memory. The stream owns its descriptor, which is non-blocking and close-on-exec.
 * cmio_tcp_stream_close() closes it. The struct may be moved if only one copy is used afterwards.
 *
 * Each read and write is one system call. It raises no SIGPIPE, and it never blocks, also if
 * another holder of the socket cleared O_NONBLOCK (MSG_DONTWAIT). cmio_tcp_stream_send_file() is
 * the exception.
 *
 * Zeroed memory is a closed stream. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a stream. While the stream stays registered, or stays
 * unregistered, one thread may read from it and another one write to it.
 *
 * **Source**: tcp(7), RFC 9293.
 */
struct cmio_tcp_stream {
    /** What the registry takes: `&stream.source`. Its members are internal. */
    struct cmio_source source;
};

/**
 * What a stream does beyond moving bytes. Zeros are the defaults.
 *
 * See cmio_tcp_stream_set_options(). On OpenBSD, which has no numbers of keepalive for a single
 * stream, the three must be 0.
 */
struct cmio_tcp_stream_options {
    /**
     * Whether the system probes a silent peer, so that a peer that vanished is noticed:
     * SO_KEEPALIVE.
     */
    bool keepalive;
    /**
     * How many seconds of silence come before the first probe, at most 32767: TCP_KEEPIDLE.
     *
     * May be above 0 only with keepalive. If it is 0, setting leaves the number as it is, which is
     * the system's own in a new stream.
     */
    uint32_t keepalive_idle;
    /**
     * How many seconds pass between two probes, at most 32767: TCP_KEEPINTVL.
     *
     * May be above 0 only with keepalive. If it is 0, setting leaves the number as it is, which is
     * the system's own in a new stream.
     */
    uint32_t keepalive_interval;
    /**
     * How many probes stay unanswered before the connection fails with -ETIMEDOUT, at most 127:
     * TCP_KEEPCNT.
     *
     * May be above 0 only with keepalive. If it is 0, setting leaves the number as it is, which is
     * the system's own in a new stream.
     */
    uint32_t keepalive_count;
    /**
     * Whether closing waits for bytes that were not sent yet, or drops them, as linger_seconds has
     * it: SO_LINGER.
     *
     * If it is false, closing returns at once, and the system goes on sending them.
     */
    bool linger;
    /**
     * How many seconds closing blocks the thread at most until the peer has taken the bytes, at
     * most 32767.
     *
     * With 0 seconds the bytes are dropped, and the connection is reset. Must be 0 if linger is
     * false.
     */
    uint32_t linger_seconds;
};

/**
 * Makes a stream and begins to connect it to an address.
 *
 * A connection that is still in progress is success. Register the stream for CMIO_WRITABLE, and
 * call cmio_tcp_stream_finish_connect() when it is writable.
 *
 * @param stream   Receives the stream. It must not be open.
 * @param address  The IPv4 or IPv6 address of the peer. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which stream is untouched and no descriptor is open:
 * - -EINVAL: stream or address is NULL, or connect(2) refuses the address, for example a link-local
 *   IPv6 address without a scope.
 * - -EAFNOSUPPORT: address is neither an IPv4 nor an IPv6 address, or the system lacks its family.
 * - -ECONNREFUSED: nobody listens there, on systems that tell at once.
 * - -ENETUNREACH, -EHOSTUNREACH: there is no route to the address.
 * - -EADDRNOTAVAIL: no local port is free, or no local address fits.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2) and connect(2).
 *
 * **Threads**: any thread. The new stream belongs to one thread at a time.
 *
 * **Source**: socket(2), connect(2).
 */
CMIO_API int cmio_tcp_stream_connect(struct cmio_tcp_stream *stream,
                                     const struct cmio_address *address);

/**
 * Checks whether the connect of a stream has succeeded.
 *
 * Call it when the stream is writable. After -EINPROGRESS wait for the next event, which comes.
 * After any other error the stream is not connected and will not be.
 *
 * A connect that failed stays failed. Every call returns its error, even if
 * cmio_tcp_stream_take_error(), a read or a write returned it before. This also holds for a
 * connection that was lost later, with -ECONNRESET or -ETIMEDOUT.
 *
 * @param stream  The stream. Borrowed.
 *
 * **Returns** 0 if the stream is connected.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL.
 * - -EBADF: the stream is closed.
 * - -EINPROGRESS: the connect is still in progress.
 * - -ECONNREFUSED: nobody listens there.
 * - -ETIMEDOUT: the peer did not answer in time.
 * - -EHOSTUNREACH, -ENETUNREACH: the network does not reach the peer.
 * - -ECONNRESET: the peer reset the connection.
 * - -ENOTCONN: the stream is not connected, and no call of cmio was told why. The program took
 *   SO_ERROR with getsockopt(2), both ends have shut the connection down, or an adopted socket was
 *   never connected, for which some systems return -EINPROGRESS for ever.
 * - Other errors of connect(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: connect(2), getpeername(2).
 */
CMIO_API int cmio_tcp_stream_finish_connect(struct cmio_tcp_stream *stream);

/**
 * Adopts an IPv4 or IPv6 stream socket that is connected or connecting.
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
 * - -EAFNOSUPPORT: the socket's family is neither IPv4 nor IPv6.
 * - Other errors of getsockname(2), getsockopt(2), setsockopt(2) and fcntl(2).
 *
 * **Threads**: any thread. The new stream belongs to one thread at a time.
 *
 * **Source**: fcntl(2), socket(7).
 */
CMIO_API int cmio_tcp_stream_from_fd(struct cmio_tcp_stream *stream, int fd);

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
CMIO_API int cmio_tcp_stream_into_fd(struct cmio_tcp_stream *stream);

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
CMIO_API int cmio_tcp_stream_fd(const struct cmio_tcp_stream *stream);

/**
 * Deregisters the stream, then closes its descriptor.
 *
 * cmio_tcp_stream_set_linger() decides what happens to bytes that were not sent yet. Only a linger
 * of some seconds makes this call block.
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
CMIO_API int cmio_tcp_stream_close(struct cmio_tcp_stream *stream);

/**
 * Receives bytes.
 *
 * After an event, read until -EAGAIN. You may stop at a short read, which returns less than length,
 * if two things hold. First, the peer sends no urgent data (MSG_OOB). A read stops before the
 * urgent byte although more bytes may follow it, and no event comes for those. A peer that you do
 * not control can send some. Second, the event was not read-closed. If it was, the end of the
 * stream is there already, so read on until 0.
 *
 * @param stream  The stream. Borrowed.
 * @param buffer  Receives the bytes. NULL is allowed if length is 0.
 * @param length  The size of buffer in bytes. Pass more than 0, because a result of 0 could not be
 *                told from the end.
 *
 * **Returns** how many bytes were received. 0 if the peer has sent all that it will send.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -ENOTCONN: there is no connection.
 * - -ECONNRESET: the peer reset the connection.
 * - -ECONNREFUSED: the connect failed because nobody listens there.
 * - -ETIMEDOUT: the peer did not answer in time, also to the probes of keepalive.
 * - Other errors of recv(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may write to the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recv(2), tcp(7).
 */
CMIO_API ssize_t cmio_tcp_stream_read(struct cmio_tcp_stream *stream, void *buffer, size_t length);

/**
 * Receives bytes into several buffers in turn.
 *
 * After an event, read until -EAGAIN. A short read, which returns less than was asked for, need not
 * be the last: see cmio_tcp_stream_read() for when you may stop at it.
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
 * - -EINVAL: stream is NULL, buffers is NULL and count is not 0, or count is negative or above
 *   IOV_MAX.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -ENOTCONN: there is no connection.
 * - -ECONNRESET: the peer reset the connection.
 * - -ECONNREFUSED: the connect failed because nobody listens there.
 * - -ETIMEDOUT: the peer did not answer in time, also to the probes of keepalive.
 * - Other errors of recvmsg(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may write to the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recvmsg(2).
 */
CMIO_API ssize_t cmio_tcp_stream_readv(struct cmio_tcp_stream *stream, const struct iovec *buffers,
                                       int count);

/**
 * Copies bytes that have arrived, and leaves them in place for the next read.
 *
 * @param stream  The stream. Borrowed.
 * @param buffer  Receives the bytes. NULL is allowed if length is 0.
 * @param length  The size of buffer in bytes. Pass more than 0, because a result of 0 could not be
 *                told from the end.
 *
 * **Returns** how many bytes were copied. 0 if the peer has sent all that it will send.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the stream is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -ENOTCONN: there is no connection.
 * - -ECONNRESET: the peer reset the connection.
 * - -ECONNREFUSED: the connect failed because nobody listens there.
 * - -ETIMEDOUT: the peer did not answer in time, also to the probes of keepalive.
 * - Other errors of recv(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may write to the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: MSG_PEEK, recv(2).
 */
CMIO_API ssize_t cmio_tcp_stream_peek(struct cmio_tcp_stream *stream, void *buffer, size_t length);

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
 * - -EPIPE: writing was shut down, the connection has ended or, on Linux, there never was a
 *   connection.
 * - -ENOTCONN: there is no connection, on other systems.
 * - -ECONNRESET: the peer reset the connection.
 * - -ECONNREFUSED: the connect failed because nobody listens there.
 * - -ETIMEDOUT: the peer did not answer in time, also to the probes of keepalive.
 * - Other errors of send(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may read from the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: send(2), tcp(7).
 */
CMIO_API ssize_t cmio_tcp_stream_write(struct cmio_tcp_stream *stream, const void *buffer,
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
 * - -EPIPE: writing was shut down, the connection has ended or, on Linux, there never was a
 *   connection.
 * - -ENOTCONN: there is no connection, on other systems.
 * - -ECONNRESET: the peer reset the connection.
 * - -ECONNREFUSED: the connect failed because nobody listens there.
 * - -ETIMEDOUT: the peer did not answer in time, also to the probes of keepalive.
 * - Other errors of sendmsg(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may read from the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: sendmsg(2).
 */
CMIO_API ssize_t cmio_tcp_stream_writev(struct cmio_tcp_stream *stream, const struct iovec *buffers,
                                        int count);

/**
 * Sends bytes of a file, without a copy through the program if the system can.
 *
 * It makes as many system calls as it takes: sendfile(2), or pread(2) and send(2). The file's own
 * position is neither used nor changed.
 *
 * A result below length means that the socket is full, that the file has ended, or that an error
 * followed. This also holds for files that read(2) hands out in pieces, such as those of proc(5).
 * If the length of the file is not known, call again at once: -EAGAIN, 0 or the error tells which
 * it was.
 *
 * Unlike cmio_tcp_stream_write(), this call has two limits that no system lets cmio lift. On Linux
 * a peer that is gone raises SIGPIPE in this call, so a program that uses it must ignore that
 * signal. And sendfile(2) blocks if another holder of the socket cleared O_NONBLOCK.
 *
 * @param stream  The stream. Borrowed.
 * @param file    The descriptor of the file, open for reading. Borrowed.
 * @param offset  The position in the file to begin at, in bytes. The caller advances it by the
 *                result.
 * @param length  How many bytes to send at most.
 *
 * **Returns** how many bytes the system took. 0 if the file has no bytes at the offset, or if
 * length is 0.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, or offset is negative.
 * - -EBADF: the stream is closed, or file is not open for reading.
 * - -ESPIPE: file is a pipe or a socket.
 * - -EISDIR: file is a directory, except on NetBSD, which sends its bytes.
 * - -EIO: the file could not be read.
 * - -EINTR: a signal handler ran before anything was sent.
 * - -EAGAIN: the system has no room. An event follows when it has.
 * - -EPIPE: writing was shut down, the connection has ended or, on Linux, there never was a
 *   connection.
 * - -ENOTCONN: there is no connection, on other systems.
 * - -ECONNRESET: the peer reset the connection.
 * - -ECONNREFUSED: the connect failed because nobody listens there.
 * - -ETIMEDOUT: the peer did not answer in time, also to the probes of keepalive.
 * - Other errors of sendfile(2), pread(2) and send(2).
 *
 * **Threads**: the thread that the stream belongs to. Another one may read from the stream
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: sendfile(2), pread(2), send(2).
 */
CMIO_API ssize_t cmio_tcp_stream_send_file(struct cmio_tcp_stream *stream, int file, int64_t offset,
                                           size_t length);

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
 * - -ENOTCONN: the stream is not connected. OpenBSD and NetBSD do not mind.
 * - Other errors of shutdown(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: shutdown(2).
 */
CMIO_API int cmio_tcp_stream_shutdown(struct cmio_tcp_stream *stream, enum cmio_shutdown how);

/**
 * Sets the options of the stream.
 *
 * Keepalive or linger is turned off if it is false in options. Only a number of keepalive that is 0
 * leaves its number as it is.
 *
 * Nothing has changed after -EINVAL, -EBADF and -ENOTSUP. After other errors some of the options
 * may be set.
 *
 * @param stream   The stream. Borrowed.
 * @param options  The options. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: stream or options is NULL, a number is out of range, or a number is not 0 although the
 *   option that it belongs to is false.
 * - -EBADF: the stream is closed.
 * - -ENOTSUP: the system does not have a number of keepalive that is not 0.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: SO_KEEPALIVE and SO_LINGER, socket(7). TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT,
 * tcp(7).
 */
CMIO_API int cmio_tcp_stream_set_options(struct cmio_tcp_stream *stream,
                                         const struct cmio_tcp_stream_options *options);

/**
 * Gets the options of the stream.
 *
 * The numbers of keepalive are those in force. They are 0 while keepalive is off, and on systems
 * that do not tell them.
 *
 * @param stream  The stream. Borrowed.
 * @param out     Receives the options.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: stream or out is NULL.
 * - -EBADF: the stream is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: SO_KEEPALIVE and SO_LINGER, socket(7). TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT,
 * tcp(7).
 */
CMIO_API int cmio_tcp_stream_get_options(const struct cmio_tcp_stream *stream,
                                         struct cmio_tcp_stream_options *out);

/**
 * Sets what closing does with bytes that were not sent yet.
 *
 * - Disabled, which is the default: closing returns at once, and the system goes on sending them.
 * - Enabled with 0 seconds: they are dropped, and the connection is reset.
 * - Enabled with more seconds: closing blocks the thread until the peer has taken them, for at most
 *   that long.
 *
 * The other options of the stream stay as they are.
 *
 * @param stream   The stream. Borrowed.
 * @param enabled  Whether closing lingers.
 * @param seconds  For how many seconds at most, 0 to 32767. Must be 0 if enabled is false.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, or seconds is out of range.
 * - -EBADF: the stream is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: SO_LINGER, socket(7).
 */
CMIO_API int cmio_tcp_stream_set_linger(struct cmio_tcp_stream *stream, bool enabled,
                                        uint32_t seconds);

/**
 * Gets what closing does with bytes that were not sent yet.
 *
 * - Disabled, which is the default: closing returns at once, and the system goes on sending them.
 * - Enabled with 0 seconds: they are dropped, and the connection is reset.
 * - Enabled with more seconds: closing blocks the thread until the peer has taken them, for at most
 *   that long.
 *
 * @param stream   The stream. Borrowed.
 * @param enabled  Receives whether closing lingers. NULL is allowed.
 * @param seconds  Receives for how many seconds at most, or 0 if closing does not linger. NULL is
 *                 allowed.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave enabled and seconds untouched:
 * - -EINVAL: stream is NULL.
 * - -EBADF: the stream is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: SO_LINGER, socket(7).
 */
CMIO_API int cmio_tcp_stream_linger(const struct cmio_tcp_stream *stream, bool *enabled,
                                    uint32_t *seconds);

/**
 * Sets whether small writes are sent at once, instead of being gathered.
 *
 * It is off in a new stream.
 *
 * @param stream   The stream. Borrowed.
 * @param enabled  Whether they are sent at once.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL.
 * - -EBADF: the stream is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: TCP_NODELAY, tcp(7).
 */
CMIO_API int cmio_tcp_stream_set_nodelay(struct cmio_tcp_stream *stream, bool enabled);

/**
 * Gets whether small writes are sent at once, instead of being gathered.
 *
 * @param stream  The stream. Borrowed.
 * @param out     Receives whether they are sent at once.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: stream or out is NULL.
 * - -EBADF: the stream is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: TCP_NODELAY, tcp(7).
 */
CMIO_API int cmio_tcp_stream_nodelay(const struct cmio_tcp_stream *stream, bool *out);

/**
 * Sets the time to live of the packets that the stream sends.
 *
 * The number is the hop limit for IPv6. It also applies to an IPv6 stream whose peer has an IPv4
 * address inside an IPv6 one, such as "::ffff:192.0.2.1".
 *
 * @param stream  The stream. Borrowed.
 * @param ttl     How many hops a packet may take, 1 to 255.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: stream is NULL, or ttl is out of range.
 * - -EBADF: the stream is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: IP_TTL, ip(7). IPV6_UNICAST_HOPS, ipv6(7).
 */
CMIO_API int cmio_tcp_stream_set_ttl(struct cmio_tcp_stream *stream, uint32_t ttl);

/**
 * Gets the time to live of the packets that the stream sends.
 *
 * The number is the hop limit for IPv6. For an IPv6 stream whose peer has an IPv4 address inside an
 * IPv6 one, it is the number that the peer gets.
 *
 * @param stream  The stream. Borrowed.
 * @param out     Receives the number of hops, 1 to 255.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: stream or out is NULL.
 * - -EBADF: the stream is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the stream belongs to.
 *
 * **Source**: IP_TTL, ip(7). IPV6_UNICAST_HOPS, ipv6(7).
 */
CMIO_API int cmio_tcp_stream_ttl(const struct cmio_tcp_stream *stream, uint32_t *out);

/**
 * Gets the address of this end of the stream.
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
CMIO_API int cmio_tcp_stream_local_address(const struct cmio_tcp_stream *stream,
                                           struct cmio_address *out);

/**
 * Gets the address of the other end of the stream.
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
CMIO_API int cmio_tcp_stream_peer_address(const struct cmio_tcp_stream *stream,
                                          struct cmio_address *out);

/**
 * Returns the pending error of the stream and clears it.
 *
 * cmio_tcp_stream_finish_connect() still returns the error afterwards, if it ended the connect or
 * the connection.
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
CMIO_API int cmio_tcp_stream_take_error(struct cmio_tcp_stream *stream);

CMIO_END_DECLS

#endif
