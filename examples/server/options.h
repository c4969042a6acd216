/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_OPTIONS_H
#define SLEEP_SERVER_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>

#include "common/arguments.h"

/* What the command line of a sleep server says: the same flags for all of them. */
struct options {
    struct cmio_address address;
    unsigned threads;
    const char *backend; /* NULL: the best, or what CMIO_BACKEND names */
    const char *page;
    size_t max_connections; /* SIZE_MAX: as many as there are descriptors */
    uint32_t max_sleep_ms;
    int64_t header_timeout; /* nanoseconds, as the two below; 0: without end */
    int64_t idle_timeout;   /* 0: without end */
    int64_t grace;
    const char *log; /* NULL: none; "-": standard error */
};

/* The exit status for a failure; EXIT_USAGE is that for a wrong command line. */
enum { EXIT_RUNTIME = 1 };

enum options_kind {
    OPTIONS_BLOCKING, /* threads and backend mean nothing to it: accepted, and said so */
    OPTIONS_CMIO,
};

/*
 * Reads the command line, whose strings the options borrow. program is the name for messages and
 * summary the line that --help begins with. Returns -1 when the program may start; otherwise its
 * exit status: 0 after --help and --version, EXIT_USAGE after one line on standard error that says
 * what is wrong.
 */
int options_parse(struct options *options, enum options_kind kind, const char *program,
                  const char *summary, int argc, char **argv);

#endif
