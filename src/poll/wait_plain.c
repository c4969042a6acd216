/* SPDX-License-Identifier: MIT */
#include "poll/wait.h"

#include <cmio/time.h>

int cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout) {
    const int64_t rounded_up = timeout / CMIO_MILLISECOND + (timeout % CMIO_MILLISECOND > 0);
    int ready = poll(entries, (nfds_t)count, timeout == CMIO_FOREVER ? -1 : (int)rounded_up);
    return ready < 0 ? cmio__poll_wait_error() : ready;
}
