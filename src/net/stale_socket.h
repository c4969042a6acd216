/* SPDX-License-Identifier: MIT */
#ifndef CMIO_NET_STALE_SOCKET_H
#define CMIO_NET_STALE_SOCKET_H

#include <cmio/address.h>

/*
 * Clears the path of a Unix address for bind(2), if what is there is a socket file that no socket
 * is bound to. 0: nothing is there now. -EADDRINUSE: something else is, untouched, or the address
 * is no path. Other errors: the file could not be removed.
 */
int cmio__stale_socket_remove(const struct cmio_address *address);

/*
 * For before a bind(2) to a path: -EADDRINUSE where it has something that is no socket file, a link
 * that leads nowhere among it, which NetBSD's bind(2) would follow. Otherwise 0.
 */
int cmio__stale_socket_check(const struct cmio_address *address);

/* Removes the socket file of an address that is a path. */
int cmio__stale_socket_unlink(const struct cmio_address *address);

#endif
