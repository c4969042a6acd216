/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_H
#define CMIO_POLL_H

/**
 * @file
 * Polls: waiting until a registered source is ready, and choosing the backend that waits.
 */

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

/**
 * A poll waits until a source that is registered with its registry is ready.
 *
 * A poll is all the state that cmio keeps for an event loop. The loop itself belongs to the
 * program. cmio_poll_new() makes a poll, and cmio_poll_free() frees it. A poll owns its registry,
 * which may outlive it: see cmio_registry_ref().
 *
 * **Threads**: one thread at a time waits on a poll. Any thread may register sources with it, also
 * during a wait. A thread that frees a poll must be its only user.
 */
struct cmio_poll;

/**
 * The name of the backend on epoll(7), for Linux.
 *
 * Use it with cmio_poll_new_with(), or compare it with the result of cmio_poll_backend() by
 * strcmp(3). cmio_backends() tells whether the library has this backend.
 */
#define CMIO_BACKEND_EPOLL "epoll"

/**
 * The name of the backend on kqueue(2), for the BSDs and macOS.
 *
 * Use it with cmio_poll_new_with(), or compare it with the result of cmio_poll_backend() by
 * strcmp(3). cmio_backends() tells whether the library has this backend.
 */
#define CMIO_BACKEND_KQUEUE "kqueue"

/**
 * The name of the backend on poll(2), for every system that has the call.
 *
 * Use it with cmio_poll_new_with(), or compare it with the result of cmio_poll_backend() by
 * strcmp(3). cmio_backends() tells whether the library has this backend.
 */
#define CMIO_BACKEND_POLL "poll"

/**
 * Makes a poll on the best backend of the library, or on the backend that CMIO_BACKEND names.
 *
 * CMIO_BACKEND is an environment variable, meant for debugging. If it is unset or empty, the best
 * backend is used. If the backend has a descriptor, the descriptor is close-on-exec.
 *
 * @param out  Receives the poll. The caller frees it with cmio_poll_free(). Untouched on failure.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: out is NULL.
 * - -ENOTSUP: CMIO_BACKEND names a backend that the library does not have.
 * - -ENOMEM: memory is short.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - Other errors of epoll_create1(2), kqueue(2), eventfd(2) or pipe(2).
 *
 * **Threads**: any thread, while no other thread changes the environment (getenv(3)).
 */
CMIO_API int cmio_poll_new(struct cmio_poll **out);

/**
 * Makes a poll on the backend of the given name.
 *
 * The environment variable CMIO_BACKEND has no influence on this call. If the backend has a
 * descriptor, the descriptor is close-on-exec.
 *
 * @param out           Receives the poll. The caller frees it with cmio_poll_free(). Untouched on
 *                      failure.
 * @param backend_name  The name, for example CMIO_BACKEND_EPOLL. Borrowed for the call. NULL stands
 *                      for the best backend of the library.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: out is NULL.
 * - -ENOTSUP: the library has no backend of this name. cmio_backends() lists the names.
 * - -ENOMEM: memory is short.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - Other errors of epoll_create1(2), kqueue(2), eventfd(2) or pipe(2).
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_poll_new_with(struct cmio_poll **out, const char *backend_name);

/**
 * Frees the poll and closes its registry.
 *
 * Sources that are still registered count as unregistered from then on. Close them, the wakers and
 * the references to the registry in any order, before or after this call.
 *
 * @param poll  The poll. NULL is allowed.
 *
 * **Threads**: any thread, while no other thread uses the poll. No thread may be in a wait. Other
 * threads may use references to the registry meanwhile.
 */
CMIO_API void cmio_poll_free(struct cmio_poll *poll);

/**
 * Returns the registry of the poll.
 *
 * @param poll  The poll. NULL is allowed.
 *
 * **Returns** the registry, borrowed: it is valid for as long as the poll lives. Take a reference
 * with cmio_registry_ref() to keep it longer. Returns NULL if poll is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API struct cmio_registry *cmio_poll_registry(struct cmio_poll *poll);

/**
 * Tells whether sources may be registered with the poll for an interest.
 *
 * Every backend can watch for CMIO_READABLE and CMIO_WRITABLE, in every mode. kqueue cannot watch
 * for CMIO_PRIORITY: registering for it fails with -ENOTSUP there.
 *
 * @param poll      The poll. Borrowed. NULL is allowed.
 * @param interest  The interest in question.
 *
 * **Returns** true if the backend can watch for the interest. Returns false if it cannot, if poll
 * is NULL, and if the interest is empty or contradictory, which registering refuses with -EINVAL.
 *
 * **Threads**: any thread.
 */
