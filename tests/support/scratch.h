/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_SCRATCH_H
#define CMIO_TESTS_SCRATCH_H

/* A folder for the files of one test, in TMPDIR or /tmp, and socket addresses in it. */

#include <stdbool.h>
#include <stddef.h>

#include <cmio/address.h>

struct test_scratch {
    char folder[64]; /* short, so that there is room for a name in a socket address */
    char path[256];
};

void test_scratch_open(struct test_scratch *scratch);

/* Removes the folder and the files left in it. Returns how many files were left. */
int test_scratch_close(struct test_scratch *scratch);

/* How many files are in the folder. */
int test_scratch_count(const struct test_scratch *scratch);

/* The path of a name in the folder. It belongs to scratch, and is good until the next call. */
const char *test_scratch_path(struct test_scratch *scratch, const char *name);

/* The path of a name in the folder, as an address. */
struct cmio_address test_scratch_address(struct test_scratch *scratch, const char *name);

/* Whether the folder has a file of that name, of any kind. */
bool test_scratch_has(struct test_scratch *scratch, const char *name);

#endif
