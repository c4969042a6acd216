/* SPDX-License-Identifier: MIT */

/*
 * Tasks on libcmio-async. raw.c, which does the least that a scheduler must do, threads.c,
 * bench/tokio/tasks.rs and bench/go/tasks.go have the same workloads under the same numbers, if
 * they make sense there:
 *
 *     mode 1    spawn a task and join it, one by one
 *          2    mode 1 in batches of 1,000
 *          3    two tasks that hand over to each other
 *          4    a bounded channel of 128 places, from --producers to one receiver
 *          5    two tasks that yield to each other
 *          6    --count tasks that sleep for --seconds: time to spawn, bytes per task, lateness
 *          7    --count tasks that compute for --busy nanoseconds each
 *          8    mode 3 with green threads
 *          9    mode 6 with green threads
 *          10   mode 3 forced apart: on two threads, each with an executor of its own; --pin 1
 *               keeps each on a processor of its own
 *
 * --workers 0 runs on the thread that is in cmio_block_on(). Results are in nanoseconds per
 * operation.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmio/async.h>

#include "common/bench.h"

enum { BATCH = 1000, PLACES = 128 };

static long mode = 1;
static long workers = 0;
static long count = 1000000;
static long producers = 1;
static long busy = 10000;
static long seconds = 10;
static long pin = 0;

static const struct bench_option options[] = {
    {"mode", &mode, 1, 10},
    {"workers", &workers, 0, 64},
    {"count", &count, 1, 100000000},
    {"producers", &producers, 1, 1000},
    {"busy", &busy, 1, 1000000000},
    {"seconds", &seconds, 2, 1000},
    {"pin", &pin, 0, 1},
    {NULL, NULL, 0, 0},
};

static struct cmio_executor *executor;

static struct cmio_join_handle *spawn(const struct cmio_future *future, size_t size) {
    struct cmio_join_handle *handle = NULL;
    BENCH_CHECK(cmio_spawn(executor, future, size, NULL, &handle) == 0);
    return handle;
}

/* Tasks that do nothing */

static enum cmio_future_state poll_nothing(struct cmio_future *future,
                                           struct cmio_context *context) {
    (void)context;
    future->result = 0;
    return CMIO_READY;
}

static void drop_nothing(struct cmio_future *future) {
    (void)future;
}

static const struct cmio_future_ops nothing = {"nothing", poll_nothing, drop_nothing};

static struct cmio_join_handle *spawn_nothing(void) {
    const struct cmio_future future = {.ops = &nothing};
    return spawn(&future, sizeof future);
}

/* Spawns tasks in batches of some size and joins each of them. */
struct spawner {
    struct cmio_coroutine coroutine;
    struct cmio_join_handle *handles[BATCH];
    struct cmio_join_future join;
    int batch, place;
    long left;
};

