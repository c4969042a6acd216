/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_WATCHABLE_H
#define CMIO_POSIX_WATCHABLE_H

#include <stdbool.h>

/*
 * Whether the system can watch an open descriptor of a device or a regular file: 0 for a device,
 * 1 for a regular file, as some of Linux's proc(5) are; -EPERM if it cannot. A system that cannot
 * be asked is taken to watch devices and no files (watchable_plain.c). Linux is asked with an
 * epoll(7) descriptor of the moment (watchable_epoll.c), for which there may be none: -EMFILE,
 * -ENFILE, -ENOMEM, -ENOSPC.
 */
int cmio__watchable(int fd, bool is_device);

#endif
