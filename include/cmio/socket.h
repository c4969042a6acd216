/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SOCKET_H
#define CMIO_SOCKET_H

/* What the socket types share. */

/* Which direction to end: shutdown(2). */
enum cmio_shutdown {
    CMIO_SHUTDOWN_READ,
    CMIO_SHUTDOWN_WRITE,
    CMIO_SHUTDOWN_BOTH,
};

/* Whether an IPv6 socket takes IPv4 connections too: IPV6_V6ONLY, ipv6(7). */
enum cmio_v6only {
    CMIO_V6ONLY_DEFAULT, /* as the system is set up */
    CMIO_V6ONLY_ON,      /* IPv6 alone */
    CMIO_V6ONLY_OFF,     /* both: IPv4 peers have addresses such as ::ffff:127.0.0.1 */
};

#endif
