/* SPDX-License-Identifier: MIT */
#ifndef NEIGHBOURS_WATCH_H
#define NEIGHBOURS_WATCH_H

/*
 * Watches lead from a token to a callback. Copy this header along with an adapter, or do without
 * it.
 *
 * A watch is one descriptor that a library owns, and a function to call when it is ready. The token
 * of its source is its address. A watch in zeroed memory watches nothing. These rules always hold:
 *
 * - Watches are level-triggered, because the library does the I/O and cmio does not see it.
 * - A callback may stop and free any watch, its own included, in the middle of a batch.
 * - The loop stays yours. A program with sources of its own calls watch_on_event() for events whose
 *   tokens are watches. watches_turn() is only for programs that have nothing else.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmio/cmio.h>

/* The poll to register with, and the batch that stopped watches are purged from. Both borrowed. */
struct watches {
    struct cmio_poll *poll;
    struct cmio_events *events;
};

struct watch {
    struct cmio_fd_source source;
    cmio_interest interest; /* 0 while it watches nothing */
    /* Called with the ready directions among those that are watched. */
    void (*on_ready)(struct watch *watch, uint32_t ready);
    void *owner; /* for the callback */
};

/* Stops watching. Call it before the library closes the descriptor. */
static inline void watch_stop(struct watches *watches, struct watch *watch) {
    if (watch->interest == 0)
        return;
    cmio_events_purge(watches->events, (cmio_token)watch);
    (void)cmio_fd_source_close(&watch->source); /* -EBADF if it was closed first; released anyway */
    watch->interest = 0;
}

/*
 * Watches fd for CMIO_READABLE, CMIO_WRITABLE, both or none of them (0). Returns 0 or a negative
 * errno, after which the watch has stopped.
 */
static inline int watch_set(struct watches *watches, struct watch *watch, int fd,
                            cmio_interest interest) {
    int result = 0;
    if (interest == 0 || (watch->interest != 0 && fd != cmio_fd_source_fd(&watch->source)))
        watch_stop(watches, watch);
    if (interest == watch->interest)
        return 0;
    if (watch->interest != 0) {
        result = cmio_poll_reregister(watches->poll, &watch->source.source, (cmio_token)watch,
                                      interest | CMIO_LEVEL);
    } else {
        result = cmio_fd_source_init(&watch->source, fd);
        if (result == 0)
            result = cmio_poll_register(watches->poll, &watch->source.source, (cmio_token)watch,
                                        interest | CMIO_LEVEL);
    }
    if (result == 0)
        watch->interest = interest;
    else
        watch_stop(watches, watch);
    return result;
}

static inline void watch_on_event(const struct cmio_event *event) {
    struct watch *watch = (struct watch *)event->token;
    uint32_t ready = event->ready & watch->interest;
    if (ready != 0)
        watch->on_ready(watch, ready);
}

/*
 * Waits until a watch is ready or until the deadline, on the clock of cmio_now(), and calls the
 * callbacks. Returns the number of events, or a negative errno. A signal counts as no event.
 */
static inline int watches_turn(struct watches *watches, int64_t deadline) {
    int64_t timeout = CMIO_FOREVER;
    if (deadline != CMIO_FOREVER) {
        timeout = deadline - cmio_now();
        timeout = timeout < 0 ? 0 : timeout;
    }
    int count = cmio_poll_wait(watches->poll, watches->events, timeout);
    CMIO_EVENTS_FOREACH (event, watches->events)
        watch_on_event(event);
    return count == -EINTR ? 0 : count;
}

static inline int watches_open(struct watches *watches) {
    *watches = (struct watches){0};
    int result = cmio_poll_new(&watches->poll);
    return result < 0 ? result : cmio_events_new(&watches->events, 64);
}

static inline void watches_close(struct watches *watches) {
    cmio_events_free(watches->events);
    cmio_poll_free(watches->poll);
}

#endif
