/* SPDX-License-Identifier: MIT */
/* For systems without posix_spawn(3), such as Android before 9: no program can be started. */
#include "posix/spawn.h"

#include <errno.h>

int cmio__spawn(const struct cmio__spawn *spawn, pid_t *out) {
    (void)spawn;
    (void)out;
    return -ENOSYS;
}

int cmio__spawn_open_null(void) {
    return -ENOSYS;
}

int cmio__spawn_duplicate(int fd) {
    (void)fd;
    return -ENOSYS;
}

void cmio__spawn_undo(pid_t pid) {
    (void)pid;
}
