/* SPDX-License-Identifier: MIT */
#ifndef CMIO_INTEREST_H
#define CMIO_INTEREST_H

/**
 * @file
 * Tokens, which tell whose event it is, and interests, which tell what to watch for and how.
 */

#include <stdint.h>

/**
 * A token is a number that tells whose event it is.
 *
 * The program chooses the token when it registers a source, and gets it back in each event,
 * unchanged and unread. It may be an index, a descriptor or a pointer. No value is reserved, and
 * two sources may have equal tokens.
 */
typedef uintptr_t cmio_token;

/**
 * An interest is a set of bits that tells what to watch a source for, and how.
 *
 * It consists of one or more of CMIO_READABLE, CMIO_WRITABLE and CMIO_PRIORITY, and at most one of
 * CMIO_LEVEL and CMIO_ONESHOT. Registering refuses any other value with -EINVAL.
 *
 * Without a mode it is edge-triggered: an event comes when readiness arises. After the event,
 * repeat the operation until it returns -EAGAIN. Otherwise no further event is promised. You may
 * also stop after a short write, because an event follows when there is room. You may stop after a
 * short read, too, but not on every stream: see cmio_tcp_stream_read(), cmio_unix_stream_read() and
 * cmio_pipe_receiver_read().
 */
typedef uint32_t cmio_interest;

/**
 * The bits of an interest as constants of an enumeration.
 *
 * Programs in C and C++ see the macros of these names, which are unsigned like the types that hold
 * them. Tools that read C but no macros (LuaJIT, cffi, generators of bindings) see the enumeration.
 */
enum {
    CMIO_READABLE = 0x1,  /**< Asks for an event when there is something to read. */
    CMIO_WRITABLE = 0x2,  /**< Asks for an event when writing is possible. */
    CMIO_PRIORITY = 0x4,  /**< Asks for an event when there is out-of-band data. */
    CMIO_LEVEL = 0x100,   /**< Asks for the event in every wait while the condition holds. */
    CMIO_ONESHOT = 0x200, /**< Asks for one event, then none before a reregister. */
};

/**
 * Asks for an event when there is something to read: data, the end of file, a connection to accept
 * or an error.
 *
 * In an event it means that the source is readable.
 */
#define CMIO_READABLE UINT32_C(0x1)

/**
 * Asks for an event when writing is possible: there is room, a connect has ended, or writing will
 * find an error.
 *
 * In an event it means that the source is writable.
 */
#define CMIO_WRITABLE UINT32_C(0x2)

/**
 * Asks for an event when there is out-of-band data.
 *
 * In an event it means that out-of-band data is there. Not every backend can watch for it: on
 * kqueue, registering for it fails with -ENOTSUP. cmio_poll_supports() tells beforehand.
 */
#define CMIO_PRIORITY UINT32_C(0x4)

/**
 * Asks for the event in every wait for as long as the condition holds: level-triggered mode.
 */
#define CMIO_LEVEL UINT32_C(0x100)

/**
 * Asks for one event, then none until the source is reregistered: one-shot mode.
 *
 * A direction that was not in the event may fall silent along with the direction that was.
 */
#define CMIO_ONESHOT UINT32_C(0x200)

#endif
