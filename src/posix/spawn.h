/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_SPAWN_H
#define CMIO_POSIX_SPAWN_H

/*
 * Starting programs: posix_spawn(3) (spawn.c), or -ENOSYS if there is none (spawn_none.c). The
 * build picks what the system has. The callers have disabled cancellation.
 */

#include <stdbool.h>
#include <sys/types.h>

/* Standard input, output and error. */
enum { CMIO__STREAMS = 3 };

struct cmio__spawn {
    const char *program;
    const char *const *arguments;
    const char *const *environment; /* NULL: this process's own */
    /* The sources of descriptors 0 to 2: none below 3, or -1 to keep what is there. */
    int fds[CMIO__STREAMS];
    bool new_group;
};

/* Returns 0 and the process number once the process runs the program, else the reason. */
int cmio__spawn(const struct cmio__spawn *spawn, pid_t *out);

/* /dev/null, close-on-exec. */
int cmio__spawn_open_null(void);

/* Duplicates a descriptor close-on-exec and above the standard streams. */
int cmio__spawn_duplicate(int fd);

/*
 * Ends and waits for a child that nobody knows of. If somebody else has waited for it, its number
 * is not used any more.
 */
void cmio__spawn_undo(pid_t pid);

#endif
