/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BACKEND_H
#define COMMON_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the library has a backend of this name. */
bool backend_is_known(const char *name);

/* Writes the names of the library's backends, best first: "epoll, poll". */
void backend_list(char *buffer, size_t size);

/*
 * Prints why there is no poll. If code is -ENOTSUP and CMIO_BACKEND names no backend, the message
 * explains that; otherwise it tells what failed. Returns code.
 */
int backend_complain(const char *what, int code);

#endif
