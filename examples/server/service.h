/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_SERVICE_H
#define SLEEP_SERVER_SERVICE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>

#include "http/access_log.h"
#include "http/page.h"
#include "server/options.h"
#include "server/statistics.h"

/* The state that all connections of a server share, however it waits. */
struct service {
    struct options options;
    struct http_page page;
    struct access_log log;
    pthread_mutex_t lock; /* of statistics: several connections may be served at once */
    struct statistics statistics;
};

/*
 * Begins the program, reads the command line and the page, and opens the log. Returns -1 if the
 * server may go on, otherwise the exit status of the program.
 */
int service_start(struct service *service, enum options_kind kind, const char *program,
                  const char *summary, int argc, char **argv);

/* Adds one to a counter of the statistics. Any thread. */
void service_count(struct service *service, uint64_t *counter);

/* Prints the address that the server listens on. Returns 0, or a negative errno after a message. */
int service_announce(const struct cmio_address *address);

/* Print a message about a negative errno. Both return EXIT_RUNTIME. */
int service_complain(const char *what, int code);
int service_complain_of_address(const struct cmio_address *address, int code);

/* Prints the statistics, closes the log and frees everything. No thread may serve any more. */
void service_end(struct service *service);

#endif
