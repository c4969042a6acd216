/* SPDX-License-Identifier: MIT */
/* A value behind a lock. Each change increments its version. Receivers keep the version seen. */
#include <cmio/async/watch.h>

#include <errno.h>
#include <stdlib.h>

#include "async/message.h"
#include "async/waiters.h"

struct watch {
    struct cmio__lock lock;
    size_t size;
    uint64_t version;
    struct cmio__waiters changing;
    size_t senders, receivers;
    _Alignas(max_align_t) char value[];
};

/* Guarded by the watched value's lock. */
struct cmio_watch_receiver {
    struct watch *watch;
    uint64_t seen; /* the version */
};

static struct watch *of_watch_sender(struct cmio_watch_sender *sender) {
    return (struct watch *)(void *)sender;
}

static struct watch *allocate_watch(size_t size, const void *value) {
    if (size > SIZE_MAX / 2 - sizeof(struct watch))
        return NULL;
    struct watch *watch = malloc(sizeof *watch + size);
    if (watch == NULL)
        return NULL;
    *watch = (struct watch){.size = size, .senders = 1};
    cmio__message_copy(watch->value, value, size);
    return watch;
}

int cmio_watch_new(struct cmio_watch_sender **sender, struct cmio_watch_receiver **receiver,
                   size_t size, const void *value) {
    if (sender == NULL || receiver == NULL || size == 0 || value == NULL)
        return -EINVAL;
    struct watch *watch = allocate_watch(size, value);
    if (watch == NULL)
        return -ENOMEM;
    const int error = cmio_watch_subscribe((struct cmio_watch_sender *)(void *)watch, receiver);
    if (error != 0)
        free(watch);
    else
        *sender = (struct cmio_watch_sender *)(void *)watch;
    return error;
}

struct cmio_watch_sender *cmio_watch_sender_clone(struct cmio_watch_sender *sender) {
    if (sender == NULL)
        return NULL;
    struct watch *watch = of_watch_sender(sender);
    cmio__lock_take(&watch->lock);
    watch->senders++;
    cmio__lock_release(&watch->lock);
    return sender;
}

int cmio_watch_subscribe(struct cmio_watch_sender *sender, struct cmio_watch_receiver **out) {
    if (sender == NULL || out == NULL)
        return -EINVAL;
    struct cmio_watch_receiver *receiver = malloc(sizeof *receiver);
    if (receiver == NULL)
        return -ENOMEM;
    struct watch *watch = of_watch_sender(sender);
    cmio__lock_take(&watch->lock);
    *receiver = (struct cmio_watch_receiver){.watch = watch, .seen = watch->version};
    watch->receivers++;
    cmio__lock_release(&watch->lock);
    *out = receiver;
    return 0;
}

/* Drops a handle of either side. The last sender tells the receivers. */
static void drop_watch(struct watch *watch, size_t *side) {
    cmio__lock_take(&watch->lock);
    --*side;
    if (watch->senders == 0)
        cmio__waiters_serve_all(&watch->changing, CMIO__HINTED);
    const bool unused = watch->senders == 0 && watch->receivers == 0;
    cmio__lock_release(&watch->lock);
    if (unused)
        free(watch);
}

void cmio_watch_sender_drop(struct cmio_watch_sender *sender) {
    if (sender != NULL)
        drop_watch(of_watch_sender(sender), &of_watch_sender(sender)->senders);
}

void cmio_watch_receiver_drop(struct cmio_watch_receiver *receiver) {
    if (receiver == NULL)
        return;
    drop_watch(receiver->watch, &receiver->watch->receivers);
    free(receiver);
}

int cmio_watch_send(struct cmio_watch_sender *sender, const void *value) {
    if (sender == NULL || value == NULL)
        return -EINVAL;
    struct watch *watch = of_watch_sender(sender);
    cmio__lock_take(&watch->lock);
    const bool heard = watch->receivers > 0;
    if (heard) {
        cmio__message_copy(watch->value, value, watch->size);
        watch->version++;
        cmio__waiters_serve_all(&watch->changing, CMIO__HINTED);
    }
    cmio__lock_release(&watch->lock);
    return heard ? 0 : -EPIPE;
}

/* Marks the value as seen. Returns whether it was new. The caller holds the lock. */
static bool see(struct cmio_watch_receiver *receiver) {
    const bool is_new = receiver->seen != receiver->watch->version;
    receiver->seen = receiver->watch->version;
    return is_new;
}

int cmio_watch_read(struct cmio_watch_receiver *receiver, void *value) {
    if (receiver == NULL || value == NULL)
        return -EINVAL;
    struct watch *watch = receiver->watch;
    cmio__lock_take(&watch->lock);
    cmio__message_copy(value, watch->value, watch->size);
    const bool is_new = see(receiver);
    cmio__lock_release(&watch->lock);
    return is_new ? 1 : 0;
}

/* Waiting */

static struct cmio_watch_changed_future *changed_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_watch_changed_future, future);
}

static bool attempt_changed(struct cmio_future *future, struct cmio__party party) {
    struct cmio_watch_changed_future *changed = changed_of(future);
    struct watch *watch = changed->receiver->watch;
    cmio__lock_take(&watch->lock);
    const bool is_new = see(changed->receiver);
    const bool done = is_new || watch->senders == 0;
    if (!done)
        cmio__waiters_wait(&watch->changing, &changed->waiter, party);
    cmio__lock_release(&watch->lock);
    future->result = is_new ? 1 : 0;
    return done;
}

static enum cmio_future_state poll_changed(struct cmio_future *future,
                                           struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_changed, context, "watch changed");
}

static void drop_changed(struct cmio_future *future) {
    struct cmio_watch_changed_future *changed = changed_of(future);
    struct watch *watch = changed->receiver->watch;
    cmio__waiters_leave(&watch->changing, &changed->waiter, &watch->lock);
}

static const struct cmio_future_ops changed_ops = {
    .name = "watch changed",
    .poll = poll_changed,
    .drop = drop_changed,
};

int cmio_watch_changed_future_init(struct cmio_watch_changed_future *changed,
                                   struct cmio_watch_receiver *receiver) {
    if (changed == NULL || receiver == NULL)
        return -EINVAL;
    *changed = (struct cmio_watch_changed_future){.future.ops = &changed_ops, .receiver = receiver};
    return 0;
}

int cmio_watch_changed_until(struct cmio_watch_receiver *receiver, int64_t deadline) {
    struct cmio_watch_changed_future changed;
    const int error = cmio_watch_changed_future_init(&changed, receiver);
    return error != 0 ? error : cmio__attempt_until(&changed.future, attempt_changed, deadline);
}
