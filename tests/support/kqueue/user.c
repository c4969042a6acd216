/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_USER, which FreeBSD has. "user filter" shows what is odd about it, and holds here: the
 * change that makes a knote does not trigger it, NOTE_TRIGGER or not, but its fflags stay, and are
 * those of later events. A change with EV_CLEAR takes back what it triggers. Each change renews
 * udata, so one that only triggers has to give it again.
 */
#include "standin.h"

static int user_attach(struct standin_knote *knote) {
    (void)knote; /* nothing is watched */
    return 0;
}

static void user_detach(struct standin_knote *knote) {
    (void)knote;
}

static bool user_look(struct standin_knote *knote) {
    return knote->triggered;
}

static unsigned int combine(unsigned int fflags, unsigned int change) {
    unsigned int operand = change & NOTE_FFLAGSMASK;
    switch (change & NOTE_FFCTRLMASK) {
    case NOTE_FFAND:
        return fflags & operand;
    case NOTE_FFOR:
        return fflags | operand;
    case NOTE_FFCOPY:
        return operand;
    default:
        return fflags;
    }
}

static int user_touch(struct standin_knote *knote, const struct kevent *change) {
    if (change->fflags & NOTE_TRIGGER)
        knote->triggered = true;
    knote->asked_fflags = combine(knote->asked_fflags, change->fflags);
    knote->asked_data = change->data;
    if (change->flags & EV_CLEAR)
        knote->triggered = false;
    return 0;
}

/* A one-shot knote reports itself as it is, without what was asked of it. */
static void user_report(struct standin_knote *knote, struct kevent *out) {
    *out = knote->event;
    if (knote->event.flags & EV_ONESHOT)
        return;
    out->fflags = knote->asked_fflags;
    out->data = knote->asked_data;
    if (knote->event.flags & EV_CLEAR)
        knote->triggered = false;
}

const struct standin_filter standin_user_filter = {
    .number = EVFILT_USER,
    .attach = user_attach,
    .detach = user_detach,
    .look = user_look,
    .touch = user_touch,
    .report = user_report,
};
