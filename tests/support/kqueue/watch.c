/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_READ and EVFILT_WRITE. A watch is a descriptor in the epoll set of a kqueue, with the
 * knotes of one or both filters. It is there for both directions from the start, since changing an
 * entry of an epoll set makes it report again what was reported already.
 *
 * Something to read: a wake-up with anything to read is news, since each arrival wakes.
 *
 * Room to write: Linux wakes for it only after a write was refused, but wakes for much else beside
 * it, and the BSDs stay silent then ("tcp, peer shuts down writing": one event, for reading). So a
 * wake-up is news if there was no room when it was last looked for, or if the end or an error is
 * new, or if bytes went out since: their acknowledgment is what makes the BSDs report room again.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "descriptor.h"
#include "standin.h"

struct standin_watch {
    struct standin_item item;
    struct standin_kqueue *kqueue;
    struct standin_descriptor descriptor;
    struct standin_knote *read, *write;
    struct standin_readiness room; /* as write last saw it */
    unsigned writes_seen;          /* of writes_to, then */
    struct list in_kqueue;
    struct list in_number; /* among the watches of the same descriptor, and others */
};

enum {
    BUCKETS = 4096,
    /* Sockets are numbered as they come, so of this many made in a row no two share a counter. */
    COUNTERS = 1 << 18,
};

/* Watches by their descriptor; knotes of either filter by their pipe or socket. */
static struct list by_number[BUCKETS];
static struct list readers[BUCKETS];
static struct list writers[BUCKETS];

/* How often bytes were written, by file. A change says that it may have been to this one. */
static atomic_uint writes[COUNTERS];

void standin_watch_set_up(void) {
    for (size_t i = 0; i < BUCKETS; i++) {
        list_init(&by_number[i]);
        list_init(&readers[i]);
        list_init(&writers[i]);
    }
}

static struct list *number_bucket(int fd) {
    return &by_number[(unsigned)fd % BUCKETS];
}

static struct list *file_bucket(const struct standin_knote *knote) {
    ino_t index = knote->watch->descriptor.inode % BUCKETS;
    return knote->filter == &standin_read_filter ? &readers[index] : &writers[index];
}

static unsigned writes_to(const struct standin_watch *watch) {
    return atomic_load_explicit(&writes[watch->descriptor.inode % COUNTERS], memory_order_relaxed);
}

struct standin_watch *standin_watch_of_link(struct list *in_kqueue) {
    return LIST_OWNER(in_kqueue, struct standin_watch, in_kqueue);
}

static struct standin_knote **place_of(struct standin_watch *watch, filter_number filter) {
    return filter == EVFILT_READ ? &watch->read : &watch->write;
}

static bool is_news(const struct standin_readiness *before, const struct standin_readiness *now) {
    return now->ready &&
           (!before->ready || now->at_end != before->at_end || now->error != before->error);
}

/*
 * The end of a full pipe, where the kernel wakes the filters before it sets the end: they find the
 * pipe as full as it was, and nobody wakes them again.
 */
static bool is_missed(const struct standin_watch *watch, const struct standin_readiness *before) {
    return standin_flavour.lost_reader_is_missed && watch->descriptor.kind == STANDIN_PIPE &&
           !before->ready && watch->room.at_end;
}

static void write_woken(struct standin_watch *watch) {
    struct standin_readiness before = watch->room;
    bool wrote = standin_descriptor_is_stream_socket(&watch->descriptor) &&
                 watch->writes_seen != writes_to(watch);
    bool ready = watch->write->filter->look(watch->write);
    if (ready && (wrote || is_news(&before, &watch->room)) && !is_missed(watch, &before))
        standin_knote_activate(watch->write);
}

static void watch_woken(struct standin_item *item) {
    struct standin_watch *watch = LIST_OWNER(item, struct standin_watch, item);
    const bool write_first =
        standin_flavour.write_first && standin_descriptor_is_stream_socket(&watch->descriptor);
    if (watch->write != NULL && write_first)
        write_woken(watch);
    if (watch->read != NULL)
        standin_knote_offer(watch->read);
    if (watch->write != NULL && !write_first)
        write_woken(watch);
}

static struct standin_watch *find_watch(struct standin_kqueue *kqueue, int fd) {
    LIST_FOREACH(link, number_bucket(fd)) {
        struct standin_watch *watch = LIST_OWNER(link, struct standin_watch, in_number);
        if (watch->kqueue == kqueue && watch->descriptor.fd == fd)
            return watch;
    }
    return NULL;
}

int standin_watch_find(struct standin_kqueue *kqueue, uintptr_t ident, filter_number filter,
                       struct standin_knote **out) {
    struct stat file;
    if (ident > INT32_MAX || fstat((int)ident, &file) < 0)
        return EBADF;
    struct standin_watch *watch = find_watch(kqueue, (int)ident);
    if (watch != NULL && !standin_descriptor_is(&watch->descriptor, &file)) {
        standin_watch_forget((int)ident); /* it was closed by a call that nobody intercepted */
        watch = NULL;
    }
    *out = watch == NULL ? NULL : *place_of(watch, filter);
    return 0;
}

/* Regular files are always ready, so epoll refuses them; devices like /dev/null too. */
static int refusal(const struct standin_watch *watch, int error) {
    if (error != EPERM)
        return error;
    return watch->descriptor.kind == STANDIN_FILE ? 0 : standin_flavour.device_error;
}

static int enter_epoll(struct standin_watch *watch) {
    struct epoll_event entry = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = &watch->item,
    };
    int fd = watch->descriptor.fd;
    if (epoll_ctl(watch->kqueue->epoll_fd, EPOLL_CTL_ADD, fd, &entry) < 0)
        return refusal(watch, errno);
    watch->kqueue->entered = true;
    return 0;
}

