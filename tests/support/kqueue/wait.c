/* SPDX-License-Identifier: MIT */
/*
 * kevent(2): changes, then a scan, and if that finds nothing a wait and another.
 *
 * Signals stay blocked from the first line to the last but in ppoll(2), which takes the caller's
 * mask: so a signal that comes at any time in here ends the wait with EINTR, SA_RESTART or not, and
 * none slips through between the scan and the wait.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "standin.h"

static const int64_t second = INT64_C(1000000000);

/* Past this a wait has no end, as for the kernels. */
static const int64_t longest_seconds = INT32_MAX;

static const int64_t never = INT64_MAX;

static int64_t now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* cannot fail with this clock */
    return (int64_t)time.tv_sec * second + time.tv_nsec;
}

/* Has what woke looked at. */
static void collect(struct standin_kqueue *kqueue) {
    enum { BATCH = 64 };
    struct epoll_event woken[BATCH];
    int count;
    kqueue->entered = false;
    do {
        count = epoll_wait(kqueue->epoll_fd, woken, BATCH, 0);
        for (int i = 0; i < count; i++) {
            struct standin_item *item = woken[i].data.ptr;
            if (item != NULL) /* else the eventfd */
                item->woken(item);
        }
    } while (count == BATCH);
}

/*
 * Reports a knote that was taken off the active list, or finds that there is nothing to report any
 * more. One-shot knotes report what they saw when they became active, true or not by now: so do
 * both kernels.
 */
static bool deliver(struct standin_knote *knote, struct kevent *out) {
    if (!(knote->event.flags & EV_ONESHOT) && !knote->filter->look(knote))
        return false;
    knote->filter->report(knote, out);
    if (knote->event.flags & EV_ONESHOT)
        standin_knote_drop(knote);
    else if (knote->event.flags & EV_DISPATCH)
        knote->disabled = true;
    else if (!(knote->event.flags & EV_CLEAR))
        standin_knote_activate(knote);
    return true;
}

/* What there is no room for stays first, before the level knotes that were reported. */
static int scan(struct standin_kqueue *kqueue, struct kevent *events, int capacity) {
    struct list batch;
    int count = 0;
    list_init(&batch);
    list_prepend_all(&batch, &kqueue->active);
    while (count < capacity && !list_is_empty(&batch)) {
        struct standin_knote *knote = LIST_OWNER(batch.next, struct standin_knote, in_active);
        list_remove(&knote->in_active);
        count += deliver(knote, &events[count]);
    }
    list_prepend_all(&kqueue->active, &batch);
    standin_kqueue_settle(kqueue);
    return count;
}

/* The end of a wait in ppoll(2), by whatever. Takes the lock; false if the kqueue is gone. */
static bool end_wait(struct standin_kqueue *kqueue) {
    standin_lock_quietly();
    kqueue->waiting--;
    if (!kqueue->closed)
        return true;
    if (kqueue->waiting == 0)
        standin_kqueue_destroy(kqueue);
    return false;
}

static void end_cancelled_wait(void *kqueue) {
    (void)end_wait(kqueue); /* the thread ends, whatever became of the kqueue */
    standin_unlock_quietly();
}

/* ppoll(2) without the lock, and with the caller's mask and cancellation. 0 or an errno. */
static int sleep_until(struct standin_kqueue *kqueue, const struct timespec *left,
                       const struct standin_thread *thread) {
    struct pollfd set = {.fd = kqueue->epoll_fd, .events = POLLIN};
    int error;
    pthread_cleanup_push(end_cancelled_wait, kqueue);
    (void)pthread_setcancelstate(thread->cancellation, NULL);
    error = ppoll(&set, 1, left, &thread->mask) < 0 ? errno : 0;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cleanup_pop(0);
    return error;
}

