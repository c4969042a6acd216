/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SWITCH_H
#define CMIO_ASYNC_SWITCH_H

/*
 * Switches from one stack to another, on one thread. A suspended stack is a pointer that only the
 * files that implement this understand. switch_x86_64.S and switch_aarch64.S keep the registers
 * that the calling convention requires a function to keep, among them the floating-point modes.
 * switch_ucontext.c does it in C, with two system calls per switch. The build picks one of them.
 */

#include <stddef.h>

/* Suspends the running stack as *from and resumes `to`. Returns once something resumes *from. */
void cmio__switch(void **from, void *to);

/*
 * Prepares a stack. The first switch to the returned pointer calls entry(argument), which must not
 * return. bottom is the lowest address of the stack; both ends are multiples of 16.
 */
void *cmio__switch_prepare(void *bottom, size_t size, void (*entry)(void *argument),
                           void *argument);

#endif
