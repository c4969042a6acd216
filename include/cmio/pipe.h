/* SPDX-License-Identifier: MIT */
#ifndef CMIO_PIPE_H
#define CMIO_PIPE_H

/**
 * @file
 * Pipes, and other descriptors that work with read(2) and write(2), such as a child's standard
 * streams.
 */

#include <stddef.h>
#include <sys/types.h>

#include <cmio/export.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/**
 * One buffer of a call that takes several: its start and its length in bytes.
 *
 * Declared in full by `<sys/uio.h>`, which a program that uses it includes.
 */
struct iovec;

/**
 * The end of a pipe that writes, or another descriptor to write to.
 *
 * cmio_pipe_new() or cmio_pipe_sender_from_fd() makes a sender in the caller's memory. What it
 * writes, the receiver of the pipe reads. The sender owns its descriptor, which is non-blocking and
 * close-on-exec. cmio_pipe_sender_close() closes it. The struct may be moved if only one copy is
 * used afterwards. Each write is one system call.
 *
 * When the last receiver is closed, the sender is writable, on every system. The other flag of the
 * event differs. On Linux it is error, and never write-closed. With kqueue it is write-closed, and
 * not error. With poll(2) on other systems it is one of the two. OpenBSD and NetBSD may leave out
 * this flag with one-shot interest. So ask for both or for neither, and write:
 *
 * @code{.c}
 * cmio_event_is_error(event) || cmio_event_is_write_closed(event)
 * @endcode
 *
 * The write fails with -EPIPE. It also raises SIGPIPE, as POSIX requires, even if the descriptor is
 * a socket that was adopted. By default SIGPIPE ends the program. To get the error instead, ignore
 * the signal first:
 *
 * @code{.c}
 * signal(SIGPIPE, SIG_IGN);
 * @endcode
 *
 * A signal stays ignored in programs that are executed, so a child sets SIG_DFL before exec(3).
 *
 * Non-blocking is a property of the open pipe, FIFO or terminal, which all who inherited or
 * duplicated a descriptor of it share. If one of them clears O_NONBLOCK, reads and writes block,
 * because read(2) and write(2) have no flag against that, unlike the calls of sockets. Give a child
 * an end of its own, and keep the other.
 *
 * Zeroed memory is a closed sender. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a sender.
 *
 * **Source**: pipe(7), POSIX.1-2017 pipe().
 */
struct cmio_pipe_sender {
    /** What the registry takes: `&sender.source`. Its members are internal. */
    struct cmio_source source;
};

/**
 * The end of a pipe that reads, or another descriptor to read from.
 *
 * cmio_pipe_new() or cmio_pipe_receiver_from_fd() makes a receiver in the caller's memory. It reads
 * what the sender of the pipe writes. The receiver owns its descriptor, which is non-blocking and
 * close-on-exec. cmio_pipe_receiver_close() closes it. The struct may be moved if only one copy is
 * used afterwards. Each read is one system call.
 *
 * When the last sender is closed, the receiver is readable and read-closed, on every system. Bytes
 * may still be in the pipe, so read until 0.
 *
 * Non-blocking is a property of the open pipe, FIFO or terminal, which all who inherited or
 * duplicated a descriptor of it share. If one of them clears O_NONBLOCK, reads and writes block,
 * because read(2) and write(2) have no flag against that, unlike the calls of sockets. Give a child
 * an end of its own, and keep the other.
 *
 * Zeroed memory is a closed receiver. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a receiver.
 *
 * **Source**: pipe(7), POSIX.1-2017 pipe().
 */
struct cmio_pipe_receiver {
    /** What the registry takes: `&receiver.source`. Its members are internal. */
    struct cmio_source source;
};

/**
 * Makes a pipe: a sender, and a receiver that reads what the sender writes.
 *
 * @param sender    Receives the end that writes. It must not be open.
 * @param receiver  Receives the end that reads. It must not be open.
 *
 * **Returns** 0.
 *
 * **Errors**, after which sender and receiver are untouched and no descriptor is open:
 * - -EINVAL: sender or receiver is NULL.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - Other errors of pipe2(2).
 *
 * **Threads**: any thread. Each new end belongs to one thread at a time.
 *
 * **Source**: pipe2(2), pipe(7).
 */
