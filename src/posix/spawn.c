/* SPDX-License-Identifier: MIT */
#include "posix/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/child.h"
#include "posix/descriptor.h"
#include "posix/features.h"

/*
 * Collects the signals whose action is not the default. Ignored signals would otherwise stay
 * ignored in the program. Signals with a handler are included because a handler may run in the
 * child before it executes the program. SIGKILL and SIGSTOP are never included: some systems call a
 * set with these invalid.
 */
static void find_changed(sigset_t *out) {
    struct sigaction action;
    (void)sigemptyset(out); /* cannot fail */
    for (int number = 1; number < CMIO__SIGNALS_END; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
            (void)sigaddset(out, number); /* the system knows it */
}

/* The functions of this family return a positive errno. */
static int set_attributes(posix_spawnattr_t *attributes, bool new_group) {
    const int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t set;
    (void)sigemptyset(&set); /* cannot fail */
    int error = posix_spawnattr_setsigmask(attributes, &set);
    find_changed(&set);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &set);
    if (error == 0 && new_group)
        error = posix_spawnattr_setpgroup(attributes, 0);
    if (error == 0)
        error = posix_spawnattr_setflags(
            attributes, (short)(new_group ? flags | POSIX_SPAWN_SETPGROUP : flags));
    return error;
}

/* A duplicate is not close-on-exec. None of the descriptors is a target, so any order will do. */
static int describe_streams(posix_spawn_file_actions_t *actions, const int *fds) {
    int error = 0;
    for (int i = 0; i < CMIO__STREAMS && error == 0; i++)
        if (fds[i] >= 0)
            error = posix_spawn_file_actions_adddup2(actions, fds[i], i);
    return error;
}

/* The casts are safe: POSIX promises not to write to the strings, but cannot say so in C. */
static int execute(const struct cmio__spawn *spawn, const posix_spawn_file_actions_t *actions,
                   const posix_spawnattr_t *attributes, pid_t *out) {
    char *const *environment = spawn->environment == NULL
                                   ? CMIO__ENVIRON
                                   : (char *const *)(const void *)spawn->environment;
    return posix_spawnp(out, spawn->program, actions, attributes,
                        (char *const *)(const void *)spawn->arguments, environment);
}

int cmio__spawn(const struct cmio__spawn *spawn, pid_t *out) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return -error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = set_attributes(&attributes, spawn->new_group);
        if (error == 0)
            error = describe_streams(&actions, spawn->fds);
        if (error == 0)
            error = execute(spawn, &actions, &attributes, out);
        (void)posix_spawnattr_destroy(&attributes); /* it was initialised */
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return -error;
}

int cmio__spawn_open_null(void) {
    const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cmio__spawn_duplicate(int fd) {
    return cmio__fd_control(fd, F_DUPFD_CLOEXEC, CMIO__STREAMS);
}

void cmio__spawn_undo(pid_t pid) {
    int status;
    if (cmio__child_wait_by_number(pid, &status) != -EAGAIN)
        return;
    (void)kill(pid, SIGKILL); /* not waited for yet, so the number is still its own */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
}
