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
 * The program chooses the tokens, and every event and every timer returns one. The token of a
 * connection is its address. Objects that exist once have these tokens, which are no addresses.
 */
enum token {
    TOKEN_LISTENER,
    TOKEN_ACCEPT_AGAIN,
    TOKEN_SIGNALS,
    TOKEN_WAKER,
    TOKEN_GRACE,
};

enum { RECEIVE_SIZE = 4096 };

/* The state of one thread. No other thread touches it, except for the waker. */
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
    size_t open; /* connections */
    bool listening;
    bool stopping;
    bool grace_over;
    struct statistics statistics;
    pthread_t thread;
    struct connection *busy, **busy_end; /* connections that go on after the others */
    size_t turn_answers, turn_length;    /* sent to the connection whose turn it is */
    struct answers answers;              /* to be sent next */
    char received[RECEIVE_SIZE];         /* one buffer for all connections */
};

/* Whatever this returns, loop_close() cleans up. */
int loop_init(struct loop *loop, struct server *server);
void loop_close(struct loop *loop);

/* Runs until the server is told to stop and no request is left. Returns 0 or a negative errno. */
int loop_run(struct loop *loop);

/* accept.c */
int loop_listen(struct loop *loop, const struct cmio_address *address);
void loop_accept(struct loop *loop);

#endif
