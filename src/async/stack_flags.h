/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_STACK_FLAGS_H
#define CMIO_ASYNC_STACK_FLAGS_H

/*
 * How stacks are mapped outside Linux. OpenBSD faults on a stack pointer outside memory that was
 * mapped as a stack. FreeBSD means by MAP_STACK a mapping that grows by itself, which this is not.
 */

#include <sys/mman.h>

#if defined(__OpenBSD__)
#define CMIO__STACK_FLAGS (MAP_PRIVATE | MAP_ANON | MAP_STACK)
#else
#define CMIO__STACK_FLAGS (MAP_PRIVATE | MAP_ANON)
#endif

#endif
