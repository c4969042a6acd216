/* SPDX-License-Identifier: MIT */
/*
 * kqueue(2), on FreeBSD, macOS, OpenBSD, NetBSD and DragonFly. docs/platform-notes.md describes
 * under "kqueue" how real kernels answer.
 *
 * Reading and writing are separate filters, added with EV_CLEAR (edge), EV_ONESHOT or neither
 * (level). A change takes effect at once, and the kernel's answer to each filter is checked. EV_ADD
 * on an existing filter does not change its mode, so a reregister deletes and adds. A newly added
 * filter reports the current state, so nothing is lost in between. If a change fails half-way, the
 * filters and the slot are removed under the same hold of the lock: no event follows a failure.
 *
 * The table holds the registered descriptors, for the checks that kqueue does not make, and joins
 * the events of a descriptor's filters into one. The lock is held over a change and its slot, and
 * while a wait turns records into events, so a record is never read against another registration. A
 * record whose descriptor is no longer registered, or has another token now, is dropped.
 *
 * EV_ADD refuses a pipe's write end whose reader is gone, and FreeBSD drops even a level filter
 * after it reported that. cmio then makes the readiness up with a one-shot timer of a millisecond
 * whose ident is the descriptor. With level interest the timer's event sets the next timer, as long
 * as the descriptor is still open and still has no reader.
 *
 * OpenBSD and NetBSD do not wake the write filter of a full pipe when its reader goes. There, a
 * pipe that is registered for writing alone gets a read filter as well. The end of file that this
 * filter reports is the missing reader. Anything else it reports is dropped. A closed descriptor
 * takes its filters along, so the read filter also tells whether a level registration's descriptor
 * is still the same one. Therefore a made-up level registration has it on every system.
 */
#include "kqueue/kqueue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <cmio/poll.h>

#include "posix/descriptor.h"

extern const struct cmio__backend cmio__kqueue_backend;

/* A slot's state. */
enum {
    HAS_TIMER = 1,   /* a timer makes up its readiness */
    WATCHES_END = 2, /* a read filter watches for the missing reader alone */
    MISSES_END = 4,  /* the write filter may not report the missing reader */
};

/* Two filters and a timer. */
enum { CHANGES_MAX = 3 };

/* Only the other two directions have filters. */
enum { UNWATCHABLE = CMIO_PRIORITY };

static const cmio_interest both_filters = CMIO_READABLE | CMIO_WRITABLE;

static int kqueue_selector_open(struct cmio__selector **out) {
    struct cmio__kqueue_selector *selector = calloc(1, sizeof *selector);
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
    (void)cmio__fd_control(selector->fd, F_SETFD, FD_CLOEXEC); /* it is open: cannot fail */
    *out = (struct cmio__selector *)selector;
    return 0;

destroy_lock:
    (void)pthread_mutex_destroy(&selector->lock); /* not locked: cannot fail */
free_selector:
    free(selector);
    return error;
}

static void kqueue_selector_close(struct cmio__selector *opaque) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    (void)cmio__fd_close(selector->fd); /* a kqueue has nothing to lose */
    cmio__fd_table_free(&selector->table);
    (void)pthread_mutex_destroy(&selector->lock); /* not locked: cannot fail */
    free(selector);
}

static int kqueue_selector_fd(const struct cmio__selector *opaque) {
    const struct cmio__kqueue_selector *selector = (const struct cmio__kqueue_selector *)opaque;
    return selector->fd;
}

static void lock_table(struct cmio__kqueue_selector *selector) {
    (void)pthread_mutex_lock(&selector->lock); /* an ordinary mutex: cannot fail */
}

static void unlock_table(struct cmio__kqueue_selector *selector) {
    (void)pthread_mutex_unlock(&selector->lock);
}

int cmio__kqueue_apply_one(struct cmio__kqueue_selector *selector, struct kevent change) {
    int error;
    cmio__kqueue_apply(selector->fd, &change, 1, &error);
    return error;
}

static unsigned mode_of(cmio_interest interest) {
    if (interest & CMIO_LEVEL)
        return 0;
    return interest & CMIO_ONESHOT ? EV_ONESHOT : EV_CLEAR;
}

