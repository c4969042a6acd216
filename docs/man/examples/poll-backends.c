/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <cmio/cmio.h>

static void describe(const struct cmio_poll *poll) {
    const bool urgent = cmio_poll_supports(poll, CMIO_PRIORITY);
    const bool nests = cmio_poll_fd(poll) >= 0;
    printf("%s: out-of-band data %s, nests %s\n",
           cmio_poll_backend(poll), urgent ? "yes" : "no",
           nests ? "yes" : "no");
}

int main(void) {
    const char *names[8];
    size_t count = cmio_backends(names, 8);
    if (count > 8)
        count = 8;
    for (size_t i = 0; i < count; i++) {
        struct cmio_poll *poll;
        const int error = cmio_poll_new_with(&poll, names[i]);
        if (error < 0) {
            fprintf(stderr, "%s: %s\n", names[i],
                    cmio_strerror(error));
            return 1;
        }
        describe(poll);
        if (strcmp(cmio_poll_backend(poll), CMIO_BACKEND_POLL) == 0)
            puts("this one is on every system that has poll(2)");
        cmio_poll_free(poll);
    }
    return 0;
}
