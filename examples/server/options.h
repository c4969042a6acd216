/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_OPTIONS_H
#define SLEEP_SERVER_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>

#include "common/arguments.h"

/* The command line of a sleep server. All of them have the same flags. */
struct options {
    struct cmio_address address;
    unsigned threads;
    const char *backend; /* NULL: the one that CMIO_BACKEND names, or the best */
    const char *page;
    size_t max_connections; /* SIZE_MAX: as many as there are descriptors */
    uint32_t max_sleep_ms;
    int64_t header_timeout; /* in nanoseconds, like the two below; 0: no limit */
    int64_t idle_timeout;   /* 0: no limit */
    int64_t grace;
    const char *log; /* NULL: none; "-": standard error */
};

/* The exit status for a failure. A wrong command line gives EXIT_USAGE. */
enum { EXIT_RUNTIME = 1 };

enum options_kind {
    OPTIONS_BLOCKING, /* accepts --threads and --backend, but without effect */
    OPTIONS_CMIO,
};

/*
 * Reads the command line, whose strings the options borrow. Messages begin with program, and --help
 * begins with summary. Returns -1 if the program may start, otherwise its exit status: 0 after
 * --help and --version, or EXIT_USAGE after one line on standard error that explains what is wrong.
 */
int options_parse(struct options *options, enum options_kind kind, const char *program,
                  const char *summary, int argc, char **argv);

#endif