CMIO_API bool cmio_poll_supports(const struct cmio_poll *poll, cmio_interest interest);

/**
 * Registers a source with the poll's registry, so that waits on the poll report its events.
 *
 * This is cmio_registry_register() for a program that has the poll at hand. Readiness that already
 * holds is reported by the next wait.
 *
 * Registering may hand the source to another thread, which waits on the poll. The event may arrive
 * there before this call returns, and that thread may close and free the source at once. This call
 * does not touch the source after that point. Everything that the calling thread did before the
 * call is visible to the thread that gets the event.
 *
 * @param poll      The poll. Borrowed.
 * @param source    The source: the member `source` of a source type. Borrowed. It must live until
 *                  it is deregistered, which closing it does.
 * @param token     The number that the source's events carry. Any value is allowed.
 * @param interest  What to watch for: one or more of CMIO_READABLE, CMIO_WRITABLE and
 *                  CMIO_PRIORITY, and at most one of CMIO_LEVEL and CMIO_ONESHOT.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the source is not registered, unless it was registered before the call:
 * - -EINVAL: poll or source is NULL, the source was never initialised, or the interest is empty or
 *   contradictory.
 * - -EEXIST: the source is registered already, with this poll or another one, or another source has
 *   registered this descriptor with this poll.
 * - -EBADF: the source is closed, its descriptor is not open, or the descriptor was opened with
 *   O_PATH.
 * - -EPERM: the system cannot watch the descriptor: a regular file or a directory, for example.
 * - -ENOTSUP: the backend cannot watch for the interest: CMIO_PRIORITY on kqueue.
 * - -ENOMEM: memory is short.
 * - -ENOSPC: the user has reached the system's limit of watches (epoll(7)).
 * - -EMFILE, -ENFILE: no descriptor is left. Only poll(2) on Linux needs one, for a moment, to ask
 *   whether a device or a regular file can be watched.
 * - Other errors of epoll_ctl(2) or kevent(2), or of the on_register of a source type of the
 *   program's own.
 *
 * **Threads**: any thread, also while another one waits on the poll.
 *
 * **Source**: epoll_ctl(2), kevent(2).
 */
CMIO_API int cmio_poll_register(struct cmio_poll *poll, struct cmio_source *source,
                                cmio_token token, cmio_interest interest);

/**
 * Replaces the token and the interest of a source that is registered with the poll's registry.
 *
 * This is cmio_registry_reregister() for a program that has the poll at hand. The next wait reports
 * readiness that already holds. So this is the portable way to arm a source again, for example
 * after the event of a CMIO_ONESHOT registration. It may hand the source to another thread that
 * waits on the poll, which may close and free the source before this call returns.
 *
 * -EINVAL, -EBADF, -EEXIST, -ENOENT, -EPERM and -ENOTSUP change nothing: a registered source stays
 * registered with its old token and interest. After any other error the source is not registered
 * and has no further event. Register it again, or close it.
 *
 * @param poll      The poll. Borrowed.
 * @param source    The source: the member `source` of a source type. Borrowed. It must live until
 *                  it is deregistered, which closing it does.
 * @param token     The number that the source's events carry from now on. Any value is allowed.
 * @param interest  What to watch for from now on: one or more of CMIO_READABLE, CMIO_WRITABLE and
 *                  CMIO_PRIORITY, and at most one of CMIO_LEVEL and CMIO_ONESHOT.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: poll or source is NULL, the source was never initialised, or the interest is empty or
 *   contradictory.
 * - -EEXIST: the source is registered with another poll.
 * - -ENOENT: the source is not registered.
 * - -EBADF: the descriptor is not open any more.
 * - -EPERM: the on_reregister of a source type of the program's own returned it.
 * - -ENOTSUP: the backend cannot watch for the interest: CMIO_PRIORITY on kqueue.
 * - -ENOMEM: memory is short.
 * - Other errors of epoll_ctl(2) or kevent(2), or of the on_reregister of a source type of the
 *   program's own.
 *
 * **Threads**: any thread, also while another one waits on the poll.
 *
 * **Source**: epoll_ctl(2), kevent(2).
 */
CMIO_API int cmio_poll_reregister(struct cmio_poll *poll, struct cmio_source *source,
                                  cmio_token token, cmio_interest interest);

