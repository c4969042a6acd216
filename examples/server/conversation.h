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
 * One connection, from its first request to its last. What a conversation decides is here, without any
 * waiting: what is to be received, until when, what is answered, how it ends.
 *
 * It goes on in one of two ways. conversation_serve() is a function from top to bottom that calls
 * others which wait: a thread's (server/blocking.h), or a green thread's. A coroutine cannot call a
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
    bool greeted;                         /* a request was answered already */
    bool closing;                         /* the response is the connection's last */
    int64_t since;    /* when the head of the request was complete, 0 before that */
    int64_t deadline; /* until when the next bytes of the request may take */
    struct http_request request;
    struct request_line line; /* of the request; empty where no log is written */
    struct http_date date;
    uint32_t begin, end; /* what of received was not used yet */
};

/* What is to be done next for a request. */
enum conversation_step {
    CONVERSATION_RECEIVE, /* more of it, into received */
    CONVERSATION_SEND,    /* the interim response, and then to receive */
    CONVERSATION_ANSWER,  /* to sleep and to answer */
};

/* How long a client may take to close, after the last response. */
extern const int64_t conversation_linger_time;

/* A point in time, where a timeout of 0 is none. */
int64_t deadline_after(int64_t timeout);

/*
 * Until when to wait, once it is seen whether the server stops: a wait without a request is over at
 * once then, and any other at the end of the grace.
 */
int64_t conversation_limit(int64_t deadline, bool idle);

/* Begins a conversation on a connection that was accepted. */
void conversation_open(struct conversation *talk, struct service *service, int fd);

/* Begins to wait for a request. */
void conversation_expect(struct conversation *talk);

/* No request has begun: the wait for it is idle. */
bool conversation_is_idle(const struct conversation *talk);

/* Notes what a read into received gave. Returns whether the client may send more. */
bool conversation_received(struct conversation *talk, ssize_t count);

/* Takes what was received, as far as one request goes. */
enum conversation_step conversation_feed(struct conversation *talk);

/* The deadline has passed. Returns whether that is answered, with 408, or else just the end. */
bool conversation_refuses_late(struct conversation *talk);

/* When the sleep of the request is over; 0 where there is none. */
int64_t conversation_sleep_end(const struct conversation *talk);

/* Makes the response to the request. */
void conversation_answer(struct conversation *talk);

/* The response was sent. */
void conversation_answered(struct conversation *talk);

/* The client left with its request in flight, or was left. */
void conversation_lost(const struct conversation *talk);

/*
 * To close a socket that holds unread bytes is to reset the connection, and a reset may destroy the
 * response before the client has read it. Where that is likely, this says to the client that we are
 * done, and returns that the server reads on until the client is too: RFC 9112, 9.6.
 */
bool conversation_lingers(const struct conversation *talk);

/* The end of it. */
void conversation_close(struct conversation *talk);

/* What conversation_serve() waits for. */
enum conversation_wait {
    CONVERSATION_WAIT_READ,
    CONVERSATION_WAIT_WRITE,
    CONVERSATION_WAIT_END, /* of the connection, by its client */
};

/* How it waits, reads and writes. connection is what the server knows it by. */
struct conversation_io {
    /*
     * Waits, and returns whether the connection may be ready: not when the limit (see
     * conversation_limit()) was over first.
     */
    bool (*wait)(void *connection, enum conversation_wait what, int64_t deadline, bool idle);
    /* Neither of them waits: a count, or a negative errno. */
    ssize_t (*read)(void *connection, void *buffer, size_t length);
    ssize_t (*write)(void *connection, const struct iovec *parts, int count);
};

/* Serves a connection from its first request to its last. */
void conversation_serve(struct service *service, int fd, const struct conversation_io *io,
                        void *connection);

#endif
