/* SPDX-License-Identifier: MIT */
/*
 * A ring of messages behind a lock, with a line of senders and a line of receivers.
 *
 * Senders wait only while the ring is full. Whoever makes room moves the message of the first
 * waiting sender into the ring at once, from the memory where the sender left it. So messages are
 * sent in the order of the line, a running sender may use any room that it finds, and nothing is
 * set aside for a sender that might never come.
 *
 * Receivers are only hinted. Each message that enters the ring while receivers wait hints the first
 * of them. So while receivers wait, at least as many are hinted as there are messages. A hinted
 * receiver that is dropped hints the next.
 */
#include <cmio/async/channel.h>

#include <errno.h>
#include <stdlib.h>

#include "async/message.h"
#include "async/waiters.h"

struct channel {
    struct cmio__lock lock;
    bool is_closed; /* no more messages are accepted */
    size_t size, count, capacity;
    char *head, *tail, *end; /* the oldest message, the next free place, the end of the ring */
    struct cmio__waiters sending, receiving, closing;
    size_t senders, receivers;
    _Alignas(max_align_t) char ring[];
};

/* A handle of either side is a pointer to the channel under another type. */
static struct channel *of_channel_sender(struct cmio_channel_sender *sender) {
    return (struct channel *)(void *)sender;
}

static struct channel *of_channel_receiver(struct cmio_channel_receiver *receiver) {
    return (struct channel *)(void *)receiver;
}

int cmio_channel_new(struct cmio_channel_sender **sender, struct cmio_channel_receiver **receiver,
                     size_t size, size_t capacity) {
    if (sender == NULL || receiver == NULL || size == 0 || capacity == 0)
        return -EINVAL;
    if (capacity > (SIZE_MAX / 2 - sizeof(struct channel)) / size)
        return -ENOMEM;
    struct channel *channel = malloc(sizeof *channel + size * capacity);
    if (channel == NULL)
        return -ENOMEM;
    *channel = (struct channel){.size = size,
                                .capacity = capacity,
                                .head = channel->ring,
                                .tail = channel->ring,
                                .end = channel->ring + size * capacity,
                                .senders = 1,
                                .receivers = 1};
    *sender = (struct cmio_channel_sender *)(void *)channel;
    *receiver = (struct cmio_channel_receiver *)(void *)channel;
    return 0;
}

/* The ring, under the lock */

CMIO__INLINE char *after(struct channel *channel, char *place) {
    place += channel->size;
    return place == channel->end ? channel->ring : place;
}

/* Requires room in the ring. */
CMIO__INLINE void push_message(struct channel *channel, const void *message) {
    cmio__message_copy(channel->tail, message, channel->size);
    channel->tail = after(channel, channel->tail);
    channel->count++;
    (void)cmio__waiters_serve_first(&channel->receiving, CMIO__HINTED);
}

/* Requires room in the ring and a waiting sender. */
static void push_waiting(struct channel *channel) {
    struct cmio__waiter *first = channel->sending.first;
    push_message(channel, CMIO__CONTAINER(first, struct cmio_send_future, waiter)->message);
    cmio__waiters_serve(&channel->sending, CMIO__GRANTED);
}

/* Requires a message in the ring. */
CMIO__INLINE void pop(struct channel *channel, void *message) {
    cmio__message_copy(message, channel->head, channel->size);
    channel->head = after(channel, channel->head);
    channel->count--;
    if (CMIO__UNLIKELY(channel->sending.first != NULL))
        push_waiting(channel);
}

/* Returns 0, -EAGAIN or -EPIPE. */
CMIO__INLINE int send_channel_now(struct channel *channel, const void *message) {
    if (CMIO__UNLIKELY(channel->is_closed))
        return -EPIPE;
    if (channel->count == channel->capacity)
        return -EAGAIN;
    push_message(channel, message);
    return 0;
}

/* Returns 1, -EAGAIN or 0. */
CMIO__INLINE int receive_now(struct channel *channel, void *message) {
    if (channel->count == 0)
        return channel->is_closed ? 0 : -EAGAIN;
    pop(channel, message);
    return 1;
}

static void close_channel(struct channel *channel) {
    channel->is_closed = true;
    cmio__waiters_serve_all(&channel->sending, CMIO__REFUSED);
    cmio__waiters_serve_all(&channel->receiving, CMIO__HINTED);
    cmio__waiters_serve_all(&channel->closing, CMIO__HINTED);
}

/* Handles */

static void *add_handle(struct channel *channel, size_t *side) {
    cmio__lock_take(&channel->lock);
    ++*side;
    cmio__lock_release(&channel->lock);
    return channel;
}

struct cmio_channel_sender *cmio_channel_sender_clone(struct cmio_channel_sender *sender) {
    return sender == NULL
               ? NULL
               : add_handle(of_channel_sender(sender), &of_channel_sender(sender)->senders);
}