/**
 * Deregisters a source from the poll's registry, so that no later wait reports it.
 *
 * This is cmio_registry_deregister() for a program that has the poll at hand. A wait that another
 * thread is in during this call may still report the source, once. The current batch keeps its
 * events: see cmio_events_purge(). Closing a source deregisters it, too.
 *
 * @param poll    The poll. Borrowed.
 * @param source  The source: the member `source` of a source type. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: poll or source is NULL, or the source was never initialised.
 * - -EEXIST: the source is registered with another poll. It stays registered there.
 * - -ENOENT: the source is not registered.
 * - -EBADF: the descriptor was closed before. The source is deregistered nevertheless.
 * - Other errors of epoll_ctl(2) or kevent(2), or of the on_deregister of a source type of the
 *   program's own. The source is deregistered nevertheless.
 *
 * **Threads**: any thread, also while another one waits on the poll.
 *
 * **Source**: epoll_ctl(2), kevent(2).
 */
CMIO_API int cmio_poll_deregister(struct cmio_poll *poll, struct cmio_source *source);

/**
 * Waits until a source is ready, a waker was woken or the timeout has passed.
 *
 * The call empties the batch, then fills it. If the result equals the capacity of the batch, there
 * may be more events, which the next wait reports. A wait is never too short: the timeout is
 * rounded up to the precision of the system's timers.
 *
 * -EINTR does not end a loop. The wait returns it after a signal handler ran. It may also return it
 * without a handler: when the process was stopped and continued (Ctrl-Z and fg), or when a tracer
 * such as a debugger attached. No event is lost, so every loop must go on:
 *
 * @code{.c}
 * int n = cmio_poll_wait(poll, events, CMIO_FOREVER);
 * if (n < 0 && n != -EINTR)
 *     return n;
 * CMIO_EVENTS_FOREACH (event, events)
 *     handle(event);
 * @endcode
 *
 * A signal handler that ran before the wait began does not interrupt it, nor does one that runs
 * while the wait spins (cmio_poll_set_spin()). Use cmio_signals or a waker to learn of signals.
 *
 * The call is a cancellation point for deferred cancellation (pthread_cancel(3)). After a
 * cancellation another thread may wait on the poll, and no wake is lost. With glibc up to 2.40 a
 * cancelled wait may take events with it that the kernel had already handed out. Reregister the
 * sources to have their readiness reported again.
 *
 * @param poll        The poll. Borrowed.
 * @param events      The batch to fill. Borrowed.
 * @param timeout_ns  How long to wait, in nanoseconds. 0 does not wait. CMIO_FOREVER waits without
 *                    end.
 *
 * **Returns** the number of events in the batch, or 0 if the timeout has passed without one.
 *
 * **Errors**, after which the batch is empty:
 * - -EINTR: the wait was interrupted. No event is lost.
 * - -EINVAL: poll or events is NULL, or timeout_ns is negative and not CMIO_FOREVER.
 * - -EBUSY: another thread waits on this poll.
 * - -EMFILE: more descriptors are registered than the process may open, because its limit
 *   (RLIMIT_NOFILE) was lowered. Only poll(2) has this error. No event is lost.
 * - Other errors of epoll_wait(2), poll(2) or kevent(2), such as -ENOMEM.
 *
 * **Threads**: any thread, but one at a time for each poll. The batch must not be in use by another
 * thread.
 *
 * **Source**: epoll_wait(2), epoll_pwait2(2), kevent(2), poll(2), ppoll(2), signal(7).
 */
CMIO_API int cmio_poll_wait(struct cmio_poll *poll, struct cmio_events *events, int64_t timeout_ns);