static struct kevent change_of(int fd, int filter, unsigned flags, cmio_token token) {
    return cmio__kqueue_change((uintptr_t)fd, filter, flags, 0, 0, token);
}

/* The changes that delete what the slot has, and those that add what its interest names. */
static int removing(struct kevent *changes, int fd, const struct cmio__fd_slot *slot) {
    int count = 0;
    if ((slot->interest & CMIO_READABLE) || (slot->state & WATCHES_END))
        changes[count++] = change_of(fd, EVFILT_READ, EV_DELETE, 0);
    if (slot->interest & CMIO_WRITABLE)
        changes[count++] = change_of(fd, EVFILT_WRITE, EV_DELETE, 0);
    if (slot->state & HAS_TIMER)
        changes[count++] = change_of(fd, EVFILT_TIMER, EV_DELETE, 0);
    return count;
}

static int adding(struct kevent *changes, int fd, const struct cmio__fd_slot *slot) {
    int count = 0;
    const unsigned flags = EV_ADD | mode_of(slot->interest);
    if (slot->interest & CMIO_READABLE)
        changes[count++] = change_of(fd, EVFILT_READ, flags, slot->token);
    if (slot->interest & CMIO_WRITABLE)
        changes[count++] = change_of(fd, EVFILT_WRITE, flags, slot->token);
    return count;
}

/*
 * Adds the read filter that reports only a missing reader. Does without it if the kernel has none
 * for the descriptor, as for the write end of a FIFO on OpenBSD. Under the lock.
 */
static int watch_end(struct cmio__kqueue_selector *selector, int fd, struct cmio__fd_slot *slot) {
    int error = cmio__kqueue_apply_one(selector,
                                       change_of(fd, EVFILT_READ, EV_ADD | EV_CLEAR, slot->token));
    if (error == 0)
        slot->state |= WATCHES_END;
    return error == -ENOMEM ? error : 0;
}

static bool is_only_written(const struct cmio__fd_slot *slot) {
    return (slot->interest & both_filters) == CMIO_WRITABLE;
}

/* Makes up the readiness of a write end without a reader. Under the lock. */
static int make_up(struct cmio__kqueue_selector *selector, int fd, struct cmio__fd_slot *slot) {
    int error = cmio__kqueue_apply_one(
        selector,
        cmio__kqueue_change((uintptr_t)fd, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 1, slot->token));
    if (error < 0)
        return error;
    slot->state |= HAS_TIMER;
    const bool repeats = (slot->interest & CMIO_LEVEL) != 0;
    if (repeats && is_only_written(slot) && (slot->state & WATCHES_END) == 0)
        error = watch_end(selector, fd, slot);
    return error;
}

/*
 * Interprets the answer to an added filter. For a missing reader NetBSD returns EBADF, others
 * EPIPE.
 */
static int settle_answer(struct cmio__kqueue_selector *selector, int fd, struct cmio__fd_slot *slot,
                         const struct kevent *change, int error) {
    const bool has_no_reader = error == -EPIPE || (error == -EBADF && cmio__fd_check_open(fd) == 0);
    return change->filter == EVFILT_WRITE && has_no_reader ? make_up(selector, fd, slot) : error;
}

/* The direction of the change's filter, or 0 for a timer. */
static cmio_interest direction_of(const struct kevent *change) {
    if (change->filter == EVFILT_READ)
        return CMIO_READABLE;
    return change->filter == EVFILT_WRITE ? CMIO_WRITABLE : 0;
}

/*
 * Removes the filters of a slot. Returns -EBADF if the descriptor was closed. A one-shot that fired
 * is gone already (ENOENT). Any other refusal is returned, but no filter may stay behind, so the
 * kernel is asked once more. Sets *removed to the directions that still had filters. Under the
 * lock.
 */
static int remove_filters(struct cmio__kqueue_selector *selector, int fd,
                          struct cmio__fd_slot *slot, cmio_interest *removed) {
    struct kevent changes[CHANGES_MAX];
    int errors[CHANGES_MAX];
    int result = 0;
    const int count = removing(changes, fd, slot);
    cmio__kqueue_apply(selector->fd, changes, count, errors);
    *removed = 0;
    for (int i = 0; i < count; i++) {
        if (errors[i] == 0)
            *removed |= direction_of(&changes[i]);
        if (errors[i] == 0 || errors[i] == -ENOENT)
            continue;
        result = errors[i];
        if (errors[i] != -EBADF)
            (void)cmio__kqueue_apply_one(selector, changes[i]);
    }
    slot->state = 0;
    return result;
}

