/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_HOST_H
#define SLEEP_HTTP_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A host and perhaps a port, read byte by byte, as they are in the field Host and in the target of a
 * request (RFC 9110, 4.2; RFC 3986, 3.2.2 and 3.2.3): a name, an IPv4 address, or an IPv6 address or
 * a later one in brackets; then a colon and digits. No user stands before it, and a host without a
 * name is none: ":80" is refused. A port is at most 65535.
 *
 * It holds what the next byte may be and no byte itself. One of zeros is at its beginning.
 */
struct http_host {
    uint8_t state;
    uint8_t address; /* of an IPv6 address: how many groups and digits there are */
    uint16_t number; /* the port, or the group or octet of an address */
};

/* Takes the next byte. Returns whether it may stand there; after false the host is not valid. */
bool http_host_feed(struct http_host *host, unsigned char c);

/* How many of these bytes change nothing: they may stand there, and what may follow is the same. */
size_t http_host_skip(const struct http_host *host, const unsigned char *bytes, size_t length);

/* Whether no byte has come. */
bool http_host_is_empty(const struct http_host *host);

/* Whether a host may end here, which is not empty. */
bool http_host_is_complete(const struct http_host *host);

/* Whether it has a port of at least one digit. */
bool http_host_has_port(const struct http_host *host);

/* Says that it has ended: no byte may come any more. */
void http_host_end(struct http_host *host);

#endif
