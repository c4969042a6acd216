/* SPDX-License-Identifier: MIT */
/*
 * poll(2), for systems that have nothing better, and elsewhere as a second
 * opinion.
 *
 * This is the protocol between the thread that waits and the threads that
 * change what is registered. The lock protects the whole selector. The one
 * exception is the entries while polling is set: they then belong to the
 * waiting thread, which is in poll(2) without the lock, and nobody touches
 * them.
 *
 *     wait:    lock; while queued > 0, sleep on may_wait; polling = true;
 * unlock poll(2) lock; polling = false; wake those who sleep on may_change turn
 * what poll(2) reported into events; unlock change:  lock if polling: queued +=
 * 1; interrupt poll(2); sleep on may_change while polling; queued -= 1; if it
 * is 0, wake who sleeps on may_wait change the entries; unlock
 *
 *   - A change that finds polling clear proceeds. What poll(2) reported before
 * was turned into events under the same hold of the lock, so no result is ever
 * read against changed entries. What did not fit the batch is asked for again;
 * the old results only tell where to ask.
 *   - A change that finds polling set is queued. The waiting thread does not
 * poll again before every queued change has had its turn. Meanwhile polling is
 * clear, so no change is added to the queue, and neither side can keep the
 * other out.
 *   - The interruption is a descriptor of the selector's own, the last one. It
 * is written only while polling is set and drained when polling is cleared,
 * both under the lock. No waker uses it, so a wake is never taken for an
 * interruption, nor an interruption for a wake. A wait that was interrupted and
 * found nothing continues until its original deadline. While the process has
 * one thread, nobody can interrupt a wait, and poll(2) is not asked for this
 * descriptor.
 *
 * A waker is a descriptor among the entries. It is level-triggered and drained
 * as its event is delivered. A wake after the drain makes it readable again; a
 * wake before the drain is part of this event. A waker whose event does not fit
 * the batch is not drained.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <cmio/poll.h>

#include "core/backend.h"
#include "poll/entries.h"
#include "poll/rest.h"
#include "poll/wait.h"
#include "posix/cancel.h"
#include "posix/descriptor.h"
#include "posix/features.h"
#include "posix/inline.h"

extern const struct cmio__backend cmio__poll_backend;

struct poll_selector {
    pthread_mutex_t lock;
    pthread_cond_t may_wait;
    pthread_cond_t may_change;
    struct cmio__poll_entries entries;
    struct cmio__wake_fd interruption;
    size_t next;    /* where the next scan begins, so that what did not fit a batch
                  comes first */
    size_t surplus; /* about how many ready entries did not fit */
    size_t queued;
    bool polling;
    bool interrupted;
    bool looking; /* entries include resting sockets; the waiting thread's */
};

static struct poll_selector *poll_selector_of(struct cmio__selector *opaque) {
    return (struct poll_selector *)opaque;
}

static int open_locks(struct poll_selector *selector) {
    int error = -pthread_mutex_init(&selector->lock, NULL);
    if (error < 0)
        return error;
    error = -pthread_cond_init(&selector->may_wait, NULL);
    if (error < 0)
        goto destroy_lock;
    error = -pthread_cond_init(&selector->may_change, NULL);
    if (error < 0)
        goto destroy_may_wait;
    return 0;

destroy_may_wait:
    (void)pthread_cond_destroy(&selector->may_wait); /* nobody waits on it: cannot fail */
destroy_lock:
    (void)pthread_mutex_destroy(&selector->lock);
    return error;
}

static void close_locks(struct poll_selector *selector) {
    (void)pthread_cond_destroy(&selector->may_change); /* nobody uses them: cannot fail */
    (void)pthread_cond_destroy(&selector->may_wait);
    (void)pthread_mutex_destroy(&selector->lock);
}

static int poll_selector_open(struct cmio__selector **out) {
    struct poll_selector *selector = calloc(1, sizeof *selector);
    if (selector == NULL)
        return -ENOMEM;
    int error = open_locks(selector);
    if (error < 0)
        goto free_selector;
    error = cmio__wake_fd_open(&selector->interruption);
    if (error < 0)
        goto close_selector_locks;
    error = cmio__poll_entries_init(&selector->entries, selector->interruption.read_fd);
    if (error < 0)
        goto close_interruption;
    *out = (struct cmio__selector *)selector;
    return 0;

close_interruption:
    cmio__wake_fd_close(&selector->interruption);
close_selector_locks:
    close_locks(selector);
free_selector:
    free(selector);
    return error;
}

