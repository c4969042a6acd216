/* SPDX-License-Identifier: MIT */
/*
 * Starting programs. Each stream that is not inherited is opened here, on a descriptor above the
 * standard ones, so that none is in another's way when they are put in place. This process may have
 * closed its own standard streams, and may give them to the child in another order.
 */
#include <cmio/spawn.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "core/source.h"
#include "posix/cancel.h"
#include "posix/child.h"
#include "posix/descriptor.h"
#include "posix/spawn.h"

/* The two sides of the streams; -1 for none. */
struct streams {
    int theirs[CMIO__STREAMS];
    int ours[CMIO__STREAMS];
};

static void close_all(int *fds) {
    for (int i = 0; i < CMIO__STREAMS; i++) {
        if (fds[i] >= 0)
            (void)cmio__fd_close(fds[i]); /* nothing was written to it */
        fds[i] = -1;
    }
}

/* Moves a descriptor above the standard streams. Closes it on failure. */
static int lift(int fd) {
    if (fd < CMIO__STREAMS && fd >= 0) {
        const int lifted = cmio__spawn_duplicate(fd);
        (void)cmio__fd_close(fd); /* only the duplicate matters */
        return lifted;
    }
    return fd;
}

/* The child's end is blocking, as programs expect. Our end is not. */
static int open_pipe(struct streams *streams, int stream) {
    int fds[2];
    int error = cmio__pipe_open(fds);
    if (error < 0)
        return error;
    const int written_by_us = stream == STDIN_FILENO;
    streams->ours[stream] = fds[written_by_us];
    const int fd = lift(fds[!written_by_us]);
    if (fd < 0)
        return fd;
    error = cmio__fd_control(fd, F_SETFL, 0);
    if (error < 0)
        (void)cmio__fd_close(fd); /* the first error is returned */
    return error < 0 ? error : fd;
}

/* Duplicates the child's standard output. */
static int duplicate_output(const struct streams *streams) {
    const int output = streams->theirs[STDOUT_FILENO];
    return cmio__spawn_duplicate(output < 0 ? STDOUT_FILENO : output);
}

/* Returns the child's descriptor, or -errno. Not for an inherited stream. */
static int open_stream(struct streams *streams, int stream,
                       const struct cmio_process_stream *wanted) {
    switch (wanted->kind) {
    case CMIO_PROCESS_PIPE:
        return open_pipe(streams, stream);
    case CMIO_PROCESS_NULL:
        return lift(cmio__spawn_open_null());
    case CMIO_PROCESS_FD:
        return cmio__spawn_duplicate(wanted->fd);
    case CMIO_PROCESS_AS_OUTPUT:
        return duplicate_output(streams);
    case CMIO_PROCESS_INHERIT:
    default:
        return -EINVAL;
    }
}

static int open_streams(struct streams *streams, const struct cmio_process_options *options) {
    const struct cmio_process_stream *const wanted[] = {&options->input, &options->output,
                                                        &options->errors};
    for (int i = 0; i < CMIO__STREAMS; i++) {
        if (wanted[i]->kind == CMIO_PROCESS_INHERIT)
            continue;
        const int fd = open_stream(streams, i, wanted[i]);
        if (fd < 0)
            return fd;
        streams->theirs[i] = fd;
    }
    return 0;
}

/* Checks that children can be watched, before one is started in vain. */
static int check_watchable(void) {
    const int fd = cmio__child_open(getpid());
    return fd < 0 ? fd : cmio__fd_close(fd);
}

static int start(struct cmio_child *child, const struct cmio_process_options *options,
                 const struct streams *streams) {
    const char *const program_alone[] = {options->program, NULL};
    struct cmio__spawn spawn = {
        .program = options->program,
        .arguments = options->arguments == NULL ? program_alone : options->arguments,
        .environment = options->environment,
        .new_group = options->new_group,
    };
    pid_t pid = -1;
    for (int i = 0; i < CMIO__STREAMS; i++)
        spawn.fds[i] = streams->theirs[i];
    int error = check_watchable();
    if (error == 0)
        error = cmio__spawn(&spawn, &pid);
    if (error < 0)
        return error;
    error = cmio_child_init(child, pid);
    if (error < 0)
        cmio__spawn_undo(pid);
    return error;
}

static void set_end(struct cmio_source *source, int fd) {
    if (fd >= 0)
        cmio__source_set_fd(source, fd);
}

static int start_with_streams(struct cmio_process *process,
                              const struct cmio_process_options *options) {
    struct streams streams = {{-1, -1, -1}, {-1, -1, -1}};
    struct cmio_process started = {.child.pid = 0};
    int error = open_streams(&streams, options);
    if (error == 0)
        error = start(&started.child, options, &streams);
    close_all(streams.theirs); /* the child has its own */
    if (error < 0) {
        close_all(streams.ours);
        return error;
    }
    set_end(&started.input.source, streams.ours[STDIN_FILENO]);
    set_end(&started.output.source, streams.ours[STDOUT_FILENO]);
    set_end(&started.errors.source, streams.ours[STDERR_FILENO]);
    *process = started;
    return 0;
}

static bool is_kind(const struct cmio_process_stream *stream, enum cmio_process_stream_kind last) {
    return (unsigned)stream->kind <= (unsigned)last;
}

static bool are_options(const struct cmio_process_options *options) {
    return options != NULL && options->program != NULL &&
           (options->arguments == NULL || options->arguments[0] != NULL) &&
           is_kind(&options->input, CMIO_PROCESS_FD) &&
           is_kind(&options->output, CMIO_PROCESS_FD) &&
           is_kind(&options->errors, CMIO_PROCESS_AS_OUTPUT);
}

int cmio_process_spawn(struct cmio_process *process, const struct cmio_process_options *options) {
    if (process == NULL || !are_options(options))
        return -EINVAL;
    const int cancel = cmio__cancel_disable(); /* else what was opened or started could be lost */
    const int error = start_with_streams(process, options);
    cmio__cancel_restore(cancel);
    return error;
}

int cmio_process_close(struct cmio_process *process) {
    if (process == NULL)
        return 0;
    const int results[] = {
        cmio_child_close(&process->child),
        cmio_pipe_sender_close(&process->input),
        cmio_pipe_receiver_close(&process->output),
        cmio_pipe_receiver_close(&process->errors),
    };
    int first = 0;
    for (size_t i = 0; i < sizeof results / sizeof *results && first == 0; i++)
        first = results[i];
    return first;
}
