/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_LOOP_H
#define SLEEP_SERVER_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmio/cmio.h>

#include "http/answers.h"
#include "server/pool.h"
#include "server/statistics.h"

struct connection;
struct server;

/*
 * A token is ours to choose and comes back in every event and every timer. A connection's is its
 * address. What there is only one of has one of these, which are no addresses.
 */
enum token {
    TOKEN_LISTENER,
    TOKEN_ACCEPT_AGAIN,
    TOKEN_SIGNALS,
    TOKEN_WAKER,
    TOKEN_GRACE,
};

enum { RECEIVE_SIZE = 4096 };

/* One thread's world: nothing in here is touched by another, but for the waker. */
struct loop {
    struct server *server;
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_timers *timers;
    struct cmio_waker *waker;
    struct cmio_tcp_listener listener;
    struct cmio_timer accept_again; /* set while accepting is paused */
    struct cmio_timer grace;
    struct pool connections;
    size_t open; /* how many of them */
    bool listening;
    bool stopping;
    bool grace_over;
    struct statistics statistics;
    pthread_t thread;
    struct connection *busy, **busy_end; /* those that go on when others had their turn */
    size_t turn_answers, turn_length;    /* of the connection whose turn it is, sent already */
    struct answers answers;              /* what it sends next */
    char received[RECEIVE_SIZE];         /* what it receives: one for all connections */
};

/* Whatever this returns, loop_close() cleans up. */
int loop_init(struct loop *loop, struct server *server);
void loop_close(struct loop *loop);

/* Runs until the server was told to stop and has served. Returns 0, or what failed. */
int loop_run(struct loop *loop);

/* accept.c */
int loop_listen(struct loop *loop, const struct cmio_address *address);
void loop_accept(struct loop *loop);

#endif