struct cmio_channel_receiver *cmio_channel_receiver_clone(struct cmio_channel_receiver *receiver) {
    return receiver == NULL ? NULL
                            : add_handle(of_channel_receiver(receiver),
                                         &of_channel_receiver(receiver)->receivers);
}

static void drop_channel(struct channel *channel, size_t *side) {
    cmio__lock_take(&channel->lock);
    if (--*side == 0)
        close_channel(channel);
    const bool unused = channel->senders == 0 && channel->receivers == 0;
    cmio__lock_release(&channel->lock);
    if (unused)
        free(channel);
}

void cmio_channel_sender_drop(struct cmio_channel_sender *sender) {
    if (sender != NULL)
        drop_channel(of_channel_sender(sender), &of_channel_sender(sender)->senders);
}

void cmio_channel_receiver_drop(struct cmio_channel_receiver *receiver) {
    if (receiver != NULL)
        drop_channel(of_channel_receiver(receiver), &of_channel_receiver(receiver)->receivers);
}

void cmio_channel_receiver_close(struct cmio_channel_receiver *receiver) {
    if (receiver == NULL)
        return;
    struct channel *channel = of_channel_receiver(receiver);
    cmio__lock_take(&channel->lock);
    close_channel(channel);
    cmio__lock_release(&channel->lock);
}

bool cmio_channel_sender_is_closed(struct cmio_channel_sender *sender) {
    if (sender == NULL)
        return true;
    struct channel *channel = of_channel_sender(sender);
    cmio__lock_take(&channel->lock);
    const bool is_closed = channel->is_closed;
    cmio__lock_release(&channel->lock);
    return is_closed;
}

/* Sending */

int cmio_channel_try_send(struct cmio_channel_sender *sender, const void *message) {
    if (sender == NULL || message == NULL)
        return -EINVAL;
    struct channel *channel = of_channel_sender(sender);
    cmio__lock_take(&channel->lock);
    const int result = send_channel_now(channel, message);
    cmio__lock_release(&channel->lock);
    return result;
}

static struct cmio_send_future *channel_send_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_send_future, future);
}

/* Whether the wait is over. If so, the result tells how it ended. */
CMIO__INLINE bool send_is_served(struct cmio_send_future *send) {
    const enum cmio__waiter_state state = cmio__waiter_state(&send->waiter);
    if (state == CMIO__GRANTED)
        send->future.result = 0;
    if (state == CMIO__REFUSED)
        send->future.result = -EPIPE;
    return state >= CMIO__GRANTED;
}

CMIO__INLINE bool attempt_send(struct cmio_future *future, struct cmio__party party) {
    struct cmio_send_future *send = channel_send_of(future);
    struct channel *channel = of_channel_sender(send->sender);
    if (send_is_served(send))
        return true;
    cmio__lock_take(&channel->lock);
    bool done;
    if (cmio__waiter_state(&send->waiter) == CMIO__NEW) {
        const int result = send_channel_now(channel, send->message);
        done = result != -EAGAIN;
        if (done)
            future->result = result;
        else
            cmio__waiters_add(&channel->sending, &send->waiter, party);
    } else {
        done = send_is_served(send);
        if (!done)
            cmio__waiter_set_party(&send->waiter, party);
    }
    cmio__lock_release(&channel->lock);
    return done;
}

static enum cmio_future_state poll_channel_send(struct cmio_future *future,
                                                struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_send, context, "send");
}

static void drop_channel_send(struct cmio_future *future) {
    struct cmio_send_future *send = channel_send_of(future);
    if (cmio__waiter_state(&send->waiter) == CMIO__NEW)
        return;
    struct channel *channel = of_channel_sender(send->sender);
    cmio__lock_take(&channel->lock);
    if (!send_is_served(send))
        cmio__waiters_remove(&channel->sending, &send->waiter);
    cmio__lock_release(&channel->lock);
}

static const struct cmio_future_ops send_ops = {
    .name = "send",
    .poll = poll_channel_send,
    .drop = drop_channel_send,
};

int cmio_send_future_init(struct cmio_send_future *send, struct cmio_channel_sender *sender,
                          const void *message) {
    if (send == NULL || sender == NULL || message == NULL)
        return -EINVAL;
    send->future = (struct cmio_future){.ops = &send_ops};
    send->sender = sender;
    send->message = message;
    cmio__waiter_init(&send->waiter);
    return 0;
}

bool cmio_send_future_is_sent(const struct cmio_send_future *send) {
    return send != NULL && cmio_future_has_ended(&send->future) && send->future.result == 0;
}

int cmio_channel_send_until(struct cmio_channel_sender *sender, const void *message,
                            int64_t deadline) {
    struct cmio_send_future send;
    const int error = cmio_send_future_init(&send, sender, message);
    return error != 0 ? error : cmio__attempt_until(&send.future, attempt_send, deadline);
}

/* Receiving */

