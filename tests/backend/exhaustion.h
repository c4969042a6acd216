/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_EXHAUSTION_H
#define CMIO_TESTS_EXHAUSTION_H

/* What test_exhaustion.c shares with the calls that only some of its programs have. */

#include <stdbool.h>

/* Whether calls are counted now: while cmio runs, and not what stands in for the kernel. */
extern bool exhaustion_counts;

/* Called, where it is set, between a wait in the kernel and cmio's look at what it gave. */
extern void (*exhaustion_after_wait)(void);

/* What a change of a kqueue fails with: ENOMEM, unless a test sets another error. */
extern int exhaustion_change_error;

/* Counts a call; whether it is the one that must fail now, with that error. */
bool exhaustion_must_fail(int error);

#endif
