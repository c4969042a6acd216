/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_WAIT_H
#define CMIO_POLL_WAIT_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/*
 * poll(2) with a timeout in nanoseconds, or CMIO_FOREVER: what is more than 0 with ppoll(2)
 * where there is one (wait_ppoll.c), otherwise rounded up to milliseconds (wait_plain.c). A count
 * or -errno.
 */
int cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout);

#endif
