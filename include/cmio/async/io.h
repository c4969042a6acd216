/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_IO_H
#define CMIO_ASYNC_IO_H

/**
 * @file
 * Bindings of sources to an executor, so that tasks can await what the sources do.
 */

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

/**
 * A source that is bound to an executor, so that tasks can await it.
 *
 * The source is registered once, for the whole life of the binding, with the poll of one worker.
 * One future at a time may wait for the source to become readable, and one for it to become
 * writable. A second future in one direction ends with -EBUSY.
 *
 * A cmio_io_bind_ function makes the binding, in the caller's memory. The source stays the
 * caller's. It must not move, and it must not be closed before the binding is closed. A zeroed or
 * closed binding may be passed to cmio_io_close(), which then does nothing. Futures of a closed
 * binding end with -EBADF.
 *
 * Before the executor is freed, futures of other executors that await the source must have ended.
 * Afterwards the binding can only be closed. The source can then be bound again.
 *
 * **Threads**: any thread may close the binding; see cmio_io_close(). The future that reads and the
 * future that writes may belong to tasks that run on two workers at once.
 */
struct cmio_io {
    /** Internal, together with the members after it. */
    struct cmio_source *source;
    const struct cmio__io_ops *ops;
    struct cmio__io_slot *slot;
    uint32_t generation;
    cmio_interest interest;
};

