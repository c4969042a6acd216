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
 * What kqueue.c shares with the files that the build chooses from: waker_user.c or none,
 * apply_receipts.c or apply_plain.c, lost_reader_told.c or lost_reader_missed.c.
 */
struct cmio__kqueue_selector {
    int fd;
    pthread_mutex_t lock; /* the table and next_waker; never held during a wait in the kernel */
    struct cmio__fd_table table;
    uint32_t batch;      /* the number of the current wait: see merge_record */
    uint32_t next_waker; /* numbers wakers, to tell their filters apart */
};

/* Converts the pointer that core has. */
static inline struct cmio__kqueue_selector *
cmio__kqueue_selector_of(struct cmio__selector *opaque) {
    return (struct cmio__kqueue_selector *)opaque;
}

/*
 * Applies the changes at once, each on its own, even after one that failed. errors has room for
 * count results; each becomes 0 or a negative errno. Async-signal-safe and never cancelled:
 * kevent(2) is a cancellation point on some systems, and the caller holds the lock.
 */
void cmio__kqueue_apply(int fd, struct kevent *changes, int count, int *errors);

/* Applies one change. Returns 0 or its error. */
int cmio__kqueue_apply_one(struct cmio__kqueue_selector *selector, struct kevent change);

/*
 * Whether the descriptor is a pipe open for writing whose write filter may sleep on when the reader
 * goes.
 */
bool cmio__kqueue_misses_end(int fd);

/* Wakers with EVFILT_USER: waker_user.c. On systems without it a waker is a descriptor. */
extern const struct cmio__waking cmio__kqueue_waking;

#ifdef EVFILT_USER
#define CMIO__KQUEUE_WAKING (&cmio__kqueue_waking)
#define CMIO__KQUEUE_IS_WAKE(record) ((record)->filter == EVFILT_USER)
#else
#define CMIO__KQUEUE_WAKING NULL
#define CMIO__KQUEUE_IS_WAKE(record) false
#endif

#endif
