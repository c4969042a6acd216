/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_BLOCKING_H
#define SLEEP_SERVER_BLOCKING_H

#include <stddef.h>
#include <sys/socket.h>

#include "server/service.h"

/*
 * Serving with blocking calls: the common part of sleep_server_single and sleep_server_threads,
 * which is everything except the threads. Each call that may block comes after a wait with poll(2)
 * for its one descriptor. Nothing else could end the call when the time is up or a signal comes.
 */
struct blocking_server {
    struct service service;
    int listener; /* -1: closed */
    /* Clients in the kernel's queue when the stop signal came; there cannot be more. */
    int waiting[SOMAXCONN + 1];
    size_t served, count; /* of waiting */
};

/*
 * Reads the command line, listens and prints the address. Returns -1 if the server may serve,
 * otherwise the exit status of the program.
 */
int blocking_server_start(struct blocking_server *server, const char *program, const char *summary,
                          int argc, char **argv);

/*
 * Waits for the next connection and returns its descriptor. If no descriptor is free, it waits for
 * one. After a stop signal it accepts all waiting clients and closes the listener. It then returns
 * these clients one after the other, and finally -1.
 */
int blocking_server_accept(struct blocking_server *server);

/* Serves a connection from its first request to its last, and closes it. Any thread. */
void blocking_server_serve(struct blocking_server *server, int fd);

/* Prints the statistics and frees everything. No thread may serve any more. */
void blocking_server_end(struct blocking_server *server);

#endif
