/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_SIGNAL, for what the process sends to itself by kill(2): that call is intercepted. It
 * counts attempts, also those that are ignored, beside whatever handler there is ("signal filter,
 * ignored signal": data=2). Signals from elsewhere are not seen.
 */
#include <errno.h>

#include "standin.h"

static int signal_attach(struct standin_knote *knote) {
    knote->event.flags |= EV_CLEAR;
    return knote->event.ident > 0 && knote->event.ident < NSIG ? 0 : EINVAL;
}

static void signal_detach(struct standin_knote *knote) {
    (void)knote; /* it has nothing but its place in the kqueue */
}

static bool signal_look(struct standin_knote *knote) {
    return knote->event.data > 0;
}

static void count_in(struct standin_kqueue *kqueue, int number) {
    LIST_FOREACH(link, &kqueue->others) {
        struct standin_knote *knote = LIST_OWNER(link, struct standin_knote, in_others);
        if (knote->filter != &standin_signal_filter || knote->event.ident != (uintptr_t)number)
            continue;
        knote->event.data++;
        standin_knote_offer(knote);
    }
    standin_kqueue_settle(kqueue);
}

void standin_signal_sent(int number) {
    LIST_FOREACH(link, standin_kqueues())
    count_in(LIST_OWNER(link, struct standin_kqueue, in_living), number);
}

const struct standin_filter standin_signal_filter = {
    .number = EVFILT_SIGNAL,
    .attach = signal_attach,
    .detach = signal_detach,
    .look = signal_look,
    .touch = standin_knote_touch,
    .report = standin_knote_report,
};
