/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_STOP_H
#define SLEEP_SERVER_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Stopping on SIGINT and SIGTERM. The first signal sets a deadline for the requests in flight, and
 * a second one ends the process at once. This state exists once per process.
 *
 * The servers with blocking calls receive the signals in a handler. It also makes a pipe readable,
 * which every poll(2) watches. The servers on libcmio-async await a signal, and then call
 * stop_begin() themselves.
 */

/* How long requests in flight may take after the first signal, in nanoseconds. */
void stop_set_grace(int64_t grace);

/* Call it when the signal has come. Any thread; async-signal-safe. */
void stop_begin(int number);

/* Sets the grace, in nanoseconds, and installs the handler. Returns 0 or a negative errno. */
int stop_init(int64_t grace);

/* When to give up the requests in flight; CMIO_FOREVER before the first signal. */
int64_t stop_deadline(void);

/* Whether the grace is not over yet, or has not begun. */
bool stop_leaves_time(void);

/* A descriptor that stays readable from the first signal on. */
int stop_fd(void);

/* Blocks both signals in the calling thread, so that another one receives them. */
void stop_block_signals(void);
void stop_unblock_signals(void);

#endif
