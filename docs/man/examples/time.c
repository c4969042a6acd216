/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 1));
    const int64_t begin = cmio_now();
    check(cmio_poll_wait(poll, events, 20 * CMIO_MILLISECOND));
    const int64_t passed = cmio_now() - begin;
    printf("waited %" PRId64 " us, less than a second: %s\n",
           passed / CMIO_MICROSECOND,
           passed < CMIO_SECOND ? "yes" : "no");
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
