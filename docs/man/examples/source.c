/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

/* A source type of the program's own, which is made of two pipes. */
struct link {
    struct cmio_source source; /* first */
    struct cmio_pipe_receiver in;
    struct cmio_pipe_sender out;
};

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static int on_register(struct cmio_source *source,
                       struct cmio_registry *registry, cmio_token token,
                       cmio_interest interest) {
    struct link *link = (struct link *)source;
    int error = cmio_registry_register(registry, &link->in.source, token,
                                       interest & ~CMIO_WRITABLE);
    if (error < 0)
        return error;
    error = cmio_registry_register(registry, &link->out.source, token,
                                   interest & ~CMIO_READABLE);
    if (error < 0)
        (void)cmio_registry_deregister(registry, &link->in.source);
    return error;
}

static int on_deregister(struct cmio_source *source,
                         struct cmio_registry *registry) {
    struct link *link = (struct link *)source;
    const int in = cmio_registry_deregister(registry, &link->in.source);
    const int out =
        cmio_registry_deregister(registry, &link->out.source);
    return in < 0 ? in : out;
}

/* Refuses: this program closes and registers anew instead. */
static int on_reregister(struct cmio_source *source,
                         struct cmio_registry *registry,
                         cmio_token token, cmio_interest interest) {
    (void)source, (void)registry, (void)token, (void)interest;
    return -ENOTSUP;
}

int main(void) {
    static const struct cmio_source_ops ops = {
        on_register, on_reregister, on_deregister};
    struct cmio_poll *poll;
    struct link link;
    check(cmio_poll_new(&poll));
    check(cmio_pipe_new(&link.out, &link.in));
    check(cmio_source_init(&link.source, &ops));
    check(cmio_poll_register(poll, &link.source, 9,
                             CMIO_READABLE | CMIO_WRITABLE));
    printf("registered: %d\n",
           cmio_source_is_registered(&link.in.source));
    check(cmio_poll_deregister(poll, &link.source));
    printf("registered: %d\n",
           cmio_source_is_registered(&link.in.source));
    (void)cmio_pipe_sender_close(&link.out);
    (void)cmio_pipe_receiver_close(&link.in);
    cmio_poll_free(poll);
    return 0;
}
