/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_ASYNC_H
#define SLEEP_SERVER_ASYNC_H

#include <stddef.h>

#include <cmio/async.h>

#include "async/acceptor.h"
#include "async/interrupt.h"
#include "server/service.h"

/*
 * The common part of sleep_server_async and sleep_server_green: everything except the kind of task
 * that serves a connection.
 */
struct async_server {
    struct service service;
    struct cmio_executor *executor;
    struct acceptor acceptor;
    struct interrupt interrupt;
    struct cmio_semaphore stop; /* has no permits; closed when the server must stop */
    struct cmio_semaphore room; /* a permit for each connection that may be open */
    size_t most;                /* connections */
};

/*
 * Runs the server to its end, and returns the exit status of the program. serve starts a task for a
 * connection (see async/acceptor.h), with the server as its owner. The task calls
 * async_server_leave() once it has closed the connection.
 */
int async_server_main(int (*serve)(void *server, struct cmio_tcp_stream *stream),
                      const char *program, const char *summary, int argc, char **argv);

/* Gives back the permit of a closed connection. */
void async_server_leave(struct async_server *server);

#endif
