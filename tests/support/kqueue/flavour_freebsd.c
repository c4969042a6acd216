/* SPDX-License-Identifier: MIT */
/*
 * FreeBSD 13.2, as traces/freebsd-13.2.txt shows it.
 */
#include <errno.h>

#include "standin.h"

static const struct standin_filter *const filters[] = {
    &standin_read_filter,
    &standin_write_filter,
    &standin_timer_filter,
    &standin_process_filter,
    &standin_signal_filter,
    &standin_user_filter,
    NULL,
};

static int timer_unit(unsigned int fflags, int64_t *nanoseconds) {
    switch (fflags) {
    case NOTE_SECONDS:
        *nanoseconds = 1000000000;
        return 0;
    case NOTE_MSECONDS:
    case 0:
        *nanoseconds = 1000000;
        return 0;
    case NOTE_USECONDS:
        *nanoseconds = 1000;
        return 0;
    case NOTE_NSECONDS:
        *nanoseconds = 1;
        return 0;
    default:
        return EINVAL;
    }
}

const struct standin_flavour standin_flavour = {
    .filters = filters,
    .kept_flags = (event_flags) ~(EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE),
    .only_add_renews = false,
    .lost_reader_is_oneshot = true,
    .lost_reader_is_missed = false,
    .lost_reader_error = EPIPE,
    .write_first = false,
    .full_is_too_long = false,
    .empty_read_wakes = false,
    .zombie_error = 0,
    .device_error = ENODEV,
    .counts_addresses = false,
    .timer_unit = timer_unit,
};
