/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/task.h>
#include <cmio/error.h>

/* A future whose result another thread brings. */
struct answer_future {
    struct cmio_future future;
    struct cmio_task_waker
        waker; /* a clone; empty before the thread */
    pthread_t thread;
    atomic_int answer;
};

static void *think(void *argument) {
    struct answer_future *self = argument;
    atomic_store(&self->answer, 42);
    cmio_task_waker_wake(&self->waker);
    return NULL;
}

static void clean_up(struct cmio_future *future) {
    struct answer_future *self = (struct answer_future *)future;
    if (self->waker.target != 0)
        (void)pthread_join(self->thread, NULL);
    cmio_task_waker_drop(&self->waker);
}

static enum cmio_future_state
poll_answer(struct cmio_future *future,
            struct cmio_context *context) {
    struct answer_future *self = (struct answer_future *)future;
    const struct cmio_task_waker *waker =
        cmio_context_waker(context);
    if (!cmio_context_spend(context))
        return CMIO_PENDING; /* the others' turn; the task is woken */
    if (!cmio_task_waker_equal(&self->waker, waker)) {
        future->result = cmio_task_waker_clone(waker, &self->waker);
        if (future->result < 0)
            return CMIO_READY;
        if (pthread_create(&self->thread, NULL, think, self) != 0)
            abort();
    }
    future->result = atomic_load(&self->answer);
    if (future->result == 0)
        return CMIO_PENDING;
    clean_up(future);
    return CMIO_READY;
}

int main(void) {
    static const struct cmio_future_ops ops = {"answer", poll_answer,
                                               clean_up};
    struct answer_future self = {.answer = 0};
    if (cmio_future_init(&self.future, &ops) < 0)
        return 1;
    const ssize_t answer = cmio_block_on(NULL, &self.future);
    printf("the answer is %zd\n", answer);
    return answer < 0;
}
