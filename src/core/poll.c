/* SPDX-License-Identifier: MIT */
#include <cmio/poll.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/backend.h"
#include "core/backends.h"
#include "core/registry.h"
#include "core/spin.h"
#include "core/waker.h"
#include "posix/inline.h"
#include "posix/threads.h"

struct cmio_poll {
    atomic_bool waiting; /* set during a wait, for other threads: only one at a time is allowed */
    struct cmio_registry *registry;
    struct cmio__spin spin;

    /* What a wait needs of the registry and its backend, one step nearer. */
    struct cmio__selector *selector;
    int (*wait)(struct cmio__selector *selector, struct cmio_events *events, int64_t timeout);
};

int cmio_poll_new(struct cmio_poll **out) {
    const char *name = getenv("CMIO_BACKEND");
    return cmio_poll_new_with(out, name != NULL && *name != '\0' ? name : NULL);
}

int cmio_poll_new_with(struct cmio_poll **out, const char *backend_name) {
    if (out == NULL)
        return -EINVAL;
    const struct cmio__backend *backend = cmio__backends_find(backend_name);
    if (backend == NULL)
        return -ENOTSUP;
    struct cmio_poll *poll = calloc(1, sizeof *poll);
    if (poll == NULL)
        return -ENOMEM;
    int error = cmio__registry_new(&poll->registry, backend);
    if (error < 0) {
        free(poll);
        return error;
    }
    poll->selector = poll->registry->selector;
    poll->wait = backend->wait;
    *out = poll;
    return 0;
}

void cmio_poll_free(struct cmio_poll *poll) {
    if (poll == NULL)
        return;
    atomic_store_explicit(&poll->registry->closed, true, memory_order_release);
    cmio_registry_unref(poll->registry);
    free(poll);
}

static struct cmio_registry *registry_of(struct cmio_poll *poll) {
    return poll == NULL ? NULL : poll->registry;
}

struct cmio_registry *cmio_poll_registry(struct cmio_poll *poll) {
    return registry_of(poll);
}

bool cmio_poll_supports(const struct cmio_poll *poll, cmio_interest interest) {
    return poll != NULL && cmio__registry_supports(poll->registry, interest);
}

int cmio_poll_register(struct cmio_poll *poll, struct cmio_source *source, cmio_token token,
                       cmio_interest interest) {
    return cmio_registry_register(registry_of(poll), source, token, interest);
}

int cmio_poll_reregister(struct cmio_poll *poll, struct cmio_source *source, cmio_token token,
                         cmio_interest interest) {
    return cmio_registry_reregister(registry_of(poll), source, token, interest);
}

int cmio_poll_deregister(struct cmio_poll *poll, struct cmio_source *source) {
    return cmio_registry_deregister(registry_of(poll), source);
}

CMIO__INLINE int wait_once(struct cmio_poll *poll, struct cmio_events *events, int64_t timeout) {
    return poll->wait(poll->selector, events, timeout);
}

/* Waits longer than a backend can in one piece: in several pieces, against one deadline. */
CMIO__COLD static int wait_long(struct cmio_poll *poll, struct cmio_events *events,
                                int64_t timeout) {
    const int64_t now = cmio_now();
    const int64_t deadline = timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
    int count;
    do {
        count =
            wait_once(poll, events, timeout < CMIO__LONGEST_WAIT ? timeout : CMIO__LONGEST_WAIT);
        timeout = cmio__time_left(deadline);
    } while (count == 0 && timeout > 0);
    return count;
}

/* For a timeout above 0. */
CMIO__APART static int wait_some_time(struct cmio_poll *poll, struct cmio_events *events,
                                      int64_t timeout) {
    return CMIO__UNLIKELY(timeout > CMIO__LONGEST_WAIT) ? wait_long(poll, events, timeout)
                                                        : wait_once(poll, events, timeout);
}

/* Returns the count, so that a wait without wakes need not keep it across this call. */
CMIO__COLD static int collect_wakers(struct cmio_registry *registry, int count) {
    cmio__wakers_collect_pending(registry);
    return count;
}

/* Between the kernel's answer and the program's. Returns the count. */
CMIO__INLINE int see_others(struct cmio_registry *registry, int count) {
    cmio__references_see(&registry->references); /* see registry.c */
    return CMIO__UNLIKELY(cmio__wakers_are_woken(registry)) ? collect_wakers(registry, count)
                                                            : count;
}

CMIO__INLINE int wait_asleep(struct cmio_poll *poll, struct cmio_events *events, int64_t timeout) {
    const int count =
        timeout > 0 ? wait_some_time(poll, events, timeout) : wait_once(poll, events, timeout);
    return see_others(poll->registry, count);
}

CMIO__COLD static int wait_spinning(struct cmio_poll *poll, struct cmio_events *events,
                                    int64_t timeout) {
    const int count = cmio__spin_wait(&poll->spin, poll->registry, events, &timeout);
    cmio__references_see(&poll->registry->references);
    return count != 0 ? count : wait_asleep(poll, events, timeout);
}

static void end_wait(struct cmio_poll *poll) {
    atomic_store_explicit(&poll->waiting, false, memory_order_release);
}

/* The thread was cancelled in its wait. The events it had collected may include wakes. */
static void cancel_wait(void *argument) {
    struct cmio_poll *poll = argument;
    cmio__spin_abandon(poll->registry);
    cmio__wakers_repeat(poll->registry);
    end_wait(poll);
}

CMIO__HOT int cmio_poll_wait(struct cmio_poll *poll, struct cmio_events *events,
                             int64_t timeout_ns) {
    if (events != NULL)
        events->count = 0;
    if (CMIO__UNLIKELY(poll == NULL || events == NULL || timeout_ns < CMIO_FOREVER))
        return -EINVAL;
    if (CMIO__UNLIKELY(!CMIO__IS_SINGLE_THREADED) && cmio__flag_test_and_set(&poll->waiting))
        return -EBUSY;
    int count;
    pthread_cleanup_push(cancel_wait, poll);
    count = CMIO__UNLIKELY(cmio__spin_is_on(&poll->spin)) ? wait_spinning(poll, events, timeout_ns)
                                                          : wait_asleep(poll, events, timeout_ns);
    if (count > 0)
        events->count = (size_t)count;
    pthread_cleanup_pop(0);
    end_wait(poll);
    return count;
}

int cmio_poll_wait_until(struct cmio_poll *poll, struct cmio_events *events, int64_t deadline) {
    return cmio_poll_wait(poll, events, deadline < 0 ? deadline : cmio__time_left(deadline));
}

int cmio_poll_set_spin(struct cmio_poll *poll, int64_t ns) {
    if (poll == NULL || ns < 0)
        return -EINVAL;
    if (atomic_load_explicit(&poll->waiting, memory_order_acquire))
        return -EBUSY;
    cmio__spin_limit(&poll->spin, ns);
    return 0;
}

int cmio_poll_fd(const struct cmio_poll *poll) {
    if (poll == NULL)
        return -EINVAL;
    return poll->registry->backend->fd(poll->registry->selector);
}

const char *cmio_poll_backend(const struct cmio_poll *poll) {
    return poll == NULL ? NULL : poll->registry->backend->name;
}