int cmio_channel_try_receive(struct cmio_channel_receiver *receiver, void *message) {
    if (receiver == NULL || message == NULL)
        return -EINVAL;
    struct channel *channel = of_channel_receiver(receiver);
    cmio__lock_take(&channel->lock);
    const int result = receive_now(channel, message);
    cmio__lock_release(&channel->lock);
    return result;
}

static struct cmio_receive_future *channel_receive_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_receive_future, future);
}

/* There is nothing to receive. A receiver that was hinted but came too late keeps its place. */
CMIO__INLINE void wait_to_receive(struct channel *channel, struct cmio__waiter *waiter,
                                  struct cmio__party party) {
    const enum cmio__waiter_state state = cmio__waiter_state(waiter);
    if (state == CMIO__QUEUED)
        cmio__waiter_set_party(waiter, party);
    else if (state == CMIO__HINTED)
        cmio__waiters_add_first(&channel->receiving, waiter, party);
    else
        cmio__waiters_add(&channel->receiving, waiter, party);
}

CMIO__INLINE bool attempt_receive(struct cmio_future *future, struct cmio__party party) {
    struct cmio_receive_future *receive = channel_receive_of(future);
    struct cmio__waiter *waiter = &receive->waiter;
    struct channel *channel = of_channel_receiver(receive->receiver);
    cmio__lock_take(&channel->lock);
    if (channel->count > 0 && cmio__waiter_state(waiter) == CMIO__QUEUED)
        cmio__waiters_remove(&channel->receiving, waiter);
    const int result = receive_now(channel, receive->message);
    if (result == -EAGAIN)
        wait_to_receive(channel, waiter, party);
    else
        future->result = result;
    cmio__lock_release(&channel->lock);
    return result != -EAGAIN;
}

static enum cmio_future_state poll_channel_receive(struct cmio_future *future,
                                                   struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_receive, context, "receive");
}

/* If it was hinted of a message, it hints the next receiver. */
static void drop_channel_receive(struct cmio_future *future) {
    struct cmio__waiter *waiter = &channel_receive_of(future)->waiter;
    if (cmio__waiter_state(waiter) == CMIO__NEW)
        return;
    struct channel *channel = of_channel_receiver(channel_receive_of(future)->receiver);
    cmio__lock_take(&channel->lock);
    if (cmio__waiter_state(waiter) == CMIO__QUEUED)
        cmio__waiters_remove(&channel->receiving, waiter);
    else if (channel->count > 0)
        (void)cmio__waiters_serve_first(&channel->receiving, CMIO__HINTED);
    cmio__lock_release(&channel->lock);
}

static const struct cmio_future_ops channel_receive_ops = {
    .name = "receive",
    .poll = poll_channel_receive,
    .drop = drop_channel_receive,
};

int cmio_receive_future_init(struct cmio_receive_future *receive,
                             struct cmio_channel_receiver *receiver, void *message) {
    if (receive == NULL || receiver == NULL || message == NULL)
        return -EINVAL;
    receive->future = (struct cmio_future){.ops = &channel_receive_ops};
    receive->receiver = receiver;
    receive->message = message;
    cmio__waiter_init(&receive->waiter);
    return 0;
}

int cmio_channel_receive_until(struct cmio_channel_receiver *receiver, void *message,
                               int64_t deadline) {
    struct cmio_receive_future receive;
    const int error = cmio_receive_future_init(&receive, receiver, message);
    return error != 0 ? error : cmio__attempt_until(&receive.future, attempt_receive, deadline);
}

/* Waiting for the close */

static struct cmio_channel_closed_future *channel_closed_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_channel_closed_future, future);
}

static bool attempt_channel_closed(struct cmio_future *future, struct cmio__party party) {
    struct cmio_channel_closed_future *closed = channel_closed_of(future);
    struct channel *channel = of_channel_sender(closed->sender);
    cmio__lock_take(&channel->lock);
    const bool is_closed = channel->is_closed;
    if (!is_closed)
        cmio__waiters_wait(&channel->closing, &closed->waiter, party);
    cmio__lock_release(&channel->lock);
    return is_closed;
}

static enum cmio_future_state poll_channel_closed(struct cmio_future *future,
                                                  struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_channel_closed, context, "channel closed");
}

static void drop_channel_closed(struct cmio_future *future) {
    struct cmio_channel_closed_future *closed = channel_closed_of(future);
    struct channel *channel = of_channel_sender(closed->sender);
    cmio__waiters_leave(&channel->closing, &closed->waiter, &channel->lock);
}

static const struct cmio_future_ops channel_closed_ops = {
    .name = "channel closed",
    .poll = poll_channel_closed,
    .drop = drop_channel_closed,
};

int cmio_channel_closed_future_init(struct cmio_channel_closed_future *closed,
                                    struct cmio_channel_sender *sender) {
    if (closed == NULL || sender == NULL)
        return -EINVAL;
    *closed =
        (struct cmio_channel_closed_future){.future.ops = &channel_closed_ops, .sender = sender};
    return 0;
}
