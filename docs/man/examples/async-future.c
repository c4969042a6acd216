/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/future.h>
#include <cmio/async/sleep.h>
#include <cmio/error.h>

/* A future of the program's own: two sleeps, one after the other. */
struct naps_future {
    struct cmio_future future; /* first */
    struct cmio_sleep_future sleep;
    int left;
};

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static enum cmio_future_state poll_naps(struct cmio_future *future,
                                        struct cmio_context *context) {
    struct naps_future *naps = (struct naps_future *)future;
    while (naps->left > 0) {
        if (cmio_future_has_ended(&naps->sleep.future))
            check(
                cmio_sleep_future_init(&naps->sleep, CMIO_MILLISECOND));
        if (cmio_future_poll(&naps->sleep.future, context) ==
            CMIO_PENDING)
            return CMIO_PENDING; /* the sleep wakes the task */
        naps->left--;
    }
    future->result = 0;
    return CMIO_READY;
}

static void drop_naps(struct cmio_future *future) {
    cmio_future_drop(&((struct naps_future *)future)->sleep.future);
}

int main(void) {
    static const struct cmio_future_ops ops = {"naps", poll_naps,
                                               drop_naps};
    struct naps_future naps = {.left = 2}; /* its sleep has ended */
    check(cmio_future_init(&naps.future, &ops));
    check(cmio_block_on(NULL, &naps.future));
    printf("naps left: %d\n", naps.left);

    check(cmio_future_init(&naps.future, &ops));
    cmio_future_drop(&naps.future); /* changed our mind */
    printf("dropped: %s\n", cmio_strerror(naps.future.result));
    return 0;
}
