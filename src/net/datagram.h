/* SPDX-License-Identifier: MIT */
#ifndef CMIO_NET_DATAGRAM_H
#define CMIO_NET_DATAGRAM_H

/*
 * What UDP and Unix datagrams share, on their source, beside what all sockets do (socket.h). A
 * datagram that was received ends the readable edge, also an empty one; one that was looked at does
 * not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/source.h>

/* The address is checked by the caller. */
int cmio__datagram_connect(struct cmio_source *source, const struct cmio_address *address);
ssize_t cmio__datagram_send_to(struct cmio_source *source, const void *buffer, size_t length,
                               const struct cmio_address *address);

/* peer and truncated may be NULL, where the caller does not ask. */
ssize_t cmio__datagram_receive(struct cmio_source *source, void *buffer, size_t length,
                               struct cmio_address *peer, bool *truncated);
ssize_t cmio__datagram_peek(struct cmio_source *source, void *buffer, size_t length,
                            struct cmio_address *peer, bool *truncated);

#endif
