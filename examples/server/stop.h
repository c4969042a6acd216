/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_STOP_H
#define SLEEP_SERVER_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Stopping on SIGINT and SIGTERM: the first one sets until when requests in flight may take, a second
 * one ends the process at once. There is one of it in a process.
 *
 * The servers with blocking calls hear the signals by a handler, which also makes a pipe readable that
 * everyone who waits with poll(2) watches. Those on libcmio-async await a signal, and then call
 * stop_begin() themselves.
 */

/* How long requests in flight may take after the first signal, in nanoseconds. */
void stop_set_grace(int64_t grace);

/* The signal came. Any thread; async-signal-safe. */
void stop_begin(int number);

/* Sets the grace and installs the handler. grace is in nanoseconds. Returns 0 or a negative errno. */
int stop_init(int64_t grace);

/* The moment at which to give up what is in flight; CMIO_FOREVER before a signal came. */
int64_t stop_deadline(void);

/* Whether the grace is not over, or has not begun. */
bool stop_leaves_time(void);

/* A descriptor that is readable from the first signal on. */
int stop_fd(void);

/* Blocks both signals in the calling thread, so that another hears them. */
void stop_block_signals(void);
void stop_unblock_signals(void);

#endif
