/* SPDX-License-Identifier: MIT */

/*
 * The library over any order of calls: the bytes spell a program, which runs on all backends side
 * by side and is judged by the model of the conformance suite.
 */

#include "backend/program.h"

#include <stdio.h>
#include <stdlib.h>

#include <cmio/poll.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BACKENDS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *backends[MOST_BACKENDS];
    size_t count = cmio_backends(backends, MOST_BACKENDS);
    if (count > MOST_BACKENDS)
        count = MOST_BACKENDS;
    const char *problem = program_run(data, size, backends, count);
    if (problem != NULL) {
        fprintf(stderr, "%s\n", problem);
        abort();
    }
    return 0;
}
