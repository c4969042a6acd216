/* SPDX-License-Identifier: MIT */

/*
 * systemd's sd-event and cmio on one thread, with either of them inside the other.
 *
 *     sd_event
 *
 * runs a poll and timers of cmio in a loop of sd-event, and then sd-event in a loop on cmio.
 */

#include <sys/epoll.h>

#include <systemd/sd-event.h>

#include "check.h"
#include "scene.h"
#include "watch.h"

/* ---- The adapter: cmio in a loop of sd-event ---- */

/* A poll and its timers. The scene owns these, and decides what they do. */
struct cmio_in_sd {
    struct scene *scene;
    sd_event_source *poll;  /* watches the poll's descriptor, if it has one */
    sd_event_source *timer; /* for the next timer of cmio */
};

/*
 * Timers may have been set anywhere since the last wait, so this runs before each one. The source
 * stays enabled, because sd-event prepares only enabled sources.
 */
static int on_prepare(sd_event_source *timer, void *user) {
    const struct cmio_in_sd *inner = user;
    int timeout = scene_timeout(inner->scene);
    if (timeout < 0)
        return sd_event_source_set_time(timer, UINT64_MAX); /* never */
    return sd_event_source_set_time_relative(timer, (uint64_t)timeout * 1000);
}

static int on_poll(sd_event_source *source, int fd, uint32_t events, void *user) {
    struct cmio_in_sd *inner = user;
    (void)source;
    CHECK(fd == cmio_poll_fd(inner->scene->watches.poll) && (events & EPOLLIN));
    scene_turn(inner->scene);
    return 0;
}

static int on_sd_timer(sd_event_source *source, uint64_t when, void *user) {
    struct cmio_in_sd *inner = user;
    (void)source;
    (void)when;
    scene_turn(inner->scene);
    return 0;
}

/* Returns 0 or a negative errno. Call cmio_in_sd_close() in any case. */
static int cmio_in_sd_open(struct cmio_in_sd *inner, struct scene *scene, sd_event *loop) {
    int fd = cmio_poll_fd(scene->watches.poll);
    *inner = (struct cmio_in_sd){.scene = scene};
    int result =
        sd_event_add_time_relative(loop, &inner->timer, CLOCK_MONOTONIC, 0, 1, on_sd_timer, inner);
    if (result >= 0 && fd >= 0)
        result = sd_event_add_io(loop, &inner->poll, fd, EPOLLIN, on_poll, inner);
    if (result >= 0)
        result = sd_event_source_set_enabled(inner->timer, SD_EVENT_ON);
    return result < 0 ? result : sd_event_source_set_prepare(inner->timer, on_prepare);
}

/* Call it before the poll is freed, because sd-event still watches its descriptor. */
static void cmio_in_sd_close(struct cmio_in_sd *inner) {
    (void)sd_event_source_disable_unref(inner->poll);
    (void)sd_event_source_disable_unref(inner->timer);
}

/* ---- The adapter: sd-event in a loop on cmio ---- */

/* sd-event's timers are descriptors too, so its own descriptor covers all that it waits for. */
struct sd_in_cmio {
    struct watch watch;
    struct watches *watches;
    sd_event *loop;
};

/* Nothing to do here: the loop is asked after each wait. */
static void on_loop_ready(struct watch *watch, uint32_t ready) {
    (void)watch;
    (void)ready;
}

static int sd_in_cmio_open(struct sd_in_cmio *inner, struct watches *watches, sd_event *loop) {
    *inner = (struct sd_in_cmio){.watch.on_ready = on_loop_ready, .watches = watches, .loop = loop};
    return watch_set(watches, &inner->watch, sd_event_get_fd(loop), CMIO_READABLE);
}

/* One turn of both, which ends at the deadline or earlier. Returns 0 or a negative errno. */
static int sd_in_cmio_turn(struct sd_in_cmio *inner, int64_t deadline) {
    int result = sd_event_prepare(inner->loop);
    if (result == 0) {
        result = watches_turn(inner->watches, deadline);
        if (result >= 0)
            result = sd_event_wait(inner->loop, 0);
    }
    if (result > 0)
        result = sd_event_dispatch(inner->loop);
    return result < 0 ? result : 0;
}

/* ---- The program ---- */

static int on_give_up(sd_event_source *source, uint64_t when, void *user) {
    (void)when;
    (void)user;
    CHECK(source == NULL); /* it took too long */
    return 0;
}

static void cmio_in_sd_event(void) {
    struct scene scene;
    struct cmio_in_sd inner;
    sd_event *loop = NULL;
    scene_open_in_cmio(&scene);
    CHECK(sd_event_new(&loop) >= 0 && cmio_in_sd_open(&inner, &scene, loop) >= 0);
    CHECK(sd_event_add_time_relative(loop, NULL, CLOCK_MONOTONIC,
                                     (uint64_t)(longest_wait / CMIO_MICROSECOND), 0, on_give_up,
                                     NULL) >= 0);
    while (!scene_is_done(&scene))
        CHECK(sd_event_run(loop, UINT64_MAX) >= 0);
    cmio_in_sd_close(&inner);
    (void)sd_event_unref(loop);
    scene_close_in_cmio(&scene);
    puts("cmio in sd-event's loop");
}

static int on_pipe(sd_event_source *source, int fd, uint32_t events, void *user) {
    (void)source;
    (void)fd;
    CHECK(events & EPOLLIN);
    scene_pass_byte(user);
    return 0;
}

static int on_tick(sd_event_source *source, uint64_t when, void *user) {
    (void)when;
    if (!scene_tick(user))
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
    return sd_event_source_set_time_relative(source, 1000);
}

static void sd_event_in_cmio(void) {
    struct watches watches;
    struct sd_in_cmio inner;
    struct scene scene;
    sd_event *loop = NULL;
    sd_event_source *pipe, *timer;
    scene_open(&scene);
    CHECK(watches_open(&watches) == 0 && sd_event_new(&loop) >= 0);
    CHECK(sd_in_cmio_open(&inner, &watches, loop) == 0);
    CHECK(sd_event_add_io(loop, &pipe, scene.ends[0], EPOLLIN, on_pipe, &scene) >= 0);
    CHECK(sd_event_add_time_relative(loop, &timer, CLOCK_MONOTONIC, 1000, 1, on_tick, &scene) >= 0);
    CHECK(sd_event_source_set_enabled(timer, SD_EVENT_ON) >= 0);
    for (int64_t give_up = cmio_now() + longest_wait; !scene_is_done(&scene);) {
        CHECK(cmio_now() < give_up);
        CHECK(sd_in_cmio_turn(&inner, give_up) == 0);
    }
    (void)sd_event_source_disable_unref(pipe);
    (void)sd_event_source_disable_unref(timer);
    watch_stop(&watches, &inner.watch); /* before sd-event closes its descriptor */
    (void)sd_event_unref(loop);
    watches_close(&watches);
    scene_close(&scene);
    puts("sd-event in cmio's loop");
}

int main(void) {
    cmio_in_sd_event();
    sd_event_in_cmio();
    return EXIT_SUCCESS;
}
