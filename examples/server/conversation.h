/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_CONVERSATION_H
#define SLEEP_SERVER_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "http/request.h"
#include "http/request_line.h"
#include "http/response.h"
#include "server/service.h"

/*
 * One connection, from its first request to its last. All decisions of a conversation are here,
 * without any waiting: what to receive, until when, what to answer, how to end.
 *
 * There are two ways to drive it. conversation_serve() runs from top to bottom and calls functions
 * that wait: those of a thread (server/blocking.h) or of a green thread. A coroutine cannot call a
 * function that waits, so it takes the steps one by one, and awaits in between.
 */
struct conversation_buffers {
    char received[4096];
    struct http_response response;
};

struct conversation {
    struct service *service;
    struct conversation_buffers *buffers; /* needed while bytes come or go */
    int fd;                               /* the connection, borrowed */
    bool greeted;                         /* at least one request was answered */
    bool closing;                         /* the response is the connection's last */
    int64_t since;    /* when the head of the request was complete, 0 before that */
    int64_t deadline; /* for the next bytes of the request */
    struct http_request request;
    struct request_line line; /* of the request; empty if there is no log */
    struct http_date date;
    uint32_t begin, end; /* the unused bytes of received */
};

/* What to do next for a request. */
enum conversation_step {
    CONVERSATION_RECEIVE, /* receive more of it, into received */
    CONVERSATION_SEND,    /* send the interim response, then receive */
    CONVERSATION_ANSWER,  /* sleep and answer */
};

/* How long a client may take to close, after the last response. */
extern const int64_t conversation_linger_time;

/* Now plus the timeout. A timeout of 0 means CMIO_FOREVER. */
int64_t deadline_after(int64_t timeout);

/*
 * How long to wait: until the deadline, but less if the server stops. Then an idle wait, which is
 * one without a request, is over at once, and any other ends with the grace.
 */
int64_t conversation_limit(int64_t deadline, bool idle);

/* Begins a conversation on an accepted connection. */
void conversation_open(struct conversation *talk, struct service *service, int fd);

/* Begins to wait for a request. */
void conversation_expect(struct conversation *talk);

/* Whether no request has begun, so that the wait for one is idle. */
bool conversation_is_idle(const struct conversation *talk);

/* Records the result of a read into received. Returns whether the client may send more. */
bool conversation_received(struct conversation *talk, ssize_t count);

/* Uses the received bytes, up to the end of one request. */
enum conversation_step conversation_feed(struct conversation *talk);

/* Call it after the deadline. Returns whether to answer, with 408; otherwise just close. */
bool conversation_refuses_late(struct conversation *talk);

/* When the sleep of the request is over; 0 if there is none. */
int64_t conversation_sleep_end(const struct conversation *talk);

/* Makes the response to the request. */
void conversation_answer(struct conversation *talk);

/* Call it once the response is sent. */
void conversation_answered(struct conversation *talk);

/* Call it if the client left with its request in flight, or if the server gave up on it. */
void conversation_lost(const struct conversation *talk);

/*
 * Closing a socket that holds unread bytes resets the connection, and a reset may destroy the
 * response before the client has read it. If that is likely, this shuts down our side and returns
 * true: the server must then read until the client closes too (RFC 9112, 9.6).
 */
bool conversation_lingers(const struct conversation *talk);

/* Closes the connection and frees what the conversation holds. */
void conversation_close(struct conversation *talk);

/* What conversation_serve() waits for. */
enum conversation_wait {
    CONVERSATION_WAIT_READ,
    CONVERSATION_WAIT_WRITE,
    CONVERSATION_WAIT_END, /* of the connection, by its client */
};

/* How it waits, reads and writes. connection is the server's own object for it. */
struct conversation_io {
    /*
     * Waits. Returns whether the connection may be ready: false if the limit (see
     * conversation_limit()) passed first.
     */
    bool (*wait)(void *connection, enum conversation_wait what, int64_t deadline, bool idle);
    /* Neither of them waits. Both return a count or a negative errno. */
    ssize_t (*read)(void *connection, void *buffer, size_t length);
    ssize_t (*write)(void *connection, const struct iovec *parts, int count);
};

/* Serves a connection from its first request to its last. */
void conversation_serve(struct service *service, int fd, const struct conversation_io *io,
                        void *connection);

#endif
