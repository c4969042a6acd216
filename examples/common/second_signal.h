/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SECOND_SIGNAL_H
#define COMMON_SECOND_SIGNAL_H

/*
 * From now on the second SIGINT or SIGTERM ends the process, whatever it is doing, with an exit
 * status of 128 plus the signal's number. The first signal keeps its present action, so install
 * that before. Returns 0 or a negative errno.
 */
int second_signal_exits(void);

#endif
