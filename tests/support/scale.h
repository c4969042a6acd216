/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_SCALE_H
#define CMIO_TESTS_SCALE_H

/*
 * How often a stress test repeats itself. Counts are those of a plain build; they shrink to a
 * fiftieth under ThreadSanitizer (seen by the compiler's macros) and under valgrind (seen by what
 * it preloads), and to 1/N where the environment says CMIO_TEST_SHRINK=N: for slow machines,
 * emulators and test set-ups that are slow in other ways.
 */

/* count, or less where the program runs slowly; at least 1. */
int test_scale(int count);

/* Whether the program runs so slowly that its speed says nothing. */
int test_is_slow(void);

/*
 * Whether the program was built with ThreadSanitizer. It loses track of a thread that is cancelled
 * inside a system call: of what the clean-up handlers lock, for example.
 */
int test_is_under_thread_sanitizer(void);

/* Whether the program was built with AddressSanitizer. */
int test_is_under_address_sanitizer(void);

/*
 * Whether valgrind runs the program. It keeps the limit of descriptors itself: what a call opens
 * beyond it is closed again behind the call, so that a connection which could not be accepted is
 * lost.
 */
int test_is_under_valgrind(void);

#endif
