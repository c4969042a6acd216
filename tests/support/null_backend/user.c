/* SPDX-License-Identifier: MIT */
/* A program on the toy backend. Exits with 0 when the backend is there and a wait reaches it. */
#include <stdio.h>
#include <string.h>

#include <cmio/cmio.h>

int main(void) {
    const char *names[16];
    const size_t count = cmio_backends(names, 16);
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_fd_source source;
    if (count < 2 || strcmp(names[count - 1], "null") != 0)
        return 1;
    if (cmio_poll_new_with(&poll, "null") < 0 || cmio_events_new(&events, 1) < 0)
        return 2;
    if (strcmp(cmio_poll_backend(poll), "null") != 0 || cmio_fd_source_init(&source, 0) < 0)
        return 3;
    if (cmio_registry_register(cmio_poll_registry(poll), &source.source, 1, CMIO_READABLE) < 0)
        return 4;
    const int64_t deadline = cmio_now() + CMIO_MILLISECOND;
    if (cmio_poll_wait_until(poll, events, deadline) != 0 || cmio_now() < deadline)
        return 5;
    if (cmio_fd_source_close(&source) < 0)
        return 6;
    cmio_events_free(events);
    cmio_poll_free(poll);
    puts("a program runs on the backend that was added");
    return 0;
}
