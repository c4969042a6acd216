/* SPDX-License-Identifier: MIT */
#ifndef CMIO_PIPE_H
#define CMIO_PIPE_H

#include <stddef.h>
#include <sys/types.h>

#include <cmio/export.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

struct iovec; /* <sys/uio.h> */

/*
 * The two ends of a pipe (pipe(7), POSIX.1-2017 pipe()), each a source of its own: what the sender
 * writes, the receiver reads. Each also adopts other descriptors that work with read(2) and
 * write(2): a child's standard streams, FIFOs, terminals. Descriptors are non-blocking and
 * close-on-exec, and owned. Each call is one system call. A struct of zeros may be closed, and is
 * good for nothing else. Every call below returns -EINVAL for a null argument and -EBADF for a
 * closed end.
 *
 * When the last sender is closed, the receiver is readable and read-closed, on every system. Bytes
 * may still be in the pipe: read until 0.
 *
 * When the last receiver is closed, the sender is writable, on every system. The hint beside it
 * differs. On Linux it is error, and never write-closed. With kqueue it is write-closed, and not
 * error. With poll(2) on other systems it is one of the two. OpenBSD and NetBSD may give no hint
 * with one-shot interest. So ask for both,
 *
 *     cmio_event_is_error(event) || cmio_event_is_write_closed(event)
 *
 * or for neither, and write: the write fails with -EPIPE.
 *
 * That write raises SIGPIPE, as POSIX says, and so does a write to a socket that was adopted here.
 * By default SIGPIPE ends the program. To get the error -EPIPE instead, ignore the signal first:
 *
 *     signal(SIGPIPE, SIG_IGN);
 *
 * An ignored signal stays so in programs that it executes: a child sets SIG_DFL before exec(3).
 *
 * Non-blocking is a property of the open pipe, FIFO or terminal, which all who inherited or
 * duplicated a descriptor of it share. Where one of them clears O_NONBLOCK, the calls below block:
 * read(2) and write(2) have no flag against that, unlike those of sockets. Give a child an end of
 * its own, and keep the other.
 */
struct cmio_pipe_sender {
    struct cmio_source source;
};

struct cmio_pipe_receiver {
    struct cmio_source source;
};

/*
 * Makes a pipe. Errors: -EINVAL for a null argument; -EMFILE, -ENFILE. On failure both are
 * untouched and nothing is open.
 */
CMIO_API int cmio_pipe_new(struct cmio_pipe_sender *sender, struct cmio_pipe_receiver *receiver);

/*
 * Adopts a descriptor to write to, or to read from: it is made non-blocking and close-on-exec, and
 * belongs to the sender or receiver from then on. Non-blocking is a property of what is open, not
 * of the number: all who share it, for example a terminal with the shell, find it so. On failure
 * it stays the caller's: -EBADF; -EPERM for a regular file or a directory, which cannot be
 * registered; -EINVAL for one that was not opened for writing or reading.
 */
CMIO_API int cmio_pipe_sender_from_fd(struct cmio_pipe_sender *sender, int fd);
CMIO_API int cmio_pipe_receiver_from_fd(struct cmio_pipe_receiver *receiver, int fd);

/*
 * Deregisters and closes the end but for its descriptor, which it returns, as it is: the caller's
 * now. Programs mostly want their standard streams blocking, so for a child's end clear O_NONBLOCK
 * with fcntl(2).
 */
CMIO_API int cmio_pipe_sender_into_fd(struct cmio_pipe_sender *sender);
CMIO_API int cmio_pipe_receiver_into_fd(struct cmio_pipe_receiver *receiver);

/* The descriptor: borrowed. */
CMIO_API int cmio_pipe_sender_fd(const struct cmio_pipe_sender *sender);
CMIO_API int cmio_pipe_receiver_fd(const struct cmio_pipe_receiver *receiver);

/*
 * Deregisters, then closes. NULL, a zeroed or closed end is allowed: 0. It is closed whatever comes
 * back: 0, or what deregister or close(2) had to say.
 */
CMIO_API int cmio_pipe_sender_close(struct cmio_pipe_sender *sender);
CMIO_API int cmio_pipe_receiver_close(struct cmio_pipe_receiver *receiver);

/*
 * Writes up to length bytes: write(2). Returns how many the system took; -EAGAIN when it has no
 * room; -EPIPE when nobody can read any more and SIGPIPE is ignored. Up to PIPE_BUF bytes
 * (<limits.h>, at least 512) go into a pipe whole or not at all, unmixed with what others write. Of
 * a longer write the pipe may take a part. A result below length says that the pipe is full: an
 * event follows when there is room.
 */
CMIO_API ssize_t cmio_pipe_sender_write(struct cmio_pipe_sender *sender, const void *buffer,
                                        size_t length);

/*
 * Writes like cmio_pipe_sender_write(), but from several buffers in turn, with one writev(2).
 * PIPE_BUF applies to their total. No buffers are 0 bytes. -EINVAL for more than IOV_MAX.
 */
CMIO_API ssize_t cmio_pipe_sender_writev(struct cmio_pipe_sender *sender,
                                         const struct iovec *buffers, int count);

/*
 * Reads up to length bytes: read(2). Returns how many; 0 at the end, when nobody can write any more
 * (or length is 0); -EAGAIN when there is nothing yet. A terminal whose other side is gone may say
 * -EIO.
 *
 * After an event, read until -EAGAIN. On a plain pipe, such as those of cmio_pipe_new(), you may
 * also stop at a short read, one that returns less than length: the pipe is empty then, and the
 * next bytes make an event. If the event said read-closed, the end is there already: read on until
 * 0. Do not stop at a short read from what hands out its bytes in pieces, for there may be more,
 * and no event comes for it: a terminal gives one line per read, a pipe that was opened with
 * O_DIRECT one packet, and an adopted socket may stop early as cmio_tcp_stream_read() and
 * cmio_unix_stream_read() say.
 */
CMIO_API ssize_t cmio_pipe_receiver_read(struct cmio_pipe_receiver *receiver, void *buffer,
                                         size_t length);

/*
 * Reads like cmio_pipe_receiver_read(), but into several buffers in turn, with one readv(2). No
 * buffers are 0 bytes. -EINVAL for more than IOV_MAX.
 */
CMIO_API ssize_t cmio_pipe_receiver_readv(struct cmio_pipe_receiver *receiver,
                                          const struct iovec *buffers, int count);

CMIO_END_DECLS

#endif
