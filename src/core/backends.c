/* SPDX-License-Identifier: MIT */
#include "core/backends.h"

#include <string.h>

#include <cmio/poll.h>

#include "core/backend.h"

/*
 * The list of backends, best first. No other place names them. The build defines each CMIO_HAVE_
 * macro as 1 or 0.
 */
#define BACKENDS(X)                                                                                \
    X(CMIO_HAVE_EPOLL, epoll)                                                                      \
    X(CMIO_HAVE_KQUEUE, kqueue)                                                                    \
    X(CMIO_HAVE_POLL, poll)

/* Expands to the remaining arguments if the first is 1, and to nothing if it is 0. */
#define WHEN_0(...)
#define WHEN_1(...) __VA_ARGS__
#define WHEN_EXPANDED(have, ...) WHEN_##have(__VA_ARGS__)
#define WHEN(have, ...) WHEN_EXPANDED(have, __VA_ARGS__)

#define DECLARE(have, name) WHEN(have, extern const struct cmio__backend cmio__##name##_backend;)
#define ENTRY(have, name) WHEN(have, &cmio__##name##_backend, )

BACKENDS(DECLARE)

static const struct cmio__backend *const backends[] = {BACKENDS(ENTRY)};

enum { BACKEND_COUNT = sizeof backends / sizeof *backends };

const struct cmio__backend *cmio__backends_find(const char *name) {
    if (name == NULL)
        return backends[0];
    for (size_t i = 0; i < BACKEND_COUNT; i++)
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    return NULL;
}

size_t cmio__backends_record_size(void) {
    size_t largest = 0;
    for (size_t i = 0; i < BACKEND_COUNT; i++)
        if (backends[i]->record_size > largest)
            largest = backends[i]->record_size;
    return largest;
}

size_t cmio_backends(const char **names, size_t capacity) {
    for (size_t i = 0; names != NULL && i < BACKEND_COUNT && i < capacity; i++)
        names[i] = backends[i]->name;
    return BACKEND_COUNT;
}
