/* SPDX-License-Identifier: MIT */

/*
 * GLib and cmio on one thread, with either of them inside the other.
 *
 *     glib
 *
 * runs a poll and timers of cmio in a GMainLoop, and then a GMainContext in a loop on cmio.
 */

#include <glib-unix.h>
#include <glib.h>

#include "check.h"
#include "scene.h"
#include "watch.h"

/* ---- The adapter: cmio in a loop of GLib ---- */

/* A GSource for a poll and its timers. The scene owns these, and decides what they do. */
struct cmio_gsource {
    GSource source;
    struct scene *scene;
};

static gboolean gsource_prepare(GSource *source, gint *timeout) {
    *timeout = scene_timeout(((struct cmio_gsource *)source)->scene);
    return FALSE;
}

/* Always ready, because a turn costs less than finding out whether there is something to do. */
static gboolean gsource_check(GSource *source) {
    (void)source;
    return TRUE;
}

static gboolean gsource_dispatch(GSource *source, GSourceFunc callback, gpointer data) {
    (void)callback;
    (void)data;
    scene_turn(((struct cmio_gsource *)source)->scene);
    return G_SOURCE_CONTINUE;
}

/* Attached to the default context. End it with g_source_destroy() and g_source_unref(). */
static GSource *cmio_gsource_new(struct scene *scene) {
    static GSourceFuncs functions = {
        .prepare = gsource_prepare, .check = gsource_check, .dispatch = gsource_dispatch};
    GSource *source = g_source_new(&functions, sizeof(struct cmio_gsource));
    ((struct cmio_gsource *)source)->scene = scene;
    int fd = cmio_poll_fd(scene->watches.poll);
    if (fd >= 0)
        (void)g_source_add_unix_fd(source, fd, G_IO_IN);
    (void)g_source_attach(source, NULL);
    return source;
}

/* ---- The adapter: a context of GLib in a loop on cmio ---- */

enum { MOST_DESCRIPTORS = 64 };

/*
 * GLib names the descriptors to wait for anew in every turn, so they are watched for one wait. It
 * may name a descriptor several times. It is then watched once, for everything that is wanted of
 * it.
 */
struct glib_context {
    struct watches *watches;
    GMainContext *context;
    GPollFD wanted[MOST_DESCRIPTORS];
    struct watch watch[MOST_DESCRIPTORS];
    int count;
};

static void glib_on_ready(struct watch *watch, uint32_t ready) {
    struct glib_context *glib = watch->owner;
    int fd = cmio_fd_source_fd(&watch->source);
    for (int i = 0; i < glib->count; i++) {
        GPollFD *wanted = &glib->wanted[i];
        int bits = (ready & CMIO_READABLE ? G_IO_IN : 0) | (ready & CMIO_WRITABLE ? G_IO_OUT : 0);
        if (wanted->fd == fd)
            wanted->revents = (gushort)(wanted->revents | (bits & wanted->events));
    }
}

/* All that is wanted of the descriptor of entry i; 0 if an earlier entry has covered it. */
static cmio_interest interest_in(const struct glib_context *glib, int i) {
    cmio_interest interest = 0;
    for (int k = 0; k < glib->count; k++) {
        if (glib->wanted[k].fd != glib->wanted[i].fd)
            continue;
        if (k < i)
            return 0;
        interest |= (glib->wanted[k].events & G_IO_IN ? CMIO_READABLE : 0) |
                    (glib->wanted[k].events & G_IO_OUT ? CMIO_WRITABLE : 0);
    }
    return interest;
}

/* One turn of both, which ends at the deadline or earlier. Returns 0 or a negative errno. */
static int glib_turn(struct glib_context *glib, int64_t deadline) {
    gint priority, timeout;
    int result = 0;
    (void)g_main_context_prepare(glib->context, &priority);
    glib->count =
        g_main_context_query(glib->context, priority, &timeout, glib->wanted, MOST_DESCRIPTORS);
    CHECK(glib->count <= MOST_DESCRIPTORS);
    for (int i = 0; i < glib->count; i++) {
        glib->wanted[i].revents = 0;
        glib->watch[i] = (struct watch){.on_ready = glib_on_ready, .owner = glib};
    }
    for (int i = 0; i < glib->count && result == 0; i++)
        result =
            watch_set(glib->watches, &glib->watch[i], glib->wanted[i].fd, interest_in(glib, i));
    if (timeout >= 0)
        deadline = earlier(deadline, cmio_now() + timeout * CMIO_MILLISECOND);
    if (result == 0)
        result = watches_turn(glib->watches, deadline);
    for (int i = 0; i < glib->count; i++)
        watch_stop(glib->watches, &glib->watch[i]);
    (void)g_main_context_check(glib->context, priority, glib->wanted, glib->count);
    g_main_context_dispatch(glib->context);
    return result < 0 ? result : 0;
}

static int glib_open(struct glib_context *glib, struct watches *watches) {
    *glib = (struct glib_context){.watches = watches, .context = g_main_context_new()};
    return g_main_context_acquire(glib->context) ? 0 : -EBUSY;
}

static void glib_close(struct glib_context *glib) {
    g_main_context_release(glib->context);
    g_main_context_unref(glib->context);
}

/* ---- The program ---- */

static gboolean on_give_up(gpointer data) {
    CHECK(data != NULL); /* it took too long */
    return G_SOURCE_REMOVE;
}

static void cmio_in_glib(void) {
    struct scene scene;
    scene_open_in_cmio(&scene);
    GSource *source = cmio_gsource_new(&scene);
    guint give_up = g_timeout_add((guint)(longest_wait / CMIO_MILLISECOND), on_give_up, NULL);
    while (!scene_is_done(&scene))
        (void)g_main_context_iteration(NULL, TRUE);
    (void)g_source_remove(give_up);
    g_source_destroy(source);
    g_source_unref(source);
    scene_close_in_cmio(&scene);
    puts("cmio in GLib's loop");
}

static gboolean on_pipe(gint fd, GIOCondition condition, gpointer scene) {
    (void)fd;
    CHECK(condition & G_IO_IN);
    scene_pass_byte(scene);
    return G_SOURCE_CONTINUE;
}

static gboolean on_tick(gpointer scene) {
    return scene_tick(scene) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void attach_and_unref(GSource *source, GSourceFunc callback, struct glib_context *glib,
                             struct scene *scene) {
    g_source_set_callback(source, callback, scene, NULL);
    (void)g_source_attach(source, glib->context);
    g_source_unref(source); /* the context keeps it */
}

static void glib_in_cmio(void) {
    struct watches watches;
    struct glib_context glib;
    struct scene scene;
    scene_open(&scene);
    CHECK(watches_open(&watches) == 0 && glib_open(&glib, &watches) == 0);
    attach_and_unref(g_unix_fd_source_new(scene.ends[0], G_IO_IN), G_SOURCE_FUNC(on_pipe), &glib,
                     &scene);
    attach_and_unref(g_timeout_source_new(1), on_tick, &glib, &scene);
    for (int64_t give_up = cmio_now() + longest_wait; !scene_is_done(&scene);) {
        CHECK(cmio_now() < give_up);
        CHECK(glib_turn(&glib, give_up) == 0);
    }
    glib_close(&glib);
    watches_close(&watches);
    scene_close(&scene);
    puts("GLib in cmio's loop");
}

int main(void) {
    cmio_in_glib();
    glib_in_cmio();
    return EXIT_SUCCESS;
}
