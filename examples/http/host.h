/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_HOST_H
#define SLEEP_HTTP_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A host with an optional port, read byte by byte, from the field Host or the target of a request
 * (RFC 9110, 4.2; RFC 3986, 3.2.2 and 3.2.3). The host is a name, an IPv4 address, or in brackets
 * an IPv6 address or a future kind of address. A port is a colon and digits, at most 65535. A user
 * in front is refused, and so is a port without a host, as in ":80".
 *
 * The struct stores no bytes, only which byte may come next. All zeros is the initial state.
 */
struct http_host {
    uint8_t state;
    uint8_t address; /* how many groups and digits of an IPv6 address have come */
    uint16_t number; /* the port, or the group or octet of an address */
};

/* Takes the next byte. Returns whether it is allowed there. After false the host is not valid. */
bool http_host_feed(struct http_host *host, unsigned char c);

/* Takes bytes up to the first that is not visible or not allowed. Returns how many it took. */
size_t http_host_feed_all(struct http_host *host, const unsigned char *bytes, size_t length);

/* Whether no byte has come. */
bool http_host_is_empty(const struct http_host *host);

/* Whether a host may end here. An empty one may not. */
bool http_host_is_complete(const struct http_host *host);

/* Whether it has a port of at least one digit. */
bool http_host_has_port(const struct http_host *host);

/* Ends the host: no further byte is allowed. */
void http_host_end(struct http_host *host);

#endif