CMIO_API int cmio_pipe_new(struct cmio_pipe_sender *sender, struct cmio_pipe_receiver *receiver);

/**
 * Adopts a descriptor to write to: a pipe, a FIFO, a terminal, a child's standard stream or a
 * socket.
 *
 * The descriptor becomes non-blocking and close-on-exec. Non-blocking is a property of the open
 * file, not of the descriptor. All who share the file, for example a terminal with the shell, find
 * it non-blocking then.
 *
 * @param sender  Receives the sender. It must not be open.
 * @param fd      The descriptor. On success it belongs to the sender, which closes it. On failure
 *                it stays the caller's.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave sender untouched:
 * - -EINVAL: sender is NULL, or fd was not opened for writing. On FreeBSD and OpenBSD both ends of
 *   a pipe are open for both.
 * - -EBADF: fd is not an open descriptor, or was opened for its name alone (O_PATH).
 * - -EPERM: fd is a regular file or a directory, which cannot be registered.
 * - Other errors of fcntl(2) and fstat(2).
 *
 * **Threads**: any thread. The new sender belongs to one thread at a time.
 *
 * **Source**: fcntl(2), fstat(2).
 */
CMIO_API int cmio_pipe_sender_from_fd(struct cmio_pipe_sender *sender, int fd);

/**
 * Adopts a descriptor to read from: a pipe, a FIFO, a terminal, a child's standard stream or a
 * socket.
 *
 * The descriptor becomes non-blocking and close-on-exec. Non-blocking is a property of the open
 * file, not of the descriptor. All who share the file, for example a terminal with the shell, find
 * it non-blocking then.
 *
 * @param receiver  Receives the receiver. It must not be open.
 * @param fd        The descriptor. On success it belongs to the receiver, which closes it. On
 *                  failure it stays the caller's.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave receiver untouched:
 * - -EINVAL: receiver is NULL, or fd was not opened for reading. On FreeBSD and OpenBSD both ends
 *   of a pipe are open for both.
 * - -EBADF: fd is not an open descriptor, or was opened for its name alone (O_PATH).
 * - -EPERM: fd is a regular file or a directory, which cannot be registered.
 * - Other errors of fcntl(2) and fstat(2).
 *
 * **Threads**: any thread. The new receiver belongs to one thread at a time.
 *
 * **Source**: fcntl(2), fstat(2).
 */
CMIO_API int cmio_pipe_receiver_from_fd(struct cmio_pipe_receiver *receiver, int fd);

/**
 * Deregisters the sender and gives its descriptor to the caller.
 *
 * The descriptor stays open, non-blocking and close-on-exec. Programs mostly expect their standard
 * streams to be blocking, so clear O_NONBLOCK with fcntl(2) before you give it to a child. The
 * sender is closed afterwards.
 *
 * @param sender  The sender. Borrowed.
 *
 * **Returns** the descriptor, which the caller must close.
 *
 * **Errors**:
 * - -EINVAL: sender is NULL.
 * - -EBADF: the sender is closed.
 *
 * **Threads**: the thread that the sender belongs to.
 */
CMIO_API int cmio_pipe_sender_into_fd(struct cmio_pipe_sender *sender);

/**
 * Deregisters the receiver and gives its descriptor to the caller.
 *
 * The descriptor stays open, non-blocking and close-on-exec. Programs mostly expect their standard
 * streams to be blocking, so clear O_NONBLOCK with fcntl(2) before you give it to a child. The
 * receiver is closed afterwards.
 *
 * @param receiver  The receiver. Borrowed.
 *
 * **Returns** the descriptor, which the caller must close.
 *
 * **Errors**:
 * - -EINVAL: receiver is NULL.
 * - -EBADF: the receiver is closed.
 *
 * **Threads**: the thread that the receiver belongs to.
 */
CMIO_API int cmio_pipe_receiver_into_fd(struct cmio_pipe_receiver *receiver);