static void poll_selector_close(struct cmio__selector *opaque) {
    struct poll_selector *selector = poll_selector_of(opaque);
    cmio__poll_entries_free(&selector->entries);
    cmio__wake_fd_close(&selector->interruption);
    close_locks(selector);
    free(selector);
}

static int poll_selector_fd(const struct cmio__selector *opaque) {
    (void)opaque; /* no descriptor stands for a set of them */
    return -ENOTSUP;
}

static void lock_entries(struct poll_selector *selector) {
    (void)pthread_mutex_lock(&selector->lock); /* an ordinary mutex: cannot fail */
}

static void unlock_entries(struct poll_selector *selector) {
    (void)pthread_mutex_unlock(&selector->lock);
}

/* Sleeps until the queued changes have had their turn. Under the lock. Not a
 * cancellation point. */
CMIO__COLD static void let_changes_go_first(struct poll_selector *selector) {
    const int state = cmio__cancel_disable();
    while (selector->queued > 0)
        (void)pthread_cond_wait(&selector->may_wait, &selector->lock);
    cmio__cancel_restore(state);
}

/* Locks the entries for a wait. */
static void begin_wait(struct poll_selector *selector) {
    lock_entries(selector);
    if (selector->queued > 0)
        let_changes_go_first(selector);
}

/* The waiting thread takes the entries and gives up the lock. */
static void begin_polling(struct poll_selector *selector) {
    selector->polling = true;
    unlock_entries(selector);
}

/* The waiting thread gives the entries back and keeps the lock. */
static void end_polling(struct poll_selector *selector) {
    lock_entries(selector);
    selector->polling = false;
    if (selector->interrupted)
        cmio__wake_fd_drain(&selector->interruption);
    selector->interrupted = false;
    if (selector->queued > 0)
        (void)pthread_cond_broadcast(&selector->may_change);
}

/* Under the lock. After an error of poll(2) nothing is known, and resting
 * entries keep resting. */
CMIO__COLD static int end_look(struct poll_selector *selector, int ready) {
    selector->looking = false;
    return cmio__poll_entries_end_look(&selector->entries, ready);
}

/* The thread was cancelled in poll(2). */
static void cancel_polling(void *argument) {
    struct poll_selector *selector = argument;
    end_polling(selector);
    if (selector->looking)
        (void)end_look(selector, -ECANCELED);
    unlock_entries(selector);
}

static void interrupt_wait(struct poll_selector *selector) {
    if (!selector->interrupted)
        (void)cmio__wake_fd_signal(&selector->interruption); /* it is ours, open and empty */
    selector->interrupted = true;
}

/*
 * Takes the entries for a change while they are polled. The caller holds the
 * lock, which is released meanwhile. Not a cancellation point.
 */
CMIO__COLD static void take_entries(struct poll_selector *selector) {
    const int state = cmio__cancel_disable();
    selector->queued++;
    interrupt_wait(selector);
    while (selector->polling)
        (void)pthread_cond_wait(&selector->may_change, &selector->lock);
    if (--selector->queued == 0)
        (void)pthread_cond_signal(&selector->may_wait);
    cmio__cancel_restore(state);
}

/* Locks the entries for a change. */
static void begin_change(struct poll_selector *selector) {
    lock_entries(selector);
    if (selector->polling)
        take_entries(selector);
}

CMIO__COLD static void drain_waker(int fd) {
    cmio__wake_fd_drain(&(struct cmio__wake_fd){.read_fd = fd, .write_fd = -1});
}

/* Turns what poll(2) reported for one entry into an event. Returns false if
 * there is none. */
CMIO__INLINE bool deliver_entry(struct poll_selector *selector, const struct pollfd *entry,
                                struct cmio_event *out) {
    const int fd = cmio__poll_entry_fd(entry);
    struct cmio__fd_slot *slot = cmio__fd_table_at(&selector->entries.table, fd);
    const uint32_t ready = cmio__poll_entries_deliver(&selector->entries, slot, fd);
    if (slot->interest & CMIO__WAKER)
        drain_waker(fd);
    *out = (struct cmio_event){.token = slot->token, .ready = ready};
    return ready != 0;
}

/*
 * Turns this many ready entries into events, as many as fit: from the next one
 * up to an end, and then from the first one on.
 */
