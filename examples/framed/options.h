/* SPDX-License-Identifier: MIT */
#ifndef FRAMED_OPTIONS_H
#define FRAMED_OPTIONS_H

#include <stdint.h>

#include <cmio/address.h>

/* What the command line of framed_echo says. */
struct options {
    struct cmio_address address;
    int64_t idle_timeout; /* nanoseconds, or CMIO_FOREVER */
};

/*
 * Reads the command line; program is the name for messages. Returns -1 when the program may start,
 * otherwise its exit status: 0 after --help, 2 after one line on standard error.
 */
int options_parse(struct options *options, const char *program, int argc, char **argv);

#endif
