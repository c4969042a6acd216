/* SPDX-License-Identifier: MIT */
/*
 * Green threads. To its task, a green thread is a future like any other: its poll switches to the
 * thread's stack, and comes back when the thread awaits something or has ended. The thread itself
 * polls what it awaits, on its own stack, with the context of the task.
 *
 * From its first poll on, the task has a home (async/task.h). It stays with that worker, and an
 * abort polls it instead of dropping it, so that the thread can be told. So its future is dropped
 * only if it never ran.
 *
 * `worker->green` is the thread that runs on the worker. It is NULL while the thread polls or drops
 * a future, because awaiting is not allowed there.
 */
#include <cmio/async/green.h>

#include <errno.h>

#include "async/context.h"
#include "async/executor.h"
#include "async/fiber.h"
#include "async/stack.h"
#include "async/switch.h"
#include "async/worker.h"

struct cmio__green {
    struct cmio_future future;
    ssize_t (*function)(void *argument);
    void *argument;
    void (*drop)(void *argument);
    struct cmio__stack *stack;    /* NULL until it runs */
    struct cmio_context *context; /* of this turn */
    void *suspended;              /* where the thread goes on, while it does not run */
    void *worker;                 /* where the worker goes on, while the thread runs */
    unsigned shields;
    int pool; /* the stack's pool */
    bool has_ended;
    struct cmio__fiber own, other;
};

static struct cmio__green *green_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio__green, future);
}

/* On the thread's stack */

/* Leaves the stack until the next turn, or for good if the thread has ended. */
static void leave_green(struct cmio__green *green) {
    cmio__fiber_leave(&green->own, &green->other, green->has_ended);
    cmio__switch(&green->suspended, green->worker);
    cmio__fiber_arrive(&green->own, &green->other);
}

static void run(void *argument) {
    struct cmio__green *green = argument;
    cmio__fiber_arrive(&green->own, &green->other);
    green->future.result = green->function(green->argument);
    green->has_ended = true;
    leave_green(green);
}

/* The green thread that calls this, or NULL. */
static struct cmio__green *running(void) {
    const struct cmio__worker *worker = cmio__worker_current;
    return worker == NULL ? NULL : worker->green;
}

static bool is_told_to_end(const struct cmio__green *green) {
    const struct cmio__task *task = green->context->task;
    return green->shields == 0 &&
           (atomic_load_explicit(&task->aborted, memory_order_relaxed) ||
            atomic_load_explicit(&task->executor->closing, memory_order_relaxed));
}

static void give_green_up(struct cmio__green *green, struct cmio_future *future) {
    green->context->worker->green = NULL;
    cmio_future_drop(future);
    green->context->worker->green = green;
}

static enum cmio_future_state poll_for(struct cmio__green *green, struct cmio_future *future) {
    struct cmio_context *context = green->context;
    context->worker->green = NULL;
    const enum cmio_future_state state = cmio_future_poll(future, context);
    context->worker->green = green;
    return state;
}

static ssize_t await(struct cmio__green *green, struct cmio_future *future) {
    while (!is_told_to_end(green)) {
        if (poll_for(green, future) == CMIO_READY)
            return future->result;
        leave_green(green);
    }
    give_green_up(green, future);
    return -ECANCELED;
}

ssize_t cmio_await(struct cmio_future *future) {
    struct cmio__green *green = running();
    if (green == NULL)
        return -EPERM;
    if (future == NULL)
        return -EINVAL;
    /* On an executor without threads, errno itself may be somewhere else after the wait. */
    const int before = *green->context->worker->error;
    const ssize_t result = await(green, future);
    *green->context->worker->error = before;
    return result;
}

int cmio_shield_begin(void) {
    struct cmio__green *green = running();
    if (green == NULL)
        return -EPERM;
    green->shields++;
    return 0;
}

int cmio_shield_end(void) {
    struct cmio__green *green = running();
    if (green == NULL)
        return -EPERM;
    if (green->shields == 0)
        return -EINVAL;
    green->shields--;
    return 0;
}

/* On the worker's stack */

/*
 * If all stacks began at the same offset in a page, they would compete for the same few cache
 * lines. An arena has an odd number of pages for each stack, so the page numbers tell the stacks
 * apart.
 */
static size_t offset(const char *bottom) {
    return (uintptr_t)bottom / 4096 % 16 * 64;
}

static CMIO__COLD void begin_green(struct cmio__green *green, struct cmio_context *context) {
    context->task->home = context->worker;
    green->stack = cmio__stack_take(green->pool);
    const size_t size = cmio__stack_size(green->pool);
    char *bottom = green->stack->bottom;
    cmio__fiber_begin(&green->own, bottom, size);
    green->suspended = cmio__switch_prepare(bottom, size - offset(bottom), run, green);
}

static CMIO__COLD void end(struct cmio__green *green) {
    cmio__fiber_end(&green->own);
    cmio__stack_give(green->stack);
}

static enum cmio_future_state poll_green(struct cmio_future *future, struct cmio_context *context) {
    struct cmio__green *green = green_of(future);
    if (CMIO__UNLIKELY(green->stack == NULL))
        begin_green(green, context);
    green->context = context;
    context->worker->green = green;
    cmio__fiber_self(&green->other);
    cmio__fiber_leave(&green->other, &green->own, false);
    cmio__switch(&green->worker, green->suspended);
    cmio__fiber_arrive(&green->other, &green->own);
    context->worker->green = NULL;
    if (!green->has_ended)
        return CMIO_PENDING;
    end(green);
    return CMIO_READY;
}

/* The thread never ran. */
static void drop_green(struct cmio_future *future) {
    struct cmio__green *green = green_of(future);
    cmio__stack_forgo(green->pool);
    if (green->drop != NULL)
        green->drop(green->argument);
}

static const struct cmio_future_ops green_ops = {
    .name = "green thread",
    .poll = poll_green,
    .drop = drop_green,
};

int cmio_green_spawn(struct cmio_executor *executor, ssize_t (*function)(void *argument),
                     void *argument, const struct cmio_green_options *options,
                     struct cmio_join_handle **out) {
    static const struct cmio_green_options defaults = {0};
    if (function == NULL)
        return -EINVAL;
    if (options == NULL)
        options = &defaults;
    const int pool = cmio__stack_pool(options->stack_size);
    int error = pool < 0 ? pool : cmio__stack_promise(pool);
    if (error != 0)
        return error;
    const struct cmio__green green = {
        .future.ops = &green_ops,
        .function = function,
        .argument = argument,
        .drop = options->drop,
        .pool = pool,
    };
    error = cmio_spawn(executor, &green.future, sizeof green,
                       &(struct cmio_spawn_options){.name = options->name}, out);
    if (error != 0)
        cmio__stack_forgo(pool);
    return error;
}
