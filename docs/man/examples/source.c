/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

/* A source type of the program's own: a link is made of two pipes. */
struct link {
    struct cmio_source source; /* first */
    struct cmio_pipe_receiver in;
    struct cmio_pipe_sender out;
};

static int on_deregister(struct cmio_source *source,
                         struct cmio_registry *registry) {
    struct link *link = (struct link *)source;
    const int first =
        cmio_registry_deregister(registry, &link->in.source);
    const int second =
        cmio_registry_deregister(registry, &link->out.source);
    return first < 0 ? first : second;
}

static int on_register(struct cmio_source *source,
                       struct cmio_registry *registry,
                       cmio_token token, cmio_interest interest) {
    struct link *link = (struct link *)source;
    int error =
        cmio_registry_register(registry, &link->in.source, token,
                               interest & ~CMIO_WRITABLE);
    if (error < 0)
        return error;
    error = cmio_registry_register(registry, &link->out.source,
                                   token, interest & ~CMIO_READABLE);
    if (error < 0)
        (void)cmio_registry_deregister(registry, &link->in.source);
    return error;
}

static int on_reregister(struct cmio_source *source,
                         struct cmio_registry *registry,
                         cmio_token token, cmio_interest interest) {
    (void)on_deregister(source, registry);
    const int error = on_register(source, registry, token, interest);
    return error < 0 ? -EIO
                     : 0; /* no refusal: the old parts are gone */
}

int main(void) {
    static const struct cmio_source_ops ops = {
        on_register, on_reregister, on_deregister};
    struct cmio_poll *poll;
    struct link link;
    int error;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_pipe_new(&link.out, &link.in)) < 0 ||
        (error = cmio_source_init(&link.source, &ops)) < 0 ||
        (error = cmio_poll_register(poll, &link.source, 9,
                                    CMIO_READABLE | CMIO_WRITABLE)) <
            0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    printf("link %d, part %d\n",
           cmio_source_is_registered(&link.source),
           cmio_source_is_registered(&link.in.source));
    error = cmio_poll_deregister(poll, &link.source);
    printf("link %d, part %d\n",
           cmio_source_is_registered(&link.source),
           cmio_source_is_registered(&link.in.source));
    (void)cmio_pipe_sender_close(&link.out);
    (void)cmio_pipe_receiver_close(&link.in);
    cmio_poll_free(poll);
    return error < 0;
}
