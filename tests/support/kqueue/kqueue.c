/* SPDX-License-Identifier: MIT */
/*
 * Kqueues: how they are made, found by their descriptor, closed, and lost in a child; and the lock.
 *
 * A kqueue has three descriptors and shows one: the epoll set as the program knows it, the same set
 * for us, and an eventfd. Ours have high numbers, so that the program gets the numbers it would get
 * on a BSD. As there, the program's is not close-on-exec until it is made so, and a child of
 * fork(2) has none ("fork": EBADF).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "real.h"
#include "standin.h"

/* Where our own descriptors begin, where the limit leaves room for as many below it. */
enum { HIGH = 8192 };

atomic_int standin_kqueue_count;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct list living = {&living, &living};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct standin_thread thread_before_fork; /* under the lock */

void standin_lock_quietly(void) {
    (void)pthread_mutex_lock(&mutex); /* cannot fail: initialised, never taken twice */
}

void standin_unlock_quietly(void) {
    (void)pthread_mutex_unlock(&mutex);
}

void standin_lock(struct standin_thread *thread) {
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &thread->mask);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &thread->cancellation);
    standin_lock_quietly();
}

void standin_unlock(const struct standin_thread *thread) {
    standin_unlock_quietly();
    (void)pthread_setcancelstate(thread->cancellation, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &thread->mask, NULL);
}

struct list *standin_kqueues(void) {
    return &living;
}

struct standin_kqueue *standin_kqueue_find(int fd) {
    LIST_FOREACH(link, &living) {
        struct standin_kqueue *kqueue = LIST_OWNER(link, struct standin_kqueue, in_living);
        if (kqueue->fd == fd)
            return kqueue;
    }
    return NULL;
}

void standin_kqueue_settle(struct standin_kqueue *kqueue) {
    uint64_t count = 1;
    bool notice = !list_is_empty(&kqueue->active);
    if (notice == kqueue->noticed)
        return;
    /* Neither can fail: the count goes from 0 to 1 and back. */
    if (notice)
        (void)__real_write(kqueue->notice_fd, &count, sizeof count);
    else
        (void)__real_read(kqueue->notice_fd, &count, sizeof count);
    kqueue->noticed = notice;
}

int standin_move_high(int fd) {
    struct rlimit limit;
    int low = HIGH;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < HIGH)
        low = (int)(limit.rlim_cur / 2);
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, low);
    if (moved < 0)
        return fd;
    (void)__real_close(fd); /* ours, and moved */
    return moved;
}

void standin_kqueue_destroy(struct standin_kqueue *kqueue) {
    (void)__real_close(kqueue->notice_fd); /* ours, as is the next: nothing to lose */
    (void)__real_close(kqueue->epoll_fd);
    free(kqueue);
}

/* Those who wait find it closed; the last of them destroys it. */
void standin_kqueue_close(struct standin_kqueue *kqueue) {
    LIST_FOREACH(link, &kqueue->watches)
    standin_watch_drop(standin_watch_of_link(link));
    LIST_FOREACH(link, &kqueue->others)
    standin_knote_drop(LIST_OWNER(link, struct standin_knote, in_others));
    list_remove(&kqueue->in_living);
    atomic_fetch_sub(&standin_kqueue_count, 1);
    kqueue->closed = true;
    if (kqueue->waiting == 0) {
        standin_kqueue_destroy(kqueue);
        return;
    }
    const uint64_t wake = 1;
    (void)__real_write(kqueue->notice_fd, &wake, sizeof wake); /* 1 or 2: cannot fail */
}

static void before_fork(void) {
    struct standin_thread thread;
    standin_lock(&thread);
    thread_before_fork = thread;
}

static void after_fork(void) {
    struct standin_thread thread = thread_before_fork;
    standin_unlock(&thread);
}

/* The epoll sets are shared with the parent, so nothing is taken out of them. */
static void abandon(struct standin_kqueue *kqueue) {
    LIST_FOREACH(link, &kqueue->watches)
    standin_watch_abandon(standin_watch_of_link(link));
    LIST_FOREACH(link, &kqueue->others) {
        struct standin_knote *knote = LIST_OWNER(link, struct standin_knote, in_others);
        if (knote->fd >= 0)
            (void)__real_close(knote->fd);
        free(knote);
    }
    (void)__real_close(kqueue->fd);
    list_remove(&kqueue->in_living);
    standin_kqueue_destroy(kqueue);
}

static void in_child(void) {
    LIST_FOREACH(link, &living)
    abandon(LIST_OWNER(link, struct standin_kqueue, in_living));
    atomic_store(&standin_kqueue_count, 0);
    after_fork();
}

static void set_up(void) {
    standin_watch_set_up();
    if (pthread_atfork(before_fork, after_fork, in_child) != 0)
        abort();
}

static int ours(int fd) {
    return fd < 0 ? -1 : standin_move_high(fd);
}

static int open_descriptors(struct standin_kqueue *kqueue) {
    struct epoll_event notice = {.events = EPOLLIN, .data.ptr = NULL};
    int error = 0;
    kqueue->fd = epoll_create1(0);
    if (kqueue->fd < 0)
        return errno;
    kqueue->epoll_fd = ours(fcntl(kqueue->fd, F_DUPFD_CLOEXEC, 0));
    if (kqueue->epoll_fd < 0) {
        error = errno;
        goto close_fd;
    }
    kqueue->notice_fd = ours(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (kqueue->notice_fd < 0) {
        error = errno;
        goto close_epoll_fd;
    }
    if (epoll_ctl(kqueue->epoll_fd, EPOLL_CTL_ADD, kqueue->notice_fd, &notice) == 0)
        return 0;
    error = errno;
    (void)__real_close(kqueue->notice_fd); /* all ours, and new */
close_epoll_fd:
    (void)__real_close(kqueue->epoll_fd);
close_fd:
    (void)__real_close(kqueue->fd);
    return error;
}

int kqueue(void) {
    (void)pthread_once(&once, set_up);
    struct standin_kqueue *kqueue = calloc(1, sizeof *kqueue);
    if (kqueue == NULL)
        return -1;
    list_init(&kqueue->watches);
    list_init(&kqueue->others);
    list_init(&kqueue->active);
    struct standin_thread thread;
    standin_lock(&thread);
    int error = open_descriptors(kqueue);
    if (error == 0) {
        list_append(&living, &kqueue->in_living);
        atomic_fetch_add(&standin_kqueue_count, 1);
    }
    int fd = kqueue->fd;
    standin_unlock(&thread);
    if (error == 0)
        return fd;
    free(kqueue);
    errno = error;
    return -1;
}
