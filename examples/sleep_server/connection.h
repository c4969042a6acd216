/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_CONNECTION_H
#define SLEEP_SERVER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/cmio.h>

#include "http/answers.h"
#include "http/request.h"
#include "http/request_line.h"

struct loop;

enum connection_state {
    CONNECTION_UNUSED,    /* in the pool */
    CONNECTION_RECEIVING, /* waits for a request, or for the rest of one */
    CONNECTION_SLEEPING,  /* waits for its timer; it reads nothing meanwhile */
    CONNECTION_SENDING,   /* waits for room: its reader is slow. It reads nothing meanwhile */
    CONNECTION_LINGERING, /* has sent its last; reads over what still arrives */
    CONNECTION_OVER,      /* to be freed when its event or timer has been handled */
};

/* Bytes that arrived behind a request that sleeps, or when it was the turn of others. */
struct backlog {
    size_t length;
    char bytes[];
};

/*
 * Everything about one connection. cmio keeps its part in here too, in the stream and the timer, so
 * this is all the memory that a sleeping request takes.
 */
struct connection {
    struct cmio_tcp_stream stream;
    struct cmio_timer timer; /* whatever the state waits for, or how long it may take */
    struct http_request request;
    struct request_line line; /* of the request; empty where no log is written */
    int64_t since;            /* when the head of the request was complete; 0: none is in flight */
    struct backlog *backlog;  /* NULL but for clients that pipeline */
    struct unsent *unsent;    /* NULL but for slow readers */
    struct connection *next_busy, **busy_link; /* in the loop's list: what points to this one */
    uint8_t state;                             /* enum connection_state */
    bool readable; /* there was an event, and no read has said -EAGAIN since */
    bool drained;  /* the last read came short: most likely nothing is left */
    bool ended;    /* the client will send no more */
    bool answered; /* the request is: its response is to be sent */
    bool closing;  /* the response is the connection's last */
    bool greeted;  /* a request was answered already */
};

/* ---- What its loop calls ---- */

/* Accepts the next client. Returns 0, or a negative errno when there is none, or no room. */
int connection_open(struct loop *loop, struct connection *connection);

/* Either may be the last of the connection. */
void connection_on_event(struct loop *loop, struct connection *connection,
                         const struct cmio_event *event);
void connection_on_timer(struct loop *loop, struct connection *connection);

/* Others had their turn. */
void connection_continue(struct loop *loop, struct connection *connection);

/*
 * The server stops, which ends a connection without a request; and the grace is over, which ends
 * every one. Both are called for each connection in the pool, with the loop for their context.
 */
void connection_close_if_idle(void *object, void *context);
void connection_cut_off(void *object, void *context);

/* ---- What its parts call of each other ---- */

/* connection.c. A timeout of 0 is none. */
void connection_set_deadline(struct loop *loop, struct connection *connection, int64_t deadline);
void connection_set_timeout(struct loop *loop, struct connection *connection, int64_t timeout);
void connection_log(const struct loop *loop, const struct connection *connection, uint16_t status,
                    size_t body_length);
void connection_lost(struct loop *loop, struct connection *connection);
void connection_finish(struct loop *loop, struct connection *connection);

/* request.c */
void connection_read(struct loop *loop, struct connection *connection);
void connection_feed_backlog(struct loop *loop, struct connection *connection);
void connection_begin_request(struct loop *loop, struct connection *connection);
void connection_begin_sleep(struct loop *loop, struct connection *connection);
void connection_await_more(struct loop *loop, struct connection *connection);

/* answer.c */
void connection_answer(struct loop *loop, struct connection *connection);
void connection_flush(struct loop *loop, struct connection *connection);
void connection_send_more(struct loop *loop, struct connection *connection);

#endif
