/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>

#include <cmio/async/executor.h>
#include <cmio/async/task.h>
#include <cmio/error.h>

/* A future that is ready once a thread says so. */
struct flag_future {
    struct cmio_future future;
    pthread_mutex_t lock;
    bool is_set;
    struct cmio_task_waker waker; /* a clone, or empty */
};

static void *set_flag(void *argument) {
    struct flag_future *flag = argument;
    (void)pthread_mutex_lock(&flag->lock);
    flag->is_set = true;
    cmio_task_waker_wake(&flag->waker);
    (void)pthread_mutex_unlock(&flag->lock);
    return NULL;
}

static void drop_flag(struct cmio_future *future) {
    struct flag_future *flag = (struct flag_future *)future;
    (void)pthread_mutex_lock(&flag->lock);
    cmio_task_waker_drop(&flag->waker);
    (void)pthread_mutex_unlock(&flag->lock);
}

static enum cmio_future_state poll_flag(struct cmio_future *future,
                                        struct cmio_context *context) {
    struct flag_future *flag = (struct flag_future *)future;
    const struct cmio_task_waker *waker = cmio_context_waker(context);
    if (!cmio_context_spend(context))
        return CMIO_PENDING; /* the other tasks' turn */
    future->result = 0;
    (void)pthread_mutex_lock(&flag->lock);
    const bool is_set = flag->is_set;
    if (!is_set && !cmio_task_waker_equal(&flag->waker, waker)) {
        cmio_task_waker_drop(&flag->waker);
        future->result = cmio_task_waker_clone(waker, &flag->waker);
    }
    (void)pthread_mutex_unlock(&flag->lock);
    if (!is_set && future->result == 0)
        return CMIO_PENDING;
    drop_flag(future);
    return CMIO_READY;
}

int main(void) {
    static const struct cmio_future_ops ops = {"flag", poll_flag,
                                               drop_flag};
    struct flag_future flag = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    if (cmio_future_init(&flag.future, &ops) < 0 ||
        pthread_create(&thread, NULL, set_flag, &flag) != 0)
        return 1;
    const ssize_t result = cmio_block_on(NULL, &flag.future);
    printf("the flag: %s\n", cmio_strerror(result));
    (void)pthread_join(thread, NULL);
    return result < 0;
}
