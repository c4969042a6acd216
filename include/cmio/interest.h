/* SPDX-License-Identifier: MIT */
#ifndef CMIO_INTEREST_H
#define CMIO_INTEREST_H

#include <stdint.h>

/*
 * A token says whose event it is. The program chooses it when it registers a source and gets it
 * back in each event, unchanged and unread: an index, a descriptor or a pointer. No value is
 * reserved, and two sources may carry the same one.
 */
typedef uintptr_t cmio_token;

/*
 * An interest says what to watch a source for, and how: one or more of CMIO_READABLE, CMIO_WRITABLE
 * and CMIO_PRIORITY, and at most one of CMIO_LEVEL and CMIO_ONESHOT. Without a mode it is
 * edge-triggered: an event comes when readiness arises. After it, repeat the operation until it
 * returns -EAGAIN: without that no further event is promised. A short write ends the edge as well.
 * So does a short read, but not on every stream: see cmio_tcp_stream_read(),
 * cmio_unix_stream_read() and cmio_pipe_receiver_read().
 */
typedef uint32_t cmio_interest;

/*
 * The same numbers twice. C and C++ programs see the macros, which are unsigned like the types that
 * hold them. What reads C but no macros (LuaJIT, cffi, generators of bindings) sees the enumeration.
 */
enum {
    CMIO_READABLE = 0x1,
    CMIO_WRITABLE = 0x2,
    CMIO_PRIORITY = 0x4,
    CMIO_LEVEL = 0x100,
    CMIO_ONESHOT = 0x200,
};

/* Data, end of file, a connection to accept or an error is there to be read. */
#define CMIO_READABLE UINT32_C(0x1)
/* There is room to write, a connect has ended, or an error is there to be found by writing. */
#define CMIO_WRITABLE UINT32_C(0x2)
/*
 * Out-of-band data is there. Where the backend cannot watch for it, registering gives -ENOTSUP:
 * cmio_poll_supports() tells beforehand.
 */
#define CMIO_PRIORITY UINT32_C(0x4)

/* Level-triggered: the event comes with every wait for as long as the condition holds. */
#define CMIO_LEVEL UINT32_C(0x100)
/*
 * One event, then silence until the source is reregistered. A direction that was not in the event
 * may fall silent with the one that was.
 */
#define CMIO_ONESHOT UINT32_C(0x200)

#endif
