/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include <cmio/cmio.h>

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    int error;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 1)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    const int64_t begin = cmio_now();
    error = cmio_poll_wait(poll, events, 20 * CMIO_MILLISECOND);
    const int64_t passed = cmio_now() - begin;
    printf("waited %" PRId64 " us, less than a second: %s\n",
           passed / CMIO_MICROSECOND,
           passed < CMIO_SECOND ? "yes" : "no");
    cmio_events_free(events);
    cmio_poll_free(poll);
    return error < 0;
}
