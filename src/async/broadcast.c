/* SPDX-License-Identifier: MIT */
/*
 * A ring of the latest messages behind a lock. Messages are numbered. Message n lies at n %
 * capacity until its place is needed again. A receiver keeps the number of its next message.
 */
#include <cmio/async/broadcast.h>

#include <errno.h>
#include <stdlib.h>

#include "async/message.h"
#include "async/waiters.h"

struct broadcast {
    struct cmio__lock lock;
    size_t size, capacity;
    uint64_t sent;
    struct cmio__waiters receiving;
    size_t senders, receivers;
    _Alignas(max_align_t) char ring[];
};

/* Guarded by the channel's lock. */
struct cmio_broadcast_receiver {
    struct broadcast *broadcast;
    uint64_t next;   /* the number of its next message */
    uint64_t missed; /* how many it missed the last time */
};

static struct broadcast *of_broadcast_sender(struct cmio_broadcast_sender *sender) {
    return (struct broadcast *)(void *)sender;
}

static struct broadcast *allocate_broadcast(size_t size, size_t capacity) {
    if (capacity > (SIZE_MAX / 2 - sizeof(struct broadcast)) / size)
        return NULL;
    struct broadcast *broadcast = malloc(sizeof *broadcast + size * capacity);
    if (broadcast != NULL)
        *broadcast = (struct broadcast){.size = size, .capacity = capacity, .senders = 1};
    return broadcast;
}

int cmio_broadcast_new(struct cmio_broadcast_sender **sender,
                       struct cmio_broadcast_receiver **receiver, size_t size, size_t capacity) {
    if (sender == NULL || receiver == NULL || size == 0 || capacity == 0)
        return -EINVAL;
    struct broadcast *broadcast = allocate_broadcast(size, capacity);
    if (broadcast == NULL)
        return -ENOMEM;
    const int error =
        cmio_broadcast_subscribe((struct cmio_broadcast_sender *)(void *)broadcast, receiver);
    if (error != 0)
        free(broadcast);
    else
        *sender = (struct cmio_broadcast_sender *)(void *)broadcast;
    return error;
}

struct cmio_broadcast_sender *cmio_broadcast_sender_clone(struct cmio_broadcast_sender *sender) {
    if (sender == NULL)
        return NULL;
    struct broadcast *broadcast = of_broadcast_sender(sender);
    cmio__lock_take(&broadcast->lock);
    broadcast->senders++;
    cmio__lock_release(&broadcast->lock);
    return sender;
}

int cmio_broadcast_subscribe(struct cmio_broadcast_sender *sender,
                             struct cmio_broadcast_receiver **out) {
    if (sender == NULL || out == NULL)
        return -EINVAL;
    struct cmio_broadcast_receiver *receiver = malloc(sizeof *receiver);
    if (receiver == NULL)
        return -ENOMEM;
    struct broadcast *broadcast = of_broadcast_sender(sender);
    cmio__lock_take(&broadcast->lock);
    *receiver = (struct cmio_broadcast_receiver){.broadcast = broadcast, .next = broadcast->sent};
    broadcast->receivers++;
    cmio__lock_release(&broadcast->lock);
    *out = receiver;
    return 0;
}

/* Drops a handle of either side. The last sender tells the receivers. */
static void drop_broadcast(struct broadcast *broadcast, size_t *side) {
    cmio__lock_take(&broadcast->lock);
    --*side;
    if (broadcast->senders == 0)
        cmio__waiters_serve_all(&broadcast->receiving, CMIO__HINTED);
    const bool unused = broadcast->senders == 0 && broadcast->receivers == 0;
    cmio__lock_release(&broadcast->lock);
    if (unused)
        free(broadcast);
}

void cmio_broadcast_sender_drop(struct cmio_broadcast_sender *sender) {
    if (sender != NULL)
        drop_broadcast(of_broadcast_sender(sender), &of_broadcast_sender(sender)->senders);
}

void cmio_broadcast_receiver_drop(struct cmio_broadcast_receiver *receiver) {
    if (receiver == NULL)
        return;
    drop_broadcast(receiver->broadcast, &receiver->broadcast->receivers);
    free(receiver);
}

/* Sending */