/**
 * Waits until a source is ready, a waker was woken or the deadline has come.
 *
 * The call empties the batch, then fills it. If the result equals the capacity of the batch, there
 * may be more events, which the next wait reports. A wait never ends before its deadline without an
 * event or an error.
 *
 * After -EINTR, which every loop must expect, call again with an unchanged deadline to wait for the
 * time that is left. See cmio_poll_wait() for when -EINTR comes, and for what cancellation does to
 * a wait.
 *
 * @param poll      The poll. Borrowed.
 * @param events    The batch to fill. Borrowed.
 * @param deadline  When to stop waiting, in nanoseconds on the clock of cmio_now(). A deadline in
 *                  the past does not wait. CMIO_FOREVER waits without end.
 *
 * **Returns** the number of events in the batch, or 0 if the deadline has come without one.
 *
 * **Errors**, after which the batch is empty:
 * - -EINTR: the wait was interrupted. No event is lost.
 * - -EINVAL: poll or events is NULL, or the deadline is negative and not CMIO_FOREVER.
 * - -EBUSY: another thread waits on this poll.
 * - -EMFILE: more descriptors are registered than the process may open, because its limit
 *   (RLIMIT_NOFILE) was lowered. Only poll(2) has this error. No event is lost.
 * - Other errors of epoll_wait(2), poll(2) or kevent(2), such as -ENOMEM.
 *
 * **Threads**: any thread, but one at a time for each poll. The batch must not be in use by another
 * thread.
 *
 * **Source**: epoll_wait(2), epoll_pwait2(2), kevent(2), poll(2), ppoll(2), signal(7).
 */
CMIO_API int cmio_poll_wait_until(struct cmio_poll *poll, struct cmio_events *events,
                                  int64_t deadline);

/**
 * Lets each wait on the poll look for wakes for a short while before it sleeps.
 *
 * Waking a thread that sleeps in the kernel takes some 20 microseconds if it sleeps on another
 * processor. A wait that spins sees a wake within a fraction of a microsecond, and neither the wait
 * nor the wake makes a system call. In return, the waiting thread keeps its processor busy while it
 * spins. So spinning is for loops that other threads wake very often. Start with 20 to 50
 * microseconds.
 *
 * The wait adapts. If several spins in a row did not end with a wake, the next waits do not spin,
 * for a multiple of the time that was wasted. That is so if wakes are rare, if the loop mostly
 * waits for I/O, or if the waker runs on the same processor. Waits spin again once that time is
 * over. A poll that never had a waker does not spin, nor does a wait with a timeout of 0.
 *
 * Nothing else changes. No wake is lost, wakes coalesce, and wakes that do not fit a batch come
 * with a later wait. Timeouts include the time that was spent spinning, and still never end early.
 * I/O is looked for every 10 microseconds while the wait spins, or less often if a look takes
 * longer than a microsecond.
 *
 * A signal handler that runs while the wait spins does not make it return -EINTR. A handler that
 * must end the wait has to wake it with a waker.
 *
 * A wake that ends the spin of a thread does not make the descriptor of cmio_poll_fd() readable,
 * because that thread gets the event. A wake that finds no thread spinning does.
 *
 * @param poll  The poll. Borrowed.
 * @param ns    The longest that a wait may spin, in nanoseconds. 0, as for a new poll, ends the
 *              spinning. A span of more than 4 seconds may be cut to 4 seconds.
 *
 * **Returns** 0.
 *
 * **Errors**, after which nothing has changed:
 * - -EINVAL: poll is NULL, or ns is negative.
 * - -EBUSY: a thread waits on this poll.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_poll_set_spin(struct cmio_poll *poll, int64_t ns);

/**
 * Returns a descriptor that is readable while the poll has events, to nest the poll in another
 * loop.
 *
 * Watch the descriptor for reading and do nothing else with it. When it is readable, call
 * cmio_poll_wait() with a timeout of 0.
 *
 * @param poll  The poll. Borrowed.
 *
 * **Returns** the descriptor, which stays the poll's.
 *
 * **Errors**:
 * - -EINVAL: poll is NULL.
 * - -ENOTSUP: the backend has no such descriptor: poll(2).
 *
 * **Threads**: any thread.
 *
 * **Source**: epoll(7), kqueue(2).
 */
CMIO_API int cmio_poll_fd(const struct cmio_poll *poll);

/**
 * Returns the name of the poll's backend.
 *
 * @param poll  The poll. Borrowed. NULL is allowed.
 *
 * **Returns** the name, for example CMIO_BACKEND_EPOLL, in static storage. Compare it with
 * strcmp(3). Returns NULL if poll is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API const char *cmio_poll_backend(const struct cmio_poll *poll);

/**
 * Writes the names of the library's backends into an array, best first.
 *
 * @param names     Receives at most capacity names. The names are in static storage. NULL is
 *                  allowed if only their number is of interest.
 * @param capacity  The number of elements of names.
 *
 * **Returns** the number of backends that the library has, which may be more than capacity.
 *
 * **Threads**: any thread.
 */
CMIO_API size_t cmio_backends(const char **names, size_t capacity);

CMIO_END_DECLS

#endif
