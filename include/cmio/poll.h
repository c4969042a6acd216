/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_H
#define CMIO_POLL_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/events.h>
#include <cmio/export.h>
#include <cmio/registry.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * A poll waits for readiness of what is registered with its registry. It is the whole of a loop's
 * state in cmio; the loop itself is the program's. One thread at a time waits on it.
 */
struct cmio_poll;

/*
 * Makes a poll on the best backend that the library has for the system, or on the one that the
 * environment variable CMIO_BACKEND names. The caller frees it. Its descriptor, where it has one,
 * is close-on-exec. Errors: -EINVAL for a null out; -ENOTSUP for a name in CMIO_BACKEND that is not
 * there; -EMFILE, -ENFILE, -ENOMEM.
 */
CMIO_API int cmio_poll_new(struct cmio_poll **out);

/*
 * The same on the backend of the given name; NULL takes the best. CMIO_BACKEND is not read. Errors:
 * as above; -ENOTSUP for a name that cmio_backends() does not give.
 */
CMIO_API int cmio_poll_new_with(struct cmio_poll **out, const char *backend_name);

/*
 * Frees the poll and closes its registry. Sources that are still registered count as unregistered
 * from then on, and may be closed in any order, as may wakers and references to the registry. No
 * thread may be in a wait. NULL is allowed.
 */
CMIO_API void cmio_poll_free(struct cmio_poll *poll);

/* The poll's registry: borrowed, for as long as the poll lives. NULL for NULL. */
CMIO_API struct cmio_registry *cmio_poll_registry(struct cmio_poll *poll);

/*
 * Waits until a source is ready, a waker woke or timeout nanoseconds have passed (0: does not wait;
 * CMIO_FOREVER: without end), and fills events, which it empties first. Returns how many events
 * there are, 0 when the time is up: never early, rounded up to what the system's timers can do. A
 * result equal to the capacity may have left some behind: they come with the next wait.
 *
 * Errors, with the batch empty: -EINTR when a signal handler ran (a signal that was handled before
 * the wait began is not seen: use cmio_signals or a waker); -EINVAL for a null argument or another
 * negative timeout; -EBUSY while another thread waits on this poll.
 */
CMIO_API int cmio_poll_wait(struct cmio_poll *poll, struct cmio_events *events, int64_t timeout);

/*
 * The same until a moment on the clock of cmio_now(): one in the past does not wait, CMIO_FOREVER
 * has no end. Call it again after -EINTR and the time left is kept.
 */
CMIO_API int cmio_poll_wait_until(struct cmio_poll *poll, struct cmio_events *events,
                                  int64_t deadline);

/*
 * A descriptor that is readable when the poll has events, to nest it in another loop: borrowed, to
 * be watched and nothing else. -ENOTSUP where the backend has none; -EINVAL for NULL.
 */
CMIO_API int cmio_poll_fd(const struct cmio_poll *poll);

/* The name of the poll's backend: "epoll", "kqueue" or "poll". Static storage. NULL for NULL. */
CMIO_API const char *cmio_poll_backend(const struct cmio_poll *poll);

/*
 * Writes the names of the backends in the library, best first, into the first capacity places of
 * names and returns how many there are, which may be more. The names are static. Any thread.
 */
CMIO_API size_t cmio_backends(const char **names, size_t capacity);

CMIO_END_DECLS

#endif
