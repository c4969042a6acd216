/* SPDX-License-Identifier: MIT */
#ifndef CMIO_NET_STALE_SOCKET_H
#define CMIO_NET_STALE_SOCKET_H

#include <cmio/address.h>

/*
 * Clears the path of a Unix address for bind(2) if it holds a socket file that no socket is bound
 * to. Returns 0 if nothing is there now. Returns -EADDRINUSE if something else is there, which is
 * left untouched, or if the address is not a path. Other errors: the file could not be removed.
 */
int cmio__stale_socket_remove(const struct cmio_address *address);

/*
 * Call it before bind(2) to a path. Returns -EADDRINUSE if the path holds something other than a
 * socket file. That includes a link that leads nowhere, which NetBSD's bind(2) would follow.
 * Otherwise returns 0.
 */
int cmio__stale_socket_check(const struct cmio_address *address);

/* Removes the socket file of an address that is a path. */
int cmio__stale_socket_unlink(const struct cmio_address *address);

#endif
