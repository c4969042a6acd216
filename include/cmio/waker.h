/* SPDX-License-Identifier: MIT */
#ifndef CMIO_WAKER_H
#define CMIO_WAKER_H

/**
 * @file
 * Wakers: how another thread or a signal handler ends a wait.
 */

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/registry.h>

CMIO_BEGIN_DECLS

/**
 * A waker wakes the thread that waits on a poll, from any thread or from a signal handler.
 *
 * The wait then returns a readable event with the waker's token. Wakes coalesce: any number of them
 * before a wait makes one event. No wake is lost, whether or not a thread waits. There is nothing
 * to drain. A poll may have several wakers, but one is enough for most programs.
 *
 * cmio_waker_new() makes a waker, and cmio_waker_free() frees it. A waker may outlive its poll.
 *
 * **Threads**: any thread and a signal handler may wake. A thread that frees a waker must be its
 * only user.
 */
struct cmio_waker;

/**
 * Makes a waker for the poll of a registry.
 *
 * @param out       Receives the waker. The caller frees it with cmio_waker_free(). Untouched on
 *                  failure.
 * @param registry  The registry. Borrowed. The waker keeps it alive.
 * @param token     The number that the waker's events carry. Any value is allowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: out or registry is NULL.
 * - -EBADF: the registry is closed, because its poll was freed.
 * - -ENOMEM: memory is short.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOSPC: the user has reached the system's limit of watches (epoll(7)).
 * - Other errors of eventfd(2), pipe(2), epoll_ctl(2) or kevent(2).
 *
 * **Threads**: any thread, also while another one waits on the poll.
 *
 * **Source**: eventfd(2), pipe(2), kqueue(2) with EVFILT_USER.
 */
CMIO_API int cmio_waker_new(struct cmio_waker **out, struct cmio_registry *registry,
                            cmio_token token);

/**
 * Wakes the thread that waits on the waker's poll, or the next thread that will wait on it.
 *
 * Everything that the calling thread did before the call is visible to the thread that gets the
 * event, also if the wake coalesced with an earlier one. While a wake is pending, another one takes
 * a single atomic exchange and no system call. A wake that finds the wait spinning makes no system
 * call either: see cmio_poll_set_spin(). After the poll was freed, a wake has no effect. errno is
 * preserved.
 *
 * @param waker  The waker. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: waker is NULL.
 * - Errors of write(2) to an eventfd or a pipe, or of kevent(2). The next wake tries again.
 *
 * **Threads**: any thread, and a signal handler.
 *
 * **Source**: eventfd(2), pipe(7), kqueue(2) with EVFILT_USER.
 */
CMIO_API int cmio_waker_wake(struct cmio_waker *waker);

/**
 * Frees a waker, so that no later wait reports it.
 *
 * A wait that another thread is in during this call may still report it, once. The current batch
 * keeps its events: see cmio_events_purge().
 *
 * @param waker  The waker. NULL is allowed.
 *
 * **Threads**: any thread, also while another one waits on the poll. No thread may be in
 * cmio_waker_wake() with this waker, or call it later.
 */
CMIO_API void cmio_waker_free(struct cmio_waker *waker);

CMIO_END_DECLS

#endif
