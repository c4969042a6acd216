/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_BLOCKING_H
#define SLEEP_SERVER_BLOCKING_H

#include "server/service.h"

/*
 * Serving with blocking calls: what sleep_server_single and sleep_server_threads have in common,
 * which is everything but the threads. A call that may block is preceded by a wait, with poll(2)
 * for its one descriptor, as nothing else ends it when the time is up or a signal came.
 */
struct blocking_server {
    struct service service;
    int listener;
};

/*
 * Reads the command line, listens and prints where. Returns -1 when the server may serve, otherwise
 * the exit status of the program.
 */
int blocking_server_start(struct blocking_server *server, const char *program, const char *summary,
                          int argc, char **argv);

/*
 * Waits for the next connection and returns its descriptor, or -1 when a signal says to stop. While
 * there is no descriptor for it, it waits until there is one.
 */
int blocking_server_accept(struct blocking_server *server);

/* Serves a connection from its first request to its last, and closes it. Any thread. */
void blocking_server_serve(struct blocking_server *server, int fd);

/* Closes the listener: no one is accepted any more, nor left waiting for it. */
void blocking_server_stop_listening(struct blocking_server *server);

/* Prints what was served and frees all. Nobody may serve any more. */
void blocking_server_end(struct blocking_server *server);

#endif
