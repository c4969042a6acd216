/* SPDX-License-Identifier: MIT */
#ifndef CMIO_WAKER_H
#define CMIO_WAKER_H

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/registry.h>

CMIO_BEGIN_DECLS

/*
 * Wakes the thread that waits on a poll, from any thread or from a signal handler: the wait returns
 * a readable event with the waker's token. Wakes coalesce: any number of them before a wait is one
 * event, and none is lost, whether or not someone waits. There is nothing to drain. A poll may have
 * several wakers; one is enough for most programs.
 */
struct cmio_waker;

/*
 * Makes a waker for the registry's poll. The caller frees it; it may outlive the poll. Errors:
 * -EINVAL for a null argument; -EBADF for a closed registry; -EMFILE, -ENFILE, -ENOMEM, -ENOSPC.
 * Any thread.
 */
CMIO_API int cmio_waker_new(struct cmio_waker **out, struct cmio_registry *registry,
                            cmio_token token);

/*
 * Wakes. What the calling thread did before is visible to the thread that gets the event, also when
 * the wake coalesced with an earlier one. While a wake is pending this is one atomic exchange and
 * no system call. Any thread; async-signal-safe, and errno is kept. After the poll was freed it
 * does nothing. Returns 0; -EINVAL for NULL; or the error of the system's wake-up call.
 */
CMIO_API int cmio_waker_wake(struct cmio_waker *waker);

/*
 * Frees the waker: no later wait reports it. No other thread may be in cmio_waker_wake() with it.
 * NULL is allowed.
 */
CMIO_API void cmio_waker_free(struct cmio_waker *waker);

CMIO_END_DECLS

#endif
