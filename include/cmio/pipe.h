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
 * writes, the receiver reads. Each also adopts other descriptors that read(2) and write(2) serve: a
 * child's standard streams, FIFOs, terminals. Descriptors are non-blocking and close-on-exec, and
 * owned. Each call is one system call. A struct of zeros may be closed, and is good for nothing
 * else. Every call below says -EINVAL for a null argument and -EBADF for a closed end.
 *
 * Writing to a pipe that nobody can read any more raises SIGPIPE, as POSIX has it, which ends the
 * program by default; so does writing to a socket that was adopted here. A program that wants the
 * error, -EPIPE, in its place ignores the signal first:
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
 * (<limits.h>, at least 512) go into a pipe whole or not at all, and unmixed with what others
 * write; of more, a part may be taken. Less than length says that the pipe is full: there is an
 * event when there is room.
 */
CMIO_API ssize_t cmio_pipe_sender_write(struct cmio_pipe_sender *sender, const void *buffer,
                                        size_t length);

/*
 * The same from several buffers in turn, with one writev(2); PIPE_BUF counts for all together. No
 * buffers are 0 bytes. -EINVAL for more than IOV_MAX.
 */
CMIO_API ssize_t cmio_pipe_sender_writev(struct cmio_pipe_sender *sender,
                                         const struct iovec *buffers, int count);

/*
 * Reads up to length bytes: read(2). Returns how many; 0 at the end, when nobody can write any more
 * (or length is 0); -EAGAIN when there is nothing yet. Less than length says that the pipe was
 * drained: the next bytes come with an event. Not so of what hands out its bytes in pieces: a
 * terminal a line at a time, a pipe that was made with O_DIRECT a packet: read those until -EAGAIN.
 * The end may have come with these bytes and this
 * event: where it said read-closed, read on until 0. A terminal whose other side is gone may say
 * -EIO.
 */
CMIO_API ssize_t cmio_pipe_receiver_read(struct cmio_pipe_receiver *receiver, void *buffer,
                                         size_t length);

/*
 * The same into several buffers in turn, with one readv(2). No buffers are 0 bytes. -EINVAL for
 * more than IOV_MAX.
 */
CMIO_API ssize_t cmio_pipe_receiver_readv(struct cmio_pipe_receiver *receiver,
                                          const struct iovec *buffers, int count);

CMIO_END_DECLS

#endif
