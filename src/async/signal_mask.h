/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SIGNAL_MASK_H
#define CMIO_ASYNC_SIGNAL_MASK_H

#include <signal.h>
#include <stddef.h>

/*
 * The signals that the library's threads block. Signals belong to the program, and its own threads
 * handle them. But a signal for a fault of a thread cannot be delivered to another thread. If it
 * were blocked, it would end the program without calling a handler.
 */
static inline void cmio__signal_mask_fill(sigset_t *signals) {
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    (void)sigfillset(signals);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        (void)sigdelset(signals, faults[i]);
}

#endif
