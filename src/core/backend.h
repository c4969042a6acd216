/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_BACKEND_H
#define CMIO_CORE_BACKEND_H

/*
 * The contract that a backend signs: the kernel's part of a poll, and nothing else. Core has
 * checked all arguments, knows which source is registered where, and calls a backend with no lock
 * held. All state of a backend is in the selector that open makes. Seven hooks are there in every
 * backend, and two more for those that need them. Each returns 0, a count or a descriptor, or a
 * negative errno. docs/writing-a-backend.md goes through them.
 *
 * wait is called by one thread at a time; every other hook may be called by any thread, also during
 * a wait, on which what it does takes effect. close is called last, by one thread alone.
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
 * What core has of a selector: an address. Nothing defines the struct. Each backend has one of its
 * own, under its own name, and converts the pointer where a hook begins: so all backends can be
 * compiled as one file (meson --unity=on).
 */
struct cmio__selector;

/* A waker's end in the kernel: a descriptor, or the number of whatever a backend has instead. */
struct cmio__wake {
    cmio_token token;
    uint32_t number;
    struct cmio__wake_fd fd;
};

/*
 * In the interest of a waker's descriptor, beside CMIO_READABLE, and none other's: each wake is an
 * event, and nobody reads. A backend that makes edges itself empties the descriptor as it delivers
 * the event (cmio__wake_fd_drain); a kernel with edges of its own needs nothing.
 */
#define CMIO__WAKER 0x80000000u

/*
 * How wakers wake. wake makes an edge-triggered readable event with the token; it is
 * async-signal-safe and keeps errno.
 */
struct cmio__waking {
    int (*open)(struct cmio__selector *selector, cmio_token token, struct cmio__wake *out);
    int (*wake)(struct cmio__selector *selector, const struct cmio__wake *wake);
    void (*close)(struct cmio__selector *selector, struct cmio__wake *wake);
};

/*
 * What an I/O call says about the edge of its direction, to a backend that makes edges itself. The
 * call did not end the edge if none of these fits.
 */
enum cmio__outcome {
    /* It took something in, fell short, or took an error away: the next readiness is news. */
    CMIO__PROGRESS,
    /*
     * -EAGAIN: the next readiness is news, unless the system calls the descriptor ready even now.
     */
    CMIO__BLOCKED,
    /* The descriptor stays ready, and what arrives next looks the same: accept's -EMFILE. */
    CMIO__HELD,
    /* The end of file, or EIO. A FIFO or a terminal may be opened again. */
    CMIO__ENDED,
};

struct cmio__backend {
    const char *name;

    /* The directions that it refuses to register with -ENOTSUP. */
    cmio_interest unwatchable;

    /* Bytes of one of the kernel's event records: events->records has room for capacity of them. 0
     * for a backend that needs no such room. */
    size_t record_size;

    int (*open)(struct cmio__selector **out);
    void (*close)(struct cmio__selector *selector);

    /* The descriptor that is readable while there are events, or -ENOTSUP. */
    int (*fd)(const struct cmio__selector *selector);

    /*
     * Waits for timeout nanoseconds, at most CMIO__LONGEST_WAIT, or CMIO_FOREVER, never less; fills
     * at most events->capacity places of events->list, each source once, and returns how many.
     * -EINTR when a signal handler ran.
     */
    int (*wait)(struct cmio__selector *selector, struct cmio_events *events, int64_t timeout);

    /*
     * -EBADF, -EPERM and -EEXIST as the registry documents them. What the calling thread did before
     * is visible to the thread that gets the event, which may come before the call returns.
     */
    int (*register_fd)(struct cmio__selector *selector, int fd, cmio_token token,
                       cmio_interest interest);
    /*
     * The same for a descriptor that is registered. -EBADF when it was closed since, -ENOTSUP for
     * an interest that cannot be watched: then nothing has changed. After any other error it is
     * registered no more, and no event of it follows.
     */
    int (*reregister_fd)(struct cmio__selector *selector, int fd, cmio_token token,
                         cmio_interest interest);
    int (*deregister_fd)(struct cmio__selector *selector, int fd);

    /*
     * NULL if the kernel makes edges. Otherwise I/O on edge-triggered sources says what it did, and
     * this arms the edge of the directions again.
     */
    int (*rearm)(struct cmio__selector *selector, int fd, cmio_interest directions,
                 enum cmio__outcome outcome);

    /* NULL if a waker is a descriptor that is registered like any other: see CMIO__WAKER. */
    const struct cmio__waking *waking;
};

/* Longer waits are cut into such pieces by core: a day fits the milliseconds of an int. */
#define CMIO__LONGEST_WAIT (INT64_C(86400) * CMIO_SECOND)

/* How long to wait for a deadline, which is not CMIO_FOREVER. */
static inline int64_t cmio__time_left(int64_t deadline) {
    const int64_t now = cmio_now();
    return deadline > now ? deadline - now : 0;
}

#endif
