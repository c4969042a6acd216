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

/* What its loops share. */
struct server {
    struct options options;
    struct http_page page;
    struct access_log log;
    struct cmio_signals signals; /* heard by the first loop */
    struct loop *loops;
    atomic_size_t open;  /* connections of all loops */
    atomic_uint running; /* loops on threads of their own */
    atomic_bool stopping;
    atomic_bool failed;
    atomic_flag complained; /* that accepting had to pause */
};

/* Opens what the options say. Whatever this returns, server_close() cleans up. */
int server_init(struct server *server, const char *program);

/* Runs all loops, until a signal says to stop and what is in flight is done. */
void server_run(struct server *server);

/* Prints what was served, if a signal said to stop, and frees all. */
void server_close(struct server *server);

/* Any thread. */
void server_stop(struct server *server);

/* SIGHUP: the log may have been moved away. */
void server_reopen_log(struct server *server);

#endif
