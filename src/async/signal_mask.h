/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SIGNAL_MASK_H
#define CMIO_ASYNC_SIGNAL_MASK_H

#include <signal.h>
#include <stddef.h>

/*
 * What the library's threads block. Signals are the program's: its own threads handle them. But those
 * that tell of a fault of a thread can come to no other one; blocked, they would end the program
 * without calling a handler.
 */
static inline void cmio__signal_mask_fill(sigset_t *signals) {
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    (void)sigfillset(signals);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        (void)sigdelset(signals, faults[i]);
}

#endif
