/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_IO_H
#define CMIO_ASYNC_IO_H

#include <stdint.h>
#include <sys/types.h>

#include <cmio/async/executor.h>
#include <cmio/async/future.h>
#include <cmio/child.h>
#include <cmio/export.h>
#include <cmio/fd_source.h>
#include <cmio/interest.h>
#include <cmio/pipe.h>
#include <cmio/signals.h>
#include <cmio/source.h>
#include <cmio/tcp_listener.h>
#include <cmio/tcp_stream.h>
#include <cmio/udp_socket.h>
#include <cmio/unix_datagram.h>
#include <cmio/unix_listener.h>
#include <cmio/unix_stream.h>

CMIO_BEGIN_DECLS

struct cmio__io_ops;
struct cmio__io_slot;

/*
 * A source that is bound to an executor, so that tasks can await it. It is registered once, for its
 * whole life, with the poll of one worker. One future at a time may wait for it to become readable
 * and one for it to become writable: a second one in a direction ends with -EBUSY. The two may
 * belong to tasks that run on two workers at the same time: what reads and what writes get along.
 *
 * Lies in the caller's memory, beside the source, which must stay where it is and must not be closed
 * before the binding. Its members are private. A zeroed or closed one may be closed. Once its
 * executor was freed it is good for nothing but to be closed: futures of other executors that await
 * the source must have ended before.
 */
struct cmio_io {
    struct cmio_source *source;
    const struct cmio__io_ops *ops;
    struct cmio__io_slot *slot;
    uint32_t generation;
    cmio_interest interest;
};

/*
 * Binds a source: registers it, edge-triggered, for both directions (those that it has). executor
 * may be NULL inside a task: the task's own. In a task of the executor it is bound to the worker
 * that runs the task, otherwise to each worker in turn. Any thread. Errors: -EINVAL for a null
 * argument; -EPERM without an executor outside a task; -ESHUTDOWN; -ENOMEM; and those of
 * cmio_registry_register(). On failure io is untouched.
 *
 * An fd source is bound for the interest that is given: CMIO_READABLE, CMIO_WRITABLE, CMIO_PRIORITY
 * or several of them, without a mode (-EINVAL). Its descriptor must be non-blocking.
 */
CMIO_API int cmio_io_bind_tcp_stream(struct cmio_io *io, struct cmio_executor *executor,
                                     struct cmio_tcp_stream *stream);
CMIO_API int cmio_io_bind_tcp_listener(struct cmio_io *io, struct cmio_executor *executor,
                                       struct cmio_tcp_listener *listener);
CMIO_API int cmio_io_bind_udp_socket(struct cmio_io *io, struct cmio_executor *executor,
                                     struct cmio_udp_socket *socket);
CMIO_API int cmio_io_bind_unix_stream(struct cmio_io *io, struct cmio_executor *executor,
                                      struct cmio_unix_stream *stream);
CMIO_API int cmio_io_bind_unix_listener(struct cmio_io *io, struct cmio_executor *executor,
                                        struct cmio_unix_listener *listener);
CMIO_API int cmio_io_bind_unix_datagram(struct cmio_io *io, struct cmio_executor *executor,
                                        struct cmio_unix_datagram *socket);
CMIO_API int cmio_io_bind_pipe_sender(struct cmio_io *io, struct cmio_executor *executor,
                                      struct cmio_pipe_sender *sender);
CMIO_API int cmio_io_bind_pipe_receiver(struct cmio_io *io, struct cmio_executor *executor,
                                        struct cmio_pipe_receiver *receiver);
CMIO_API int cmio_io_bind_signals(struct cmio_io *io, struct cmio_executor *executor,
                                  struct cmio_signals *signal_source);
CMIO_API int cmio_io_bind_child(struct cmio_io *io, struct cmio_executor *executor,
                                struct cmio_child *child);
CMIO_API int cmio_io_bind_fd_source(struct cmio_io *io, struct cmio_executor *executor,
                                    struct cmio_fd_source *source, cmio_interest interest);

/*
 * Deregisters the source, which stays open and the caller's. A future that waits for it is woken and
 * ends with -ECANCELED; so does one that is polled later. Neither looks at io or the source again,
 * whose memory may go. No future of the binding may be in the middle of its poll on another thread:
 * where another task uses the source too and there are several workers, have that task end first, by
 * aborting it or by shutting the socket down (cmio_tcp_stream_shutdown()), which ends its reads and
 * writes. NULL, a zeroed or closed binding is allowed: 0. Otherwise what
 * cmio_registry_deregister() returns; it is closed all the same. Any thread.
 */
CMIO_API int cmio_io_close(struct cmio_io *io);

/* How a future waits for a bound source. Private to the library. */
struct cmio__io_wait {
    struct cmio_io *io;
    struct cmio__io_slot *slot;
    uint32_t generation;
    cmio_interest direction;
    uint32_t seen;
    uint32_t waits;
};

/*
 * Waits until a bound source may be ready in one direction. Its members are private. Every future
 * that does I/O waits like it.
 */
struct cmio_ready_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
};

/*
 * A future that is ready once the source may be readable (CMIO_READABLE; also when it has priority
 * data, if it was bound for that) or writable (CMIO_WRITABLE); its result is the set of CMIO_READABLE
 * ... CMIO_WRITE_CLOSED that were reported since the source was found not to be ready. A source
 * that was just bound counts as ready, as nothing else is known. It is for I/O of the program's own.
 * Pass the result of each call to cmio_io_note(): the next future waits again only after -EAGAIN.
 * Dropping it loses nothing: the next future finds the source ready. Errors of init: -EINVAL for a
 * null argument, another direction, or one that the source was not bound for. The future's own:
 * -EBUSY when another one waits for that direction; -EBADF for a binding that was closed before;
 * -ECANCELED when it is closed meanwhile.
 */
CMIO_API int cmio_ready_future_init(struct cmio_ready_future *ready, struct cmio_io *io,
                                    cmio_interest direction);

/*
 * Tells the binding what an operation of the program's own found, after ready: for -EAGAIN the
 * direction counts as not ready until the next event, unless one came in between. Make the operation
 * with the functions of the source (such as cmio_tcp_stream_read()), or tell an fd source of it
 * first (cmio_fd_source_note_io()): on backends without edges, an -EAGAIN that the source was not told
 * of brings no event. Returns the
 * result that it was given; -EINVAL for a null argument. In the task that polled ready.
 */
CMIO_API ssize_t cmio_io_note(struct cmio_ready_future *ready, ssize_t result);

CMIO_END_DECLS

#endif
