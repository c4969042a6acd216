/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_STACK_FLAGS_H
#define CMIO_ASYNC_STACK_FLAGS_H

/*
 * How stacks are mapped outside Linux. OpenBSD faults if the stack pointer leaves memory that was
 * mapped as a stack. On FreeBSD, MAP_STACK means a mapping that grows by itself, which this is not.
 */

#include <sys/mman.h>

#if defined(__OpenBSD__)
#define CMIO__STACK_FLAGS (MAP_PRIVATE | MAP_ANON | MAP_STACK)
#else
#define CMIO__STACK_FLAGS (MAP_PRIVATE | MAP_ANON)
#endif

#endif