/* Adds the filters of a slot. After a failure some may exist: the caller removes them. */
static int add_filters(struct cmio__kqueue_selector *selector, int fd, struct cmio__fd_slot *slot) {
    struct kevent changes[CHANGES_MAX];
    int errors[CHANGES_MAX];
    int error = 0;
    const int count = adding(changes, fd, slot);
    cmio__kqueue_apply(selector->fd, changes, count, errors);
    for (int i = 0; i < count && error == 0; i++)
        error = settle_answer(selector, fd, slot, &changes[i], errors[i]);
    if (error < 0 || (slot->interest & CMIO_WRITABLE) == 0 || !cmio__kqueue_misses_end(fd))
        return error;
    slot->state |= MISSES_END;
    const bool is_told = (slot->state & (HAS_TIMER | WATCHES_END)) != 0;
    return is_only_written(slot) && !is_told ? watch_end(selector, fd, slot) : 0;
}

/* Removes the filters and the slot, so that no event follows. Under the lock. */
static void withdraw_slot(struct cmio__kqueue_selector *selector, int fd,
                          struct cmio__fd_slot *slot) {
    cmio_interest removed;
    (void)remove_filters(selector, fd, slot, &removed); /* the caller has an error to return */
    cmio__fd_table_remove(slot);
}

static int kqueue_selector_register(struct cmio__selector *opaque, int fd, cmio_token token,
                                    cmio_interest interest) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    struct cmio__fd_slot *slot;
    int error = cmio__fd_check_watchable(fd);
    if (error < 0)
        return error;
    if (interest & UNWATCHABLE)
        return -ENOTSUP;
    lock_table(selector);
    error = cmio__fd_table_insert(&selector->table, fd, token, interest, &slot);
    if (error == 0) {
        error = add_filters(selector, fd, slot);
        if (error < 0)
            withdraw_slot(selector, fd, slot);
    }
    unlock_table(selector);
    return error;
}

/* Whether the kernel has no such filter for the descriptor: a kqueue is never writable, say. */
static bool is_change_refused(int error) {
    return error == -EINVAL || error == -EPERM || error == -ENOENT || error == -EEXIST;
}

/* Restores a slot's filters after others were refused. One-shots that had fired stay away. */
static int put_back(struct cmio__kqueue_selector *selector, int fd, struct cmio__fd_slot *slot,
                    const struct cmio__fd_slot *before, cmio_interest had) {
    cmio_interest removed;
    (void)remove_filters(selector, fd, slot, &removed);
    slot->token = before->token;
    slot->interest = (before->interest & ~both_filters) | had;
    const int error = had == 0 ? 0 : add_filters(selector, fd, slot);
    slot->interest = before->interest;
    return error;
}

/*
 * Gives a slot other filters. If the kernel refuses them, the slot gets its old filters back. Any
 * other failure leaves it without filters and is not a refusal. Under the lock.
 */
static int replace_filters(struct cmio__kqueue_selector *selector, int fd,
                           struct cmio__fd_slot *slot, cmio_token token, cmio_interest interest) {
    const struct cmio__fd_slot before = *slot;
    cmio_interest had;
    int error = remove_filters(selector, fd, slot, &had);
    if (error == 0) {
        slot->token = token;
        slot->interest = interest;
        error = add_filters(selector, fd, slot);
        if (is_change_refused(error)) {
            if (put_back(selector, fd, slot, &before, had) == 0)
                return error;
            error = -EIO;
        }
    }
    if (error < 0)
        withdraw_slot(selector, fd, slot);
    return error;
}

/* A call refused here has changed nothing. Any later failure unregisters the descriptor. */
static int kqueue_selector_reregister(struct cmio__selector *opaque, int fd, cmio_token token,
                                      cmio_interest interest) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    int error = cmio__fd_check_open(fd);
    if (error < 0)
        return error;
    if (interest & UNWATCHABLE)
        return -ENOTSUP;
    lock_table(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->table, fd);
    error = slot == NULL ? -EBADF : replace_filters(selector, fd, slot, token, interest);
    unlock_table(selector);
    return error;
}

