/* SPDX-License-Identifier: MIT */
/*
 * kqueue(2), on FreeBSD, macOS, OpenBSD, NetBSD and DragonFly. How real kernels answer is in
 * docs/platform-notes.md, under "kqueue".
 *
 * Reading and writing are filters of their own, added with EV_CLEAR (edge), EV_ONESHOT or neither
 * (level). A change takes effect at once and each filter's receipt is looked at. Since EV_ADD on a
 * filter that is there does not change its mode, a reregister deletes and adds; an added filter
 * reports what holds, so nothing is lost in between.
 *
 * The table says which descriptors are registered, for the checks that kqueue does not make, and
 * joins the events of a descriptor's filters into one. The lock is held over a change and its slot,
 * and while a wait turns records into events, so a record is never read against another
 * registration: one whose descriptor is not registered any more, or has another token now, is
 * dropped.
 *
 * A pipe's write end whose reader is gone is refused by EV_ADD, and FreeBSD drops even a level
 * filter after reporting it. Its readiness is then made up by a timer with the descriptor as ident:
 * one-shot for edge and one-shot, every millisecond for level.
 */
#include "kqueue/kqueue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"

extern const struct cmio__backend cmio__kqueue_backend;

/* In a slot's state: there is a timer that makes up its readiness. */
enum { MADE_UP = 1 };

/* Two filters and a timer deleted, two filters added. */
enum { CHANGES_MAX = 5 };

static int selector_open(struct cmio__selector **out) {
    struct cmio__selector *selector = calloc(1, sizeof *selector);
    if (selector == NULL)
        return -ENOMEM;
    int error = -pthread_mutex_init(&selector->lock, NULL);
    if (error < 0)
        goto free_selector;
    selector->fd = kqueue();
    if (selector->fd < 0) {
        error = -errno;
        goto destroy_lock;
    }
    (void)fcntl(selector->fd, F_SETFD, FD_CLOEXEC); /* it is open: cannot fail */
    *out = selector;
    return 0;

destroy_lock:
    (void)pthread_mutex_destroy(&selector->lock); /* EBUSY alone, and it is not */
free_selector:
    free(selector);
    return error;
}

static void selector_close(struct cmio__selector *selector) {
    (void)cmio__fd_close(selector->fd); /* a kqueue has nothing to lose */
    cmio__fd_table_free(&selector->table);
    (void)pthread_mutex_destroy(&selector->lock); /* EBUSY alone, and it is not */
    free(selector);
}

static int selector_fd(const struct cmio__selector *selector) {
    return selector->fd;
}

static void lock(struct cmio__selector *selector) {
    (void)pthread_mutex_lock(&selector->lock); /* an ordinary mutex: cannot fail */
}

static void unlock(struct cmio__selector *selector) {
    (void)pthread_mutex_unlock(&selector->lock);
}

/* Applied twice, a change of ours has the same effect: after EINTR, which came before the receipts.
 */
int cmio__kqueue_apply(struct cmio__selector *selector, const struct kevent *changes, int count,
                       struct kevent *receipts) {
    const struct timespec at_once = {.tv_sec = 0};
    const int state = cmio__cancel_disable(); /* the lock is held, or a wake under way */
    int received;
    do {
        received = kevent(selector->fd, changes, (CMIO__KEVENT_COUNT)count, receipts,
                          (CMIO__KEVENT_COUNT)count, &at_once);
    } while (received < 0 && errno == EINTR);
    const int error = received < 0 ? -errno : 0;
    cmio__cancel_restore(state);
    return error;
}

/* A receipt is an event with EV_ERROR, and 0 or an errno in data. */
static int error_of(const struct kevent *receipt) {
    return (receipt->flags & EV_ERROR) != 0 ? (int)-(long)receipt->data : 0;
}

int cmio__kqueue_apply_one(struct cmio__selector *selector, struct kevent change) {
    struct kevent receipt = {.ident = 0};
    change.flags |= EV_RECEIPT;
    int error = cmio__kqueue_apply(selector, &change, 1, &receipt);
    return error < 0 ? error : error_of(&receipt);
}

static unsigned mode_of(cmio_interest interest) {
    if (interest & CMIO_LEVEL)
        return 0;
    return interest & CMIO_ONESHOT ? EV_ONESHOT : EV_CLEAR;
}

/* The changes that remove what the slot has, and those that add what it says. */
static int removing(struct kevent *changes, int fd, const struct cmio__fd_slot *slot) {
    int count = 0;
    const unsigned flags = EV_DELETE | EV_RECEIPT;
    if (slot->interest & CMIO_READABLE)
        changes[count++] = cmio__kqueue_change((uintptr_t)fd, EVFILT_READ, flags, 0, 0, 0);
    if (slot->interest & CMIO_WRITABLE)
        changes[count++] = cmio__kqueue_change((uintptr_t)fd, EVFILT_WRITE, flags, 0, 0, 0);
    if (slot->state & MADE_UP)
        changes[count++] = cmio__kqueue_change((uintptr_t)fd, EVFILT_TIMER, flags, 0, 0, 0);
    return count;
}

