/* SPDX-License-Identifier: MIT */
#ifndef DRILL_OUTCOME_H
#define DRILL_OUTCOME_H

/* How a request ended. Everything from OUTCOME_STATUS on is a failure. */
enum outcome {
    OUTCOME_PENDING, /* it has not ended yet */
    OUTCOME_SUCCESS,
    OUTCOME_STATUS, /* a whole answer with a status of 400 or above */
    OUTCOME_REFUSED,
    OUTCOME_UNREACHABLE,
    OUTCOME_RESET,
    OUTCOME_CLOSED, /* before the answer was complete */
    OUTCOME_TIMEOUT,
    OUTCOME_MALFORMED,
    OUTCOME_NO_PORT,       /* every local port is taken */
    OUTCOME_NO_DESCRIPTOR, /* the process or the system cannot open more */
    OUTCOME_ERROR,         /* another error of the system */
};

enum { OUTCOMES = OUTCOME_ERROR + 1 };

/* The lowest status that makes a whole answer a failure: RFC 9110 sections 15.5 and 15.6. */
enum { STATUS_FAILED = 400 };

/* The outcome after a negative errno from connecting, sending or receiving. */
enum outcome outcome_of_error(long error);

/* The outcome as text in a report for people, and as a key for machines. Both are static. */
const char *outcome_text(enum outcome outcome);
const char *outcome_key(enum outcome outcome);

#endif
