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
    CONNECTION_SLEEPING,  /* waits for its timer, and reads nothing */
    CONNECTION_SENDING,   /* waits for room because its reader is slow, and reads nothing */
    CONNECTION_LINGERING, /* has sent its last response; discards what still arrives */
    CONNECTION_OVER,      /* is freed once its event or timer has been handled */
};

/* Bytes that arrived while a request slept, or while other connections had their turn. */
struct backlog {
    size_t length;
    char bytes[];
};

/*
 * Everything about one connection. cmio's own state is in here too, in the stream and the timer, so
 * this is all the memory that a sleeping request takes.
 */
struct connection {
    struct cmio_tcp_stream stream;
    struct cmio_timer timer; /* the end of the sleep, or the timeout of the state */
    struct http_request request;
    struct request_line line; /* of the request; empty if there is no log */
    int64_t since;            /* when the request's head was complete; 0: none is in flight */
    struct backlog *backlog;  /* NULL except for clients that pipeline */
    struct unsent *unsent;    /* NULL except for slow readers */
    struct connection *next_busy, **busy_link; /* in the loop's list; the link points to this one */
    uint8_t state;                             /* enum connection_state */
    bool readable; /* there was an event, and no read has returned -EAGAIN since */
    bool drained;  /* the last read was short, so most likely nothing is left */
    bool ended;    /* the client will send no more */
    bool answered; /* the response is made, and still to be sent */
    bool closing;  /* the response is the connection's last */
    bool greeted;  /* at least one request was answered */
};

/* ---- What its loop calls ---- */

/* Accepts the next client. Returns 0, or a negative errno if there is none or no room. */
int connection_open(struct loop *loop, struct connection *connection);

/* Either of them may free the connection. */
void connection_on_event(struct loop *loop, struct connection *connection,
                         const struct cmio_event *event);
void connection_on_timer(struct loop *loop, struct connection *connection);

/* Goes on after the other connections had their turn. May free the connection, too. */
void connection_continue(struct loop *loop, struct connection *connection);

/*
 * When the server stops, connections without a request are closed. When the grace is over, all are.
 * Both functions are called for each connection in the pool, with the loop as their context.
 */
void connection_close_if_idle(void *object, void *context);
void connection_cut_off(void *object, void *context);

/* ---- Shared between its parts ---- */

/* connection.c. A timeout of 0 means no timeout. */
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
