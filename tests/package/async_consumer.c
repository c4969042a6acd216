/* SPDX-License-Identifier: MIT */
/*
 * A program of someone else's, in C and in C++, built against an installed libcmio-async: a task
 * sleeps for a moment while the program waits for it. It prints the version of cmio, and fails where
 * that is not the one of the headers.
 */
#include <stdio.h>
#include <string.h>

#include <cmio/async.h>
#include <cmio/version.h>

int main(void) {
    struct cmio_sleep_future sleep;
    int error = cmio_sleep_future_init(&sleep, CMIO_MILLISECOND);
    if (error == 0)
        error = (int)cmio_block_on(NULL, &sleep.future);
    if (error != 0) {
        fprintf(stderr, "the sleep ended with %d\n", error);
        return 1;
    }
    if (strcmp(cmio_version(), CMIO_VERSION_STRING) != 0) {
        fprintf(stderr, "headers of %s, library %s\n", CMIO_VERSION_STRING, cmio_version());
        return 1;
    }
    puts(cmio_version());
    return 0;
}
