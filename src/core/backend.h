/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_BACKEND_H
#define CMIO_CORE_BACKEND_H

/*
 * The contract of a backend. A backend does the kernel's part of a poll and nothing else. Core
 * checks all arguments, knows which source is registered where, and calls a backend without holding
 * a lock. All state of a backend is in the selector that open creates. Every backend has seven
 * hooks; two more are optional. Each hook returns 0, a count, a descriptor, or a negative errno.
 * See docs/writing-a-backend.md.
 *
 * Only one thread at a time calls wait. Any thread may call any other hook, even during a wait, and
 * the hook takes effect on that wait. close is called last, when no other thread uses the selector.
 *
 * A thread may be cancelled in wait, which then leaves the selector as if it had returned. No other
 * hook is a cancellation point: see posix/cancel.h.
 */

#include <stddef.h>
#include <stdint.h>

#include <cmio/interest.h>
#include <cmio/time.h>

#include "core/events.h"
#include "posix/wake_fd.h"

/*
 * Core's view of a selector is its address. Nothing defines this struct. Each backend defines a
 * struct under a name of its own, and each hook converts the pointer at its start, so that all
 * backends can be compiled as one file (meson --unity=on).
 */
struct cmio__selector;

/* A waker's end in the kernel: a descriptor, or the number of what a backend uses instead. */
struct cmio__wake {
    cmio_token token;
    uint32_t number;
    struct cmio__wake_fd fd;
};

/*
 * Added to CMIO_READABLE in the interest of a waker's descriptor, and of no other descriptor. Each
 * wake is an event, and nobody reads. A backend that makes edges itself empties the descriptor as
 * it delivers the event (cmio__wake_fd_drain). A kernel that makes edges needs nothing.
 */
#define CMIO__WAKER 0x80000000u

/*
 * How wakers wake. wake causes an edge-triggered readable event with the token. It is
 * async-signal-safe and preserves errno.
 */
struct cmio__waking {
    int (*open)(struct cmio__selector *selector, cmio_token token, struct cmio__wake *out);
    int (*wake)(struct cmio__selector *selector, const struct cmio__wake *wake);
    void (*close)(struct cmio__selector *selector, struct cmio__wake *wake);
};

/*
 * What an I/O call means for the edge of its direction, reported to a backend that makes edges
 * itself. A call that none of these describes did not end the edge.
 */
enum cmio__outcome {
    /* It took something in, fell short, or cleared an error: the next readiness is news. */
    CMIO__PROGRESS,
    /*
     * -EAGAIN: the next readiness is news, unless the system reports the descriptor ready even now.
     */
    CMIO__BLOCKED,
    /* The descriptor stays ready, and what arrives next looks the same: accept's -EMFILE. */
    CMIO__HELD,
    /* The end of file, or EIO. A FIFO or a terminal may be opened again. */
    CMIO__ENDED,
};

struct cmio__backend {
    const char *name;

    /* The directions that register_fd refuses with -ENOTSUP. */
    cmio_interest unwatchable;

    /*
     * Size in bytes of one kernel event record: events->records holds capacity of them. 0 if the
     * backend needs no such room.
     */
    size_t record_size;

    int (*open)(struct cmio__selector **out);
    void (*close)(struct cmio__selector *selector);

    /* The descriptor that is readable while events are available, or -ENOTSUP. */
    int (*fd)(const struct cmio__selector *selector);

    /*
     * Waits for timeout nanoseconds, at most CMIO__LONGEST_WAIT, or for CMIO_FOREVER; never returns
     * 0 early. Fills at most events->capacity places of events->list, each source once, and returns
     * how many. Returns -EINTR after a signal handler ran.
     */
    int (*wait)(struct cmio__selector *selector, struct cmio_events *events, int64_t timeout);

    /*
     * Returns -EBADF, -EPERM and -EEXIST as the registry documents them. The event may come before
     * the call returns. Core makes what the calling thread did before visible to the thread that
     * gets it.
     */
    int (*register_fd)(struct cmio__selector *selector, int fd, cmio_token token,
                       cmio_interest interest);
    /*
     * Changes the registration of a registered descriptor. Returns -EBADF if it was closed since,
     * or -ENOTSUP, with nothing changed, if the interest cannot be watched. After any other error
     * the descriptor is no longer registered, and no event follows.
     */
    int (*reregister_fd)(struct cmio__selector *selector, int fd, cmio_token token,
                         cmio_interest interest);
    int (*deregister_fd)(struct cmio__selector *selector, int fd);

    /*
     * NULL if the kernel makes edges. Otherwise I/O on edge-triggered sources reports its outcome
     * here, and this arms the edges of the directions again.
     */
    int (*rearm)(struct cmio__selector *selector, int fd, cmio_interest directions,
                 enum cmio__outcome outcome);

    /* NULL if a waker is a descriptor registered like any other: see CMIO__WAKER. */
    const struct cmio__waking *waking;
};

/* Core cuts longer waits into pieces of this length: a day in milliseconds fits an int. */
#define CMIO__LONGEST_WAIT (INT64_C(86400) * CMIO_SECOND)

/* How long to wait for a deadline other than CMIO_FOREVER. */
static inline int64_t cmio__time_left(int64_t deadline) {
    const int64_t now = cmio_now();
    return deadline > now ? deadline - now : 0;
}

#endif