CMIO__INLINE int collect_events(struct poll_selector *selector, struct cmio_events *events,
                                size_t ready, size_t end) {
    const struct pollfd *list = selector->entries.list;
    const size_t first = selector->next < end ? selector->next : 0;
    size_t place = first;
    size_t count = 0;
    while (ready > 0 && count < events->capacity) {
        if (place == end || list[place].revents == 0) /* often the very next one is ready */
            place = cmio__poll_find_ready(list, place, end);
        if (place < end) {
            ready--;
            count += deliver_entry(selector, &list[place++], &events->list[count]);
        } else if (end == first) {
            break;
        } else {
            place = 0;
            end = first;
        }
    }
    selector->next = place;
    selector->surplus = ready;
    return (int)count;
}

/* The selector's own entry is left out while no other thread exists that may
 * interrupt. */
static size_t asked_count(struct cmio__poll_entries *entries) {
    if (!CMIO__IS_SINGLE_THREADED)
        return entries->count + 1;
    entries->list[entries->count].revents = 0;
    return entries->count;
}

/* Calls poll(2) for some of the entries. The caller holds the lock, which is
 * released meanwhile. */
CMIO__INLINE_CLEANUP int poll_entries(struct poll_selector *selector, size_t first, size_t count,
                                      int64_t timeout) {
    int ready;
    begin_polling(selector);
    pthread_cleanup_push(cancel_polling, selector);
    ready = cmio__poll_wait_entries(&selector->entries.list[first], count, timeout);
    pthread_cleanup_pop(0);
    end_polling(selector);
    return ready;
}

/* After a poll(2) of all entries. */
CMIO__INLINE int collect_all(struct poll_selector *selector, struct cmio_events *events,
                             size_t ready) {
    const size_t end = selector->entries.count;
    return collect_events(selector, events, ready - (selector->entries.list[end].revents != 0),
                          end);
}

/* Calls poll(2) once. Returns the number of events, -errno, or 0 if there is
 * nothing to report. */
static int poll_once(struct poll_selector *selector, struct cmio_events *events, int64_t timeout) {
    begin_wait(selector);
    if (selector->entries.waiting > 0)
        timeout = cmio__poll_entries_begin_look(&selector->entries, timeout, &selector->looking);
    int ready = poll_entries(selector, 0, asked_count(&selector->entries), timeout);
    if (selector->looking)
        ready = end_look(selector, ready);
    const int count = ready > 0 ? collect_all(selector, events, (size_t)ready) : ready;
    unlock_entries(selector);
    return count;
}

/*
 * How many entries, from the next one on, include enough for a full batch,
 * going by what poll(2) reported before. Returns 0 if not enough follow before
 * the end of the list.
 */
static size_t batch_length(const struct poll_selector *selector, size_t capacity) {
    const size_t end = selector->entries.count;
    size_t place = selector->next;
    for (size_t room = capacity; room > 0; room--) {
        if (place >= end)
            return 0;
        place = cmio__poll_find_ready(selector->entries.list, place, end) + 1;
    }
    return place <= end ? place - selector->next : 0;
}

/*
 * After a wait whose ready entries did not fit: asks poll(2) only about the
 * entries that are next. If as many of them are ready as there is room for, the
 * batch is the same as if poll(2) had been asked about all entries, because the
 * scan would have ended there. Otherwise it returns 0 or an error, and has
 * changed nothing. Without this, each batch of a large ready set costs a
 * poll(2) of the whole set.
 */
CMIO__COLD static int poll_surplus(struct poll_selector *selector, struct cmio_events *events) {
    const size_t surplus = selector->surplus - events->capacity;
    int count = 0;
    begin_wait(selector);
    const size_t length = batch_length(selector, events->capacity);
    if (length > 0)
        count = poll_entries(selector, selector->next, length, 0);
    if (count > 0 && (size_t)count < events->capacity)
        count = 0;
    if (count > 0)
        count = collect_events(selector, events, (size_t)count, selector->next + length);
    selector->surplus = surplus;
    unlock_entries(selector);
    return count;
}

CMIO__HOT static int poll_selector_wait(struct cmio__selector *opaque, struct cmio_events *events,
                                        int64_t timeout) {
    struct poll_selector *selector = poll_selector_of(opaque);
    if (CMIO__UNLIKELY(selector->surplus >= events->capacity)) {
        const int count = poll_surplus(selector, events);
        if (count != 0)
            return count;
    }
    const int64_t deadline = timeout > 0 ? cmio_now() + timeout : timeout;
    for (;;) {
        const int count = poll_once(selector, events, timeout);
        if (count != 0 || timeout == 0)
            return count;
        if (deadline == CMIO_FOREVER)
            continue;
        /* Only the clock tells whether time is up: starved kernels were seen to
     * return early. */
        timeout = cmio__time_left(deadline);
        if (timeout == 0)
            return 0;
    }
}