/**
 * Returns the descriptor of the sender.
 *
 * Do not close it. If a call of your own on it returns EAGAIN, call cmio_source_rearm().
 *
 * @param sender  The sender. Borrowed.
 *
 * **Returns** the descriptor, which still belongs to the sender.
 *
 * **Errors**:
 * - -EINVAL: sender is NULL.
 * - -EBADF: the sender is closed.
 *
 * **Threads**: the thread that the sender belongs to.
 */
CMIO_API int cmio_pipe_sender_fd(const struct cmio_pipe_sender *sender);

/**
 * Returns the descriptor of the receiver.
 *
 * Do not close it. If a call of your own on it returns EAGAIN, call cmio_source_rearm().
 *
 * @param receiver  The receiver. Borrowed.
 *
 * **Returns** the descriptor, which still belongs to the receiver.
 *
 * **Errors**:
 * - -EINVAL: receiver is NULL.
 * - -EBADF: the receiver is closed.
 *
 * **Threads**: the thread that the receiver belongs to.
 */
CMIO_API int cmio_pipe_receiver_fd(const struct cmio_pipe_receiver *receiver);

/**
 * Deregisters the sender, then closes its descriptor.
 *
 * When the last sender is closed, the receiver reads the end once it has read what is in the pipe.
 *
 * The sender is closed after this call, whatever it returns.
 *
 * @param sender  The sender. NULL, zeroed memory and a closed sender are allowed. Nothing happens
 *                then.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the sender is closed too:
 * - -EBADF: the program closed the descriptor by other means.
 * - Other errors of close(2), such as -EIO, or of deregistering.
 *
 * **Threads**: the thread that the receiver belongs to.
 *
 * **Source**: close(2).
 */
CMIO_API int cmio_pipe_sender_close(struct cmio_pipe_sender *sender);

/**
 * Deregisters the receiver, then closes its descriptor.
 *
 * When the last receiver is closed, bytes that are still in the pipe are lost, and writing fails
 * with -EPIPE.
 *
 * The receiver is closed after this call, whatever it returns.
 *
 * @param receiver  The receiver. NULL, zeroed memory and a closed receiver are allowed. Nothing
 *                  happens then.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the receiver is closed too:
 * - -EBADF: the program closed the descriptor by other means.
 * - Other errors of close(2), such as -EIO, or of deregistering.
 *
 * **Threads**: the thread that the receiver belongs to.
 *
 * **Source**: close(2).
 */
CMIO_API int cmio_pipe_receiver_close(struct cmio_pipe_receiver *receiver);

/**
 * Writes bytes.
 *
 * Up to PIPE_BUF bytes (`<limits.h>`, at least 512) go into a pipe whole or not at all, and do not
 * mix with what others write. Of a longer write the pipe may take a part. A result below length
 * means that the pipe is full. An event follows when there is room.
 *
 * If nobody can read any more, writing raises SIGPIPE, which ends the program by default. Ignore it
 * to get -EPIPE: see struct cmio_pipe_sender.
 *
 * @param sender  The sender. Borrowed.
 * @param buffer  The bytes to write. Borrowed. NULL is allowed if length is 0.
 * @param length  How many bytes there are.
 *
 * **Returns** how many bytes the system took.
 *
 * **Errors**:
 * - -EINVAL: sender is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the sender is closed.
 * - -EAGAIN: there is no room. An event follows when there is.
 * - -EPIPE: nobody can read any more, and SIGPIPE is ignored.
 * - -EINTR: a signal handler ran while the call blocked, after somebody cleared O_NONBLOCK.
 * - Other errors of write(2).
 *
 * **Threads**: the thread that the sender belongs to.
 *
 * **Source**: write(2), pipe(7).
 */
CMIO_API ssize_t cmio_pipe_sender_write(struct cmio_pipe_sender *sender, const void *buffer,
                                        size_t length);

