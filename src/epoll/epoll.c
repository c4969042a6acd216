/* SPDX-License-Identifier: MIT */
/*
 * epoll(7). The kernel keeps everything: there is no table, no lock and no state per descriptor
 * here. Edge, level and oneshot are the kernel's own, and so is the fair order of what does not fit
 * a batch.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "core/backend.h"
#include "epoll/wait.h"
#include "posix/descriptor.h"
#include "posix/inline.h"

extern const struct cmio__backend cmio__epoll_backend;

/*
 * Where a record of the kernel's is no longer than an event, as on all systems of 64 bits, records
 * become events where they stand, the last one first: each lies at or before its event, and those
 * before it end there.
 */
enum { IN_PLACE = sizeof(struct epoll_event) <= sizeof(struct cmio_event) };

struct cmio__selector {
    int fd;
    bool no_nanoseconds; /* the waiting thread's */
};

static int selector_open(struct cmio__selector **out) {
    struct cmio__selector *selector = calloc(1, sizeof *selector);
    if (selector == NULL)
        return -ENOMEM;
    selector->fd = epoll_create1(EPOLL_CLOEXEC);
    if (selector->fd < 0) {
        int error = -errno;
        free(selector);
        return error;
    }
    *out = selector;
    return 0;
}

static void selector_close(struct cmio__selector *selector) {
    (void)cmio__fd_close(selector->fd); /* an epoll descriptor has nothing to lose */
    free(selector);
}

static int selector_fd(const struct cmio__selector *selector) {
    return selector->fd;
}

/* Interest to mask. Error and hang-up are always watched. */
static uint32_t mask_of(cmio_interest interest) {
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

/* What a mask says beyond input and output. */
CMIO__COLD static uint32_t rarely_ready_of(uint32_t mask) {
    uint32_t ready = 0;
    if (mask & EPOLLPRI)
        ready |= CMIO_PRIORITY;
    if (mask & EPOLLRDHUP)
        ready |= CMIO_READABLE | CMIO_READ_CLOSED;
    if (mask & EPOLLERR)
        ready |= CMIO_READABLE | CMIO_WRITABLE | CMIO_ERROR;
    if (mask & EPOLLHUP)
        ready |= CMIO_READABLE | CMIO_WRITABLE | CMIO_READ_CLOSED | CMIO_WRITE_CLOSED;
    return ready;
}

/* Mask to readiness: error and hang-up are readable and writable too; a half-close is read-closed.
 */
CMIO__INLINE uint32_t ready_of(uint32_t mask) {
    const uint32_t usual = EPOLLIN | EPOLLOUT;
    const uint32_t ready =
        (mask & EPOLLIN ? CMIO_READABLE : 0U) | (mask & EPOLLOUT ? CMIO_WRITABLE : 0U);
    return (mask & ~usual) == 0 ? ready : ready | rarely_ready_of(mask);
}

CMIO__HOT static int selector_wait(struct cmio__selector *selector, struct cmio_events *events,
                                   int64_t timeout) {
    struct epoll_event *records = IN_PLACE ? (void *)events->list : events->records;
    const int count = cmio__epoll_wait(selector->fd, records, (int)events->capacity, timeout,
                                       &selector->no_nanoseconds);
    for (int i = count - 1; i >= 0; i--)
        events->list[i] = (struct cmio_event){
            .token = (cmio_token)records[i].data.u64,
            .ready = ready_of(records[i].events),
        };
    return count;
}

static int control(struct cmio__selector *selector, int operation, int fd, cmio_token token,
                   cmio_interest interest) {
    struct epoll_event record = {.events = mask_of(interest), .data.u64 = token};
    return epoll_ctl(selector->fd, operation, fd, &record) < 0 ? -errno : 0;
}

/* Of a registered descriptor: that epoll does not know it says that it was closed. */
static int error_of_known(int error) {
    return error == -ENOENT || error == -EPERM ? -EBADF : error;
}

static int selector_register(struct cmio__selector *selector, int fd, cmio_token token,
                             cmio_interest interest) {
    return control(selector, EPOLL_CTL_ADD, fd, token, interest);
}

static int selector_reregister(struct cmio__selector *selector, int fd, cmio_token token,
                               cmio_interest interest) {
    return error_of_known(control(selector, EPOLL_CTL_MOD, fd, token, interest));
}

static int selector_deregister(struct cmio__selector *selector, int fd) {
    if (epoll_ctl(selector->fd, EPOLL_CTL_DEL, fd, NULL) == 0)
        return 0;
    return error_of_known(-errno);
}

static int selector_rearm(struct cmio__selector *selector, int fd, cmio_interest directions) {
    (void)selector, (void)fd, (void)directions; /* the kernel makes its own edges */
    return 0;
}

/* Edge-triggered, so that each wake is an event and nothing needs to be read. */
static int wake_open(struct cmio__selector *selector, cmio_token token, struct cmio__wake *out) {
    struct cmio__wake wake = {.token = token};
    int error = cmio__wake_fd_open(&wake.fd);
    if (error < 0)
        return error;
    error = selector_register(selector, wake.fd.read_fd, token, CMIO_READABLE);
    if (error < 0) {
        cmio__wake_fd_close(&wake.fd);
        return error;
    }
    *out = wake;
    return 0;
}

static int wake_signal(struct cmio__selector *selector, const struct cmio__wake *wake) {
    (void)selector; /* it was registered in wake_open */
    return cmio__wake_fd_signal(&wake->fd);
}

static void wake_close(struct cmio__selector *selector, struct cmio__wake *wake) {
    (void)selector_deregister(selector, wake->fd.read_fd); /* ours and open: it is there */
    cmio__wake_fd_close(&wake->fd);
}

const struct cmio__backend cmio__epoll_backend = {
    .name = "epoll",
    .record_size = IN_PLACE ? 0 : sizeof(struct epoll_event),
    .emulates_edges = false,
    .open = selector_open,
    .close = selector_close,
    .fd = selector_fd,
    .wait = selector_wait,
    .register_fd = selector_register,
    .reregister_fd = selector_reregister,
    .deregister_fd = selector_deregister,
    .rearm = selector_rearm,
    .wake_open = wake_open,
    .wake = wake_signal,
    .wake_close = wake_close,
};
