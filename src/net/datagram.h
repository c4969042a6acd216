/* SPDX-License-Identifier: MIT */
#ifndef CMIO_NET_DATAGRAM_H
#define CMIO_NET_DATAGRAM_H

/*
 * What UDP and Unix datagram sockets share, beyond what all sockets do (socket.h). Receiving a
 * datagram, even an empty one, ends the readable edge. Peeking at one does not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/source.h>

/* The caller has checked the address. */
int cmio__datagram_connect(struct cmio_source *source, const struct cmio_address *address);
ssize_t cmio__datagram_send_to(struct cmio_source *source, const void *buffer, size_t length,
                               const struct cmio_address *address);

/* peer and truncated may be NULL if the caller does not need them. */
ssize_t cmio__datagram_receive(struct cmio_source *source, void *buffer, size_t length,
                               struct cmio_address *peer, bool *truncated);
ssize_t cmio__datagram_peek(struct cmio_source *source, void *buffer, size_t length,
                            struct cmio_address *peer, bool *truncated);

#endif
