/* SPDX-License-Identifier: MIT */
#ifndef KQUEUE_STANDIN_SYS_EVENT_H
#define KQUEUE_STANDIN_SYS_EVENT_H

/*
 * kqueue(2) as FreeBSD 13.2, OpenBSD 7.3 or NetBSD 7.99 declare it: the layout of struct kevent,
 * the numbers of the filters and the flags are each system's own. What a system does not have is
 * not defined here for it: OpenBSD and NetBSD have neither EVFILT_USER nor units for timers.
 * Filters that the stand-in does not imitate have no name here either. One thing is not NetBSD's:
 * it counts changes and events with size_t.
 *
 * The program says which: KQUEUE_STANDIN_FREEBSD, KQUEUE_STANDIN_OPENBSD or KQUEUE_STANDIN_NETBSD.
 */

#include <stdint.h>
#include <time.h>

#if defined(KQUEUE_STANDIN_NETBSD)
#define EVFILT_READ 0U
#define EVFILT_WRITE 1U
#define EVFILT_PROC 4U
#define EVFILT_SIGNAL 5U
#define EVFILT_TIMER 6U
#else
#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_PROC (-5)
#define EVFILT_SIGNAL (-6)
#define EVFILT_TIMER (-7)
#endif

/* What to do. */
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008

/* How to report. */
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_DISPATCH 0x0080

/* What is reported. */
#define EV_EOF 0x8000
#define EV_ERROR 0x4000

/* EVFILT_PROC */
#define NOTE_EXIT 0x80000000U
#define NOTE_FORK 0x40000000U
#define NOTE_EXEC 0x20000000U

#if defined(KQUEUE_STANDIN_FREEBSD)

#define EVFILT_USER (-11)

#define EV_SYSFLAGS 0xF000

/* EVFILT_USER */
#define NOTE_FFNOP 0x00000000U
#define NOTE_FFAND 0x40000000U
#define NOTE_FFOR 0x80000000U
#define NOTE_FFCOPY 0xc0000000U
#define NOTE_FFCTRLMASK 0xc0000000U
#define NOTE_FFLAGSMASK 0x00ffffffU
#define NOTE_TRIGGER 0x01000000U

/* EVFILT_TIMER */
#define NOTE_SECONDS 0x00000001U
#define NOTE_MSECONDS 0x00000002U
#define NOTE_USECONDS 0x00000004U
#define NOTE_NSECONDS 0x00000008U

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
    uint64_t ext[4];
};

#elif defined(KQUEUE_STANDIN_OPENBSD)

#define EV_SYSFLAGS 0xf800

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
};

#elif defined(KQUEUE_STANDIN_NETBSD)

#define EV_SYSFLAGS 0xF000

struct kevent {
    uintptr_t ident;
    uint32_t filter;
    uint32_t flags;
    uint32_t fflags;
    int64_t data;
    intptr_t udata;
};

#else
#error "define KQUEUE_STANDIN_FREEBSD, KQUEUE_STANDIN_OPENBSD or KQUEUE_STANDIN_NETBSD"
#endif

#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_)                             \
    do {                                                                                           \
        *(event) = (struct kevent){                                                                \
            .ident = (ident_),                                                                     \
            .filter = (filter_),                                                                   \
            .flags = (flags_),                                                                     \
            .fflags = (fflags_),                                                                   \
            .data = (data_),                                                                       \
            .udata = (__typeof__((event)->udata))(uintptr_t)(udata_),                              \
        };                                                                                         \
    } while (0)

int kqueue(void);
int kevent(int kqueue_fd, const struct kevent *changes, int change_count, struct kevent *events,
           int capacity, const struct timespec *timeout);

#endif