static enum cmio_future_state run_spawner(struct cmio_coroutine *coroutine,
                                          struct cmio_context *context) {
    struct spawner *spawner = (struct spawner *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (spawner->left = count; spawner->left > 0; spawner->left -= spawner->batch) {
        for (spawner->place = 0; spawner->place < spawner->batch; spawner->place++)
            spawner->handles[spawner->place] = spawn_nothing();
        for (spawner->place = 0; spawner->place < spawner->batch; spawner->place++) {
            (void)cmio_join_future_init(&spawner->join, spawner->handles[spawner->place]);
            CMIO_AWAIT(&spawner->join.future);
            cmio_join_handle_drop(spawner->handles[spawner->place]);
        }
    }
    CMIO_END;
}

/* Runs as a task on a worker, because the caller of cmio_block_on() may be none. */
static ssize_t run_task(const struct cmio_future *future, size_t size) {
    struct cmio_join_handle *handle = spawn(future, size);
    struct cmio_join_future join;
    (void)cmio_join_future_init(&join, handle);
    const ssize_t result = cmio_block_on(executor, &join.future);
    cmio_join_handle_drop(handle);
    return result;
}

static void run_spawns(int batch) {
    static struct spawner spawner;
    spawner.batch = batch;
    (void)cmio_coroutine_init(&spawner.coroutine, run_spawner);
    const struct bench_begin begin = bench_begin();
    BENCH_CHECK(run_task(&spawner.coroutine.future, sizeof spawner) == 0);
    bench_report_each(begin, count);
}

/* Two tasks that hand over */

struct player {
    struct cmio_coroutine coroutine;
    struct cmio_notify *own, *other;
    struct cmio_notify_future turn;
    bool begins;
    long left;
};

static enum cmio_future_state run_player(struct cmio_coroutine *coroutine,
                                         struct cmio_context *context) {
    struct player *player = (struct player *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (player->left = count / 2; player->left > 0; player->left--) {
        if (player->begins)
            cmio_notify_one(player->other);
        (void)cmio_notify_future_init(&player->turn, player->own);
        CMIO_AWAIT(&player->turn.future);
        if (!player->begins)
            cmio_notify_one(player->other);
    }
    CMIO_END;
}

static struct cmio_notify notifies[2];

static struct cmio_join_handle *spawn_player(bool begins) {
    struct player player = {
        .own = &notifies[begins], .other = &notifies[!begins], .begins = begins};
    (void)cmio_coroutine_init(&player.coroutine, run_player);
    return spawn(&player.coroutine.future, sizeof player);
}

static ssize_t play(void *argument) {
    const bool begins = argument != NULL;
    struct cmio_notify_future turn;
    for (long left = count / 2; left > 0; left--) {
        if (begins)
            cmio_notify_one(&notifies[!begins]);
        (void)cmio_notify_future_init(&turn, &notifies[begins]);
        (void)cmio_await(&turn.future);
        if (!begins)
            cmio_notify_one(&notifies[!begins]);
    }
    return 0;
}

static struct cmio_join_handle *spawn_green_player(bool begins) {
    struct cmio_join_handle *handle = NULL;
    BENCH_CHECK(cmio_green_spawn(executor, play, begins ? notifies : NULL, NULL, &handle) == 0);
    return handle;
}

static void join(struct cmio_join_handle *handle) {
    struct cmio_join_future future;
    (void)cmio_join_future_init(&future, handle);
    BENCH_CHECK(cmio_block_on(executor, &future.future) >= 0);
    cmio_join_handle_drop(handle);
}

static void run_ping_pong(struct cmio_join_handle *(*begin_player)(bool begins)) {
    (void)cmio_notify_init(&notifies[0]);
    (void)cmio_notify_init(&notifies[1]);
    const struct bench_begin begin = bench_begin();
    struct cmio_join_handle *second = begin_player(false);
    join(begin_player(true));
    join(second);
    bench_report_each(begin, count);
}

/* Handing over between two threads. The second player has a thread that does nothing else. */
static void *run_second_player(void *argument) {
    struct player second = {.own = &notifies[0], .other = &notifies[1]};
    (void)argument;
    if (pin != 0)
        bench_pin(1);
    (void)cmio_coroutine_init(&second.coroutine, run_player);
    BENCH_CHECK(cmio_block_on(NULL, &second.coroutine.future) == 0);
    return NULL;
}

static void run_apart(void) {
    struct player first = {.own = &notifies[1], .other = &notifies[0], .begins = true};
    pthread_t thread;
    (void)cmio_notify_init(&notifies[0]);
    (void)cmio_notify_init(&notifies[1]);
    (void)cmio_coroutine_init(&first.coroutine, run_player);
    if (pin != 0)
        bench_pin(0);
    const struct bench_begin begin = bench_begin();
    BENCH_CHECK(pthread_create(&thread, NULL, run_second_player, NULL) == 0);
    BENCH_CHECK(cmio_block_on(executor, &first.coroutine.future) == 0);
    BENCH_CHECK(pthread_join(thread, NULL) == 0);
    bench_report_each(begin, count);
}

/* A channel */

struct producer {
    struct cmio_coroutine coroutine;
    struct cmio_channel_sender *sender;
    struct cmio_send_future send;
    long left, message;
};

static enum cmio_future_state run_producer(struct cmio_coroutine *coroutine,
                                           struct cmio_context *context) {
    struct producer *producer = (struct producer *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (producer->left = count / producers; producer->left > 0; producer->left--) {
        producer->message = producer->left;
        (void)cmio_send_future_init(&producer->send, producer->sender, &producer->message);
        CMIO_AWAIT(&producer->send.future);
    }
    CMIO_FINALLY;
    cmio_channel_sender_drop(producer->sender);
    CMIO_END;
}

struct consumer {
    struct cmio_coroutine coroutine;
    struct cmio_channel_receiver *receiver;
    struct cmio_receive_future receive;
    long message;
};

static enum cmio_future_state run_consumer(struct cmio_coroutine *coroutine,
                                           struct cmio_context *context) {
    struct consumer *consumer = (struct consumer *)coroutine;
    CMIO_BEGIN(coroutine, context);
    do {
        (void)cmio_receive_future_init(&consumer->receive, consumer->receiver, &consumer->message);
        CMIO_AWAIT(&consumer->receive.future);
    } while (consumer->receive.future.result == 1);
    CMIO_END;
}

static void run_channel(void) {
    struct cmio_channel_sender *sender = NULL;
    struct consumer consumer = {0};
    BENCH_CHECK(cmio_channel_new(&sender, &consumer.receiver, sizeof(long), PLACES) == 0);
    (void)cmio_coroutine_init(&consumer.coroutine, run_consumer);
    const struct bench_begin begin = bench_begin();
    for (long i = 0; i < producers; i++) {
        struct producer producer = {.sender = cmio_channel_sender_clone(sender)};
        (void)cmio_coroutine_init(&producer.coroutine, run_producer);
        cmio_join_handle_drop(spawn(&producer.coroutine.future, sizeof producer));
    }
    cmio_channel_sender_drop(sender);
    BENCH_CHECK(run_task(&consumer.coroutine.future, sizeof consumer) == 0);
    bench_report_each(begin, count);
    cmio_channel_receiver_drop(consumer.receiver);
}

/* Yielding */

struct yielder {
    struct cmio_coroutine coroutine;
    struct cmio_yield_future yield;
    long left;
};

static enum cmio_future_state run_yielder(struct cmio_coroutine *coroutine,
                                          struct cmio_context *context) {
    struct yielder *yielder = (struct yielder *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (yielder->left = count / 2; yielder->left > 0; yielder->left--) {
        (void)cmio_yield_future_init(&yielder->yield);
        CMIO_AWAIT(&yielder->yield.future);
    }
    CMIO_END;
}

static struct cmio_join_handle *spawn_yielder(void) {
    struct yielder yielder = {0};
    (void)cmio_coroutine_init(&yielder.coroutine, run_yielder);
    return spawn(&yielder.coroutine.future, sizeof yielder);
}

static void run_yields(void) {
    const struct bench_begin begin = bench_begin();
    struct cmio_join_handle *first = spawn_yielder();
    join(spawn_yielder());
    join(first);
    bench_report_each(begin, count);
}

/* Many tasks at once, which count their ends. The last of --count reports it. */

static _Atomic long ended;
static struct cmio_notify all_ended;

static void count_end(void) {
    if (atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed) + 1 == count)
        cmio_notify_one(&all_ended);
}

static void await_all(void) {
    struct cmio_notify_future end;
    (void)cmio_notify_future_init(&end, &all_ended);
    BENCH_CHECK(cmio_block_on(executor, &end.future) == 0);
}

struct spawning {
    struct cmio_future future;
    void (*spawn_one)(void);
};

static enum cmio_future_state poll_spawning(struct cmio_future *future,
                                            struct cmio_context *context) {
    (void)context;
    for (long i = 0; i < count; i++)
        ((struct spawning *)future)->spawn_one();
    future->result = 0;
    return CMIO_READY;
}

static const struct cmio_future_ops spawning_ops = {"spawning", poll_spawning, drop_nothing};

/* Spawns from a task, so that a worker does it. */
static void spawn_all(void (*spawn_one)(void)) {
    const struct spawning spawning = {{.ops = &spawning_ops}, spawn_one};
    (void)cmio_notify_init(&all_ended);
    BENCH_CHECK(run_task(&spawning.future, sizeof spawning) == 0);
}

/* Sleeping */

static int64_t sleep_end;
static const struct cmio_future_ops *sleep_ops;

/* A sleep that counts its end is as large as one that does not. */
static enum cmio_future_state poll_sleeper(struct cmio_future *future,
                                           struct cmio_context *context) {
    const enum cmio_future_state state = sleep_ops->poll(future, context);
    if (state == CMIO_READY)
        count_end();
    return state;
}

static void drop_sleeper(struct cmio_future *future) {
    sleep_ops->drop(future);
}

static const struct cmio_future_ops sleeper_ops = {"sleeper", poll_sleeper, drop_sleeper};

static void spawn_sleeper(void) {
    struct cmio_sleep_future sleep;
    (void)cmio_sleep_until_future_init(&sleep, sleep_end);
    sleep_ops = sleep.future.ops;
    sleep.future.ops = &sleeper_ops;
    BENCH_CHECK(cmio_spawn(executor, &sleep.future, sizeof sleep, NULL, NULL) == 0);
}

static ssize_t sleep_green(void *argument) {
    struct cmio_sleep_future sleep;
    (void)argument;
    (void)cmio_sleep_until_future_init(&sleep, sleep_end);
    const ssize_t result = cmio_await(&sleep.future);
    count_end();
    return result;
}

static void spawn_green_sleeper(void) {
    static const struct cmio_green_options shallow = {.stack_size = 16384};
    BENCH_CHECK(cmio_green_spawn(executor, sleep_green, NULL, &shallow, NULL) == 0);
}

static void block_until(int64_t deadline) {
    struct cmio_sleep_future sleep;
    (void)cmio_sleep_until_future_init(&sleep, deadline);
    BENCH_CHECK(cmio_block_on(executor, &sleep.future) == 0);
}

static void run_sleepers(void (*spawn_one)(void)) {
    const int64_t resident = bench_resident();
    const int64_t begin = bench_now();
    sleep_end = begin + seconds * CMIO_SECOND;
    spawn_all(spawn_one);
    bench_report("spawned_s", (double)(bench_now() - begin) / 1e9);
    block_until(sleep_end - CMIO_SECOND);
    bench_report("bytes", (double)(bench_resident() - resident) / (double)count);
    await_all();
    bench_report("late_s", (double)(bench_now() - sleep_end) / 1e9);
}

/* Computing */

static uint64_t turns;

static uint64_t work(uint64_t number) {
    uint64_t x = number | 1;
    for (uint64_t i = 0; i < number; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static enum cmio_future_state poll_work(struct cmio_future *future, struct cmio_context *context) {
    (void)context;
    future->result = (ssize_t)(work(turns) & 1);
    count_end();
    return CMIO_READY;
}

static const struct cmio_future_ops work_ops = {"work", poll_work, drop_nothing};

static void spawn_work(void) {
    const struct cmio_future future = {.ops = &work_ops};
    BENCH_CHECK(cmio_spawn(executor, &future, sizeof future, NULL, NULL) == 0);
}

static uint64_t measure_turns(void) {
    enum { PROBE = 20000000 };
    const int64_t begin = bench_now();
    const uint64_t bit = work(PROBE) & 1;
    return (uint64_t)((double)busy * PROBE / (double)(bench_now() - begin)) + bit;
}

static void run_work(void) {
    turns = measure_turns();
    const struct bench_begin begin = bench_begin();
    spawn_all(spawn_work);
    await_all();
    bench_report_each(begin, count);
}

int main(int argc, char **argv) {
    bench_options(argc, argv, options);
    const struct cmio_executor_options wanted = {.workers = workers == 0 ? CMIO_CURRENT_THREAD
                                                                         : (int)workers};
    BENCH_CHECK(cmio_executor_new(&executor, &wanted) == 0);
    switch (mode) {
    case 1:
        run_spawns(1);
        break;
    case 2:
        run_spawns(BATCH);
        break;
    case 3:
        run_ping_pong(spawn_player);
        break;
    case 4:
        run_channel();
        break;
    case 5:
        run_yields();
        break;
    case 6:
        run_sleepers(spawn_sleeper);
        break;
    case 7:
        run_work();
        break;
    case 8:
        run_ping_pong(spawn_green_player);
        break;
    case 9:
        run_sleepers(spawn_green_sleeper);
        break;
    default:
        run_apart();
        break;
    }
    cmio_executor_free(executor);
    return 0;
}
