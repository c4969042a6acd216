/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_SCALE_H
#define CMIO_TESTS_SCALE_H

/*
 * How often a stress test repeats itself. The counts are those of a plain build. They shrink to a
 * fiftieth under ThreadSanitizer (detected by the compiler's macros) and under valgrind (detected
 * by what it preloads). With CMIO_TEST_SHRINK=N in the environment they shrink to 1/N, for slow
 * machines, emulators and other slow test set-ups.
 */

/* count, or less if the program runs slowly; at least 1. */
int test_scale(int count);

/* Whether the program runs so slowly that its speed says nothing. */
int test_is_slow(void);

/*
 * Whether the program was built with ThreadSanitizer. That loses track of a thread that is
 * cancelled inside a system call, for example of what the clean-up handlers lock.
 */
int test_is_under_thread_sanitizer(void);

/* Whether the program was built with AddressSanitizer. */
int test_is_under_address_sanitizer(void);

/*
 * Whether valgrind runs the program. valgrind enforces the limit of descriptors itself, by closing
 * what a call has opened beyond it. So a connection that could not be accepted is lost.
 */
int test_is_under_valgrind(void);

#endif
