/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_BLOCKING_H
#define SLEEP_SERVER_BLOCKING_H

#include <stddef.h>
#include <sys/socket.h>

#include "server/service.h"

/*
 * Serving with blocking calls: what sleep_server_single and sleep_server_threads have in common,
 * which is everything but the threads. A call that may block is preceded by a wait, with poll(2)
 * for its one descriptor, as nothing else ends it when the time is up or a signal came.
 */
struct blocking_server {
    struct service service;
    int listener; /* -1: closed */
    /* Those who waited in the kernel's queue when a signal said to stop; there cannot be more. */
    int waiting[SOMAXCONN + 1];
    size_t served, count; /* of them */
};

/*
 * Reads the command line, listens and prints where. Returns -1 when the server may serve, otherwise
 * the exit status of the program.
 */
int blocking_server_start(struct blocking_server *server, const char *program, const char *summary,
                          int argc, char **argv);

/*
 * Waits for the next connection and returns its descriptor. While there is no descriptor for it, it
 * waits until there is one. When a signal says to stop, it accepts all who wait already, closes the
 * listener, and returns them one after the other, and then -1.
 */
int blocking_server_accept(struct blocking_server *server);

/* Serves a connection from its first request to its last, and closes it. Any thread. */
void blocking_server_serve(struct blocking_server *server, int fd);

/* Prints what was served and frees all. Nobody may serve any more. */
void blocking_server_end(struct blocking_server *server);

#endif
