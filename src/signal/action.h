/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SIGNAL_ACTION_H
#define CMIO_SIGNAL_ACTION_H

/*
 * The actions of signals (sigaction(2)): our handler in the place of another action, that action
 * back in its place, and what it would have done. Whether the handler is installed is asked of the
 * system each time, because anybody may replace it.
 *
 * There is one handler. install, restore and restore_all are called by one thread at a time;
 * do_old is called by the handler, on any thread at any time.
 */

#include <signal.h>

enum { CMIO__SIGNAL_MAX = 127 }; /* no system has more; sigaction(2) refuses those that it lacks */

typedef void cmio__signal_handler(int number, siginfo_t *info, void *context);

/* Installs the handler unless it is there, and keeps the action that was. -EINVAL, -ENOMEM. */
int cmio__action_install(int number, cmio__signal_handler *handler);

/* Puts the kept action back, unless someone replaced the handler. */
void cmio__action_restore(int number, cmio__signal_handler *handler);

/* The same for every number. Async-signal-safe, for a child that was forked. */
void cmio__action_restore_all(cmio__signal_handler *handler);

/*
 * What the kept action does with a signal that the handler got: a function is called, with all
 * signals blocked but SIGSEGV; the default happens, and after a default that does not end the
 * process the handler is back. Async-signal-safe, in a child after vfork(2) too.
 */
void cmio__action_do_old(int number, siginfo_t *info, void *context, cmio__signal_handler *handler);

#endif
