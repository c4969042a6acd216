/* SPDX-License-Identifier: MIT */
#ifndef DRILL_SPREAD_H
#define DRILL_SPREAD_H

/*
 * Connecting from more addresses than one. Linux searches for a free local port one by one, and once
 * half of the range is taken towards a server, each connect(2) takes a millisecond. All of 127.0.0.0/8
 * belongs to this machine: towards a server there, each of its addresses gets only as many clients as
 * are connected fast.
 */

#include <stdint.h>

#include <cmio/address.h>
#include <cmio/tcp_stream.h>

/* How many clients share an address: below half of Linux's 28,232 ports. */
enum { SPREAD_CLIENTS = 10000 };

/*
 * Begins to connect the client of that number, counted from 0, as cmio_tcp_stream_connect() does.
 * Up to SPREAD_CLIENTS, to other servers, and on systems that have no further addresses, the system
 * chooses the local address.
 */
int spread_connect(struct cmio_tcp_stream *stream, const struct cmio_address *address,
                   uint32_t number);

#endif
