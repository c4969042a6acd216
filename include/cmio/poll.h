/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_H
#define CMIO_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/events.h>
#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/registry.h>
#include <cmio/source.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * A poll waits until a source that is registered with its registry is ready. It is all the state
 * that cmio keeps for a loop; the loop itself is the program's. One thread at a time waits on a
 * poll.
 */
struct cmio_poll;

/*
 * The names of the backends, for cmio_poll_new_with() and to compare with cmio_poll_backend(). A
 * library has some of them: cmio_backends() gives those.
 */
#define CMIO_BACKEND_EPOLL "epoll"
#define CMIO_BACKEND_KQUEUE "kqueue"
#define CMIO_BACKEND_POLL "poll"

/*
 * Makes a poll on the best backend of the library, or on the one that the environment variable
 * CMIO_BACKEND names. The caller frees it. If the poll has a descriptor, it is close-on-exec.
 * Errors: -EINVAL for a null out; -ENOTSUP if CMIO_BACKEND names a backend that the library does
 * not have; -EMFILE, -ENFILE, -ENOMEM.
 */
CMIO_API int cmio_poll_new(struct cmio_poll **out);

/*
 * Makes a poll on the backend of the given name, or on the best one for NULL. It does not read
 * CMIO_BACKEND. Errors: -EINVAL for a null out; -ENOTSUP for a name that cmio_backends() does not
 * give; -EMFILE, -ENFILE, -ENOMEM.
 */
CMIO_API int cmio_poll_new_with(struct cmio_poll **out, const char *backend_name);

/*
 * Frees the poll and closes its registry. Sources that are still registered count as unregistered
 * from then on. They may be closed in any order, and so may wakers and references to the registry.
 * No thread may be in a wait. NULL is allowed.
 */
CMIO_API void cmio_poll_free(struct cmio_poll *poll);

/* The poll's registry: borrowed, for as long as the poll lives. NULL for NULL. */
CMIO_API struct cmio_registry *cmio_poll_registry(struct cmio_poll *poll);

/*
 * Whether sources may be registered with the poll for this interest. Every backend can watch for
 * CMIO_READABLE and CMIO_WRITABLE, in every mode; CMIO_PRIORITY is missing on kqueue, where
 * registering for it gives -ENOTSUP. Returns false also for a null poll and for an interest that
 * registering calls -EINVAL. Any thread.
 */
CMIO_API bool cmio_poll_supports(const struct cmio_poll *poll, cmio_interest interest);

/*
 * Registers the source with the poll's registry: cmio_registry_register(), which says what happens
 * and lists the errors. -EINVAL also for a null poll.
 */
CMIO_API int cmio_poll_register(struct cmio_poll *poll, struct cmio_source *source,
                                cmio_token token, cmio_interest interest);

/*
 * Replaces the token and interest of a source that is registered with the poll's registry:
 * cmio_registry_reregister(), which says what happens and lists the errors. -EINVAL also for a null
 * poll.
 */
CMIO_API int cmio_poll_reregister(struct cmio_poll *poll, struct cmio_source *source,
                                  cmio_token token, cmio_interest interest);

/*
 * Deregisters the source from the poll's registry: cmio_registry_deregister(), which says what
 * happens and lists the errors. -EINVAL also for a null poll.
 */
CMIO_API int cmio_poll_deregister(struct cmio_poll *poll, struct cmio_source *source);

/*
 * Waits until a source is ready, a waker was woken or timeout_ns nanoseconds have passed. A timeout
 * of 0 does not wait; CMIO_FOREVER has no end. Empties events first, then fills it. Returns the number
 * of events, or 0 when the time is up. That is never early: the timeout is rounded up to what the
 * system's timers can do. If the result equals the capacity there may be more events: the next wait
 * gives them.
 *
 * On an error the batch is empty. Errors: -EINTR when the wait was interrupted; -EINVAL for a null
 * argument or a negative timeout other than CMIO_FOREVER; -EBUSY while another thread waits on this
 * poll; -EMFILE on poll(2) while more descriptors are registered than the process may open, which
 * happens when its limit was lowered (RLIMIT_NOFILE). No event is lost by that.
 *
 * -EINTR comes when a signal handler ran. It may also come without one: when the process was
 * stopped and continued (Ctrl-Z and fg), or when a tracer such as a debugger attached (signal(7)).
 * Nothing is lost then. So every loop goes on after it:
 *
 *     int n = cmio_poll_wait(poll, events, CMIO_FOREVER);
 *     if (n < 0 && n != -EINTR)
 *         return n;
 *     CMIO_EVENTS_FOREACH (event, events)
 *         ...
 *
 * A signal handler that ran before the wait began does not interrupt it: use cmio_signals or a
 * waker to hear of signals.
 *
 * A wait is a cancellation point (pthread_cancel(3), deferred). The poll is free for another thread
 * afterwards, and no wake is lost; events that the kernel had already given to the cancelled wait
 * may be: reregister the sources to have what still holds reported.
 */
CMIO_API int cmio_poll_wait(struct cmio_poll *poll, struct cmio_events *events, int64_t timeout_ns);

/*
 * Waits like cmio_poll_wait(), but until a deadline on the clock of cmio_now(). A deadline in the
 * past does not wait; CMIO_FOREVER has no end. Call it again with the same deadline after -EINTR:
 * it waits for the time that is left.
 */
CMIO_API int cmio_poll_wait_until(struct cmio_poll *poll, struct cmio_events *events,
                                  int64_t deadline);

/*
 * A descriptor that is readable when the poll has events, to nest the poll in another loop. It is
 * borrowed, and only for watching. -ENOTSUP if the backend has none (poll(2)); -EINVAL for NULL.
 */
CMIO_API int cmio_poll_fd(const struct cmio_poll *poll);

/*
 * The name of the poll's backend, for example CMIO_BACKEND_EPOLL; compare it with strcmp(3). Static
 * storage. NULL for NULL.
 */
CMIO_API const char *cmio_poll_backend(const struct cmio_poll *poll);

/*
 * Writes the names of the library's backends into names, best first and at most capacity of them.
 * Returns how many backends there are, which may be more. The names are static. Any thread.
 */
CMIO_API size_t cmio_backends(const char **names, size_t capacity);

CMIO_END_DECLS

#endif
