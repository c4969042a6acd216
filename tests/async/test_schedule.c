/* SPDX-License-Identifier: MIT */

/* That no task keeps others from running: turns, looks at events, and workers that are held up. */
#include <cmio/async.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <cmio/pipe.h>

#include "support/test.h"

static struct cmio_executor *new_executor(int workers) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(
        &executor, &(struct cmio_executor_options){.workers = workers, .backend = test_backend()}));
    return executor;
}

static void drop_nothing(struct cmio_future *future) {
    (void)future;
}

/* Turns */

/* Completes leaves that are always ready, a thousand of them. */
struct greedy {
    struct cmio_future future;
    atomic_int *leaves;
};

static enum cmio_future_state poll_greedy(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct greedy *greedy = (struct greedy *)future;
    while (atomic_load(greedy->leaves) < 1000) {
        struct cmio_sleep_future leaf;
        TEST_OK(cmio_sleep_until_future_init(&leaf, 0));
        if (cmio_future_poll(&leaf.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        atomic_fetch_add(greedy->leaves, 1);
    }
    return CMIO_READY;
}

static const struct cmio_future_ops greedy_ops = {"greedy", poll_greedy, drop_nothing};

/* Spawns the greedy one, and notes at its first polls how many leaves that has completed. */
struct witness {
    struct cmio_future future;
    atomic_int *leaves;
    struct cmio_join_handle *greedy;
    int seen[3];
    int polls;
};

static enum cmio_future_state poll_witness(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct witness *witness = (struct witness *)future;
    if (witness->polls == 0) { /* here, or it could be done before this task begins */
        const struct greedy greedy = {.future.ops = &greedy_ops, .leaves = witness->leaves};
        TEST_OK(cmio_spawn(NULL, &greedy.future, sizeof greedy, NULL, &witness->greedy));
    }
    witness->seen[witness->polls++] = atomic_load(witness->leaves);
    if (witness->polls == 3)
        return CMIO_READY;
    cmio_task_waker_wake(cmio_context_waker(context));
    return CMIO_PENDING;
}

static const struct cmio_future_ops witness_ops = {"witness", poll_witness, drop_nothing};

static void a_task_gives_way_after_128_leaves(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    atomic_int leaves = 0;
    struct witness witness = {.future.ops = &witness_ops, .leaves = &leaves};
    TEST_OK(cmio_block_on(executor, &witness.future));
    for (int i = 0; i < 3; i++)
        assert_int_equal(witness.seen[i], i * 128);
    struct cmio_join_future join;
    TEST_OK(cmio_join_future_init(&join, witness.greedy));
    TEST_OK(cmio_block_on(executor, &join.future));
    assert_int_equal(leaves, 1000);
    cmio_join_handle_drop(witness.greedy);
    cmio_executor_free(executor);
}

/* Events */

struct reader {
    struct cmio_future future;
    struct cmio_io *io;
    struct cmio_pipe_receiver *receiver;
    struct cmio_ready_future ready;
    bool waits;
    atomic_bool *is_waiting, *has_read;
};

static enum cmio_future_state poll_reader(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct reader *reader = (struct reader *)future;
    for (;;) {
        if (!reader->waits)
            TEST_OK(cmio_ready_future_init(&reader->ready, reader->io, CMIO_READABLE));
        reader->waits = cmio_future_poll(&reader->ready.future, context) == CMIO_PENDING;
        if (reader->waits) {
            atomic_store(reader->is_waiting, true);
            return CMIO_PENDING;
        }
        char byte;
        const ssize_t n = cmio_pipe_receiver_read(reader->receiver, &byte, 1);
        if (cmio_io_note(&reader->ready, n) != -EAGAIN)
            break;
    }
    atomic_store(reader->has_read, true);
    return CMIO_READY;
}

static void drop_reader(struct cmio_future *future) {
    cmio_future_drop(&((struct reader *)future)->ready.future);
}

static const struct cmio_future_ops reader_ops = {"reader", poll_reader, drop_reader};

/* A pipe, and who reads from it. */
struct scene {
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    struct cmio_io io;
    atomic_bool is_waiting, has_read;
};

static void spawn_reader(struct scene *scene, struct cmio_executor *executor) {
    TEST_OK(cmio_io_bind_pipe_receiver(&scene->io, executor, &scene->receiver));
    const struct reader reader = {.future.ops = &reader_ops,
                                  .io = &scene->io,
                                  .receiver = &scene->receiver,
                                  .is_waiting = &scene->is_waiting,
                                  .has_read = &scene->has_read};
    TEST_OK(cmio_spawn(executor, &reader.future, sizeof reader, NULL, NULL));
}

static void close_scene(struct scene *scene) {
    TEST_OK(cmio_io_close(&scene->io));
    TEST_OK(cmio_pipe_receiver_close(&scene->receiver));
    TEST_OK(cmio_pipe_sender_close(&scene->sender));
}

/* Is always ready to run; writes once the reader waits, and counts its polls until that has read. */
struct busy {
    struct cmio_future future;
    struct scene *scene;
    int delay; /* polls before it writes, once the reader waits */
    bool has_written;
};

static enum cmio_future_state poll_busy(struct cmio_future *future, struct cmio_context *context) {
    struct busy *busy = (struct busy *)future;
    if (atomic_load(&busy->scene->has_read))
        return CMIO_READY;
    if (busy->has_written) {
        future->result++;
    } else if (atomic_load(&busy->scene->is_waiting) && busy->delay-- == 0) {
        TEST_GIVES(cmio_pipe_sender_write(&busy->scene->sender, "x", 1), 1);
        busy->has_written = true;
    }
    cmio_task_waker_wake(cmio_context_waker(context));
    return CMIO_PENDING;
}

static const struct cmio_future_ops busy_ops = {"busy", poll_busy, drop_nothing};

static void a_worker_looks_at_its_poll_every_61_polls(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    for (int delay = 0; delay < 70; delay++) {
        struct scene scene = {.is_waiting = false};
        TEST_OK(cmio_pipe_new(&scene.sender, &scene.receiver));
        spawn_reader(&scene, executor);
        struct busy busy = {.future.ops = &busy_ops, .scene = &scene, .delay = delay};
        const ssize_t polls = cmio_block_on(executor, &busy.future);
        assert_in_range(polls, 0, 61);
        close_scene(&scene);
    }
    cmio_executor_free(executor);
}

/* Uses its whole budget in each poll, and counts what it has used once the reader waits. */
static enum cmio_future_state poll_spending(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct busy *busy = (struct busy *)future;
    if (atomic_load(&busy->scene->has_read))
        return CMIO_READY;
    if (!busy->has_written && atomic_load(&busy->scene->is_waiting)) {
        TEST_GIVES(cmio_pipe_sender_write(&busy->scene->sender, "x", 1), 1);
        busy->has_written = true;
    }
    while (cmio_context_spend(context))
        future->result += busy->has_written;
    return CMIO_PENDING;
}

static const struct cmio_future_ops spending_ops = {"spending", poll_spending, drop_nothing};

static void a_task_that_uses_its_budget_holds_up_events_for_some_turns_only(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    struct scene scene = {.is_waiting = false};
    TEST_OK(cmio_pipe_new(&scene.sender, &scene.receiver));
    spawn_reader(&scene, executor);
    struct busy greedy = {.future.ops = &spending_ops, .scene = &scene};
    const ssize_t used = cmio_block_on(executor, &greedy.future);
    assert_in_range(used, 0, 10 * 128);
    close_scene(&scene);
    cmio_executor_free(executor);
}

/* A worker that is held up */

static void spin_until(const atomic_bool *flag) {
    while (!atomic_load(flag))
        test_pause();
}

/* Sets up something that its worker would have to do, and does not return until that was done. */
struct hog {
    struct cmio_future future;
    struct cmio_sleep_future sleep;
    void (*set_up)(void *argument, struct cmio_context *context);
    void *argument;
    const atomic_bool *flag;
};

static enum cmio_future_state poll_hog(struct cmio_future *future, struct cmio_context *context) {
    struct hog *hog = (struct hog *)future;
    if (cmio_future_poll(&hog->sleep.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    hog->set_up(hog->argument, context);
    spin_until(hog->flag);
    return CMIO_READY;
}

static void drop_hog(struct cmio_future *future) {
    cmio_future_drop(&((struct hog *)future)->sleep.future);
}

static const struct cmio_future_ops hog_ops = {"hog", poll_hog, drop_hog};

static struct hog hog_after(int64_t duration, void (*set_up)(void *, struct cmio_context *),
                            void *argument, const atomic_bool *flag) {
    struct hog hog = {.future.ops = &hog_ops, .set_up = set_up, .argument = argument, .flag = flag};
    TEST_OK(cmio_sleep_future_init(&hog.sleep, duration));
    return hog;
}

static void run_hog(struct cmio_executor *executor, struct hog hog) {
    TEST_OK(cmio_block_on(executor, &hog.future));
}

struct setter {
    struct cmio_future future;
    struct cmio_sleep_future sleep;
    atomic_bool *flag;
};

static enum cmio_future_state poll_setter(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct setter *setter = (struct setter *)future;
    if (cmio_future_poll(&setter->sleep.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    atomic_store(setter->flag, true);
    return CMIO_READY;
}

static void drop_setter(struct cmio_future *future) {
    cmio_future_drop(&((struct setter *)future)->sleep.future);
}

static const struct cmio_future_ops setter_ops = {"setter", poll_setter, drop_setter};

static struct setter setter_after(int64_t duration, atomic_bool *flag) {
    struct setter setter = {.future.ops = &setter_ops, .flag = flag};
    TEST_OK(cmio_sleep_future_init(&setter.sleep, duration));
    return setter;
}

static void spawn_setter(void *argument, struct cmio_context *context) {
    (void)context;
    const struct setter setter = setter_after(0, argument);
    TEST_OK(cmio_spawn(NULL, &setter.future, sizeof setter, NULL, NULL));
}

static void a_task_that_would_run_next_is_taken_from_a_busy_worker(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    for (int i = 0; i < 10; i++) {
        atomic_bool flag = false;
        run_hog(executor, hog_after(0, spawn_setter, &flag, &flag));
    }
    cmio_executor_free(executor);
}

static void bind_and_write(void *argument, struct cmio_context *context) {
    (void)context;
    struct scene *scene = argument;
    spawn_reader(scene, NULL);
    spin_until(&scene->is_waiting);
    TEST_GIVES(cmio_pipe_sender_write(&scene->sender, "x", 1), 1);
}

static void an_event_is_taken_from_a_busy_worker(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    for (int i = 0; i < 10; i++) {
        struct scene scene = {.is_waiting = false};
        TEST_OK(cmio_pipe_new(&scene.sender, &scene.receiver));
        run_hog(executor, hog_after(0, bind_and_write, &scene, &scene.has_read));
        close_scene(&scene);
    }
    cmio_executor_free(executor);
}

/* Sets a timer of its worker, and has that worker held up before it is due. */
struct sleeper {
    struct cmio_future future;
    struct setter setter;
    struct hog hog;
    struct cmio_join_handle *handle; /* of the hog, once it has begun */
};

static void set_up_nothing(void *argument, struct cmio_context *context) {
    (void)argument, (void)context;
}

static enum cmio_future_state poll_sleeper(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct sleeper *sleeper = (struct sleeper *)future;
    const enum cmio_future_state polled = cmio_future_poll(&sleeper->setter.future, context);
    if (sleeper->handle == NULL)
        TEST_OK(
            cmio_spawn(NULL, &sleeper->hog.future, sizeof sleeper->hog, NULL, &sleeper->handle));
    return polled;
}

static void drop_sleeper(struct cmio_future *future) {
    cmio_future_drop(&((struct sleeper *)future)->setter.future);
}

static const struct cmio_future_ops sleeper_ops = {"sleeper", poll_sleeper, drop_sleeper};

static void a_timer_is_taken_from_a_busy_worker(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    for (int i = 0; i < 10; i++) {
        atomic_bool flag = false;
        struct sleeper sleeper = {.future.ops = &sleeper_ops,
                                  .setter = setter_after(5 * CMIO_MILLISECOND, &flag),
                                  .hog = hog_after(0, set_up_nothing, NULL, &flag)};
        TEST_OK(cmio_block_on(executor, &sleeper.future));
        struct cmio_join_future join;
        TEST_OK(cmio_join_future_init(&join, sleeper.handle));
        TEST_OK(cmio_block_on(executor, &join.future));
        cmio_join_handle_drop(sleeper.handle);
    }
    cmio_executor_free(executor);
}

static void a_busy_worker_is_relieved_after_a_quiet_time(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    for (int i = 0; i < 3; i++) {
        /* The timer wakes the worker alone, in an executor that is quiet by then: usually. */
        atomic_bool flag = false;
        run_hog(executor, hog_after(300 * CMIO_MILLISECOND, spawn_setter, &flag, &flag));
    }
    cmio_executor_free(executor);
}

static const int none = CMIO_CURRENT_THREAD, one = 1, two = 2, four = 4;

#define ALONE(test) TEST_ROW(none, test, &none), TEST_ROW(one, test, &one)
#define SEVERAL(test) TEST_ROW(two, test, &two), TEST_ROW(four, test, &four)

static const struct CMUnitTest tests[] = {
    ALONE(a_task_gives_way_after_128_leaves),
    ALONE(a_worker_looks_at_its_poll_every_61_polls),
    ALONE(a_task_that_uses_its_budget_holds_up_events_for_some_turns_only),
    SEVERAL(a_task_that_would_run_next_is_taken_from_a_busy_worker),
    SEVERAL(an_event_is_taken_from_a_busy_worker),
    SEVERAL(a_timer_is_taken_from_a_busy_worker),
    SEVERAL(a_busy_worker_is_relieved_after_a_quiet_time),
};

TEST_GROUP(async_schedule, tests)
