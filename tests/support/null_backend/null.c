/* SPDX-License-Identifier: MIT */
/*
 * A toy backend that knows of no readiness: its waits only pass the time. It shows, and a test
 * proves, what it takes to add a backend: this folder, a line in the list of src/core/backends.c
 * and one in src/meson.build.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/backend.h"

extern const struct cmio__backend cmio__null_backend;

struct null_selector {
    struct timespec longest;
};

static int selector_open(struct cmio__selector **out) {
    struct null_selector *selector = malloc(sizeof *selector);
    if (selector == NULL)
        return -ENOMEM;
    *selector = (struct null_selector){.longest.tv_sec = CMIO__LONGEST_WAIT / CMIO_SECOND};
    *out = (struct cmio__selector *)selector;
    return 0;
}

static void selector_close(struct cmio__selector *opaque) {
    free(opaque);
}

static int selector_fd(const struct cmio__selector *opaque) {
    (void)opaque;
    return -ENOTSUP;
}

static int selector_wait(struct cmio__selector *opaque, struct cmio_events *events,
                         int64_t timeout) {
    (void)events;
    const struct null_selector *selector = (const struct null_selector *)opaque;
    const struct timespec span = {
        .tv_sec = (time_t)(timeout / CMIO_SECOND),
        .tv_nsec = (long)(timeout % CMIO_SECOND),
    };
    return nanosleep(timeout == CMIO_FOREVER ? &selector->longest : &span, NULL) < 0 ? -EINTR : 0;
}

static int selector_register(struct cmio__selector *opaque, int fd, cmio_token token,
                             cmio_interest interest) {
    (void)opaque, (void)fd, (void)token, (void)interest;
    return 0;
}

static int selector_deregister(struct cmio__selector *opaque, int fd) {
    (void)opaque, (void)fd;
    return 0;
}

const struct cmio__backend cmio__null_backend = {
    .name = "null",
    .record_size = 0,
    .open = selector_open,
    .close = selector_close,
    .fd = selector_fd,
    .wait = selector_wait,
    .register_fd = selector_register,
    .reregister_fd = selector_register,
    .deregister_fd = selector_deregister,
};
