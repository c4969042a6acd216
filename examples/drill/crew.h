/* SPDX-License-Identifier: MIT */
#ifndef DRILL_CREW_H
#define DRILL_CREW_H

/*
 * The users of a run. Each takes an iteration of the plan, makes its requests in order over a
 * connection of its own, and takes the next iteration until none is left.
 *
 * In a closed loop all users begin by themselves, one after the other during the ramp-up. In an
 * open loop they are idle until an iteration is due. The user that became idle last goes first, so
 * no more connections are made than necessary.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/timers.h>

#include "client.h"
#include "request.h"
#include "results.h"
#include "schedule.h"

/*
 * The client is the first member, so the client's address in its events is the user's address too.
 * The timer's token is that address as well. The timer is set while the user has an iteration: to
 * the time at which the next request begins or, with a request in flight, to its timeout.
 */
struct user {
    struct client client;
    struct cmio_timer timer;
    struct user *next;  /* in the list of idle users */
    int64_t started;    /* when the request in flight began, or when it was due */
    int64_t due;        /* when the iteration's first request is due; 0: at once */
    uint64_t iteration; /* its number, from 0 */
    size_t place;       /* in the plan; behind its end if there is no iteration */
    bool is_waiting;    /* for an answer */
    bool is_pausing;    /* during a delay of the plan */
};

struct crew {
    const struct requests *requests;
    struct results *results;
    struct cmio_timers *timers;
    struct wire wire;
    struct schedule schedule;
    int64_t timeout; /* nanoseconds for a request, or CMIO_FOREVER */
    struct user *users;
    uint64_t size;        /* the most users that there may be */
    uint64_t begun;       /* how many were needed so far */
    uint64_t busy;        /* how many have an iteration or have not begun yet */
    struct user *idle;    /* the user that became idle last */
    int64_t next_arrival; /* when an idle user must take an iteration; INT64_MAX: never */
};

/* Begins. The caller sets the members up to size, and users to that many zeroed ones. */
void crew_start(struct crew *crew);

/*
 * When crew_handle_timer() or crew_handle_arrivals() next has something to do, for
 * cmio_poll_wait_until(). Arrivals do not use timers, because timers let neighbours share a wait. A
 * millisecond would be a lot in a latency that counts from the time at which a request was due.
 */
int64_t crew_next_deadline(const struct crew *crew);

/* Handles an event of the user's client. */
void crew_handle_event(struct crew *crew, struct user *user, const struct cmio_event *event);

/* Handles the expiry of the user's timer. */
void crew_handle_timer(struct crew *crew, struct user *user);

/* Gives the iterations that are due by wire.now to idle users. */
void crew_handle_arrivals(struct crew *crew);

/* Whether no user has anything left to do. */
bool crew_is_done(const struct crew *crew);

/* Closes all connections, and adds the unfinished requests to the results. */
void crew_stop(struct crew *crew);

#endif
