/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EPOLL_COMPAT_H
#define CMIO_EPOLL_COMPAT_H

/*
 * The number of epoll_pwait2(2) (Linux 5.11) for headers that are older than the kernel: it is one
 * for all architectures that have the common table of system calls.
 */

#include <sys/syscall.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

#endif