/**
 * Binds a TCP stream to an executor, so that tasks can await it.
 *
 * It registers the stream with the poll of one worker, edge-triggered, to be read and written, with
 * priority data if the backend can watch for it. In a task of the executor, that is the worker that
 * runs the task. Otherwise the workers take turns. Then await it with the futures of
 * `<cmio/async/read.h>` and `<cmio/async/write.h>`.
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param stream    The stream. It stays the caller's. It must not move, be registered elsewhere or
 *                  be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the stream is not registered:
 * - -EINVAL: io or stream is NULL, or the stream is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the stream is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the stream is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_tcp_stream(struct cmio_io *io, struct cmio_executor *executor,
                                     struct cmio_tcp_stream *stream);

/**
 * Binds a TCP listener to an executor, so that tasks can await it.
 *
 * It registers the listener with the poll of one worker, edge-triggered. In a task of the executor,
 * that is the worker that runs the task. Otherwise the workers take turns. Then await connections
 * with cmio_accept_tcp_future_init().
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param listener  The listener. It stays the caller's. It must not move, be registered elsewhere
 *                  or be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the listener is not registered:
 * - -EINVAL: io or listener is NULL, or the listener is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the listener is registered already, or another source has registered the descriptor
 *   with the worker's poll.
 * - -EBADF: the listener is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_tcp_listener(struct cmio_io *io, struct cmio_executor *executor,
                                       struct cmio_tcp_listener *listener);

/**
 * Binds a UDP socket to an executor, so that tasks can await it.
 *
 * It registers the socket with the poll of one worker, edge-triggered, to be read and written. In a
 * task of the executor, that is the worker that runs the task. Otherwise the workers take turns.
 * Then await it with cmio_receive_from_future_init() and cmio_send_to_future_init().
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param socket    The socket. It stays the caller's. It must not move, be registered elsewhere or
 *                  be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the socket is not registered:
 * - -EINVAL: io or socket is NULL, or the socket is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the socket is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the socket is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_udp_socket(struct cmio_io *io, struct cmio_executor *executor,
                                     struct cmio_udp_socket *socket);

/**
 * Binds a Unix stream to an executor, so that tasks can await it.
 *
 * It registers the stream with the poll of one worker, edge-triggered, to be read and written. In a
 * task of the executor, that is the worker that runs the task. Otherwise the workers take turns.
 * Then await it with the futures of `<cmio/async/read.h>` and `<cmio/async/write.h>`.
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param stream    The stream. It stays the caller's. It must not move, be registered elsewhere or
 *                  be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the stream is not registered:
 * - -EINVAL: io or stream is NULL, or the stream is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the stream is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the stream is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_unix_stream(struct cmio_io *io, struct cmio_executor *executor,
                                      struct cmio_unix_stream *stream);

/**
 * Binds a Unix listener to an executor, so that tasks can await it.
 *
 * It registers the listener with the poll of one worker, edge-triggered. In a task of the executor,
 * that is the worker that runs the task. Otherwise the workers take turns. Then await connections
 * with cmio_accept_unix_future_init().
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param listener  The listener. It stays the caller's. It must not move, be registered elsewhere
 *                  or be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the listener is not registered:
 * - -EINVAL: io or listener is NULL, or the listener is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the listener is registered already, or another source has registered the descriptor
 *   with the worker's poll.
 * - -EBADF: the listener is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_unix_listener(struct cmio_io *io, struct cmio_executor *executor,
                                        struct cmio_unix_listener *listener);

/**
 * Binds a Unix datagram socket to an executor, so that tasks can await it.
 *
 * It registers the socket with the poll of one worker, edge-triggered, to be read and written. In a
 * task of the executor, that is the worker that runs the task. Otherwise the workers take turns.
 * Then await it with cmio_receive_from_future_init() and cmio_send_to_future_init().
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param socket    The socket. It stays the caller's. It must not move, be registered elsewhere or
 *                  be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the socket is not registered:
 * - -EINVAL: io or socket is NULL, or the socket is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the socket is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the socket is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_unix_datagram(struct cmio_io *io, struct cmio_executor *executor,
                                        struct cmio_unix_datagram *socket);

/**
 * Binds the sending end of a pipe to an executor, so that tasks can await it.
 *
 * It registers the sender with the poll of one worker, edge-triggered, to be written. In a task of
 * the executor, that is the worker that runs the task. Otherwise the workers take turns. Then await
 * it with the futures of `<cmio/async/write.h>`.
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param sender    The sender. It stays the caller's. It must not move, be registered elsewhere or
 *                  be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the sender is not registered:
 * - -EINVAL: io or sender is NULL, or the sender is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the sender is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the sender is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_pipe_sender(struct cmio_io *io, struct cmio_executor *executor,
                                      struct cmio_pipe_sender *sender);

/**
 * Binds the receiving end of a pipe to an executor, so that tasks can await it.
 *
 * It registers the receiver with the poll of one worker, edge-triggered, to be read. In a task of
 * the executor, that is the worker that runs the task. Otherwise the workers take turns. Then await
 * it with the futures of `<cmio/async/read.h>`.
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param receiver  The receiver. It stays the caller's. It must not move, be registered elsewhere
 *                  or be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the receiver is not registered:
 * - -EINVAL: io or receiver is NULL, or the receiver is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the receiver is registered already, or another source has registered the descriptor
 *   with the worker's poll.
 * - -EBADF: the receiver is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_pipe_receiver(struct cmio_io *io, struct cmio_executor *executor,
                                        struct cmio_pipe_receiver *receiver);

/**
 * Binds a set of signals to an executor, so that tasks can await it.
 *
 * It registers the set with the poll of one worker, edge-triggered. In a task of the executor, that
 * is the worker that runs the task. Otherwise the workers take turns. Then await signals with
 * cmio_signal_future_init().
 *
 * @param io             The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor       The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                       allowed in a task: the executor of that task.
 * @param signal_source  The set. It stays the caller's. It must not move, be registered elsewhere
 *                       or be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the set is not registered:
 * - -EINVAL: io or signal_source is NULL, or the set is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the set is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the set is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_signals(struct cmio_io *io, struct cmio_executor *executor,
                                  struct cmio_signals *signal_source);

/**
 * Binds a child process to an executor, so that tasks can await it.
 *
 * It registers the child with the poll of one worker, edge-triggered. In a task of the executor,
 * that is the worker that runs the task. Otherwise the workers take turns. Then await its end with
 * cmio_child_exit_future_init().
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param child     The child. It stays the caller's. It must not move, be registered elsewhere or
 *                  be closed before io is closed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the child is not registered:
 * - -EINVAL: io or child is NULL, or the child is zeroed.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the child is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the child is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_child(struct cmio_io *io, struct cmio_executor *executor,
                                struct cmio_child *child);

/**
 * Binds a descriptor of any kind to an executor, so that tasks can await it.
 *
 * It registers the source with the poll of one worker, edge-triggered, for the given interest. In a
 * task of the executor, that is the worker that runs the task. Otherwise the workers take turns.
 * Then await it with the futures of `<cmio/async/read.h>` and `<cmio/async/write.h>`, or with
 * cmio_ready_future_init() for I/O of the program's own.
 *
 * The descriptor must be non-blocking.
 *
 * @param io        The binding to initialise. The caller closes it with cmio_io_close().
 * @param executor  The executor. Borrowed: it must outlive the futures of the binding. NULL is
 *                  allowed in a task: the executor of that task.
 * @param source    The source. It stays the caller's. It must not move, be registered elsewhere or
 *                  be closed before io is closed.
 * @param interest  The directions to bind it for: CMIO_READABLE, CMIO_WRITABLE, CMIO_PRIORITY or
 *                  several of them, without CMIO_LEVEL and CMIO_ONESHOT.
 *
 * **Returns** 0.
 *
 * **Errors**, after which io is untouched and the source is not registered:
 * - -EINVAL: io or source is NULL, or the source is zeroed. Or interest is empty or has other bits.
 * - -EPERM: executor is NULL, and the call is not made in a task. Or the system cannot watch the
 *   descriptor, for example the descriptor of a regular file.
 * - -ENOTSUP: interest has CMIO_PRIORITY, and the backend cannot watch for it (kqueue).
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - -EEXIST: the source is registered already, or another source has registered the descriptor with
 *   the worker's poll.
 * - -EBADF: the source or its descriptor is closed.
 * - Other errors of cmio_registry_register().
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll_ctl(2), kevent(2), poll(2).
 */
