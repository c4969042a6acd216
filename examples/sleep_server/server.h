/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_SERVER_H
#define SLEEP_SERVER_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include <cmio/cmio.h>

#include "http/access_log.h"
#include "http/page.h"
#include "server/options.h"
#include "sleep_server/loop.h"

/* The state that the loops share. */
struct server {
    struct options options;
    struct http_page page;
    struct access_log log;
    struct cmio_signals signals; /* received by the first loop */
    struct loop *loops;
    atomic_size_t open;  /* connections of all loops */
    atomic_uint running; /* loops on threads of their own */
    atomic_bool stopping;
    atomic_bool failed;
    atomic_flag complained; /* already, that accepting had to pause */
};

/* Opens everything that the options name. Whatever this returns, server_close() cleans up. */
int server_init(struct server *server, const char *program);

/* Runs all loops, until a signal asks to stop and the requests in flight are done. */
void server_run(struct server *server);

/* Prints the statistics, if a signal asked to stop, and frees everything. */
void server_close(struct server *server);

/* Tells all loops to stop. Any thread. */
void server_stop(struct server *server);

/* On SIGHUP, opens the log anew, because it may have been moved away. */
void server_reopen_log(struct server *server);

#endif
