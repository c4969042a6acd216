/* SPDX-License-Identifier: MIT */
/*
 * Knotes: what a change of kevent(2) makes of them, and when they are active.
 *
 * A knote's mode is that of the change that made it. Later ones give it other udata and other
 * fflags, enable or disable it, and have it looked at again, but "changing mode by EV_ADD again"
 * does not work: only EV_DELETE and EV_ADD do it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "real.h"
#include "standin.h"

static const struct standin_filter *find_filter(filter_number number) {
    for (const struct standin_filter *const *filter = standin_flavour.filters; *filter; filter++)
        if ((*filter)->number == number)
            return *filter;
    return NULL;
}

static struct standin_knote *find_other(struct standin_kqueue *kqueue, uintptr_t ident,
                                        filter_number filter) {
    LIST_FOREACH(link, &kqueue->others) {
        struct standin_knote *knote = LIST_OWNER(link, struct standin_knote, in_others);
        if (knote->event.ident == ident && knote->event.filter == filter)
            return knote;
    }
    return NULL;
}

void standin_knote_activate(struct standin_knote *knote) {
    if (!knote->disabled && list_is_empty(&knote->in_active))
        list_append(&knote->kqueue->active, &knote->in_active);
}

void standin_knote_offer(struct standin_knote *knote) {
    if (!knote->disabled && knote->filter->look(knote))
        standin_knote_activate(knote);
}

static void disable(struct standin_knote *knote) {
    knote->disabled = true;
    list_remove(&knote->in_active);
}

void standin_knote_drop(struct standin_knote *knote) {
    knote->filter->detach(knote);
    list_remove(&knote->in_active);
    list_remove(&knote->in_others);
    free(knote);
}

/* The kernels clear the change's fflags and data when they take it: seen in receipts. */
static int add(struct standin_kqueue *kqueue, const struct standin_filter *filter,
               struct kevent *change) {
    struct standin_knote *knote = calloc(1, sizeof *knote);
    if (knote == NULL)
        return ENOMEM;
    knote->filter = filter;
    knote->kqueue = kqueue;
    knote->asked_fflags = change->fflags;
    knote->asked_data = change->data;
    change->fflags = 0;
    change->data = 0;
    knote->event = *change;
    knote->event.flags &= standin_flavour.kept_flags;
    knote->fd = -1;
    list_init(&knote->in_others);
    list_init(&knote->in_active);
    int error = filter->attach(knote);
    if (error != 0) {
        free(knote);
        return error;
    }
    if (!filter->of_descriptor)
        list_append(&kqueue->others, &knote->in_others);
    if (change->flags & EV_DISABLE)
        disable(knote);
    standin_knote_offer(knote);
    return 0;
}

/*
 * "EV_ENABLE": on FreeBSD every change renews udata and has the knote looked at; OpenBSD keeps
 * udata unless EV_ADD is there, and looks at what was disabled until now.
 */
static int modify(struct standin_knote *knote, const struct kevent *change) {
    bool renews = !standin_flavour.only_add_renews || (change->flags & EV_ADD);
    bool enables = knote->disabled && (change->flags & EV_ENABLE);
    if (renews) {
        knote->event.udata = change->udata;
        int error = knote->filter->touch(knote, change);
        if (error != 0)
            return error;
    }
    if (enables)
        knote->disabled = false;
    else if (change->flags & EV_DISABLE)
        disable(knote);
    if (renews || enables)
        standin_knote_offer(knote);
    return 0;
}

int standin_change(struct standin_kqueue *kqueue, struct kevent *change) {
    const struct standin_filter *filter = find_filter(change->filter);
    if (filter == NULL)
        return EINVAL;
    struct standin_knote *knote = NULL;
    int error = 0;
    if (filter->of_descriptor)
        error = standin_watch_find(kqueue, change->ident, change->filter, &knote);
    else
        knote = find_other(kqueue, change->ident, change->filter);
    if (error != 0)
        return error;
    if (knote == NULL)
        return change->flags & EV_ADD ? add(kqueue, filter, change) : ENOENT;
    if (!(change->flags & EV_DELETE))
        return modify(knote, change);
    standin_knote_drop(knote);
    return 0;
}

int standin_knote_touch(struct standin_knote *knote, const struct kevent *change) {
    knote->asked_fflags = change->fflags;
    knote->asked_data = change->data;
    return 0;
}

void standin_knote_report(struct standin_knote *knote, struct kevent *out) {
    *out = knote->event;
    if (!(knote->event.flags & EV_CLEAR))
        return;
    knote->event.data = 0;
    knote->event.fflags = 0;
}

int standin_knote_own(struct standin_knote *knote, int fd, uint32_t mask,
                      void (*woken)(struct standin_item *item)) {
    struct epoll_event entry = {.events = mask, .data.ptr = &knote->item};
    if (fd < 0)
        return errno;
    fd = standin_move_high(fd);
    knote->item.woken = woken;
    if (epoll_ctl(knote->kqueue->epoll_fd, EPOLL_CTL_ADD, fd, &entry) < 0) {
        int error = errno;
        (void)__real_close(fd); /* ours */
        return error;
    }
    knote->fd = fd;
    return 0;
}

/* The entry in the epoll set goes with the descriptor, which has no copies. */
void standin_knote_disown(struct standin_knote *knote) {
    (void)__real_close(knote->fd); /* ours */
    knote->fd = -1;
}
