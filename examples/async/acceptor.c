/* SPDX-License-Identifier: MIT */
#include "async/acceptor.h"

#include <errno.h>

#include "common/program.h"

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

static int hand_on(struct acceptor *acceptor) {
    int result = acceptor->serve(acceptor->owner, &acceptor->stream);
    if (result < 0)
        (void)cmio_tcp_stream_close(&acceptor->stream);
    return result;
}

static void complain_once(struct acceptor *acceptor, int code) {
    if (!acceptor->complained)
        (void)complain("accepting pauses until there is room", code);
    acceptor->complained = true;
}

static void give_room_back(struct acceptor *acceptor) {
    if (acceptor->has_room)
        (void)cmio_semaphore_release(acceptor->room, 1); /* it was acquired, so this cannot fail */
    acceptor->has_room = false;
}

static struct cmio_future *start_accept(struct acceptor *acceptor) {
    (void)cmio_accept_tcp_future_init(&acceptor->accept, &acceptor->io, &acceptor->stream, NULL);
    return &acceptor->accept.future;
}

/* Without a descriptor or memory the client stays in the queue. Try again after a moment. */
static enum cmio_future_state run_acceptor(struct cmio_coroutine *coroutine,
                                           struct cmio_context *context) {
    struct acceptor *acceptor = (struct acceptor *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (;;) {
        if (acceptor->room != NULL && !acceptor->has_room) {
            (void)cmio_acquire_future_init(&acceptor->acquire, acceptor->room, 1);
            CMIO_AWAIT(&acceptor->acquire.future);
            acceptor->has_room = true;
        }
        if (acceptor->finishes) {
            acceptor->result =
                cmio_tcp_listener_accept(&acceptor->listener, &acceptor->stream, NULL);
            if (acceptor->result == -EAGAIN)
                CMIO_RETURN(0);
        } else {
            CMIO_AWAIT(start_accept(acceptor));
            acceptor->result = (int)acceptor->accept.future.result;
        }
        if (acceptor->result == -ECONNABORTED)
            continue; /* that client left the queue */
        if (acceptor->result == 0)
            acceptor->result = hand_on(acceptor);
        if (acceptor->result == 0) {
            acceptor->has_room = false; /* the connection has it now */
            continue;
        }
        complain_once(acceptor, acceptor->result);
        give_room_back(acceptor);
        (void)cmio_sleep_future_init(&acceptor->pause, accept_pause);
        CMIO_AWAIT(&acceptor->pause.future);
    }
    CMIO_FINALLY;
    give_room_back(acceptor);
    CMIO_END;
}

int acceptor_open(struct acceptor *acceptor, struct cmio_executor *executor,
                  struct cmio_address *address) {
    int result = cmio_tcp_listener_bind(&acceptor->listener, address, NULL);
    if (result < 0)
        return result;
    (void)cmio_coroutine_init(&acceptor->coroutine, run_acceptor);
    result = cmio_io_bind_tcp_listener(&acceptor->io, executor, &acceptor->listener);
    return result < 0 ? result : cmio_tcp_listener_local_address(&acceptor->listener, address);
}

struct cmio_future *acceptor_finish(struct acceptor *acceptor) {
    cmio_future_drop(&acceptor->coroutine.future);
    acceptor->finishes = true;
    (void)cmio_coroutine_init(&acceptor->coroutine, run_acceptor);
    return &acceptor->coroutine.future;
}

void acceptor_close(struct acceptor *acceptor) {
    cmio_future_drop(&acceptor->coroutine.future);
    (void)cmio_io_close(&acceptor->io);
    (void)cmio_tcp_listener_close(&acceptor->listener);
}
