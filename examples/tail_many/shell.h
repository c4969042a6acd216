/* SPDX-License-Identifier: MIT */
#ifndef TAIL_MANY_SHELL_H
#define TAIL_MANY_SHELL_H

#include <sys/types.h>

#include <cmio/cmio.h>

/*
 * Runs a command line with /bin/sh in a process group of its own, its standard input empty and its
 * outputs to be read here. Returns 0 or a negative errno; then nothing runs and nothing is open.
 */
int shell_start(const char *line, struct cmio_pipe_receiver *output,
                struct cmio_pipe_receiver *errors, pid_t *out);

#endif
