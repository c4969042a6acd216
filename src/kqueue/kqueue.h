/* SPDX-License-Identifier: MIT */
#ifndef CMIO_KQUEUE_KQUEUE_H
#define CMIO_KQUEUE_KQUEUE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/backend.h"
#include "core/fd_table.h"
#include "kqueue/compat.h"

/*
 * What kqueue.c shares with the files among which the build chooses: waker_user.c or
 * none, apply_receipts.c or apply_plain.c, lost_reader_told.c or lost_reader_missed.c.
 */
struct cmio__kqueue_selector {
    int fd;
    pthread_mutex_t lock; /* the table and next_waker; never held during a wait in the kernel */
    struct cmio__fd_table table;
    uint32_t batch;      /* the number of this wait: see merge_record */
    uint32_t next_waker; /* wakers are numbered; the number says which filter is whose */
};

/* What core has of it, as it is. */
static inline struct cmio__kqueue_selector *
cmio__kqueue_selector_of(struct cmio__selector *opaque) {
    return (struct cmio__kqueue_selector *)opaque;
}

/*
 * Applies the changes at once, each on its own, also after one that failed. errors has room for as
 * many and gets 0 or a negative errno for each. Async-signal-safe, and never cancelled: kevent(2)
 * is a cancellation point on some systems, and the caller holds the lock.
 */
void cmio__kqueue_apply(int fd, struct kevent *changes, int count, int *errors);

/* Applies one change: 0, or its error. */
int cmio__kqueue_apply_one(struct cmio__kqueue_selector *selector, struct kevent change);

/*
 * Whether the descriptor is a pipe that can be written and whose write filter may sleep on when the
 * reader goes.
 */
bool cmio__kqueue_misses_end(int fd);

/* Wakers by EVFILT_USER: waker_user.c. Where there is none, a waker is a descriptor. */
extern const struct cmio__waking cmio__kqueue_waking;

#ifdef EVFILT_USER
#define CMIO__KQUEUE_WAKING (&cmio__kqueue_waking)
#define CMIO__KQUEUE_IS_WAKE(record) ((record)->filter == EVFILT_USER)
#else
#define CMIO__KQUEUE_WAKING NULL
#define CMIO__KQUEUE_IS_WAKE(record) false
#endif

#endif
