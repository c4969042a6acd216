/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include <cmio/cmio.h>

static struct cmio_pipe_sender sender;

/* Has a reference of its own, and registers while main() waits. */
static void *add_source(void *argument) {
    struct cmio_registry *registry = argument;
    const int error = cmio_registry_register(
        registry, &sender.source, 42, CMIO_WRITABLE);
    if (error < 0)
        fprintf(stderr, "register: %s\n", cmio_strerror(error));
    cmio_registry_unref(registry);
    return NULL;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_receiver receiver;
    pthread_t thread;
    int error, n;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_pipe_new(&sender, &receiver)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    struct cmio_registry *registry = cmio_poll_registry(poll);
    if (pthread_create(&thread, NULL, add_source,
                       cmio_registry_ref(registry)) != 0)
        return 1;
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) ==
           -EINTR)
        continue;
    (void)pthread_join(thread, NULL);
    CMIO_EVENTS_FOREACH (event, events)
        printf("token %zu is ready\n", (size_t)event->token);

    error = cmio_registry_reregister(registry, &sender.source, 43,
                                     CMIO_WRITABLE);
    if (error == 0)
        error = cmio_registry_deregister(registry, &sender.source);
    printf("reregister, deregister: %s\n", cmio_strerror(error));
    (void)cmio_pipe_sender_close(&sender);
    (void)cmio_pipe_receiver_close(&receiver);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return error < 0 || n < 0;
}
