/* SPDX-License-Identifier: MIT */
/* Pipes where pipe2(2) sets the flags atomically. pipe_plain.c is for the other systems. */
#include "posix/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int cmio__pipe_open(int fds[2]) {
    return pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0 ? -errno : 0;
}
