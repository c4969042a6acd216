/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_FEATURES_H
#define CMIO_POSIX_FEATURES_H

/*
 * What systems lack or name otherwise: the one place where their differences are written down. Code
 * uses these names in ordinary expressions.
 */

#include <poll.h>
#include <sys/socket.h>

/* Linux: names in sun_path that begin with a NUL byte and live in no file system (unix(7)). */
#if defined(__linux__) || defined(__ANDROID__)
#define CMIO__HAS_ABSTRACT_NAMES 1
#else
#define CMIO__HAS_ABSTRACT_NAMES 0
#endif

/* Apple has SO_NOSIGPIPE in its place, set once a socket: see socket_plain.c. */
#ifdef MSG_NOSIGNAL
#define CMIO__MSG_NOSIGNAL MSG_NOSIGNAL
#else
#define CMIO__MSG_NOSIGNAL 0
#endif

/* The socket option that does the same, or -1. */
#ifdef SO_NOSIGPIPE
#define CMIO__SO_NOSIGPIPE SO_NOSIGPIPE
#else
#define CMIO__SO_NOSIGPIPE (-1)
#endif

/* The socket option with which several listeners share a port, or -1. */
#ifdef SO_REUSEPORT
#define CMIO__SO_REUSEPORT SO_REUSEPORT
#else
#define CMIO__SO_REUSEPORT (-1)
#endif

/* Linux, FreeBSD: the peer shut down its writing half. Elsewhere a read of 0 says so. */
#ifdef POLLRDHUP
#define CMIO__POLLRDHUP POLLRDHUP
#else
#define CMIO__POLLRDHUP 0
#endif

#endif
