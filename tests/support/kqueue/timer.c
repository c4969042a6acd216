/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_TIMER: a timerfd a timer. The identifier is any number, and needs be no descriptor. Timers
 * have EV_CLEAR whether asked for or not; data counts the expirations since the last report
 * ("timer": ONESHOT|CLEAR data=1). EV_ADD of one that is there starts it anew.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "real.h"
#include "standin.h"

static const int64_t second = INT64_C(1000000000);

static struct timespec timespec_of(int64_t nanoseconds) {
    return (struct timespec){
        .tv_sec = (time_t)(nanoseconds / second),
        .tv_nsec = (long)(nanoseconds % second),
    };
}

/* A one-shot timer of no time fires at once, which a timerfd says with its shortest. */
static int start(const struct standin_knote *knote, int fd) {
    int64_t unit;
    int64_t amount = knote->asked_data;
    bool once = (knote->event.flags & EV_ONESHOT) != 0;
    int error = standin_flavour.timer_unit(knote->asked_fflags, &unit);
    if (error != 0 || amount < 0 || amount > INT64_MAX / unit)
        return EINVAL;
    int64_t span = amount == 0 && once ? 1 : (amount == 0 ? unit : amount * unit);
    const struct itimerspec times = {
        .it_value = timespec_of(span),
        .it_interval = timespec_of(once ? 0 : span),
    };
    return timerfd_settime(fd, 0, &times, NULL) < 0 ? errno : 0;
}

static void timer_woken(struct standin_item *item) {
    struct standin_knote *knote = LIST_OWNER(item, struct standin_knote, item);
    uint64_t expirations;
    if (__real_read(knote->fd, &expirations, sizeof expirations) != sizeof expirations)
        return; /* it was started anew since it woke */
    knote->event.data += (int64_t)expirations;
    standin_knote_offer(knote);
}

static void timer_detach(struct standin_knote *knote) {
    standin_knote_disown(knote);
}

static int timer_attach(struct standin_knote *knote) {
    knote->event.flags |= EV_CLEAR;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int error = standin_knote_own(knote, fd, EPOLLIN, timer_woken);
    if (error != 0)
        return error;
    error = start(knote, knote->fd);
    if (error != 0)
        timer_detach(knote);
    return error;
}

static bool timer_look(struct standin_knote *knote) {
    return knote->event.data > 0;
}

static int timer_touch(struct standin_knote *knote, const struct kevent *change) {
    if (!(change->flags & EV_ADD))
        return 0;
    knote->asked_fflags = change->fflags;
    knote->asked_data = change->data;
    knote->event.data = 0;
    list_remove(&knote->in_active);
    return start(knote, knote->fd);
}

const struct standin_filter standin_timer_filter = {
    .number = EVFILT_TIMER,
    .attach = timer_attach,
    .detach = timer_detach,
    .look = timer_look,
    .touch = timer_touch,
    .report = standin_knote_report,
};
