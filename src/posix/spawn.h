/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_SPAWN_H
#define CMIO_POSIX_SPAWN_H

/*
 * Starting programs: posix_spawn(3) (spawn.c), or -ENOSYS where there is none (spawn_none.c). The
 * build takes what the system has. The callers have put cancellation off.
 */

#include <stdbool.h>
#include <sys/types.h>

/* Standard input, output and error. */
enum { CMIO__STREAMS = 3 };

struct cmio__spawn {
    const char *program;
    const char *const *arguments;
    const char *const *environment; /* NULL: as this process's */
    /* What becomes of descriptors 0 to 2: others, none of them below 3, or -1 for what is there. */
    int fds[CMIO__STREAMS];
    bool new_group;
};

/* Returns 0 and the number of the process once it runs the program, otherwise why it does not. */
int cmio__spawn(const struct cmio__spawn *spawn, pid_t *out);

/* /dev/null, close-on-exec. */
int cmio__spawn_open_null(void);

/* A duplicate, close-on-exec, that is no standard stream. */
int cmio__spawn_duplicate(int fd);

/*
 * Ends and waits for a child that nobody has been told of. If it was waited for by somebody else,
 * its number is not used any more.
 */
void cmio__spawn_undo(pid_t pid);

#endif
