/* SPDX-License-Identifier: MIT */
#include <cmio/async/oneshot.h>

#include <errno.h>
#include <stdlib.h>

#include "async/message.h"
#include "async/waiters.h"

/* A waiter is only hinted that something changed, and looks again. */
struct oneshot {
    struct cmio__lock lock;
    bool was_sent, has_message;
    bool has_sender, has_receiver;
    bool is_closed; /* by the receiver */
    size_t size;
    struct cmio__waiters receiving, closing;
    _Alignas(max_align_t) char message[];
};

static struct oneshot *of_oneshot_sender(struct cmio_oneshot_sender *sender) {
    return (struct oneshot *)(void *)sender;
}

static struct oneshot *of_oneshot_receiver(struct cmio_oneshot_receiver *receiver) {
    return (struct oneshot *)(void *)receiver;
}

int cmio_oneshot_new(struct cmio_oneshot_sender **sender, struct cmio_oneshot_receiver **receiver,
                     size_t size) {
    if (sender == NULL || receiver == NULL || size == 0)
        return -EINVAL;
    if (size > SIZE_MAX / 2 - sizeof(struct oneshot))
        return -ENOMEM;
    struct oneshot *oneshot = malloc(sizeof *oneshot + size);
    if (oneshot == NULL)
        return -ENOMEM;
    *oneshot = (struct oneshot){.size = size, .has_sender = true, .has_receiver = true};
    *sender = (struct cmio_oneshot_sender *)(void *)oneshot;
    *receiver = (struct cmio_oneshot_receiver *)(void *)oneshot;
    return 0;
}

static void close_oneshot(struct oneshot *oneshot) {
    oneshot->is_closed = true;
    cmio__waiters_serve_all(&oneshot->closing, CMIO__HINTED);
    cmio__waiters_serve_all(&oneshot->receiving, CMIO__HINTED);
}

/* Releases the lock, and frees the channel if no handle is left. */
static void end_drop(struct oneshot *oneshot) {
    const bool unused = !oneshot->has_sender && !oneshot->has_receiver;
    cmio__lock_release(&oneshot->lock);
    if (unused)
        free(oneshot);
}

void cmio_oneshot_sender_drop(struct cmio_oneshot_sender *sender) {
    if (sender == NULL)
        return;
    struct oneshot *oneshot = of_oneshot_sender(sender);
    cmio__lock_take(&oneshot->lock);
    oneshot->has_sender = false;
    cmio__waiters_serve_all(&oneshot->receiving, CMIO__HINTED);
    end_drop(oneshot);
}

void cmio_oneshot_receiver_drop(struct cmio_oneshot_receiver *receiver) {
    if (receiver == NULL)
        return;
    struct oneshot *oneshot = of_oneshot_receiver(receiver);
    cmio__lock_take(&oneshot->lock);
    oneshot->has_receiver = false;
    close_oneshot(oneshot);
    end_drop(oneshot);
}

void cmio_oneshot_receiver_close(struct cmio_oneshot_receiver *receiver) {
    if (receiver == NULL)
        return;
    struct oneshot *oneshot = of_oneshot_receiver(receiver);
    cmio__lock_take(&oneshot->lock);
    close_oneshot(oneshot);
    cmio__lock_release(&oneshot->lock);
}

bool cmio_oneshot_sender_is_closed(struct cmio_oneshot_sender *sender) {
    if (sender == NULL)
        return true;
    struct oneshot *oneshot = of_oneshot_sender(sender);
    cmio__lock_take(&oneshot->lock);
    const bool is_closed = oneshot->is_closed;
    cmio__lock_release(&oneshot->lock);
    return is_closed;
}

/* Returns 0, -EALREADY or -EPIPE. */
static int send_oneshot_now(struct oneshot *oneshot, const void *message) {
    if (oneshot->was_sent)
        return -EALREADY;
    if (oneshot->is_closed)
        return -EPIPE;
    cmio__message_copy(oneshot->message, message, oneshot->size);
    oneshot->was_sent = oneshot->has_message = true;
    cmio__waiters_serve_all(&oneshot->receiving, CMIO__HINTED);
    return 0;
}

int cmio_oneshot_send(struct cmio_oneshot_sender *sender, const void *message) {
    if (sender == NULL || message == NULL)
        return -EINVAL;
    struct oneshot *oneshot = of_oneshot_sender(sender);
    cmio__lock_take(&oneshot->lock);
    const int result = send_oneshot_now(oneshot, message);
    cmio__lock_release(&oneshot->lock);
    return result;
}

