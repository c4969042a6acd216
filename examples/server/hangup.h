/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_HANGUP_H
#define SLEEP_SERVER_HANGUP_H

#include "http/access_log.h"

/*
 * SIGHUP opens the log anew in servers that do not receive signals as events. A signal handler does
 * it, whatever the server waits for. A process has one log.
 */

/* Installs the handler if the log is a file. Otherwise SIGHUP keeps its present action. */
int hangup_init(struct access_log *log);

/* Prints a message if the log could not be opened anew. Any thread. */
void hangup_report(void);

#endif
