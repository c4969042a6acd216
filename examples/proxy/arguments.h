/* SPDX-License-Identifier: MIT */
#ifndef PROXY_ARGUMENTS_H
#define PROXY_ARGUMENTS_H

#include <cmio/address.h>

struct arguments {
    struct cmio_address listen;
    struct cmio_address target;
};

/* Returns -1 when the program may start, otherwise its exit status. */
int arguments_parse(struct arguments *arguments, const char *program, int argc, char **argv);

#endif