static int kqueue_selector_deregister(struct cmio__selector *opaque, int fd) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    lock_table(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->table, fd);
    cmio_interest removed;
    int error = slot == NULL ? -EBADF : remove_filters(selector, fd, slot, &removed);
    if (slot != NULL)
        cmio__fd_table_remove(slot);
    unlock_table(selector);
    return error;
}

/* Whether the record comes from the read filter that watches for the missing reader alone. */
static bool is_of_end(const struct cmio__fd_slot *slot, const struct kevent *record) {
    return record->filter == EVFILT_READ && (slot->interest & CMIO_READABLE) == 0;
}

/*
 * Whether the slot has such a filter and wants what it reports. The record may be left from an
 * earlier registration.
 */
static bool is_wanted(const struct cmio__fd_slot *slot, const struct kevent *record) {
    if (record->filter == EVFILT_TIMER)
        return (slot->state & HAS_TIMER) != 0;
    if (record->filter == EVFILT_WRITE)
        return (slot->interest & CMIO_WRITABLE) != 0;
    return !is_of_end(slot, record) ||
           ((slot->state & WATCHES_END) != 0 && (record->flags & EV_EOF) != 0);
}

/* Translates a record to readiness: docs/platform-notes.md. */
static uint32_t ready_of(const struct cmio__fd_slot *slot, const struct kevent *record) {
    const uint32_t write_end = CMIO_WRITABLE | CMIO_WRITE_CLOSED;
    const uint32_t read_end = CMIO_READABLE | CMIO_READ_CLOSED;
    if (record->filter == EVFILT_TIMER || is_of_end(slot, record))
        return write_end;
    const bool reads = record->filter == EVFILT_READ;
    if ((record->flags & EV_EOF) == 0)
        return reads ? CMIO_READABLE : CMIO_WRITABLE;
    if (record->fflags != 0)
        return read_end | write_end | CMIO_ERROR;
    if (!reads)
        return write_end;
    return slot->state & MISSES_END ? read_end | write_end : read_end;
}

/*
 * Adds readiness to the descriptor's event in this batch, or begins an event at
 * events->list[count]. Returns how many events it began.
 */
