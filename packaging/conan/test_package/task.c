/* SPDX-License-Identifier: MIT */
/* Waits until a task has slept for a moment. */
#include <stdio.h>

#include <cmio/async.h>
#include <cmio/error.h>

int main(void) {
    struct cmio_sleep_future sleep;
    int error = cmio_sleep_future_init(&sleep, CMIO_MILLISECOND);
    if (error == 0)
        error = (int)cmio_block_on(NULL, &sleep.future);
    if (error < 0) {
        fprintf(stderr, "cmio-async: %s\n", cmio_strerror(error));
        return 1;
    }
    puts("slept for a millisecond");
    return 0;
}
