/* SPDX-License-Identifier: MIT */
#include "common/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmio/poll.h>

#include "common/program.h"

enum { MOST_BACKENDS = 8 };

static size_t get_names(const char *names[MOST_BACKENDS]) {
    size_t count = cmio_backends(names, MOST_BACKENDS);
    return count < MOST_BACKENDS ? count : MOST_BACKENDS;
}

bool backend_is_known(const char *name) {
    const char *names[MOST_BACKENDS];
    size_t count = get_names(names);
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void backend_list(char *buffer, size_t size) {
    const char *names[MOST_BACKENDS];
    size_t count = get_names(names), length = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < count && length < size; i++)
        length +=
            (size_t)snprintf(buffer + length, size - length, "%s%s", i > 0 ? ", " : "", names[i]);
}

int backend_complain(const char *what, int code) {
    const char *wanted = getenv("CMIO_BACKEND");
    char list[128];
    if (code != -ENOTSUP || wanted == NULL || backend_is_known(wanted))
        return complain(what, code);
    backend_list(list, sizeof list);
    message("CMIO_BACKEND: the backend '%s' is not supported. These are: %s", wanted, list);
    return code;
}
