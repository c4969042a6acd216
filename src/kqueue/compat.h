/* SPDX-License-Identifier: MIT */
#ifndef CMIO_KQUEUE_COMPAT_H
#define CMIO_KQUEUE_COMPAT_H

/*
 * How the systems with kqueue(2) differ at compile time. The types of struct kevent's members
 * differ: udata is a pointer, or an integer in NetBSD before 10; filter and flags have 16 or 32
 * bits. Changes are built here, with the casts that the system's types need.
 */

/* In this order: OpenBSD and NetBSD need the types first. */
#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>

#include <stdint.h>

#include <cmio/interest.h>

/* The type of kevent(2)'s counts: size_t on NetBSD, int elsewhere. */
#ifdef __NetBSD__
#define CMIO__KEVENT_COUNT size_t
#else
#define CMIO__KEVENT_COUNT int
#endif

#define CMIO__KEVENT_MEMBER(member) __typeof__(((struct kevent *)0)->member)

static inline struct kevent cmio__kqueue_change(uintptr_t ident, int filter, unsigned flags,
                                                unsigned fflags, int64_t data, cmio_token token) {
    struct kevent change = {.ident = ident};
    change.filter = (CMIO__KEVENT_MEMBER(filter))filter;
    change.flags = (CMIO__KEVENT_MEMBER(flags))flags;
    change.fflags = (CMIO__KEVENT_MEMBER(fflags))fflags;
    change.data = (CMIO__KEVENT_MEMBER(data))data;
    change.udata = (CMIO__KEVENT_MEMBER(udata))token;
    return change;
}

#endif
