/* SPDX-License-Identifier: MIT */
/*
 * NetBSD 7.99, as traces/netbsd-7.99.txt shows it, and 7.0 where that trace has no scene: a zombie,
 * the full pipe whose reader goes, the full stream that is to take descriptors. EVFILT_USER and
 * units of timers came later.
 */
#include <errno.h>

#include "standin.h"

static const struct standin_filter *const filters[] = {
    &standin_read_filter,    &standin_write_filter,  &standin_timer_filter,
    &standin_process_filter, &standin_signal_filter, NULL,
};

static int timer_unit(unsigned int fflags, int64_t *nanoseconds) {
    (void)fflags; /* nobody looks at them */
    *nanoseconds = 1000000;
    return 0;
}

const struct standin_flavour standin_flavour = {
    .filters = filters,
    .kept_flags = (event_flags)~EV_DELETE, /* "reader READ DISABLE": they stay, and are shown */
    .only_add_renews = true,
    .lost_reader_is_oneshot = false,
    .lost_reader_is_missed = true,
    .lost_reader_error = EBADF,
    .write_first = true,
    .full_is_too_long = true,
    .empty_read_wakes = true,
    .zombie_error = ESRCH,
    .device_error = 0,
    .counts_addresses = true,
    .timer_unit = timer_unit,
};