/**
 * Writes bytes from several buffers in turn.
 *
 * Up to PIPE_BUF bytes in all (`<limits.h>`, at least 512) go into a pipe whole or not at all, and
 * do not mix with what others write. Of a longer write the pipe may take a part. A result below the
 * sum of the lengths means that the pipe is full. An event follows when there is room.
 *
 * If nobody can read any more, writing raises SIGPIPE, which ends the program by default. Ignore it
 * to get -EPIPE: see struct cmio_pipe_sender.
 *
 * @param sender   The sender. Borrowed.
 * @param buffers  The buffers to write, each before the next. Borrowed. NULL is allowed if count is
 *                 0.
 * @param count    How many buffers there are, at most IOV_MAX.
 *
 * **Returns** how many bytes the system took in all. 0 if count is 0.
 *
 * **Errors**:
 * - -EINVAL: sender is NULL, buffers is NULL and count is not 0, or count is negative or above
 *   IOV_MAX.
 * - -EBADF: the sender is closed.
 * - -EAGAIN: there is no room. An event follows when there is.
 * - -EPIPE: nobody can read any more, and SIGPIPE is ignored.
 * - -EINTR: a signal handler ran while the call blocked, after somebody cleared O_NONBLOCK.
 * - Other errors of writev(2).
 *
 * **Threads**: the thread that the sender belongs to.
 *
 * **Source**: writev(2), pipe(7).
 */
CMIO_API ssize_t cmio_pipe_sender_writev(struct cmio_pipe_sender *sender,
                                         const struct iovec *buffers, int count);

/**
 * Reads bytes.
 *
 * After an event, read until -EAGAIN. On a plain pipe, such as those of cmio_pipe_new(), you may
 * also stop at a short read, which returns less than length. The pipe is empty then, and the next
 * bytes make an event. If the event was read-closed, the end is there already, so read on until 0.
 *
 * Do not stop at a short read from anything that hands out its bytes in pieces, because there may
 * be more, and no event comes for it. A terminal hands out one line for each read, and a pipe that
 * was opened with O_DIRECT one packet. An adopted socket may stop early as cmio_tcp_stream_read()
 * and cmio_unix_stream_read() describe.
 *
 * @param receiver  The receiver. Borrowed.
 * @param buffer    Receives the bytes. NULL is allowed if length is 0.
 * @param length    The size of buffer in bytes. Pass more than 0, because a result of 0 could not
 *                  be told from the end.
 *
 * **Returns** how many bytes were read. 0 at the end, when nobody can write any more.
 *
 * **Errors**:
 * - -EINVAL: receiver is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the receiver is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -EIO: the other side of a terminal is gone, on some systems.
 * - -EINTR: a signal handler ran while the call blocked, after somebody cleared O_NONBLOCK.
 * - Other errors of read(2).
 *
 * **Threads**: the thread that the receiver belongs to.
 *
 * **Source**: read(2), pipe(7).
 */
CMIO_API ssize_t cmio_pipe_receiver_read(struct cmio_pipe_receiver *receiver, void *buffer,
                                         size_t length);

/**
 * Reads bytes into several buffers in turn.
 *
 * After an event, read until -EAGAIN. A short read, which returns less than was asked for, need not
 * be the last: see cmio_pipe_receiver_read() for when you may stop at it.
 *
 * @param receiver  The receiver. Borrowed.
 * @param buffers   The buffers to fill, each before the next. Borrowed. NULL is allowed if count is
 *                  0.
 * @param count     How many buffers there are, at most IOV_MAX.
 *
 * **Returns** how many bytes were read in all. 0 at the end, when nobody can write any more, and if
 * count is 0, which is not the end.
 *
 * **Errors**:
 * - -EINVAL: receiver is NULL, buffers is NULL and count is not 0, or count is negative or above
 *   IOV_MAX.
 * - -EBADF: the receiver is closed.
 * - -EAGAIN: nothing has arrived yet.
 * - -EIO: the other side of a terminal is gone, on some systems.
 * - -EINTR: a signal handler ran while the call blocked, after somebody cleared O_NONBLOCK.
 * - Other errors of readv(2).
 *
 * **Threads**: the thread that the receiver belongs to.
 *
 * **Source**: readv(2), pipe(7).
 */
CMIO_API ssize_t cmio_pipe_receiver_readv(struct cmio_pipe_receiver *receiver,
                                          const struct iovec *buffers, int count);

CMIO_END_DECLS

#endif