static size_t merge_record(struct cmio__kqueue_selector *selector, struct cmio_events *events,
                           size_t count, struct cmio__fd_slot *slot, uint32_t ready) {
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

/*
 * Makes the kernel look at a level write filter again. A filter that the kernel dropped comes back,
 * and one that missed its reader's end now reports it. If the kernel refuses the filter, its
 * readiness is made up. Returns whether it was refused. Under the lock.
 */
static bool look_again(struct cmio__kqueue_selector *selector, int fd, struct cmio__fd_slot *slot) {
    int error = cmio__kqueue_apply_one(selector, change_of(fd, EVFILT_WRITE, EV_ADD, slot->token));
    if (error < 0)
        (void)make_up(selector, fd, slot); /* without memory the level ends here */
    return error < 0;
}

/*
 * Whether the descriptor is still the registered one. If it were not, its read filter would be
 * gone. A change that names the filter and changes nothing finds out.
 */
static bool is_still_open(struct cmio__kqueue_selector *selector, int fd,
                          const struct cmio__fd_slot *slot) {
    if (cmio__fd_check_open(fd) < 0)
        return false;
    if ((slot->interest & CMIO_READABLE) == 0 && (slot->state & WATCHES_END) == 0)
        return true;
    const int error =
        cmio__kqueue_apply_one(selector, change_of(fd, EVFILT_READ, EV_ENABLE, slot->token));
    return error != -ENOENT && error != -EBADF;
}

/* Whether an expired timer that makes up readiness still tells the truth. Under the lock. */
static bool is_still_true(struct cmio__kqueue_selector *selector, int fd,
                          struct cmio__fd_slot *slot) {
    slot->state &= ~(uint32_t)HAS_TIMER;
    if ((slot->interest & CMIO_LEVEL) == 0)
        return cmio__fd_check_open(fd) == 0;
    return is_still_open(selector, fd, slot) && look_again(selector, fd, slot);
}

/* Whether a level registration would fall silent after this record. */
static bool needs_look(const struct cmio__fd_slot *slot, const struct kevent *record) {
    const bool dropped = record->filter == EVFILT_WRITE && (record->flags & EV_ONESHOT) != 0;
    return (slot->interest & CMIO_LEVEL) != 0 && (slot->state & HAS_TIMER) == 0 &&
           (record->flags & EV_EOF) != 0 && (dropped || is_of_end(slot, record));
}

/* Whether this readiness uses up a one-shot that has more than one filter in the kernel. */
static bool uses_up_all(const struct cmio__fd_slot *slot, uint32_t ready) {
    if ((slot->interest & CMIO_ONESHOT) == 0)
        return false;
    return (slot->state & WATCHES_END) || ((slot->interest & both_filters) == both_filters &&
                                           (ready & both_filters) == both_filters);
}

/*
 * A hang-up is readable and writable whichever filter reports it, so it uses up the one-shot of
 * both_filters. A filter that watches for the missing reader is removed with the filter that it was
 * added for. Under the lock.
 */
static void use_up(struct cmio__kqueue_selector *selector, int fd,
                   const struct cmio__fd_slot *slot) {
    struct kevent changes[CHANGES_MAX];
    int errors[CHANGES_MAX];
    const int count = removing(changes, fd, slot);
    cmio__kqueue_apply(selector->fd, changes, count, errors); /* ENOENT: it fired too */
}

/* Turns a record into an event, or into part of one. Returns how many events it began. */
static size_t take_record(struct cmio__kqueue_selector *selector, struct cmio_events *events,
                          size_t count, const struct kevent *record) {
    const cmio_token token = (cmio_token)record->udata;
    if (CMIO__KQUEUE_IS_WAKE(record)) {
        events->list[count] = (struct cmio_event){.token = token, .ready = CMIO_READABLE};
        return 1;
    }
    const int fd = (int)record->ident;
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->table, fd);
    if (slot == NULL || slot->token != token || !is_wanted(slot, record))
        return 0;
    if (record->filter == EVFILT_TIMER && !is_still_true(selector, fd, slot))
        return 0;
    const uint32_t ready = ready_of(slot, record);
    if (needs_look(slot, record))
        (void)look_again(selector, fd, slot); /* refused or not, it repeats */
    if (uses_up_all(slot, ready))
        use_up(selector, fd, slot);
    return merge_record(selector, events, count, slot, ready);
}

/* Returns how many events the records make. */
static size_t take_records(struct cmio__kqueue_selector *selector, struct cmio_events *events,
                           int received) {
    const struct kevent *records = events->records;
    size_t count = 0;
    lock_table(selector);
    selector->batch++;
    for (int i = 0; i < received; i++)
        count += take_record(selector, events, count, &records[i]);
    unlock_table(selector);
    return count;
}

static int wait_records(struct cmio__kqueue_selector *selector, struct cmio_events *events,
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

/*
 * Asks the kernel again if it returned early, as starved kernels do, if it reported only what is no
 * longer registered, or if such records left no room for others.
 */
static int kqueue_selector_wait(struct cmio__selector *opaque, struct cmio_events *events,
                                int64_t timeout) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    const int64_t deadline = timeout > 0 ? cmio_now() + timeout : timeout;
    size_t count;
    int received;
    do {
        received = wait_records(selector, events, timeout);
        if (received < 0)
            return received;
        count = received > 0 ? take_records(selector, events, received) : 0;
        if (count == 0 && deadline > 0)
            timeout = cmio__time_left(deadline);
    } while (count == 0 && (timeout != 0 || (size_t)received == events->capacity));
    return (int)count;
}

const struct cmio__backend cmio__kqueue_backend = {
    .name = CMIO_BACKEND_KQUEUE,
    .unwatchable = UNWATCHABLE,
    .record_size = sizeof(struct kevent),
    .open = kqueue_selector_open,
    .close = kqueue_selector_close,
    .fd = kqueue_selector_fd,
    .wait = kqueue_selector_wait,
    .register_fd = kqueue_selector_register,
    .reregister_fd = kqueue_selector_reregister,
    .deregister_fd = kqueue_selector_deregister,
    .waking = CMIO__KQUEUE_WAKING,
};
