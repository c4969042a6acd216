/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_WATCHABLE_H
#define CMIO_POSIX_WATCHABLE_H

#include <stdbool.h>

/*
 * Whether the system can watch an open descriptor that is neither a socket, a pipe nor a directory:
 * 0; 1 for a regular file, as some of Linux's proc(5) are; -EPERM if it cannot. A system that
 * cannot be asked is taken to watch all but regular files (watchable_plain.c). Linux is asked with
 * an epoll(7) descriptor of the moment (watchable_epoll.c): -EMFILE, -ENFILE, -ENOMEM or -ENOSPC
 * when that could not be done for a regular file.
 */
int cmio__watchable(int fd, bool is_regular);

#endif
