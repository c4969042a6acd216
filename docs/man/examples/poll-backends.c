/* SPDX-License-Identifier: MIT */
#include <errno.h>
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

static void describe(const struct cmio_poll *poll) {
    const bool urgent = cmio_poll_supports(poll, CMIO_PRIORITY);
    const bool nests = cmio_poll_fd(poll) >= 0;
    printf("%s: out-of-band data %s, ", cmio_poll_backend(poll),
           urgent ? "yes" : "no");
    printf("descriptor %s\n", nests ? "yes" : "no");
}

int main(void) {
    static const char *const wanted[] = {
        CMIO_BACKEND_EPOLL, CMIO_BACKEND_KQUEUE, CMIO_BACKEND_POLL};
    const char *best;
    const size_t count = cmio_backends(&best, 1);
    printf("%zu backends, the best is %s\n", count, best);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct cmio_poll *poll;
        const int error = cmio_poll_new_with(&poll, wanted[i]);
        if (error == -ENOTSUP)
            continue; /* not on this system */
        check(error);
        describe(poll);
        cmio_poll_free(poll);
    }
    return 0;
}
