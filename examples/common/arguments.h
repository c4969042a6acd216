/* SPDX-License-Identifier: MIT */
#ifndef COMMON_ARGUMENTS_H
#define COMMON_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <cmio/address.h>

/* Exit status for a wrong command line. */
enum { EXIT_USAGE = 2 };

/* An option: --NAME alone, or with a value. One of the pointers says what its value is. */
struct argument {
    const char *name;
    bool *flag;       /* none: it is set to true */
    int64_t *time;    /* as 10s or 500ms, above 0; in nanoseconds */
    int64_t *seconds; /* as 10 or 0.5, in nanoseconds; 0 becomes CMIO_FOREVER */
    uint64_t *number; /* from least to most */
    uint64_t least, most;
};

/*
 * Reads the options, of which the array ends with one without a name, and --help or -h, which prints
 * the text. Returns -1 when the program may go on with its other arguments, which begin at
 * argv[optind]; otherwise its exit status, after a message that says what is wrong.
 */
int arguments_parse(const struct argument *options, const char *help, int argc, char **argv);

/* Says what is wrong with an argument. Returns EXIT_USAGE. */
int arguments_complain(const char *text, const char *what);

/*
 * Says what getopt_long(3) found wrong when it returned ':' or '?'. Long options have the values
 * from first_long on. Returns EXIT_USAGE.
 */
int arguments_complain_of_option(int chosen, int first_long, char **argv);

/* Reads the address to listen on. Returns -1, or the exit status of the program. */
int arguments_parse_address(const char *text, struct cmio_address *out);

/* All of it for a server whose only argument is the address, which may be left out. */
int arguments_parse_server(const struct argument *options, const char *help,
                           const char *default_address, int argc, char **argv,
                           struct cmio_address *out);

#endif
