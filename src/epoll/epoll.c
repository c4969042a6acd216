/* SPDX-License-Identifier: MIT */
/*
 * epoll(7). The kernel keeps everything: there is no table, no lock and no state per descriptor
 * here. The kernel implements edge, level and one-shot, and serves fairly what does not fit a
 * batch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmio/poll.h>

#include "core/backend.h"
#include "epoll/wait.h"
#include "posix/descriptor.h"
#include "posix/inline.h"
#include "posix/readiness.h"

extern const struct cmio__backend cmio__epoll_backend;

/*
 * If a kernel record is no longer than an event, as on all 64-bit systems, the kernel writes the
 * records over the list of events. They become events in place, the last one first: each record
 * lies at or before its event, and the records before it end there. A record is copied out before
 * its event is stored.
 */
enum {
    IN_PLACE = sizeof(struct epoll_event) <= sizeof(struct cmio_event) &&
               _Alignof(struct epoll_event) <= _Alignof(struct cmio_event)
};

struct epoll_selector {
    int fd;
    bool no_nanoseconds; /* the waiting thread's */
};

static struct epoll_selector *epoll_selector_of(struct cmio__selector *opaque) {
    return (struct epoll_selector *)opaque;
}

static int epoll_selector_open(struct cmio__selector **out) {
    struct epoll_selector *selector = calloc(1, sizeof *selector);
    if (selector == NULL)
        return -ENOMEM;
    selector->fd = epoll_create1(EPOLL_CLOEXEC);
    if (selector->fd < 0) {
        int error = -errno;
        free(selector);
        return error;
    }
    *out = (struct cmio__selector *)selector;
    return 0;
}

static void epoll_selector_close(struct cmio__selector *opaque) {
    struct epoll_selector *selector = epoll_selector_of(opaque);
    (void)cmio__fd_close(selector->fd); /* an epoll descriptor has nothing to lose */
    free(selector);
}

static int epoll_selector_fd(const struct cmio__selector *opaque) {
    const struct epoll_selector *selector = (const struct epoll_selector *)opaque;
    return selector->fd;
}

/* Translates interest to a mask. Error and hang-up are always watched. */
CMIO__INLINE uint32_t mask_of_interest(cmio_interest interest) {
    uint32_t mask = 0;
    if (interest & CMIO_READABLE)
        mask |= EPOLLIN | EPOLLRDHUP;
    if (interest & CMIO_WRITABLE)
        mask |= EPOLLOUT;
    if (interest & CMIO_PRIORITY)
        mask |= EPOLLPRI;
    if (interest & CMIO_ONESHOT)
        mask |= EPOLLONESHOT;
    if (!(interest & CMIO_LEVEL))
        mask |= EPOLLET;
    return mask;
}

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLPRI == POLLPRI &&
                   EPOLLERR == POLLERR && EPOLLHUP == POLLHUP,
               "cmio__readiness_of() reads the bits of both");

/* Makes the event at an index of the list from the record at the same index. */
CMIO__INLINE void decode(const void *records, struct cmio_event *list, size_t index) {
    struct epoll_event record;
    memcpy(&record, (const char *)records + index * sizeof record, sizeof record);
    list[index].token = (cmio_token)record.data.u64;
    list[index].ready = cmio__readiness_of(record.events, EPOLLRDHUP);
}

CMIO__INLINE void *records_of(struct cmio_events *events) {
    return IN_PLACE ? (void *)events->list : events->records;
}

/* Makes all events of a batch. Returns the count, which may be an error. */
CMIO__APART static int decode_all(struct cmio_events *events, int count) {
    for (int i = count - 1; i >= 0; i--)
        decode(records_of(events), events->list, (size_t)i);
    return count;
}

CMIO__HOT static int epoll_selector_wait(struct cmio__selector *opaque, struct cmio_events *events,
                                         int64_t timeout) {
    struct epoll_selector *selector = epoll_selector_of(opaque);
    const int count = cmio__epoll_wait(selector->fd, records_of(events), (int)events->capacity,
                                       timeout, &selector->no_nanoseconds);
    if (count != 1)
        return decode_all(events, count);
    decode(records_of(events), events->list, 0); /* no address to compute */
    return 1;
}

CMIO__INLINE struct epoll_event record_of(cmio_token token, cmio_interest interest) {
    return (struct epoll_event){.events = mask_of_interest(interest), .data.u64 = token};
}

/* For a registered descriptor. If epoll does not know it, it was closed. */
static int error_of_known(int error) {
    return error == -ENOENT || error == -EPERM ? -EBADF : error;
}

CMIO__HOT static int epoll_selector_register(struct cmio__selector *opaque, int fd,
                                             cmio_token token, cmio_interest interest) {
    struct epoll_selector *selector = epoll_selector_of(opaque);
    struct epoll_event record = record_of(token, interest);
    return epoll_ctl(selector->fd, EPOLL_CTL_ADD, fd, &record) < 0 ? -errno : 0;
}

/*
 * Calls epoll_ctl(2) by number. Whoever gets the event may close the descriptor before the call has
 * returned; that is how a one-shot source passes from thread to thread. The kernel does not mind,
 * but ThreadSanitizer, which knows libc's function, would report a race.
 */
CMIO__HOT static int epoll_selector_reregister(struct cmio__selector *opaque, int fd,
                                               cmio_token token, cmio_interest interest) {
    struct epoll_selector *selector = epoll_selector_of(opaque);
    struct epoll_event record = record_of(token, interest);
    if (syscall(SYS_epoll_ctl, selector->fd, EPOLL_CTL_MOD, fd, &record) == 0)
        return 0;
    return error_of_known(-errno);
}

CMIO__HOT static int epoll_selector_deregister(struct cmio__selector *opaque, int fd) {
    struct epoll_selector *selector = epoll_selector_of(opaque);
    if (epoll_ctl(selector->fd, EPOLL_CTL_DEL, fd, NULL) == 0)
        return 0;
    return error_of_known(-errno);
}

const struct cmio__backend cmio__epoll_backend = {
    .name = CMIO_BACKEND_EPOLL,
    .record_size = IN_PLACE ? 0 : sizeof(struct epoll_event),
    .open = epoll_selector_open,
    .close = epoll_selector_close,
    .fd = epoll_selector_fd,
    .wait = epoll_selector_wait,
    .register_fd = epoll_selector_register,
    .reregister_fd = epoll_selector_reregister,
    .deregister_fd = epoll_selector_deregister,
};