static int poll_selector_register(struct cmio__selector *opaque, int fd, cmio_token token,
                                  cmio_interest interest) {
    struct poll_selector *selector = poll_selector_of(opaque);
    const int kind = interest & CMIO__WAKER ? 0 : cmio__fd_check_watchable(fd);
    if (kind < 0)
        return kind;
    if (kind > 0)
        interest |= CMIO__FILE;
    if (interest & CMIO__WAKER)
        interest |= CMIO_LEVEL;
    begin_change(selector);
    const int error = cmio__poll_entries_add(&selector->entries, fd, token, interest);
    unlock_entries(selector);
    return error;
}

static int poll_selector_reregister(struct cmio__selector *opaque, int fd, cmio_token token,
                                    cmio_interest interest) {
    struct poll_selector *selector = poll_selector_of(opaque);
    int error = cmio__fd_check_open(fd);
    if (error < 0)
        return error;
    begin_change(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->entries.table, fd);
    if (slot != NULL)
        cmio__poll_entries_replace(&selector->entries, slot, fd, token, interest);
    unlock_entries(selector);
    return slot == NULL ? -EBADF : 0;
}

static int remove_entry(struct poll_selector *selector, int fd) {
    begin_change(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->entries.table, fd);
    if (slot != NULL)
        cmio__poll_entries_remove(&selector->entries, slot);
    unlock_entries(selector);
    return slot == NULL ? -EBADF : 0;
}

static int poll_selector_deregister(struct cmio__selector *opaque, int fd) {
    struct poll_selector *selector = poll_selector_of(opaque);
    int error = remove_entry(selector, fd);
    return error < 0 ? error : cmio__fd_check_open(fd);
}

/* Handles the rarer outcomes, under the lock. Returns whether the descriptor is
 * registered. */
CMIO__COLD static bool settle_entry(struct poll_selector *selector, int fd,
                                    cmio_interest directions, enum cmio__outcome outcome) {
    if (selector->polling)
        take_entries(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->entries.table, fd);
    if (slot != NULL)
        cmio__poll_entries_settle(&selector->entries, slot, fd, directions, outcome);
    return slot != NULL;
}

/* Handles progress, or -EAGAIN after it. slot is NULL if the descriptor is not
 * registered. */
static bool rearm_entry(struct poll_selector *selector, struct cmio__fd_slot *slot, int fd,
                        cmio_interest directions) {
    if (selector->polling && slot != NULL) {
        if (cmio__poll_slot_is_armed(slot, directions)) {
            slot->state &= ~CMIO__UNMOVED; /* the entry stays as it is */
            return true;
        }
        take_entries(selector);
        /* another change may have come first */
        slot = cmio__fd_table_find(&selector->entries.table, fd);
    }
    if (slot != NULL)
        cmio__poll_entries_rearm(&selector->entries, slot, fd, directions);
    return slot != NULL;
}

/* Whether it is progress or -EAGAIN after it. A file that may be always
 * readable is not usual. */
CMIO__INLINE bool is_usual(const struct cmio__fd_slot *slot, enum cmio__outcome outcome) {
    if (outcome != CMIO__BLOCKED)
        return outcome == CMIO__PROGRESS;
    return slot == NULL || !((slot->state & CMIO__UNMOVED) | (slot->interest & CMIO__FILE));
}

/* Most often everything is armed already, as after every read, and nothing
 * needs to change. */
CMIO__HOT static int poll_selector_rearm(struct cmio__selector *opaque, int fd,
                                         cmio_interest directions, enum cmio__outcome outcome) {
    struct poll_selector *selector = poll_selector_of(opaque);
    lock_entries(selector);
    struct cmio__fd_slot *slot = cmio__fd_table_find(&selector->entries.table, fd);
    const bool found = is_usual(slot, outcome) ? rearm_entry(selector, slot, fd, directions)
                                               : settle_entry(selector, fd, directions, outcome);
    unlock_entries(selector);
    return found ? 0 : -EBADF;
}

const struct cmio__backend cmio__poll_backend = {
    .name = CMIO_BACKEND_POLL,
    .record_size = 0,
    .open = poll_selector_open,
    .close = poll_selector_close,
    .fd = poll_selector_fd,
    .wait = poll_selector_wait,
    .register_fd = poll_selector_register,
    .reregister_fd = poll_selector_reregister,
    .deregister_fd = poll_selector_deregister,
    .rearm = poll_selector_rearm,
};