int cmio_broadcast_send(struct cmio_broadcast_sender *sender, const void *message) {
    if (sender == NULL || message == NULL)
        return -EINVAL;
    struct broadcast *broadcast = of_broadcast_sender(sender);
    cmio__lock_take(&broadcast->lock);
    const bool heard = broadcast->receivers > 0;
    if (heard) {
        const size_t place = (size_t)(broadcast->sent % broadcast->capacity);
        cmio__message_copy(broadcast->ring + place * broadcast->size, message, broadcast->size);
        broadcast->sent++;
        cmio__waiters_serve_all(&broadcast->receiving, CMIO__HINTED);
    }
    cmio__lock_release(&broadcast->lock);
    return heard ? 0 : -EPIPE;
}

/* Receiving */

/* Returns 1, 0, -EAGAIN or -EOVERFLOW. The caller holds the lock. */
static int receive_broadcast_now(struct cmio_broadcast_receiver *receiver, void *message) {
    struct broadcast *broadcast = receiver->broadcast;
    if (receiver->next == broadcast->sent)
        return broadcast->senders == 0 ? 0 : -EAGAIN;
    const uint64_t behind = broadcast->sent - receiver->next;
    if (behind > broadcast->capacity) {
        receiver->missed = behind - broadcast->capacity;
        receiver->next += receiver->missed;
        return -EOVERFLOW;
    }
    const size_t place = (size_t)(receiver->next % broadcast->capacity);
    cmio__message_copy(message, broadcast->ring + place * broadcast->size, broadcast->size);
    receiver->next++;
    return 1;
}

int cmio_broadcast_try_receive(struct cmio_broadcast_receiver *receiver, void *message) {
    if (receiver == NULL || message == NULL)
        return -EINVAL;
    cmio__lock_take(&receiver->broadcast->lock);
    const int result = receive_broadcast_now(receiver, message);
    cmio__lock_release(&receiver->broadcast->lock);
    return result;
}

uint64_t cmio_broadcast_receiver_missed(struct cmio_broadcast_receiver *receiver) {
    if (receiver == NULL)
        return 0;
    cmio__lock_take(&receiver->broadcast->lock);
    const uint64_t missed = receiver->missed;
    cmio__lock_release(&receiver->broadcast->lock);
    return missed;
}

static struct cmio_broadcast_receive_future *broadcast_receive_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_broadcast_receive_future, future);
}

static bool attempt_broadcast_receive(struct cmio_future *future, struct cmio__party party) {
    struct cmio_broadcast_receive_future *receive = broadcast_receive_of(future);
    struct broadcast *broadcast = receive->receiver->broadcast;
    cmio__lock_take(&broadcast->lock);
    const int result = receive_broadcast_now(receive->receiver, receive->message);
    if (result == -EAGAIN)
        cmio__waiters_wait(&broadcast->receiving, &receive->waiter, party);
    cmio__lock_release(&broadcast->lock);
    if (result == -EAGAIN)
        return false;
    future->result = result;
    return true;
}

static enum cmio_future_state poll_broadcast_receive(struct cmio_future *future,
                                                     struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_broadcast_receive, context, "broadcast receive");
}

static void drop_broadcast_receive(struct cmio_future *future) {
    struct cmio_broadcast_receive_future *receive = broadcast_receive_of(future);
    struct broadcast *broadcast = receive->receiver->broadcast;
    cmio__waiters_leave(&broadcast->receiving, &receive->waiter, &broadcast->lock);
}

static const struct cmio_future_ops broadcast_receive_ops = {
    .name = "broadcast receive",
    .poll = poll_broadcast_receive,
    .drop = drop_broadcast_receive,
};

int cmio_broadcast_receive_future_init(struct cmio_broadcast_receive_future *receive,
                                       struct cmio_broadcast_receiver *receiver, void *message) {
    if (receive == NULL || receiver == NULL || message == NULL)
        return -EINVAL;
    *receive = (struct cmio_broadcast_receive_future){
        .future.ops = &broadcast_receive_ops, .receiver = receiver, .message = message};
    return 0;
}

int cmio_broadcast_receive_until(struct cmio_broadcast_receiver *receiver, void *message,
                                 int64_t deadline) {
    struct cmio_broadcast_receive_future receive;
    const int error = cmio_broadcast_receive_future_init(&receive, receiver, message);
    return error != 0 ? error
                      : cmio__attempt_until(&receive.future, attempt_broadcast_receive, deadline);
}
