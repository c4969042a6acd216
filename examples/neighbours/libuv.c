/* SPDX-License-Identifier: MIT */

/*
 * libuv and cmio on one thread, with either of them inside the other.
 *
 *     libuv
 *
 * runs a poll and timers of cmio in a loop of libuv, and then a loop of libuv in one on cmio.
 */

#include <uv.h>

#include "check.h"
#include "scene.h"
#include "watch.h"

/* ---- The adapter: cmio in a loop of libuv ---- */

/* A poll and its timers. The scene owns these, and decides what they do. */
struct cmio_in_uv {
    struct scene *scene;
    uv_poll_t poll;   /* watches the poll's descriptor, if it has one */
    uv_timer_t timer; /* for the next timer of cmio */
    uv_prepare_t prepare;
    bool has_fd;
};

static void on_poll(uv_poll_t *poll, int status, int events) {
    CHECK(status == 0 && (events & UV_READABLE));
    scene_turn(poll->data);
}

static void on_uv_timer(uv_timer_t *timer) {
    scene_turn(timer->data);
}

/* Runs before each wait of libuv, because timers may have been set anywhere since the last one. */
static void on_prepare(uv_prepare_t *prepare) {
    struct cmio_in_uv *inner = prepare->data;
    int timeout = scene_timeout(inner->scene);
    uv_update_time(prepare->loop);
    if (timeout < 0)
        (void)uv_timer_stop(&inner->timer);
    else
        (void)uv_timer_start(&inner->timer, on_uv_timer, (uint64_t)timeout, 0);
}

/* Returns 0 or an error of libuv. */
static int cmio_in_uv_open(struct cmio_in_uv *inner, struct scene *scene, uv_loop_t *loop) {
    int fd = cmio_poll_fd(scene->watches.poll), result = 0;
    *inner = (struct cmio_in_uv){.scene = scene, .has_fd = fd >= 0};
    if (inner->has_fd)
        result = uv_poll_init(loop, &inner->poll, fd);
    if (inner->has_fd && result == 0)
        result = uv_poll_start(&inner->poll, UV_READABLE, on_poll);
    (void)uv_timer_init(loop, &inner->timer);     /* never fails */
    (void)uv_prepare_init(loop, &inner->prepare); /* never fails */
    inner->poll.data = inner->timer.data = scene;
    inner->prepare.data = inner;
    return result == 0 ? uv_prepare_start(&inner->prepare, on_prepare) : result;
}

/* libuv closes handles in its loop, so run it once more before freeing the poll. */
static void cmio_in_uv_close(struct cmio_in_uv *inner) {
    if (inner->has_fd)
        uv_close((uv_handle_t *)&inner->poll, NULL);
    uv_close((uv_handle_t *)&inner->timer, NULL);
    uv_close((uv_handle_t *)&inner->prepare, NULL);
}

/* ---- The adapter: a loop of libuv in one on cmio ---- */

struct uv_in_cmio {
    struct watch watch;
    struct watches *watches;
    uv_loop_t *loop;
};

/* Nothing to do here: the loop runs after each wait, even if only its timeout has passed. */
static void on_backend_ready(struct watch *watch, uint32_t ready) {
    (void)watch;
    (void)ready;
}

static int uv_in_cmio_open(struct uv_in_cmio *inner, struct watches *watches, uv_loop_t *loop) {
    *inner =
        (struct uv_in_cmio){.watch.on_ready = on_backend_ready, .watches = watches, .loop = loop};
    return watch_set(watches, &inner->watch, uv_backend_fd(loop), CMIO_READABLE);
}

/*
 * One turn of both, which ends at the deadline or earlier. Returns 0 or a negative errno. libuv
 * tells the kernel of new watches only when it runs. Until then its timeout is 0.
 */
static int uv_in_cmio_turn(struct uv_in_cmio *inner, int64_t deadline) {
    uv_update_time(inner->loop); /* or the timeout counts from the last run */
    int timeout = uv_backend_timeout(inner->loop);
    if (timeout >= 0)
        deadline = earlier(deadline, cmio_now() + timeout * CMIO_MILLISECOND);
    int result = watches_turn(inner->watches, deadline);
    (void)uv_run(inner->loop, UV_RUN_NOWAIT);
    return result < 0 ? result : 0;
}

/* ---- The program ---- */

static void on_give_up(uv_timer_t *timer) {
    CHECK(timer == NULL); /* it took too long */
}

static void close_loop(uv_loop_t *loop) {
    (void)uv_run(loop, UV_RUN_DEFAULT); /* until the handles are closed */
    CHECK(uv_loop_close(loop) == 0);
}

static void cmio_in_libuv(void) {
    struct scene scene;
    struct cmio_in_uv inner;
    uv_loop_t loop;
    uv_timer_t give_up;
    scene_open_in_cmio(&scene);
    CHECK(uv_loop_init(&loop) == 0 && cmio_in_uv_open(&inner, &scene, &loop) == 0);
    (void)uv_timer_init(&loop, &give_up);
    (void)uv_timer_start(&give_up, on_give_up, (uint64_t)(longest_wait / CMIO_MILLISECOND), 0);
    while (!scene_is_done(&scene))
        (void)uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&give_up, NULL);
    cmio_in_uv_close(&inner);
    close_loop(&loop);
    scene_close_in_cmio(&scene);
    puts("cmio in libuv's loop");
}

static void on_pipe(uv_poll_t *poll, int status, int events) {
    CHECK(status == 0 && events == UV_READABLE);
    scene_pass_byte(poll->data);
}

static void on_tick(uv_timer_t *timer) {
    if (!scene_tick(timer->data))
        (void)uv_timer_stop(timer);
}

static void libuv_in_cmio(void) {
    struct watches watches;
    struct uv_in_cmio inner;
    struct scene scene;
    uv_loop_t loop;
    uv_poll_t poll = {.data = &scene};
    uv_timer_t timer = {.data = &scene};
    scene_open(&scene);
    CHECK(watches_open(&watches) == 0 && uv_loop_init(&loop) == 0);
    CHECK(uv_in_cmio_open(&inner, &watches, &loop) == 0);
    CHECK(uv_poll_init(&loop, &poll, scene.ends[0]) == 0);
    CHECK(uv_poll_start(&poll, UV_READABLE, on_pipe) == 0);
    (void)uv_timer_init(&loop, &timer);
    (void)uv_timer_start(&timer, on_tick, 1, 1);
    for (int64_t give_up = cmio_now() + longest_wait; !scene_is_done(&scene);) {
        CHECK(cmio_now() < give_up);
        CHECK(uv_in_cmio_turn(&inner, give_up) == 0);
    }
    uv_close((uv_handle_t *)&poll, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    watch_stop(&watches, &inner.watch); /* before libuv closes its descriptor */
    close_loop(&loop);
    watches_close(&watches);
    scene_close(&scene);
    puts("libuv in cmio's loop");
}

int main(void) {
    cmio_in_libuv();
    libuv_in_cmio();
    return EXIT_SUCCESS;
}
