/* SPDX-License-Identifier: MIT */
#ifndef ASYNC_TARGET_H
#define ASYNC_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/resolve.h>

/* A host by name or number, and a TCP port. */
struct target {
    char host[CMIO_HOST_NAME_MAX + 1];
    uint16_t port;
};

/*
 * Reads HOST:PORT of length bytes, like localhost:80, 127.0.0.1:80 or [::1]:80. The port may be
 * left out if default_port is not 0. Returns whether the text is valid; out is untouched if not.
 */
bool target_parse(const char *text, size_t length, uint16_t default_port, struct target *out);

#endif
