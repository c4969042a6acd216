/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_HOST_H
#define ASYNC_HOST_H

#include <cmio/address.h>
#include <cmio/tcp_stream.h>

/* Exit status for a wrong command line. */
enum { EXIT_USAGE = 2 };

/*
 * A whole server but for what it serves: says where it listens, and calls serve (see async/acceptor.h)
 * in a task for each connection, until SIGINT or SIGTERM comes. Then all tasks are aborted. Returns the
 * exit status of the program, after a line on standard error if that is not 0. workers is as in
 * struct cmio_executor_options.
 */
int host_run(const char *program, int workers, struct cmio_address *address,
             int (*serve)(void *owner, struct cmio_tcp_stream *stream), void *owner);

#endif
