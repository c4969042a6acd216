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
 * A message about why there is no poll: that CMIO_BACKEND names no backend, where code is -ENOTSUP,
 * or else what could not be done. Returns code.
 */
int backend_complain(const char *what, int code);

#endif