static int adding(struct kevent *changes, int fd, cmio_token token, cmio_interest interest) {
    int count = 0;
    const unsigned flags = EV_ADD | EV_RECEIPT | mode_of(interest);
    if (interest & CMIO_READABLE)
        changes[count++] = cmio__kqueue_change((uintptr_t)fd, EVFILT_READ, flags, 0, 0, token);
    if (interest & CMIO_WRITABLE)
        changes[count++] = cmio__kqueue_change((uintptr_t)fd, EVFILT_WRITE, flags, 0, 0, token);
    return count;
}

/* The timer that makes up the readiness of a write end without a reader. Under the lock. */
static int make_up(struct cmio__selector *selector, int fd, struct cmio__fd_slot *slot) {
    const unsigned once = slot->interest & CMIO_LEVEL ? 0 : EV_ONESHOT;
    int error =
        cmio__kqueue_apply_one(selector, cmio__kqueue_change((uintptr_t)fd, EVFILT_TIMER,
                                                             EV_ADD | once, 0, 1, slot->token));
    if (error == 0)
        slot->state |= MADE_UP;
    return error;
}

/* What one receipt says of the descriptor. For a missing reader NetBSD says EBADF, others EPIPE. */
static int settle(struct cmio__selector *selector, int fd, struct cmio__fd_slot *slot,
                  const struct kevent *receipt, bool was_added) {
    const int error = error_of(receipt);
    if (!was_added)
        return error == -EBADF ? error : 0; /* -ENOENT: a one-shot that fired */
    const bool has_no_reader = error == -EPIPE || (error == -EBADF && cmio__fd_check_open(fd) == 0);
    return receipt->filter == EVFILT_WRITE && has_no_reader ? make_up(selector, fd, slot) : error;
}

/* Removes the filters of a slot; the first error that says something. Under the lock. */
static int remove_filters(struct cmio__selector *selector, int fd, struct cmio__fd_slot *slot) {
    struct kevent changes[CHANGES_MAX];
    struct kevent receipts[CHANGES_MAX];
    const int count = removing(changes, fd, slot);
    int error = cmio__kqueue_apply(selector, changes, count, receipts);
    slot->state = 0;
    for (int i = 0; i < count && error == 0; i++)
        error = settle(selector, fd, slot, &receipts[i], false);
    return error;
}

/* Adds the filters of a slot, all or none. Under the lock. */
static int add_filters(struct cmio__selector *selector, int fd, struct cmio__fd_slot *slot) {
    struct kevent changes[CHANGES_MAX];
    struct kevent receipts[CHANGES_MAX];
    const int count = adding(changes, fd, slot->token, slot->interest);
    int error = cmio__kqueue_apply(selector, changes, count, receipts);
    for (int i = 0; i < count && error == 0; i++)
        error = settle(selector, fd, slot, &receipts[i], true);
    if (error < 0)
        (void)remove_filters(selector, fd, slot); /* the first error is the one to tell */
    return error;
}

int cmio__kqueue_register(struct cmio__selector *selector, int fd, cmio_token token,
                          cmio_interest interest) {
    struct cmio__fd_slot *slot;
    lock(selector);
    int error = cmio__fd_table_insert(&selector->table, fd, token, interest, &slot);
    if (error == 0) {
        error = add_filters(selector, fd, slot);
        if (error < 0)
            cmio__fd_table_remove(slot);
    }
    unlock(selector);
    return error;
}

static int selector_register(struct cmio__selector *selector, int fd, cmio_token token,
                             cmio_interest interest) {
    int error = cmio__fd_check_watchable(fd);
    if (error < 0)
        return error;
    if (interest & CMIO_PRIORITY)
        return -ENOTSUP;
    return cmio__kqueue_register(selector, fd, token, interest);
}

static int selector_reregister(struct cmio__selector *selector, int fd, cmio_token token,
                               cmio_interest interest) {
    int error = cmio__fd_check_open(fd);
    if (error < 0)
        return error;
    if (interest & CMIO_PRIORITY)
        return -ENOTSUP;
    lock(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->table, fd);
    error = slot == NULL ? -EBADF : remove_filters(selector, fd, slot);
    if (error == 0) {
        slot->token = token;
        slot->interest = interest;
        error = add_filters(selector, fd, slot);
    }
    unlock(selector);
    return error;
}

int cmio__kqueue_deregister(struct cmio__selector *selector, int fd) {
    lock(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->table, fd);
    int error = slot == NULL ? -EBADF : remove_filters(selector, fd, slot);
    if (slot != NULL)
        cmio__fd_table_remove(slot);
    unlock(selector);
    return error;
}

static int selector_rearm(struct cmio__selector *selector, int fd, cmio_interest directions,
                          enum cmio__outcome outcome) {
    (void)selector, (void)fd, (void)directions, (void)outcome; /* the kernel makes its own edges */
    return 0;
}