/* -EINTR, or -EBADF if the kqueue was closed, and is gone. */
static int block(struct standin_kqueue *kqueue, int64_t deadline,
                 const struct standin_thread *thread) {
    struct timespec left = {.tv_sec = 0};
    if (deadline != never) {
        int64_t span = deadline - now();
        span = span < 0 ? 0 : span;
        left =
            (struct timespec){.tv_sec = (time_t)(span / second), .tv_nsec = (long)(span % second)};
    }
    kqueue->waiting++;
    standin_unlock_quietly();
    const int error = sleep_until(kqueue, deadline == never ? NULL : &left, thread);
    return end_wait(kqueue) ? -error : -EBADF;
}

/*
 * With KQUEUE_STANDIN_EARLY in the environment every third wait ends early, by half of it and at
 * most 29 ms: kernels that get no processor time were seen to do that.
 */
static int64_t shortened(int64_t span) {
    static atomic_uint waits;
    const int64_t most = INT64_C(29000000);
    if (getenv("KQUEUE_STANDIN_EARLY") == NULL || atomic_fetch_add(&waits, 1) % 3 != 2)
        return span;
    return span / 2 < most ? span - span / 2 : span - most;
}

static int64_t deadline_of(const struct timespec *timeout) {
    if (timeout == NULL || timeout->tv_sec > longest_seconds)
        return never;
    int64_t span = (int64_t)timeout->tv_sec * second + timeout->tv_nsec;
    return span == 0 ? 0 : now() + shortened(span);
}

static int wait_for_events(struct standin_kqueue *kqueue, struct kevent *events, int capacity,
                           const struct timespec *timeout, const struct standin_thread *thread) {
    int64_t deadline = deadline_of(timeout);
    for (;;) {
        bool over = deadline == 0 || (deadline != never && now() >= deadline);
        collect(kqueue);
        int count = scan(kqueue, events, capacity);
        if (count > 0 || over)
            return count;
        int error = block(kqueue, deadline, thread);
        if (error != 0)
            return error;
    }
}

/*
 * Applies the changes. Whether that is all: a receipt or an error was put into events, or there was
 * no room for one, which stops the list ("three changes without receipts and without room").
 */
static bool apply(struct standin_kqueue *kqueue, const struct kevent *changes, int change_count,
                  struct kevent *events, int capacity, int *result) {
    int receipts = 0;
    for (int i = 0; i < change_count; i++) {
        struct kevent change = changes[i];
        change.flags &= (event_flags)~EV_SYSFLAGS;
        int error = standin_change(kqueue, &change);
        if (error == 0 && !(change.flags & EV_RECEIPT))
            continue;
        if (receipts == capacity) {
            *result = -error;
            return true;
        }
        change.flags = EV_ERROR;
        change.data = error;
        events[receipts++] = change;
    }
    *result = receipts;
    return receipts > 0;
}

static int change_and_wait(struct standin_kqueue *kqueue, const struct kevent *changes,
                           int change_count, struct kevent *events, int capacity,
                           const struct timespec *timeout, const struct standin_thread *thread) {
    int result = 0;
    bool done = apply(kqueue, changes, change_count, events, capacity, &result);
    if (!done && capacity > 0)
        return wait_for_events(kqueue, events, capacity, timeout, thread);
    if (kqueue->entered)
        collect(kqueue); /* that was looked at already */
    standin_kqueue_settle(kqueue);
    return result;
}

static bool is_valid(const struct timespec *timeout) {
    return timeout == NULL ||
           (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < second);
}

int kevent(int kqueue_fd, const struct kevent *changes, int change_count, struct kevent *events,
           int capacity, const struct timespec *timeout) {
    int kept = errno;
    if (change_count < 0 || capacity < 0 || !is_valid(timeout)) {
        errno = EINVAL;
        return -1;
    }
    if (capacity > 0)
        pthread_testcancel(); /* as FreeBSD's manual page has it */
    struct standin_thread thread;
    standin_lock(&thread);
    struct standin_kqueue *kqueue = standin_kqueue_find(kqueue_fd);
    int result = kqueue == NULL ? -EBADF
                                : change_and_wait(kqueue, changes, change_count, events, capacity,
                                                  timeout, &thread);
    standin_unlock(&thread);
    errno = result < 0 ? -result : kept;
    return result < 0 ? -1 : result;
}
