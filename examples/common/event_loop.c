/* SPDX-License-Identifier: MIT */
#include "common/event_loop.h"

#include <errno.h>
#include <signal.h>

#include "common/backend.h"
#include "common/program.h"

int event_loop_open(struct event_loop *loop, size_t events_a_wait, cmio_token signals) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int result = cmio_poll_new(&loop->poll);
    loop->registry = cmio_poll_registry(loop->poll);
    if (result == 0)
        result = cmio_events_new(&loop->events, events_a_wait);
    if (result == 0)
        result = cmio_signals_init(&loop->signals, numbers, 2);
    if (result == 0)
        result =
            cmio_registry_register(loop->registry, &loop->signals.source, signals, CMIO_READABLE);
    return result == 0 ? 0 : backend_complain("cannot start", result);
}

void event_loop_close(struct event_loop *loop) {
    (void)cmio_signals_close(&loop->signals);
    cmio_events_free(loop->events);
    cmio_poll_free(loop->poll);
}

int announce_listening(const struct cmio_address *address, int result) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    (void)cmio_address_format(address, text, sizeof text);
    return result < 0 ? complain(text, result) : announce("listening on %s", text);
}
