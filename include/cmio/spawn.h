/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SPAWN_H
#define CMIO_SPAWN_H

/**
 * @file
 * Starting programs, with pipes to their standard streams.
 */

#include <stdbool.h>

#include <cmio/child.h>
#include <cmio/export.h>
#include <cmio/pipe.h>

CMIO_BEGIN_DECLS

/** What a standard stream of a new process is. */
enum cmio_process_stream_kind {
    /** This process's own stream, with its flags. The default. */
    CMIO_PROCESS_INHERIT,
    /** A new pipe: a blocking end for the process, and a source in struct cmio_process. */
    CMIO_PROCESS_PIPE,
    /** /dev/null: there is nothing to read, and what is written is dropped. */
    CMIO_PROCESS_NULL,
    /** A duplicate of the descriptor in the member fd of struct cmio_process_stream. */
    CMIO_PROCESS_FD,
    /** For standard error alone: whatever standard output is (2>&1 in a shell). */
    CMIO_PROCESS_AS_OUTPUT,
};

/**
 * Which standard stream a new process gets.
 *
 * In zeroed memory it is CMIO_PROCESS_INHERIT. It owns nothing.
 */
struct cmio_process_stream {
    /** What the stream is. */
    enum cmio_process_stream_kind kind;
    /** The descriptor for CMIO_PROCESS_FD. It stays the caller's. Otherwise ignored. */
    int fd;
};

/**
 * What cmio_process_spawn() starts.
 *
 * Zeros are the defaults of all members but program. The struct and what it points to belong to the
 * caller and are only borrowed for the call.
 */
struct cmio_process_options {
    /**
     * The program: its path, or a name without a slash, which is looked for in the directories of
     * PATH.
     */
    const char *program;
    /**
     * The arguments, ended by NULL. The first is the program's name by custom. NULL stands for an
     * array with program as its only argument.
     */
    const char *const *arguments;
    /**
     * The environment: strings such as "HOME=/root", ended by NULL. NULL stands for the environment
     * of this process.
     */
    const char *const *environment;
    /** The standard input. */
    struct cmio_process_stream input;
    /** The standard output. */
    struct cmio_process_stream output;
    /** The standard error. */
    struct cmio_process_stream errors;
    /**
     * Whether the process leads a new process group, whose number is the number of the process.
     * Signals from a terminal (Ctrl-C) do not reach it then. kill(2) with the negative number
     * reaches the process and what it started.
     */
    bool new_group;
};

/**
 * A process that was started, and this side of its pipes.
 *
 * The members are ordinary sources, each of which is registered, used and closed as its type has
 * it. Members for streams that are no pipes are closed from the start. A member may be moved out of
 * the struct by copying it, if only the copy is used afterwards.
 *
 * The caller allocates the struct. In zeroed memory all its members are closed: closing succeeds,
 * and other functions on them fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a member.
 */
struct cmio_process {
    struct cmio_child child;          /**< The process. */
    struct cmio_pipe_sender input;    /**< Writes to the standard input of the process. */
    struct cmio_pipe_receiver output; /**< Reads the standard output of the process. */
    struct cmio_pipe_receiver errors; /**< Reads the standard error of the process. */
};

/**
 * Starts a program.
 *
 * When the call succeeds, the program runs: a program that cannot be executed is an error of this
 * call. The new process has:
 *
 * - The standard streams that options asks for.
 * - No other descriptor of cmio, because all are close-on-exec. It inherits every other descriptor
 *   that is not close-on-exec, as with any exec(3). Set FD_CLOEXEC (fcntl(2)) on those of the
 *   program's own, or open them with O_CLOEXEC.
 * - An empty signal mask and the default action for every signal, also if this process blocks or
 *   ignores some, such as SIGPIPE.
 * - This process's working directory, user, limits and controlling terminal.
 *
 * @param process  Receives the process. The caller owns it. Close it with cmio_process_close(), or
 *                 its members one by one. Untouched on failure.
 * @param options  What to start. Borrowed for the call.
 *
 * **Returns** 0.
 *
 * **Errors**, after which nothing runs, nothing is left open, and nothing is left to be waited for:
 * - -EINVAL: process, options or its program is NULL, arguments has no first element, a kind of
 *   stream is unknown, or CMIO_PROCESS_AS_OUTPUT is used for another stream than errors.
 * - -ENOENT, -EACCES, -ELOOP, -ENOTDIR: the program cannot be found or executed (execve(2)), or
 *   /dev/null cannot be opened for CMIO_PROCESS_NULL.
 * - -ENOEXEC: the file is no program of this system. Most systems return this for a script without
 *   "#!", too.
 * - -E2BIG: the arguments and the environment are too long.
 * - -EBADF: the descriptor of CMIO_PROCESS_FD is not open, or CMIO_PROCESS_AS_OUTPUT refers to this
 *   process's own standard output and that is closed.
 * - -EAGAIN, -ENOMEM, -EMFILE, -ENFILE: the system has no room for another process or descriptor.
 * - -ENOSYS, -EPERM, -ENOTSUP: the system has nothing to watch a child with, as cmio_child_init()
 *   finds out before the program is started, or it has no posix_spawn(3).
 * - -ESRCH: the process ended at once and was waited for elsewhere, because SIGCHLD is ignored or
 *   another thread waits for every child.
 * - Other errors of posix_spawn(3) and execve(2).
 *
 * **Threads**: any thread. The call is not a cancellation point.
 *
 * **Source**: posix_spawnp(3), execve(2).
 */
CMIO_API int cmio_process_spawn(struct cmio_process *process,
                                const struct cmio_process_options *options);

/**
 * Closes the child and the three pipe ends of a process.
 *
 * The process is neither ended nor waited for. Members that were closed before are skipped.
 * Everything is closed whatever this call returns.
 *
 * @param process  The process. NULL is allowed, and so is a zeroed or closed struct, for which the
 *                 call does nothing.
 *
 * **Returns** 0.
 *
 * **Errors**, of which the first is returned, and after which everything is closed nevertheless:
 * - -EBADF: a descriptor was closed behind its member's back.
 * - Other errors of epoll_ctl(2), kevent(2) or close(2).
 *
 * **Threads**: the thread that the members belong to, also while another one waits on the poll.
 */
CMIO_API int cmio_process_close(struct cmio_process *process);

CMIO_END_DECLS

#endif
