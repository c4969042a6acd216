/* SPDX-License-Identifier: MIT */
#ifndef COMMON_EVENT_LOOP_H
#define COMMON_EVENT_LOOP_H

#include <stddef.h>

#include <cmio/cmio.h>

/*
 * The basis of a program with a loop: a poll, room for events, and the signals that end the program
 * as another source. The program uses the members directly.
 */
struct event_loop {
    struct cmio_poll *poll;
    struct cmio_registry *registry; /* the poll's registry, for the sources */
    struct cmio_events *events;
    struct cmio_signals signals; /* SIGINT and SIGTERM */
};

/*
 * Opens all members. Events of the signals have the token signals. Returns 0, or a negative errno
 * after a message. event_loop_close() may follow in either case.
 */
int event_loop_open(struct event_loop *loop, size_t events_a_wait, cmio_token signals);

void event_loop_close(struct event_loop *loop);

/*
 * Reports the result of listening on an address: prints the address, or that listening failed.
 * Returns 0, or a negative errno after a message.
 */
int announce_listening(const struct cmio_address *address, int result);

#endif
