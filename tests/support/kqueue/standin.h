/* SPDX-License-Identifier: MIT */
#ifndef KQUEUE_STANDIN_H
#define KQUEUE_STANDIN_H

/*
 * A stand-in for kqueue(2) on Linux, for tests alone: what cmio does on the BSDs can be run here,
 * on many threads and under sanitizers. The traces beside it, taken on real kernels, say what is
 * right; not-imitated.txt lists where it differs, and why.
 *
 * The model is the kernels' own. A knote is one filter on one identifier in one kqueue. Something
 * happens to what it watches; it is looked at, and if there is something to report it joins its
 * kqueue's active list. A scan, made by kevent(2), takes knotes from the head of that list, looks
 * at each again, reports it or drops it from the list, and appends those of level mode once more.
 *
 * Underneath, a kqueue is an epoll set, and its descriptor is that set's. What is watched is in the
 * set, edge-triggered, as a source of wake-ups and nothing more: after one, the knotes concerned
 * are looked at. Knotes that became active by other means show through an eventfd in the same set.
 * So the descriptor is readable while there may be events, for whoever polls it. The wake-ups that
 * the BSDs have and epoll has not come from calls that are intercepted: see intercept.c.
 *
 * One lock guards everything. No signal is delivered to a thread that holds it, since kevent(2) and
 * what is intercepted may be called from signal handlers, and it is not cancelled.
 */

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/event.h>
#include <sys/stat.h>

#include "list.h"

/* The types of these members are each system's own. */
typedef __typeof__(((struct kevent *)0)->filter) filter_number;
typedef __typeof__(((struct kevent *)0)->flags) event_flags;

/* What is in an epoll set. woken is called under the lock, and only adds to the active list. */
struct standin_item {
    void (*woken)(struct standin_item *item);
};

struct standin_kqueue {
    int fd;        /* the epoll set, by the number that the program has */
    int epoll_fd;  /* the same by a number of ours: a wait may outlive the program's close */
    int notice_fd; /* an eventfd in the set, readable while noticed */
    bool noticed;
    bool closed;
    bool entered; /* something new is in the set, which wakes once for what it was at the start */
    int waiting;  /* threads in ppoll(2) */
    struct list watches;   /* of descriptors, each with a knote or two */
    struct list others;    /* knotes of all other filters */
    struct list active;    /* knotes with something to report when they were last looked at */
    struct list in_living; /* among all kqueues */
};

struct standin_knote {
    const struct standin_filter *filter;
    struct standin_kqueue *kqueue;
    struct kevent event;       /* what would be reported now; its flags are the knote's mode */
    unsigned int asked_fflags; /* as the program gave them */
    int64_t asked_data;
    bool disabled;
    struct list in_others;
    struct list in_active;

    /* The filter's. */
    struct standin_watch *watch; /* EVFILT_READ, EVFILT_WRITE */
    struct list in_file;         /* those: among the knotes of the same pipe or socket */
    struct standin_item item;    /* EVFILT_TIMER, EVFILT_PROC: in the epoll set with fd */
    int fd;                      /* -1 if none */
    bool triggered;              /* EVFILT_USER */
};

/* The functions of a filter. They return 0 or an errno. */
struct standin_filter {
    filter_number number;
    bool of_descriptor;
    int (*attach)(struct standin_knote *knote);
    void (*detach)(struct standin_knote *knote);
    /* Brings event up to date; whether there is something to report. */
    bool (*look)(struct standin_knote *knote);
    /* A change of a knote that is there already. */
    int (*touch)(struct standin_knote *knote, const struct kevent *change);
    /* The event as the program gets it. */
    void (*report)(struct standin_knote *knote, struct kevent *out);
};

