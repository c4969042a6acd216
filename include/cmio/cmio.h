/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CMIO_H
#define CMIO_CMIO_H

/**
 * @file
 * All of cmio: readiness-based, non-blocking I/O for C.
 *
 * This header includes all headers of the library but those of libcmio-async. Each of them can also
 * be included alone.
 */

#include <cmio/address.h>
#include <cmio/child.h>
#include <cmio/error.h>
#include <cmio/event.h>
#include <cmio/events.h>
#include <cmio/fd_source.h>
#include <cmio/interest.h>
#include <cmio/pipe.h>
#include <cmio/poll.h>
#include <cmio/registry.h>
#include <cmio/signals.h>
#include <cmio/socket.h>
#include <cmio/source.h>
#include <cmio/spawn.h>
#include <cmio/tcp_listener.h>
#include <cmio/tcp_stream.h>
#include <cmio/time.h>
#include <cmio/timers.h>
#include <cmio/udp_socket.h>
#include <cmio/unix_datagram.h>
#include <cmio/unix_listener.h>
#include <cmio/unix_stream.h>
#include <cmio/version.h>
#include <cmio/waker.h>

#endif
