/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_STOP_H
#define SLEEP_SERVER_STOP_H

#include <stdint.h>

/*
 * How the servers without cmio hear SIGINT and SIGTERM: a handler notes until when what is in
 * flight may take, and makes a pipe readable, which everyone who waits with poll(2) watches as
 * well. A second signal ends the process at once. There is one of it in a process.
 */

/* Installs the handler. grace is in nanoseconds. Returns 0 or a negative errno. */
int stop_init(int64_t grace);

/* The moment at which to give up what is in flight; CMIO_FOREVER before a signal came. */
int64_t stop_deadline(void);

/* A descriptor that is readable from the first signal on. */
int stop_fd(void);

/* Blocks both signals in the calling thread, so that another hears them. */
void stop_block_signals(void);
void stop_unblock_signals(void);

#endif
