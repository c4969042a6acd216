/* SPDX-License-Identifier: MIT */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include <stdint.h>

#include "common/lines.h"
#include "common/second_signal.h"

/*
 * What every program here but drill has: open standard streams, messages that never wait, and an end
 * at the second signal.
 */

/*
 * Begins a program, before it opens anything. Closed standard streams are opened on /dev/null:
 * see standard_streams.h. SIGPIPE is ignored, because a failed write reports that there is no
 * reader. Messages begin with name.
 */
void program_start(const char *name);

/*
 * Prints one line on standard error. Control characters become question marks. A line that cannot
 * be written at once is dropped and counted; see lines.h. Any thread.
 */
__attribute__((format(printf, 1, 2))) void message(const char *format, ...);

/* Prints a message about a negative errno, and returns it. Any thread. */
int complain(const char *what, int code);

/*
 * Prints one line on standard output, with the rules of message(). Returns 0, even if the line was
 * dropped for want of room. If it cannot be written, returns a negative errno after a message.
 */
__attribute__((format(printf, 1, 2))) int announce(const char *format, ...);

/*
 * Prints a text that the user asked for, like --help or a report, on standard output or standard
 * error. It waits for the reader, so call it only if there is nothing else to do. Returns an exit
 * status.
 */
__attribute__((format(printf, 2, 3))) int print_text(int fd, const char *format, ...);

/* Standard error, for other lines that belong there. */
struct lines *program_errors(void);

#endif
