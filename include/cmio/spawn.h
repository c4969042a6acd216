/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SPAWN_H
#define CMIO_SPAWN_H

#include <stdbool.h>

#include <cmio/child.h>
#include <cmio/export.h>
#include <cmio/pipe.h>

CMIO_BEGIN_DECLS

/* What a standard stream of a new process is. */
enum cmio_process_stream_kind {
    /* This process's own stream, with its flags. The default. */
    CMIO_PROCESS_INHERIT,
    /* A new pipe. The process has a blocking end; the other end is given back, as a source. */
    CMIO_PROCESS_PIPE,
    /* /dev/null: nothing to read, and what is written is dropped. */
    CMIO_PROCESS_NULL,
    /* A duplicate of the descriptor in the member fd, which stays the caller's. */
    CMIO_PROCESS_FD,
    /* For standard error alone: the same as standard output, whatever that is (2>&1). */
    CMIO_PROCESS_AS_OUTPUT,
};

struct cmio_process_stream {
    enum cmio_process_stream_kind kind;
    int fd; /* for CMIO_PROCESS_FD */
};

/* What cmio_process_spawn() is to start. Zeros are the defaults of all members but the first. */
struct cmio_process_options {
    /* The program's path, or a name without a slash, which is looked for in PATH. */
    const char *program;
    /*
     * The arguments, ended by NULL: the first is by custom the program's name. NULL stands for an
     * array of program alone.
     */
    const char *const *arguments;
    /* The environment, strings such as "HOME=/root", ended by NULL. NULL: this process's. */
    const char *const *environment;
    struct cmio_process_stream input;
    struct cmio_process_stream output;
    struct cmio_process_stream errors;
    /*
     * Whether the process leads a new process group, whose number is its own: signals from a terminal
     * (Ctrl-C) do not reach it then, and kill(2) with the negative number reaches what it started.
     */
    bool new_group;
};

/*
 * A process that was started, and this side of its pipes: ordinary sources, of which each is
 * registered, used and closed as its type says. Those of streams that are no pipes are closed from
 * the start. Each may be moved out by copying it, if the copy alone is used afterwards. A struct of
 * zeros may be closed; other calls return -EBADF for its parts.
 */
struct cmio_process {
    struct cmio_child child;
    struct cmio_pipe_sender input;    /* writes to the process's standard input */
    struct cmio_pipe_receiver output; /* reads its standard output */
    struct cmio_pipe_receiver errors; /* reads its standard error */
};

/*
 * Starts a program: posix_spawnp(3). The new process has
 *
 * - the standard streams that options asks for;
 * - no other descriptor of cmio: all are close-on-exec. A descriptor of the program's own, or of
 *   another library, that is not close-on-exec is inherited, as with every exec(3): set FD_CLOEXEC
 *   (fcntl(2)) or open it with O_CLOEXEC;
 * - an empty signal mask, and the default action for every signal, also where this process blocks or
 *   ignores some, such as SIGPIPE;
 * - this process's working directory, user, limits and controlling terminal.
 *
 * Returns 0 once the program runs: a program that cannot be executed is an error of this call. On
 * failure process is untouched, nothing runs, and nothing is left open or to be waited for.
 *
 * Errors:
 *
 * - -EINVAL: a null process, options or program; arguments without a first one; an unknown kind of
 *   stream, or CMIO_PROCESS_AS_OUTPUT for another stream than errors.
 * - -ENOENT, -EACCES, -ENOEXEC, -E2BIG, -ELOOP, ...: what execve(2) says of the program. A script
 *   without "#!" is -ENOEXEC on most systems.
 * - -EBADF: the descriptor of CMIO_PROCESS_FD is not open; or the parent's own stream is closed and
 *   CMIO_PROCESS_AS_OUTPUT wants it.
 * - -EAGAIN, -ENOMEM, -EMFILE, -ENFILE: the system has no room for a process or a descriptor.
 * - -ENOSYS, -EPERM, -ENOTSUP: the system has nothing to watch a child with, as for
 *   cmio_child_init(). The program is not started then.
 * - -ESRCH: the process ended at once and was waited for elsewhere, because SIGCHLD is ignored or
 *   another thread waits for every child.
 *
 * Any thread. Not a cancellation point.
 */
CMIO_API int cmio_process_spawn(struct cmio_process *process,
                                const struct cmio_process_options *options);

/*
 * Closes the child and the three ends: cmio_child_close(), cmio_pipe_sender_close(),
 * cmio_pipe_receiver_close(). The process is neither ended nor waited for. NULL is allowed, and so is
 * a struct whose parts, or all of it, were closed before: 0. Everything is closed whatever comes
 * back: 0, or the first error.
 */
CMIO_API int cmio_process_close(struct cmio_process *process);

CMIO_END_DECLS

#endif
