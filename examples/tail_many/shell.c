/* SPDX-License-Identifier: MIT */

/*
 * posix_spawn(3) rather than fork(2): signals that come before the shell is there are not lost in
 * the handlers of this program.
 */
#include "tail_many/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

/* POSIX wants it declared by who uses it; glibc has done so already. */
extern char **environ; /* NOLINT(readability-redundant-declaration) */

/* What the shell's descriptors are to be. */
static int describe(posix_spawn_file_actions_t *actions, int output, int errors) {
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, errors, STDERR_FILENO);
    return error;
}

/* A group that signals can be sent to, and SIGPIPE, which this program ignores, as usual. */
static void set_attributes(posix_spawnattr_t *attributes) {
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(attributes, &defaults);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
}

/* The functions of this family return an errno, positive. */
static int spawn(const char *line, int output, int errors, pid_t *out) {
    const char *const arguments[] = {"sh", "-c", line, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return -error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        set_attributes(&attributes);
        error = describe(&actions, output, errors);
        if (error == 0)
            error = posix_spawn(out, "/bin/sh", &actions, &attributes, (char *const *)arguments,
                                environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return -error;
}

/* A pipe whose end to write to is as programs expect theirs: blocking. */
static int open_pipe(struct cmio_pipe_receiver *receiver) {
    struct cmio_pipe_sender sender;
    int result = cmio_pipe_new(&sender, receiver);
    if (result < 0)
        return result;
    const int fd = cmio_pipe_sender_into_fd(&sender);
    (void)fcntl(fd, F_SETFL, 0); /* a new pipe: cannot fail */
    return fd;
}

int shell_start(const char *line, struct cmio_pipe_receiver *output,
                struct cmio_pipe_receiver *errors, pid_t *out) {
    const int to_output = open_pipe(output);
    if (to_output < 0)
        return to_output;
    const int to_errors = open_pipe(errors);
    int result = to_errors;
    if (to_errors >= 0) {
        result = spawn(line, to_output, to_errors, out);
        (void)close(to_errors); /* the shell has its own by now */
        if (result < 0)
            (void)cmio_pipe_receiver_close(errors);
    }
    (void)close(to_output);
    if (result < 0)
        (void)cmio_pipe_receiver_close(output);
    return result;
}