/* Returns 1, 0 or -EAGAIN. */
static int receive_oneshot_now(struct oneshot *oneshot, void *message) {
    if (!oneshot->has_message)
        return oneshot->was_sent || oneshot->is_closed || !oneshot->has_sender ? 0 : -EAGAIN;
    cmio__message_copy(message, oneshot->message, oneshot->size);
    oneshot->has_message = false;
    return 1;
}

int cmio_oneshot_try_receive(struct cmio_oneshot_receiver *receiver, void *message) {
    if (receiver == NULL || message == NULL)
        return -EINVAL;
    struct oneshot *oneshot = of_oneshot_receiver(receiver);
    cmio__lock_take(&oneshot->lock);
    const int result = receive_oneshot_now(oneshot, message);
    cmio__lock_release(&oneshot->lock);
    return result;
}

/* Receiving */

static struct cmio_oneshot_receive_future *oneshot_receive_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_oneshot_receive_future, future);
}

static bool attempt_oneshot_receive(struct cmio_future *future, struct cmio__party party) {
    struct cmio_oneshot_receive_future *receive = oneshot_receive_of(future);
    struct oneshot *oneshot = of_oneshot_receiver(receive->receiver);
    cmio__lock_take(&oneshot->lock);
    const int result = receive_oneshot_now(oneshot, receive->message);
    if (result == -EAGAIN)
        cmio__waiters_wait(&oneshot->receiving, &receive->waiter, party);
    cmio__lock_release(&oneshot->lock);
    if (result == -EAGAIN)
        return false;
    future->result = result;
    return true;
}

static enum cmio_future_state poll_oneshot_receive(struct cmio_future *future,
                                                   struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_oneshot_receive, context, "oneshot receive");
}

static void drop_oneshot_receive(struct cmio_future *future) {
    struct cmio_oneshot_receive_future *receive = oneshot_receive_of(future);
    struct oneshot *oneshot = of_oneshot_receiver(receive->receiver);
    cmio__waiters_leave(&oneshot->receiving, &receive->waiter, &oneshot->lock);
}

static const struct cmio_future_ops oneshot_receive_ops = {
    .name = "oneshot receive",
    .poll = poll_oneshot_receive,
    .drop = drop_oneshot_receive,
};

int cmio_oneshot_receive_future_init(struct cmio_oneshot_receive_future *receive,
                                     struct cmio_oneshot_receiver *receiver, void *message) {
    if (receive == NULL || receiver == NULL || message == NULL)
        return -EINVAL;
    *receive = (struct cmio_oneshot_receive_future){
        .future.ops = &oneshot_receive_ops, .receiver = receiver, .message = message};
    return 0;
}

int cmio_oneshot_receive_until(struct cmio_oneshot_receiver *receiver, void *message,
                               int64_t deadline) {
    struct cmio_oneshot_receive_future receive;
    const int error = cmio_oneshot_receive_future_init(&receive, receiver, message);
    return error != 0 ? error
                      : cmio__attempt_until(&receive.future, attempt_oneshot_receive, deadline);
}

/* Waiting for the close */

static struct cmio_oneshot_closed_future *oneshot_closed_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_oneshot_closed_future, future);
}

static bool attempt_oneshot_closed(struct cmio_future *future, struct cmio__party party) {
    struct cmio_oneshot_closed_future *closed = oneshot_closed_of(future);
    struct oneshot *oneshot = of_oneshot_sender(closed->sender);
    cmio__lock_take(&oneshot->lock);
    const bool is_closed = oneshot->is_closed;
    if (!is_closed)
        cmio__waiters_wait(&oneshot->closing, &closed->waiter, party);
    cmio__lock_release(&oneshot->lock);
    return is_closed;
}

static enum cmio_future_state poll_oneshot_closed(struct cmio_future *future,
                                                  struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_oneshot_closed, context, "oneshot closed");
}

static void drop_oneshot_closed(struct cmio_future *future) {
    struct cmio_oneshot_closed_future *closed = oneshot_closed_of(future);
    struct oneshot *oneshot = of_oneshot_sender(closed->sender);
    cmio__waiters_leave(&oneshot->closing, &closed->waiter, &oneshot->lock);
}

static const struct cmio_future_ops oneshot_closed_ops = {
    .name = "oneshot closed",
    .poll = poll_oneshot_closed,
    .drop = drop_oneshot_closed,
};

int cmio_oneshot_closed_future_init(struct cmio_oneshot_closed_future *closed,
                                    struct cmio_oneshot_sender *sender) {
    if (closed == NULL || sender == NULL)
        return -EINVAL;
    *closed =
        (struct cmio_oneshot_closed_future){.future.ops = &oneshot_closed_ops, .sender = sender};
    return 0;
}
