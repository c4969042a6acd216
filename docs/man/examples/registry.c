/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

static struct cmio_pipe_sender sender;

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Holds a reference of its own, and registers while main() waits. */
static void *add_source(void *argument) {
    struct cmio_registry *registry = argument;
    check(cmio_registry_register(registry, &sender.source, 42,
                                 CMIO_WRITABLE));
    cmio_registry_unref(registry);
    return NULL;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_receiver receiver;
    pthread_t thread;
    int n;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_pipe_new(&sender, &receiver));
    struct cmio_registry *registry = cmio_poll_registry(poll);
    check(-pthread_create(&thread, NULL, add_source,
                          cmio_registry_ref(registry)));

    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) == -EINTR)
        continue;
    check(n);
    CMIO_EVENTS_FOREACH (event, events)
        printf("token %zu is ready\n", (size_t)event->token);

    check(-pthread_join(thread, NULL));
    check(cmio_registry_reregister(registry, &sender.source, 43,
                                   CMIO_WRITABLE));
    check(cmio_registry_deregister(registry, &sender.source));
    (void)cmio_pipe_sender_close(&sender);
    (void)cmio_pipe_receiver_close(&receiver);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