CMIO_API int cmio_io_bind_fd_source(struct cmio_io *io, struct cmio_executor *executor,
                                    struct cmio_fd_source *source, cmio_interest interest);

/**
 * Closes a binding: deregisters the source, which stays open.
 *
 * A future that waits for the source is woken and ends with -ECANCELED. A future of the binding
 * that is polled later ends with -ECANCELED too. Neither looks at io or the source again, so their
 * memory may go.
 *
 * No future of the binding may be in the middle of its poll on another thread. If another task uses
 * the source and there are several workers, end that task first: abort it, or shut the socket down
 * (cmio_tcp_stream_shutdown()), which ends its reads and writes.
 *
 * @param io  The binding. It is closed afterwards, whatever the call returns. NULL and a zeroed or
 *            closed binding are allowed: the call returns 0.
 *
 * **Returns** 0, also if the executor was freed before.
 *
 * **Errors**, after which the binding is closed nevertheless:
 * - -EBADF: the descriptor was closed behind cmio's back.
 * - Other errors of cmio_registry_deregister().
 *
 * **Threads**: any thread, but no two at once for one binding.
 *
 * **Source**: epoll_ctl(2), kevent(2).
 */
CMIO_API int cmio_io_close(struct cmio_io *io);

/** Internal: how a future waits for a bound source. */
struct cmio__io_wait {
    /** Internal, together with the members after it. */
    struct cmio_io *io;
    struct cmio__io_slot *slot;
    uint32_t generation;
    cmio_interest direction;
    uint32_t seen;
    uint32_t waits;
};

/**
 * A future that waits until a bound source may be ready in one direction. cmio_ready_future_init()
 * makes it.
 *
 * It is for I/O of the program's own. Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_ready_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal. */
    struct cmio__io_wait wait;
};

/**
 * Makes a future that is ready once a bound source may be ready in one direction.
 *
 * It is for I/O of the program's own. Pass the result of each call to cmio_io_note(): the next
 * future waits again only after an -EAGAIN. A source that was just bound counts as ready, because
 * nothing else is known of it.
 *
 * @param ready      The future to initialise. It stays the caller's.
 * @param io         The binding. Borrowed until the future has ended or io is closed.
 * @param direction  CMIO_READABLE or CMIO_WRITABLE. For CMIO_READABLE the future is also ready when
 *                   the source has priority data, if the source is bound for that.
 *
 * **Returns** 0.
 *
 * **Result** of the future: a set of CMIO_READABLE, CMIO_WRITABLE, CMIO_PRIORITY, CMIO_ERROR,
 * CMIO_READ_CLOSED and CMIO_WRITE_CLOSED. It holds what was reported after the source was last
 * found not to be ready.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: ready or io is NULL, direction is another one, or the source is not bound for it.
 * - -EBUSY: another future waits for that direction of the source.
 * - -EBADF: io was closed or zeroed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 *
 * **Cancellation**: dropping the pending future loses nothing. The next future finds the source
 * ready.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 */
CMIO_API int cmio_ready_future_init(struct cmio_ready_future *ready, struct cmio_io *io,
                                    cmio_interest direction);

/**
 * Tells a binding what an operation of the program's own found, after a ready future.
 *
 * After an -EAGAIN the direction counts as not ready until the next event, unless an event came in
 * between. Other results change nothing.
 *
 * Make the operation with a function of the source, such as cmio_tcp_stream_read(). For an fd
 * source, pass the result of the system call to cmio_fd_source_note_io() first, and what that
 * returns to this function. Otherwise no event follows an -EAGAIN on backends without edges of
 * their own (poll(2)).
 *
 * @param ready   The future that was ready before the operation. Borrowed.
 * @param result  The result of the operation: 0 or more, or a negative errno.
 *
 * **Returns** result.
 *
 * **Errors**:
 * - -EINVAL: ready is NULL.
 *
 * **Threads**: the task that polled ready.
 */
CMIO_API ssize_t cmio_io_note(struct cmio_ready_future *ready, ssize_t result);

CMIO_END_DECLS

#endif
