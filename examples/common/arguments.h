/* SPDX-License-Identifier: MIT */
#ifndef COMMON_ARGUMENTS_H
#define COMMON_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <cmio/address.h>

/* Exit status for a wrong command line. */
enum { EXIT_USAGE = 2 };

/* An option: --NAME alone, or with a value. Exactly one pointer is set and determines its kind. */
struct argument {
    const char *name;
    bool *flag;       /* takes no value; it is set to true */
    int64_t *time;    /* like 10s or 500ms, above 0; in nanoseconds */
    int64_t *seconds; /* like 10 or 0.5; in nanoseconds, and 0 becomes CMIO_FOREVER */
    uint64_t *number; /* from least to most */
    uint64_t least, most;
};

/*
 * Reads the options, and --help or -h, which prints help. The array ends with an option without a
 * name. Returns -1 if the program may go on with its other arguments, which begin at argv[optind].
 * Otherwise returns its exit status, after a message if something is wrong.
 */
int arguments_parse(const struct argument *options, const char *help, int argc, char **argv);

/* Prints what is wrong with an argument. Returns EXIT_USAGE. */
int arguments_complain(const char *text, const char *what);

/*
 * Prints what is wrong after getopt_long(3) has returned ':' or '?'. Long options have values from
 * first_long on. Returns EXIT_USAGE.
 */
int arguments_complain_of_option(int chosen, int first_long, char **argv);

/* Reads the address to listen on. Returns -1, or the exit status of the program. */
int arguments_parse_address(const char *text, struct cmio_address *out);

/* Does all of the above for a server whose only argument is the address, which is optional. */
int arguments_parse_server(const struct argument *options, const char *help,
                           const char *default_address, int argc, char **argv,
                           struct cmio_address *out);

#endif
