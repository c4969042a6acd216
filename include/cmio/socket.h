/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SOCKET_H
#define CMIO_SOCKET_H

/**
 * @file
 * Choices that several socket types take as arguments and options.
 */

/**
 * Which direction of a connection to end.
 *
 * **Source**: shutdown(2).
 */
enum cmio_shutdown {
    CMIO_SHUTDOWN_READ,  /**< Receive no more: SHUT_RD. */
    CMIO_SHUTDOWN_WRITE, /**< Send no more: SHUT_WR. The peer reads the end of the stream. */
    CMIO_SHUTDOWN_BOTH,  /**< Receive and send no more: SHUT_RDWR. */
};

/**
 * Whether an IPv6 socket takes IPv4 traffic, too.
 *
 * **Source**: ipv6(7), IPV6_V6ONLY, RFC 3493.
 */
enum cmio_v6only {
    /** As the system is set up. */
    CMIO_V6ONLY_DEFAULT,
    /** IPv6 alone. */
    CMIO_V6ONLY_ON,
    /** IPv6 and IPv4: IPv4 peers have addresses such as "::ffff:127.0.0.1". */
    CMIO_V6ONLY_OFF,
};

#endif
