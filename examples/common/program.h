/* SPDX-License-Identifier: MIT */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include <stdint.h>

#include "common/lines.h"

/*
 * What every program here has: standard streams that are open, messages that hold up nothing, and
 * an end when a second signal comes.
 */

/*
 * Begins a program, before it opens anything. Standard streams that are closed are opened on
 * /dev/null: the first descriptors that the program opens would take their places, and messages
 * would end up in a socket. SIGPIPE is ignored: that nobody reads is found by writing. name is what
 * messages begin with.
 */
void program_start(const char *name);

/*
 * One line on standard error. What would steer a terminal becomes a question mark. It is dropped
 * and counted if it cannot be written at once; see lines.h. Any thread.
 */
__attribute__((format(printf, 1, 2))) void message(const char *format, ...);

/* A message about a negative errno, which is returned. Any thread. */
int complain(const char *what, int code);

/*
 * One line on standard output, in the same way. Returns 0, also if it was dropped because nobody
 * reads; or a negative errno if it cannot be written, after a message.
 */
__attribute__((format(printf, 1, 2))) int announce(const char *format, ...);

/*
 * Prints a text that was asked for, as --help or a report, to standard output or standard error, and
 * waits for its reader: while nothing else is to be done. Returns an exit status.
 */
__attribute__((format(printf, 2, 3))) int print_text(int fd, const char *format, ...);

/* Standard error, for what else belongs there. */
struct lines *program_errors(void);

/*
 * From now on the second SIGINT or SIGTERM ends the process, whatever it does, with the exit status
 * of 128 and the signal's number. The first one does what it does now: install that before. Returns
 * 0 or a negative errno.
 */
int second_signal_exits(void);

#endif
