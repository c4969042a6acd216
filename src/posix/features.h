/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_FEATURES_H
#define CMIO_POSIX_FEATURES_H

/*
 * What systems lack or name differently. Their differences are written down only here; the code
 * uses these names in ordinary expressions.
 */

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __APPLE__
#include <crt_externs.h>
#endif

/* Linux: names in sun_path that begin with a NUL byte and are in no file system (unix(7)). */
#if defined(__linux__) || defined(__ANDROID__)
#define CMIO__HAS_ABSTRACT_NAMES 1
#else
#define CMIO__HAS_ABSTRACT_NAMES 0
#endif

/*
 * The flags that calls set on new descriptors themselves, or 0 if fcntl(2) has to follow: see
 * fresh.c. The build looks for each of the four calls and defines what it finds.
 */
#ifdef CMIO_HAVE_PIPE2
#define CMIO__PIPE_FLAGS (O_NONBLOCK | O_CLOEXEC)
#define CMIO__PIPE(fds) pipe2(fds, CMIO__PIPE_FLAGS)
#else
#define CMIO__PIPE_FLAGS 0
#define CMIO__PIPE(fds) pipe(fds)
#endif

#ifdef CMIO_HAVE_SOCK_CLOEXEC
#define CMIO__SOCKET_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)
#else
#define CMIO__SOCKET_FLAGS 0
#endif

#ifdef CMIO_HAVE_ACCEPT4
#define CMIO__ACCEPT_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)
#define CMIO__ACCEPT(fd, peer, length) accept4(fd, peer, length, CMIO__ACCEPT_FLAGS)
#else
#define CMIO__ACCEPT_FLAGS 0
#define CMIO__ACCEPT(fd, peer, length) accept(fd, peer, length)
#endif

#ifdef CMIO_HAVE_MSG_CMSG_CLOEXEC
#define CMIO__RIGHTS_FLAGS MSG_CMSG_CLOEXEC
#else
#define CMIO__RIGHTS_FLAGS 0
#endif

/* Apple has SO_NOSIGPIPE instead, set once per socket: see fresh.c. */
#ifdef MSG_NOSIGNAL
#define CMIO__MSG_NOSIGNAL MSG_NOSIGNAL
#else
#define CMIO__MSG_NOSIGNAL 0
#endif

/*
 * A send or receive with this flag does not block, even if another process that shares the socket
 * has cleared O_NONBLOCK. 0 if a system lacks it.
 */
#ifdef MSG_DONTWAIT
#define CMIO__MSG_DONTWAIT MSG_DONTWAIT
#else
#define CMIO__MSG_DONTWAIT 0
#endif

/* The flags of all sends on a socket. */
#define CMIO__SEND_FLAGS (CMIO__MSG_NOSIGNAL | CMIO__MSG_DONTWAIT)

/* The socket option that does what MSG_NOSIGNAL does, or -1. */
#ifdef SO_NOSIGPIPE
#define CMIO__SO_NOSIGPIPE SO_NOSIGPIPE
#else
#define CMIO__SO_NOSIGPIPE (-1)
#endif

/*
 * The socket option with which several listeners share a port, or -1. FreeBSD has one option that
 * spreads connections over them and another that only lets them bind.
 */
#if defined(SO_REUSEPORT_LB)
#define CMIO__SO_REUSEPORT SO_REUSEPORT_LB
#elif defined(SO_REUSEPORT)
#define CMIO__SO_REUSEPORT SO_REUSEPORT
#else
#define CMIO__SO_REUSEPORT (-1)
#endif

/* Seconds of silence before the first probe of SO_KEEPALIVE, or -1. Apple has another name. */
#if defined(TCP_KEEPIDLE)
#define CMIO__TCP_KEEPIDLE TCP_KEEPIDLE
#elif defined(TCP_KEEPALIVE)
#define CMIO__TCP_KEEPIDLE TCP_KEEPALIVE
#else
#define CMIO__TCP_KEEPIDLE (-1)
#endif

/* Seconds between two probes, or -1. */
#ifdef TCP_KEEPINTVL
#define CMIO__TCP_KEEPINTVL TCP_KEEPINTVL
#else
#define CMIO__TCP_KEEPINTVL (-1)
#endif

/* How many probes may stay unanswered before the connection ends, or -1. */
#ifdef TCP_KEEPCNT
#define CMIO__TCP_KEEPCNT TCP_KEEPCNT
#else
#define CMIO__TCP_KEEPCNT (-1)
#endif

/* Apple's SO_LINGER counts clock ticks; this option counts seconds. */
#ifdef SO_LINGER_SEC
#define CMIO__SO_LINGER SO_LINGER_SEC
#else
#define CMIO__SO_LINGER SO_LINGER
#endif

/*
 * glibc 2.32 and later know whether the process has one thread: true while it does. It gets another
 * only through a call of the program that makes one, which no signal handler may do.
 */
#ifdef __has_include
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define CMIO__IS_SINGLE_THREADED (__libc_single_threaded != 0)
#endif
#endif
#ifndef CMIO__IS_SINGLE_THREADED
#define CMIO__IS_SINGLE_THREADED false
#endif

/*
 * Tells the processor that a loop waits for another one, which saves power and lets the other
 * thread of the same core run faster. Where it is not known how, only the compiler is told.
 */
#if defined(__x86_64__) || defined(__i386__)
#define CMIO__RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define CMIO__RELAX() __asm__ volatile("yield" ::: "memory")
#else
#define CMIO__RELAX() __asm__ volatile("" ::: "memory")
#endif

/*
 * Linux 6.5: control messages with a descriptor of the peer's process, for sockets that asked for
 * it (SO_PASSPIDFD). The number, because headers are older; or -1.
 */
#ifdef __linux__
#define CMIO__SCM_PIDFD 0x04
#else
#define CMIO__SCM_PIDFD (-1)
#endif

/*
 * OpenBSD: if poll(2) sleeps on a full pipe's write end, it sleeps on when the reader goes, unless
 * it is asked for input too: docs/platform-notes.md, "poll(2): readiness and edges".
 */
#ifndef CMIO__POLL_MISSES_LOST_READER
#ifdef __OpenBSD__
#define CMIO__POLL_MISSES_LOST_READER true
#else
#define CMIO__POLL_MISSES_LOST_READER false
#endif
#endif

/* Linux, FreeBSD: a descriptor that only names a file and allows no I/O. */
#ifdef O_PATH
#define CMIO__O_PATH O_PATH
#else
#define CMIO__O_PATH 0
#endif

/* Linux, FreeBSD: the peer shut down its writing half. Elsewhere a read that returns 0 tells. */
#ifdef POLLRDHUP
#define CMIO__POLLRDHUP POLLRDHUP
#else
#define CMIO__POLLRDHUP 0
#endif

/* One more than the highest signal number. */
#if defined(NSIG)
#define CMIO__SIGNALS_END NSIG
#elif defined(_NSIG)
#define CMIO__SIGNALS_END _NSIG
#else
#define CMIO__SIGNALS_END 65
#endif

/* This process's environment. On Apple's systems a library cannot refer to environ itself. */
#ifdef __APPLE__
#define CMIO__ENVIRON (*_NSGetEnviron())
#else
extern char **environ; /* NOLINT(readability-redundant-declaration): POSIX has users declare it */
#define CMIO__ENVIRON environ
#endif

#endif
