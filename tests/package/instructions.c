/* SPDX-License-Identifier: MIT */
/*
 * Does one operation again and again, for a test that counts the library's instructions.
 *
 * usage: instructions register|interest|event COUNT
 */
#include <stdlib.h>
#include <string.h>

#include <cmio/cmio.h>

enum { TOKEN = 1 };

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static struct cmio_poll *poll;
static struct cmio_events *events;
static struct cmio_unix_stream ours;
static struct cmio_unix_stream theirs;

static void open_all(void) {
    MUST(cmio_poll_new_with(&poll, CMIO_BACKEND_EPOLL) == 0 && cmio_events_new(&events, 16) == 0);
    MUST(cmio_unix_stream_pair(&ours, &theirs) == 0);
}

static void watch(cmio_interest interest) {
    MUST(cmio_registry_register(cmio_poll_registry(poll), &ours.source, TOKEN, interest) == 0);
}

static void register_once(struct cmio_registry *registry) {
    watch(CMIO_READABLE);
    MUST(cmio_registry_deregister(registry, &ours.source) == 0);
}

/* Twice, to one interest and back. */
static void change_twice(struct cmio_registry *registry) {
    MUST(cmio_registry_reregister(registry, &ours.source, TOKEN, CMIO_READABLE | CMIO_WRITABLE) ==
         0);
    MUST(cmio_registry_reregister(registry, &ours.source, TOKEN, CMIO_READABLE) == 0);
}

static void bring_event(void) {
    char bytes[8];
    MUST(cmio_unix_stream_write(&theirs, "e", 1) == 1);
    MUST(cmio_poll_wait(poll, events, CMIO_FOREVER) == 1);
    CMIO_EVENTS_FOREACH (event, events)
        MUST(cmio_unix_stream_read(&ours, bytes, sizeof bytes) == 1);
}

int main(int argc, char **argv) {
    MUST(argc == 3);
    const long count = strtol(argv[2], NULL, 10);
    open_all();
    struct cmio_registry *registry = cmio_poll_registry(poll);
    if (strcmp(argv[1], "register") != 0)
        watch(CMIO_READABLE);
    for (long i = 0; i < count; i++) {
        if (strcmp(argv[1], "register") == 0)
            register_once(registry);
        else if (strcmp(argv[1], "interest") == 0)
            change_twice(registry);
        else
            bring_event();
    }
    return 0;
}
