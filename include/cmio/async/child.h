/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CHILD_H
#define CMIO_ASYNC_CHILD_H

/**
 * @file
 * A future that waits for a child process to end.
 */

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A future that waits for a child process to end. cmio_child_exit_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_child_exit_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__io_wait wait;
    int *status;
};

/**
 * Makes a future that is ready once a child process has ended.
 *
 * @param child_exit  The future to initialise. It stays the caller's.
 * @param io          The binding of the child: cmio_io_bind_child(). Borrowed until the future has
 *                    ended or io is closed.
 * @param status      Where the status of waitpid(2) is stored, for WIFEXITED() and the other macros
 *                    of `<sys/wait.h>`. It must stay in place until the future has ended. An error
 *                    leaves it untouched.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the status is stored.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: child_exit, io or status is NULL, or io is not a binding of a child.
 * - -ECHILD: somebody else took the status of the process.
 * - -EBUSY: another future waits for the process.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - Other errors of cmio_child_status().
 *
 * **Cancellation**: dropping the pending future loses nothing. The process goes on, and its status
 * is there for another future or for cmio_child_status().
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: waitpid(2), pidfd_open(2), kqueue(2).
 */
CMIO_API int cmio_child_exit_future_init(struct cmio_child_exit_future *child_exit,
                                         struct cmio_io *io, int *status);

CMIO_END_DECLS

#endif
