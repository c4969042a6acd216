/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_HOST_H
#define ASYNC_HOST_H

#include <cmio/address.h>
#include <cmio/async.h>
#include <cmio/tcp_stream.h>

#include "async/interrupt.h"

/*
 * A whole server but for what it serves: says where it listens, and calls serve (see async/acceptor.h)
 * in a task for each connection, until SIGINT or SIGTERM comes. Then all tasks are aborted. Returns the
 * exit status of the program, after a line on standard error if that is not 0. workers is as in
 * struct cmio_executor_options.
 */
int host_run(int workers, struct cmio_address *address,
             int (*serve)(void *owner, struct cmio_tcp_stream *stream), void *owner);

/*
 * Runs a future until it has ended, or SIGINT or SIGTERM comes, which interrupt listens to. In either
 * case it has ended then. Returns 0, the signal's number, or a negative errno when it could not be run.
 */
int host_wait(struct cmio_executor *executor, struct interrupt *interrupt,
              struct cmio_future *future);

/* A message about a negative errno. Returns EXIT_FAILURE. Any thread. */
int host_complain(const char *what, int code);

#endif
