/* SPDX-License-Identifier: MIT */
#ifndef DRILL_SERVER_H
#define DRILL_SERVER_H

/*
 * The servers that a plan leads to, each with the name or address from the urls, and its addresses.
 * Names are looked up once, before the run, so that no lookup happens while time is measured.
 *
 * A server may have several addresses. They are tried in turn until one takes a connection; that
 * one serves the rest of the run.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>

#include "complaint.h"

enum { SERVER_ADDRESSES_MAX = 8 };

struct server {
    char *host;
    uint16_t port;
    struct place place; /* of the first url that leads there */
    struct cmio_address addresses[SERVER_ADDRESSES_MAX];
    uint32_t count;
    uint32_t preferred; /* the address to begin with */
    bool is_proven;     /* the preferred address has taken a connection */
};

/* All zeros is an empty list. */
struct servers {
    struct server *list;
    uint32_t count;
};

/*
 * Finds the server, or adds it. Returns 0 with *index set, or -ENOMEM. The case of names is
 * ignored.
 */
int servers_add(struct servers *servers, const char *host, size_t length, uint16_t port,
                struct place place, uint32_t *index);

/*
 * Looks up the addresses of every server with getaddrinfo(3), which may take seconds. localhost
 * stands for 127.0.0.1 and ::1 (RFC 6761 section 6.3). Returns 0, or -1 with the complaint filled.
 */
int servers_resolve(struct servers *servers, struct complaint *complaint);

void servers_free(struct servers *servers);

#endif
