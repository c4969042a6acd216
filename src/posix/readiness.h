/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_READINESS_H
#define CMIO_POSIX_READINESS_H

/*
 * Translates what poll(2) reports about a descriptor to readiness. Error and hang-up are readable
 * and writable too; a half-close is only read-closed. epoll(7) uses the same bits except for
 * half-close, whose bit the caller passes. docs/platform-notes.md has the table.
 */

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmio/event.h>
#include <cmio/interest.h>

#include "posix/inline.h"

/* Whether nothing but input and output was reported. */
CMIO__INLINE bool cmio__readiness_is_usual(uint32_t mask) {
    return (mask & ~(uint32_t)(POLLIN | POLLOUT)) == 0;
}

CMIO__COLD static uint32_t cmio__readiness_beyond_usual(uint32_t mask, uint32_t half_close) {
    uint32_t ready = (mask & POLLIN ? CMIO_READABLE : 0U) | (mask & POLLOUT ? CMIO_WRITABLE : 0U);
    if (mask & POLLPRI)
        ready |= CMIO_PRIORITY;
    if (mask & half_close)
        ready |= CMIO_READABLE | CMIO_READ_CLOSED;
    if (mask & POLLERR)
        ready |= CMIO_READABLE | CMIO_WRITABLE | CMIO_ERROR;
    if (mask & POLLHUP)
        ready |= CMIO_READABLE | CMIO_WRITABLE | CMIO_READ_CLOSED | CMIO_WRITE_CLOSED;
    return ready;
}

CMIO__INLINE uint32_t cmio__readiness_of(uint32_t mask, uint32_t half_close) {
    if (CMIO__UNLIKELY(!cmio__readiness_is_usual(mask)))
        return cmio__readiness_beyond_usual(mask, half_close);
    return (mask & POLLIN ? CMIO_READABLE : 0U) | (mask & POLLOUT ? CMIO_WRITABLE : 0U);
}

#endif
