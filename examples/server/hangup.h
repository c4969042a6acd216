/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_HANGUP_H
#define SLEEP_SERVER_HANGUP_H

#include "http/access_log.h"

/*
 * SIGHUP opens the log anew, for the servers that do not hear signals as events. A handler does it,
 * whatever they wait for. There is one log in a process.
 */

/* Installs the handler if the log is a file. Otherwise SIGHUP does what it always does. */
int hangup_init(struct access_log *log);

/* Says if the log could not be opened anew. Any thread. */
void hangup_report(void);

#endif
