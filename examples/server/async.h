/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_ASYNC_H
#define SLEEP_SERVER_ASYNC_H

#include <stdbool.h>
#include <stddef.h>

#include <cmio/async.h>
#include <cmio/signals.h>
#include <cmio/tcp_listener.h>

#include "server/service.h"

/*
 * What sleep_server_async and sleep_server_green have in common, which is everything but the kind of
 * task that serves a connection.
 */
struct async_server {
    struct service service;
    struct cmio_executor *executor;
    struct cmio_tcp_listener listener;
    struct cmio_io listener_io;
    struct cmio_signals signals;
    struct cmio_io signals_io;
    struct cmio_semaphore stop; /* has no permits; it is closed when the server is to stop */
    struct cmio_semaphore room; /* a permit for each connection that may be open */
    size_t most;                /* connections */
    /*
     * Starts a task for a connection. If it returns 0, the task owns the stream, and calls
     * async_server_leave() when it has closed it; otherwise it is a negative errno.
     */
    int (*serve)(struct async_server *server, struct cmio_tcp_stream *stream);
};

/* Runs the server to its end, and returns the exit status of the program. */
int async_server_main(int (*serve)(struct async_server *server, struct cmio_tcp_stream *stream),
                      const char *program, const char *summary, int argc, char **argv);

/* A connection was closed. */
void async_server_leave(struct async_server *server);

#endif
