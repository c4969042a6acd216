/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_CHILDREN_H
#define CMIO_TESTS_CHILDREN_H

/*
 * Skips the test if the system has no descriptor for a process (before Linux 5.3, or under
 * valgrind, which hides pidfd_open). Call it before anything is open.
 */
void test_skip_without_children(void);

#endif
