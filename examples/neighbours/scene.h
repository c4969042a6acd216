/* SPDX-License-Identifier: MIT */
#ifndef NEIGHBOURS_SCENE_H
#define NEIGHBOURS_SCENE_H

/*
 * The work that the programs with two loops do in either of them: bytes go through a pipe, one
 * after the other, and a timer ticks meanwhile. The scene is done when both have ended.
 */

#include <unistd.h>

#include "check.h"
#include "watch.h"

enum { SCENE_BYTES = 100, SCENE_TICKS = 20 };

struct scene {
    int ends[2];
    int bytes;
    int ticks;
    /* The following is for the scene in a poll of cmio. */
    struct watches watches;
    struct watch watch;
    struct cmio_timers *timers;
    struct cmio_timer timer;
};

static inline bool scene_is_done(const struct scene *scene) {
    return scene->bytes == SCENE_BYTES && scene->ticks == SCENE_TICKS;
}

static inline void scene_open(struct scene *scene) {
    *scene = (struct scene){0};
    CHECK(pipe(scene->ends) == 0 && write(scene->ends[1], "x", 1) == 1);
}

static inline void scene_close(struct scene *scene) {
    (void)close(scene->ends[0]);
    (void)close(scene->ends[1]);
}

/* Call it when the pipe is readable. */
static inline void scene_pass_byte(struct scene *scene) {
    char byte;
    CHECK(read(scene->ends[0], &byte, 1) == 1);
    if (++scene->bytes < SCENE_BYTES)
        CHECK(write(scene->ends[1], "x", 1) == 1);
}

/* Call it when the timer has run. Returns whether it must run again, a millisecond later. */
static inline bool scene_tick(struct scene *scene) {
    return ++scene->ticks < SCENE_TICKS;
}

static inline void scene_on_ready(struct watch *watch, uint32_t ready) {
    CHECK(ready == CMIO_READABLE);
    scene_pass_byte(watch->owner);
}

/* The scene as sources and a timer of cmio. */
static inline void scene_open_in_cmio(struct scene *scene) {
    scene_open(scene);
    scene->watch = (struct watch){.on_ready = scene_on_ready, .owner = scene};
    CHECK(watches_open(&scene->watches) == 0 && cmio_timers_new(&scene->timers) == 0);
    CHECK(watch_set(&scene->watches, &scene->watch, scene->ends[0], CMIO_READABLE) == 0);
    CHECK(cmio_timers_set(scene->timers, &scene->timer, cmio_now() + CMIO_MILLISECOND) == 0);
}

static inline void scene_close_in_cmio(struct scene *scene) {
    watch_stop(&scene->watches, &scene->watch);
    cmio_timers_free(scene->timers);
    watches_close(&scene->watches);
    scene_close(scene);
}

/* The other loop calls this after each of its waits. It does all that is due, without waiting. */
static inline void scene_turn(struct scene *scene) {
    CHECK(watches_turn(&scene->watches, 0) >= 0); /* a deadline that has passed */
    int64_t now = cmio_now();
    for (struct cmio_timer *timer; (timer = cmio_timers_pop(scene->timers, now)) != NULL;)
        if (scene_tick(scene))
            CHECK(cmio_timers_set(scene->timers, timer, cmio_now() + CMIO_MILLISECOND) == 0);
}

/*
 * How many milliseconds the other loop may sleep, rounded up; -1 for no limit. poll(2) has no
 * descriptor that the other loop could watch, so it then looks every 10 ms.
 */
static inline int scene_timeout(const struct scene *scene) {
    enum { LOOK_EVERY = 10, LONGEST = 60 * 1000 };
    int64_t deadline = cmio_timers_next_deadline(scene->timers), left = -1;
    if (deadline != CMIO_FOREVER) {
        left = (deadline - cmio_now() + CMIO_MILLISECOND - 1) / CMIO_MILLISECOND;
        left = left < 0 ? 0 : left;
        left = left > LONGEST ? LONGEST : left;
    }
    if (cmio_poll_fd(scene->watches.poll) < 0 && (left < 0 || left > LOOK_EVERY))
        left = LOOK_EVERY;
    return (int)left;
}

#endif