/* Where the systems differ. */
struct standin_flavour {
    const struct standin_filter *const *filters; /* NULL at the end */
    event_flags kept_flags;      /* of the change that made a knote: shown in its events */
    bool only_add_renews;        /* a change without EV_ADD leaves udata and fflags alone */
    bool lost_reader_is_oneshot; /* a pipe's write filter goes with the event that tells it */
    bool lost_reader_is_missed;  /* and tells nothing where the pipe is full */
    int lost_reader_error;       /* of EV_ADD for a write end whose reader is gone */
    bool write_first;            /* a socket's write filter is told before the read filter */
    bool full_is_too_long;       /* a full stream refuses descriptors with EMSGSIZE */
    bool empty_read_wakes;       /* a read(2) that got nothing from a pipe wakes its filters */
    int zombie_error;            /* of EV_ADD for a process that has exited */
    int device_error;            /* of EV_ADD for a device without readiness */
    bool counts_addresses;       /* a datagram's sender counts among its bytes */
    int (*timer_unit)(unsigned fflags, int64_t *nanoseconds);
};
extern const struct standin_flavour standin_flavour;

/* kqueue.c */

/* How many kqueues there are: while none, intercepted calls have nothing to do. */
extern atomic_int standin_kqueue_count;

/* What a thread had before it took the lock: under it no signal comes and no cancellation acts. */
struct standin_thread {
    sigset_t mask;
    int cancellation;
};
void standin_lock(struct standin_thread *thread);
void standin_unlock(const struct standin_thread *thread);
/* The same with signals left blocked: around a wait. */
void standin_lock_quietly(void);
void standin_unlock_quietly(void);

struct standin_kqueue *standin_kqueue_find(int fd);
struct list *standin_kqueues(void);
void standin_kqueue_close(struct standin_kqueue *kqueue);
/* Frees a closed kqueue for which no thread waits any more. */
void standin_kqueue_destroy(struct standin_kqueue *kqueue);
/* Makes the descriptor readable if knotes are active and silent if none is. */
void standin_kqueue_settle(struct standin_kqueue *kqueue);
/* Moves a descriptor of ours out of the way of those that the program gets. */
int standin_move_high(int fd);

/* knote.c */

int standin_change(struct standin_kqueue *kqueue, struct kevent *change);
void standin_knote_drop(struct standin_knote *knote);
/* Looks at the knote, and adds it to the active list if there is something to report. */
void standin_knote_offer(struct standin_knote *knote);
void standin_knote_activate(struct standin_knote *knote);
/* For filters that watch a descriptor of their own: in the epoll set, and out of it and closed. */
int standin_knote_own(struct standin_knote *knote, int fd, uint32_t mask,
                      void (*woken)(struct standin_item *item));
void standin_knote_disown(struct standin_knote *knote);
/* For filters without special wishes. */
int standin_knote_touch(struct standin_knote *knote, const struct kevent *change);
void standin_knote_report(struct standin_knote *knote, struct kevent *out);

/* watch.c */

enum standin_directions {
    STANDIN_READ = 1,
    STANDIN_WRITE = 2,
};

void standin_watch_set_up(void);
/* The knote of a descriptor in a kqueue, or NULL; EBADF if the descriptor is closed. */
int standin_watch_find(struct standin_kqueue *kqueue, uintptr_t ident, filter_number filter,
                       struct standin_knote **out);
/* Drops all knotes of a descriptor, in all kqueues. */
void standin_watch_forget(int fd);
/* Drops a watch and its knotes where the epoll set is not ours to change: after fork(2). */
void standin_watch_abandon(struct standin_watch *watch);
struct standin_watch *standin_watch_of_link(struct list *in_kqueue);
void standin_watch_drop(struct standin_watch *watch);
/* Something was done to a pipe or socket: its knotes of these directions are looked at. */
void standin_watch_touch(const struct stat *file, unsigned directions);
/* Bytes went out through a socket. Takes no lock. */
void standin_watch_wrote(const struct stat *file);

extern const struct standin_filter standin_read_filter;
extern const struct standin_filter standin_write_filter;

/* timer.c, process.c, signal.c, user.c */

void standin_signal_sent(int number);

extern const struct standin_filter standin_timer_filter;
extern const struct standin_filter standin_process_filter;
extern const struct standin_filter standin_signal_filter;
extern const struct standin_filter standin_user_filter;

#endif