static int make_watch(struct standin_kqueue *kqueue, int fd, struct standin_watch **out) {
    struct standin_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return ENOMEM;
    watch->item.woken = watch_woken;
    watch->kqueue = kqueue;
    int error = standin_descriptor_open(fd, &watch->descriptor);
    if (error == 0)
        error = enter_epoll(watch);
    if (error != 0) {
        free(watch);
        return error;
    }
    list_append(&kqueue->watches, &watch->in_kqueue);
    list_append(number_bucket(fd), &watch->in_number);
    *out = watch;
    return 0;
}

static void free_watch(struct standin_watch *watch) {
    list_remove(&watch->in_kqueue);
    list_remove(&watch->in_number);
    free(watch);
}

static int attach(struct standin_knote *knote) {
    int fd = (int)knote->event.ident;
    struct standin_watch *watch = find_watch(knote->kqueue, fd);
    if (watch == NULL) {
        int error = make_watch(knote->kqueue, fd, &watch);
        if (error != 0)
            return error;
    }
    *place_of(watch, knote->filter->number) = knote;
    knote->watch = watch;
    list_append(file_bucket(knote), &knote->in_file);
    return 0;
}

static void detach(struct standin_knote *knote) {
    struct standin_watch *watch = knote->watch;
    list_remove(&knote->in_file);
    *place_of(watch, knote->filter->number) = NULL;
    if (watch->read != NULL || watch->write != NULL)
        return;
    /* A file was never in the set, and what was closed behind our back has left it. */
    (void)epoll_ctl(watch->kqueue->epoll_fd, EPOLL_CTL_DEL, watch->descriptor.fd, NULL);
    free_watch(watch);
}

/* "pipe, reader closed before EV_ADD": EPIPE or EBADF, and no event follows. */
static int attach_to_write(struct standin_knote *knote) {
    struct standin_descriptor descriptor;
    int error = standin_descriptor_open((int)knote->event.ident, &descriptor);
    if (error != 0)
        return error;
    if (descriptor.kind == STANDIN_PIPE && standin_descriptor_to_write(&descriptor).at_end)
        return standin_flavour.lost_reader_error;
    return attach(knote);
}

static bool tell(struct standin_knote *knote, const struct standin_readiness *readiness) {
    knote->event.flags &= (event_flags)~EV_EOF;
    if (readiness->at_end)
        knote->event.flags |= EV_EOF;
    knote->event.fflags = readiness->at_end ? (unsigned)readiness->error : 0;
    knote->event.data = readiness->data;
    return readiness->ready;
}

static bool look_to_read(struct standin_knote *knote) {
    struct standin_readiness readiness = standin_descriptor_to_read(&knote->watch->descriptor);
    return tell(knote, &readiness);
}

/* "pipe, reader closed": FreeBSD adds EV_ONESHOT, and the knote goes with that event. */
static bool look_to_write(struct standin_knote *knote) {
    struct standin_watch *watch = knote->watch;
    watch->writes_seen = writes_to(watch);
    watch->room = standin_descriptor_to_write(&watch->descriptor);
    if (watch->descriptor.kind == STANDIN_PIPE && watch->room.at_end &&
        standin_flavour.lost_reader_is_oneshot)
        knote->event.flags |= EV_ONESHOT;
    return tell(knote, &watch->room);
}

void standin_watch_drop(struct standin_watch *watch) {
    struct standin_knote *read = watch->read, *write = watch->write;
    if (read != NULL)
        standin_knote_drop(read);
    if (write != NULL)
        standin_knote_drop(write); /* the watch goes with the last */
}

static void abandon(struct standin_knote *knote) {
    if (knote != NULL)
        list_remove(&knote->in_file);
    free(knote);
}

void standin_watch_abandon(struct standin_watch *watch) {
    abandon(watch->read);
    abandon(watch->write);
    free_watch(watch);
}

void standin_watch_forget(int fd) {
    LIST_FOREACH(link, number_bucket(fd)) {
        struct standin_watch *watch = LIST_OWNER(link, struct standin_watch, in_number);
        struct standin_kqueue *kqueue = watch->kqueue;
        if (watch->descriptor.fd != fd)
            continue;
        standin_watch_drop(watch);
        standin_kqueue_settle(kqueue);
    }
}

static void offer_all(struct list *bucket, const struct stat *file) {
    LIST_FOREACH(link, bucket) {
        struct standin_knote *knote = LIST_OWNER(link, struct standin_knote, in_file);
        if (!standin_descriptor_is(&knote->watch->descriptor, file))
            continue;
        standin_knote_offer(knote);
        standin_kqueue_settle(knote->kqueue);
    }
}

void standin_watch_touch(const struct stat *file, unsigned directions) {
    if (directions & STANDIN_READ)
        offer_all(&readers[file->st_ino % BUCKETS], file);
    if (directions & STANDIN_WRITE)
        offer_all(&writers[file->st_ino % BUCKETS], file);
}

void standin_watch_wrote(const struct stat *file) {
    atomic_fetch_add_explicit(&writes[file->st_ino % COUNTERS], 1, memory_order_relaxed);
}

const struct standin_filter standin_read_filter = {
    .number = EVFILT_READ,
    .of_descriptor = true,
    .attach = attach,
    .detach = detach,
    .look = look_to_read,
    .touch = standin_knote_touch,
    .report = standin_knote_report,
};

const struct standin_filter standin_write_filter = {
    .number = EVFILT_WRITE,
    .of_descriptor = true,
    .attach = attach_to_write,
    .detach = detach,
    .look = look_to_write,
    .touch = standin_knote_touch,
    .report = standin_knote_report,
};
