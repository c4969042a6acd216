/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SIGNAL_ACTION_H
#define CMIO_SIGNAL_ACTION_H

/*
 * The actions of signals (sigaction(2)): installing our handler over another action, putting that
 * action back, and doing what it would have done. The system is asked each time whether the handler
 * is installed, because anybody may replace it.
 *
 * There is one handler. One thread at a time calls install, restore and restore_all. The handler
 * calls do_old, on any thread at any time.
 */

#include <signal.h>

enum { CMIO__SIGNAL_MAX = 127 }; /* no system has more; sigaction(2) refuses those that it lacks */

typedef void cmio__signal_handler(int number, siginfo_t *info, void *context);

/* Installs the handler unless it is there, and keeps the previous action. -EINVAL, -ENOMEM. */
int cmio__action_install(int number, cmio__signal_handler *handler);

/* Puts the kept action back, unless someone replaced the handler. */
void cmio__action_restore(int number, cmio__signal_handler *handler);

/* Restores every number. Async-signal-safe, for a forked child. */
void cmio__action_restore_all(cmio__signal_handler *handler);

/*
 * Does what the kept action does with a signal that the handler got. A function is called, with all
 * signals blocked but SIGSEGV. A default takes effect; if it does not end the process, the handler
 * is installed again afterwards. Async-signal-safe, even in a child after vfork(2).
 */
void cmio__action_do_old(int number, siginfo_t *info, void *context, cmio__signal_handler *handler);

#endif
