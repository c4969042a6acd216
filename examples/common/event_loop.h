/* SPDX-License-Identifier: MIT */
#ifndef COMMON_EVENT_LOOP_H
#define COMMON_EVENT_LOOP_H

#include <stddef.h>

#include <cmio/cmio.h>

/*
 * What a program with a loop begins with: a poll, room for events, and the signals that end it as
 * one more source. The members are there to be used.
 */
struct event_loop {
    struct cmio_poll *poll;
    struct cmio_registry *registry; /* the poll's: what sources register with */
    struct cmio_events *events;
    struct cmio_signals signals; /* SIGINT and SIGTERM */
};

/*
 * Opens all of it. The events of the signals have the token. Returns 0, or a negative errno after a
 * message. event_loop_close() may follow in either case.
 */
int event_loop_open(struct event_loop *loop, size_t events_a_wait, cmio_token signals);

void event_loop_close(struct event_loop *loop);

/*
 * What comes of listening on an address: prints where the program listens, or that it cannot.
 * Returns 0, or a negative errno after a message.
 */
int announce_listening(const struct cmio_address *address, int result);

#endif
