/* SPDX-License-Identifier: MIT */
#ifndef DRILL_CREW_H
#define DRILL_CREW_H

/*
 * The users of a run. Each takes an iteration of the plan, makes its requests in order over a
 * connection of its own, and takes the next iteration until none is left.
 *
 * In a closed loop all users begin by themselves, one after the other during the ramp-up. In an open
 * loop they stand idle until an iteration is due; the one that was idle last goes first, so that as
 * few connections are made as it takes.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/timers.h>

#include "client.h"
#include "request.h"
#include "results.h"
#include "schedule.h"

/*
 * The client comes first, so that the client's events, which carry its address, lead here. So does
 * the timer's token. The timer is set as long as a user has an iteration: to the moment at which the
 * next request begins or, while one is on its way, at which it has taken too long.
 */
struct user {
    struct client client;
    struct cmio_timer timer;
    struct user *next;  /* among those that stand idle */
    int64_t started;    /* the request on its way: when it was begun, or when it was due */
    int64_t due;        /* the iteration's first request, or 0 where that is as soon as can be */
    uint64_t iteration; /* its number, from 0 */
    size_t place;       /* in the plan; behind its end without an iteration */
    bool is_waiting;    /* for an answer */
    bool is_pausing;    /* until a delay of the plan is over */
};

struct crew {
    const struct requests *requests;
    struct results *results;
    struct cmio_timers *timers;
    struct wire wire;
    struct schedule schedule;
    int64_t timeout; /* nanoseconds for a request, or CMIO_FOREVER */
    struct user *users;
    uint64_t size;        /* how many users there may be */
    uint64_t begun;       /* how many have been needed so far */
    uint64_t busy;        /* how many have an iteration, or are yet to begin */
    struct user *idle;    /* the one that went idle last */
    int64_t next_arrival; /* when somebody idle is to take an iteration; INT64_MAX for never */
};

/* Begins: the members up to size are set, users to that many zeros. */
void crew_start(struct crew *crew);

/*
 * When crew_handle_timer() or crew_handle_arrivals() have something to do, for
 * cmio_poll_wait_until(). Arrivals are not among the timers, which let neighbours share a wait: a
 * millisecond would be much in a latency that counts from when a request was due.
 */
int64_t crew_next_deadline(const struct crew *crew);

/* Takes an event of the user's client. */
void crew_handle_event(struct crew *crew, struct user *user, const struct cmio_event *event);

/* Takes the expiry of the user's timer. */
void crew_handle_timer(struct crew *crew, struct user *user);

/* Gives the iterations that are due by wire.now to users that are idle. */
void crew_handle_arrivals(struct crew *crew);

/* Whether nobody has anything to do any more. */
bool crew_is_done(const struct crew *crew);

/* Closes all connections, and tells the results what was not finished. */
void crew_stop(struct crew *crew);

#endif
