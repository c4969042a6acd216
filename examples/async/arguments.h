/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_ARGUMENTS_H
#define ASYNC_ARGUMENTS_H

#include <stdint.h>

#include <cmio/address.h>

/* Exit status for a wrong command line. */
enum { EXIT_USAGE = 2 };

/* An option with a value: --NAME TIME, as 10s or 500ms, or --NAME NUMBER. */
struct argument {
    const char *name;
    int64_t *time;    /* nanoseconds, above 0; or NULL */
    uint64_t *number; /* from least to most; or NULL */
    uint64_t least, most;
};

/*
 * Reads the options, of which the array ends with one without a name, and --help, which prints the
 * text. Returns -1 when the program may go on with its other arguments, which begin at argv[optind];
 * otherwise its exit status, after one line on standard error that says what is wrong.
 */
int arguments_parse(const char *program, const struct argument *options, const char *help, int argc,
                    char **argv);

/* Says what is wrong with an argument. Returns EXIT_USAGE. */
int arguments_complain(const char *program, const char *text, const char *what);

/* Reads the address to listen on. Returns -1, or the exit status of the program. */
int arguments_parse_address(const char *program, const char *text, struct cmio_address *out);

/* All of it for a server whose only argument is the address, which may be left out. */
int arguments_parse_server(const char *program, const struct argument *options, const char *help,
                           const char *default_address, int argc, char **argv,
                           struct cmio_address *out);

#endif
