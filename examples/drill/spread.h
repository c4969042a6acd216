/* SPDX-License-Identifier: MIT */
#ifndef DRILL_SPREAD_H
#define DRILL_SPREAD_H

/*
 * Connecting from several addresses. Linux tries local ports one by one, and once half of the range
 * is taken towards a server, each connect(2) takes a millisecond. All of 127.0.0.0/8 belongs to
 * this machine. So towards a server there, each local address gets only as many clients as connect
 * fast.
 */

#include <stdint.h>

#include <cmio/address.h>
#include <cmio/tcp_stream.h>

/* How many clients share an address: below half of Linux's 28,232 ports. */
enum { SPREAD_CLIENTS = 10000 };

/*
 * Begins to connect like cmio_tcp_stream_connect(), for the client of that number, counted from 0.
 * The system chooses the local address for the first SPREAD_CLIENTS clients, for servers elsewhere,
 * and on systems without further addresses.
 */
int spread_connect(struct cmio_tcp_stream *stream, const struct cmio_address *address,
                   uint32_t number);

#endif
