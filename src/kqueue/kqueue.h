/* SPDX-License-Identifier: MIT */
#ifndef CMIO_KQUEUE_KQUEUE_H
#define CMIO_KQUEUE_KQUEUE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/backend.h"
#include "core/fd_table.h"
#include "kqueue/compat.h"

/* What kqueue.c and the build's choice of waker share: waker_user.c or waker_pipe.c. */
struct cmio__selector {
    int fd;
    pthread_mutex_t lock; /* the table and next_waker; never held during a wait in the kernel */
    struct cmio__fd_table table;
    uint32_t batch;      /* the number of this wait: see merge */
    uint32_t next_waker; /* wakers are numbered; the number says which filter is whose */
};

/* Applies the changes, each on its own; receipts has room for as many. 0 or -errno of the call. */
int cmio__kqueue_apply(struct cmio__selector *selector, const struct kevent *changes, int count,
                       struct kevent *receipts);

/* Applies one change: 0, or its error. */
int cmio__kqueue_apply_one(struct cmio__selector *selector, struct kevent change);

int cmio__kqueue_register(struct cmio__selector *selector, int fd, cmio_token token,
                          cmio_interest interest);
int cmio__kqueue_deregister(struct cmio__selector *selector, int fd);

/* The three hooks of a backend's wakers, and whether an event is one of theirs. */
int cmio__kqueue_wake_open(struct cmio__selector *selector, cmio_token token,
                           struct cmio__wake *out);
int cmio__kqueue_wake(struct cmio__selector *selector, const struct cmio__wake *wake);
void cmio__kqueue_wake_close(struct cmio__selector *selector, struct cmio__wake *wake);
bool cmio__kqueue_is_wake(const struct kevent *record);

#endif
