/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_HOST_H
#define ASYNC_HOST_H

#include <cmio/address.h>
#include <cmio/async.h>
#include <cmio/tcp_stream.h>

#include "async/interrupt.h"

/*
 * A whole server, except for its service. It prints the address that it listens on, and calls serve
 * (see async/acceptor.h) in a task for each connection, until SIGINT or SIGTERM comes. Then all
 * tasks are aborted. Returns the exit status of the program, after a line on standard error if that
 * is not 0. workers has the meaning that it has in struct cmio_executor_options.
 */
int host_run(int workers, struct cmio_address *address,
             int (*serve)(void *owner, struct cmio_tcp_stream *stream), void *owner);

/*
 * Runs a future until it ends, or until interrupt receives SIGINT or SIGTERM. In either case the
 * future has ended afterwards. Returns 0, the signal's number, or a negative errno if it could not
 * be run.
 */
int host_wait(struct cmio_executor *executor, struct interrupt *interrupt,
              struct cmio_future *future);

/* Prints a message about a negative errno. Returns EXIT_FAILURE. Any thread. */
int host_complain(const char *what, int code);

#endif