/* A record to readiness: docs/platform-notes.md. */
static uint32_t ready_of(const struct kevent *record) {
    const bool reads = record->filter == EVFILT_READ;
    if (record->filter == EVFILT_TIMER)
        return CMIO_WRITABLE | CMIO_WRITE_CLOSED;
    if ((record->flags & EV_EOF) == 0)
        return reads ? CMIO_READABLE : CMIO_WRITABLE;
    if (record->fflags != 0)
        return CMIO_READABLE | CMIO_WRITABLE | CMIO_ERROR | CMIO_READ_CLOSED | CMIO_WRITE_CLOSED;
    return reads ? CMIO_READABLE | CMIO_READ_CLOSED : CMIO_WRITABLE | CMIO_WRITE_CLOSED;
}

/*
 * Joins a record to its descriptor's event in this batch, or begins one at events->list[count].
 * Returns how many it began.
 */
static size_t merge(struct cmio__selector *selector, struct cmio_events *events, size_t count,
                    struct cmio__fd_slot *slot, const struct kevent *record) {
    const uint32_t ready = ready_of(record);
    if (slot->batch == selector->batch && slot->place < count &&
        events->list[slot->place].token == slot->token) {
        events->list[slot->place].ready |= ready;
        return 0;
    }
    slot->batch = selector->batch;
    slot->place = (uint32_t)count;
    events->list[count] = (struct cmio_event){.token = slot->token, .ready = ready};
    return 1;
}

/* FreeBSD drops a level filter with the report that a pipe's reader is gone. */
static bool was_dropped(const struct cmio__fd_slot *slot, const struct kevent *record) {
    return record->filter == EVFILT_WRITE && (slot->interest & CMIO_LEVEL) != 0 &&
           (record->flags & EV_EOF) != 0 && (record->flags & EV_ONESHOT) != 0;
}

/*
 * A hang-up is readable and writable by whichever filter it comes, so it uses up the one-shot of
 * both: the other filter is taken back. Under the lock.
 */
static void use_up(struct cmio__selector *selector, int fd, const struct cmio__fd_slot *slot) {
    struct kevent changes[CHANGES_MAX];
    struct kevent receipts[CHANGES_MAX];
    const int count = removing(changes, fd, slot);
    (void)cmio__kqueue_apply(selector, changes, count, receipts); /* ENOENT: it fired as well */
}

static bool uses_up_both(const struct cmio__fd_slot *slot, uint32_t ready) {
    const uint32_t both = CMIO_READABLE | CMIO_WRITABLE;
    return (slot->interest & CMIO_ONESHOT) != 0 && (slot->interest & both) == both &&
           (ready & both) == both;
}

/* Turns a record into an event, or into part of one. Returns how many events it began. */
static size_t take(struct cmio__selector *selector, struct cmio_events *events, size_t count,
                   const struct kevent *record) {
    const cmio_token token = (cmio_token)record->udata;
    if (cmio__kqueue_is_wake(record)) {
        events->list[count] = (struct cmio_event){.token = token, .ready = CMIO_READABLE};
        return 1;
    }
    const int fd = (int)record->ident;
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->table, fd);
    if (slot == NULL || slot->token != token)
        return 0;
    if (was_dropped(slot, record))
        (void)make_up(selector, fd, slot); /* without memory the level ends here */
    if (uses_up_both(slot, ready_of(record)))
        use_up(selector, fd, slot);
    return merge(selector, events, count, slot, record);
}

static int wait_records(struct cmio__selector *selector, struct cmio_events *events,
                        int64_t timeout) {
    const struct timespec span = {
        .tv_sec = (time_t)(timeout / CMIO_SECOND),
        .tv_nsec = (long)(timeout % CMIO_SECOND),
    };
    int records =
        kevent(selector->fd, NULL, 0, events->records, (CMIO__KEVENT_COUNT)events->capacity,
               timeout == CMIO_FOREVER ? NULL : &span);
    return records < 0 ? -errno : records;
}

static int selector_wait(struct cmio__selector *selector, struct cmio_events *events,
                         int64_t timeout) {
    const int64_t deadline = timeout > 0 ? cmio_now() + timeout : timeout;
    const struct kevent *records = events->records;
    size_t count = 0;
    int received;
    do { /* again where all records were stale and time is left */
        received = wait_records(selector, events, timeout);
        if (received <= 0)
            return received;
        lock(selector);
        selector->batch++;
        for (int i = 0; i < received; i++)
            count += take(selector, events, count, &records[i]);
        unlock(selector);
        if (count == 0 && deadline > 0)
            timeout = cmio__time_left(deadline);
    } while (count == 0 && timeout != 0);
    return (int)count;
}

const struct cmio__backend cmio__kqueue_backend = {
    .name = "kqueue",
    .record_size = sizeof(struct kevent),
    .emulates_edges = false,
    .open = selector_open,
    .close = selector_close,
    .fd = selector_fd,
    .wait = selector_wait,
    .register_fd = selector_register,
    .reregister_fd = selector_reregister,
    .deregister_fd = cmio__kqueue_deregister,
    .rearm = selector_rearm,
    .wake_open = cmio__kqueue_wake_open,
    .wake = cmio__kqueue_wake,
    .wake_close = cmio__kqueue_wake_close,
};
