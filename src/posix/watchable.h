/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_WATCHABLE_H
#define CMIO_POSIX_WATCHABLE_H

#include <stdbool.h>

/*
 * Whether the system can watch an open descriptor of a device or a regular file. Returns 0 for a
 * device, 1 for a regular file, such as some in Linux's proc(5), and -EPERM if it cannot. A system
 * that cannot be asked is assumed to watch devices and no files (watchable_plain.c). On Linux a
 * temporary epoll(7) descriptor is asked (watchable_epoll.c). If none can be had, returns -EMFILE,
 * -ENFILE, -ENOMEM or -ENOSPC.
 */
int cmio__watchable(int fd, bool is_device);

#endif
