/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/coroutine.h>
#include <cmio/async/executor.h>
#include <cmio/async/sleep.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

struct countdown {
    struct cmio_coroutine coroutine; /* first */
    int left;                        /* lives across awaits */
    struct cmio_sleep_future sleep;
};

static enum cmio_future_state
run_countdown(struct cmio_coroutine *coroutine,
              struct cmio_context *context) {
    struct countdown *self = (struct countdown *)coroutine;
    CMIO_BEGIN(coroutine, context);
    while (self->left > 0) {
        printf("%d\n", self->left--);
        check(cmio_sleep_future_init(&self->sleep, CMIO_MILLISECOND));
        CMIO_AWAIT(&self->sleep.future);
        if (self->sleep.future.result < 0)
            CMIO_RETURN(self->sleep.future.result);
    }
    CMIO_RETURN(100);
    CMIO_FINALLY;
    puts("clean-up"); /* also when it is dropped */
    CMIO_END;
}

int main(void) {
    cmio_coroutine_body *const body = run_countdown;
    struct countdown countdown = {.left = 3};
    check(cmio_coroutine_init(&countdown.coroutine, body));
    const ssize_t result =
        cmio_block_on(NULL, &countdown.coroutine.future);
    printf("result %zd\n", check(result));
    return 0;
}
