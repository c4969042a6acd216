/* SPDX-License-Identifier: MIT */
/*
 * Signals as a source. One handler serves the process. It goes through a list of watches, one per
 * cmio_signals. For each watch that wants the number, it sets the number's bit in pending and
 * writes a byte to the watch's pipe, whose read end is the source. A number that no watch wants
 * gets the action that the handler replaced: see action.c.
 *
 *   - A full pipe loses no signal: the bit is set, and the pipe is readable.
 *   - next takes bits first, then drains the pipe, then looks again. For a bit set after that look,
 *     the byte is still to come, and the event with it.
 *   - The handler takes no lock. A watch in the list is never unlinked or freed: close empties its
 *     mask, then waits for running handlers, and only then closes the pipe; init reuses an empty
 *     watch before it makes another. The handler is counted from its first look at a watch to its
 *     last, so either it sees the empty mask or close sees the count. There are two counts. While
 *     close waits for one to reach 0, new handlers use the other, so close waits for no handler
 *     that began later, however many signals come.
 *   - A thread that is cancelled in the handler would leave it counted for ever. So the handler
 *     disables cancellation while it is counted, and blocks the signals of the C library: see
 *     action.c.
 *
 * The watches belong to one process, the owner. In a child they are still its parent's: the child
 * has the handler and the pipes, but is not the owner, so its handler touches nothing and does what
 * the previous action would have done. After fork(2), a handler of pthread_atfork(3) makes the
 * child the owner, at first of nothing: it abandons the watches, forgets the handlers that ran in
 * the parent and puts the actions back. Children of vfork(2) and clone(2) run no such handler.
 * Their process number tells them from the parent. If such a child makes a set of its own, it
 * becomes the owner then.
 *
 * Everything but the handler holds the lock while it changes shared data. The lock is the number of
 * the process that holds it, so that a lock held in the parent does not keep out the threads of a
 * child.
 */
#include <cmio/signals.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/source.h"
#include "posix/cancel.h"
#include "posix/descriptor.h"
#include "signal/action.h"

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2,
               "a signal handler can take no lock");
_Static_assert(sizeof(pid_t) <= sizeof(int), "the owner is an int");

enum { SIGNALS_PER_WORD = 32, SIGNAL_WORDS = (CMIO__SIGNAL_MAX + 1) / SIGNALS_PER_WORD };

struct cmio__signal_watch {
    atomic_uint wanted[SIGNAL_WORDS];
    atomic_uint pending[SIGNAL_WORDS];
    int write_fd; /* not open if the watch is empty */
    bool in_use;
    bool inherited;                  /* made by the process that this one was forked from */
    struct cmio__signal_watch *next; /* set once, before the watch is in the list */
};

static _Atomic(struct cmio__signal_watch *) watches;
static atomic_int owner; /* 0 before the first set */
static atomic_int handlers_running[2];
static atomic_int phase; /* which of the two counts a handler that begins now */

static atomic_int lock; /* 0, or the process that holds it */
static bool has_fork_handler;

static unsigned bit_of(int number) {
    return 1U << (number % SIGNALS_PER_WORD);
}

static bool wants(const struct cmio__signal_watch *watch, int number) {
    return (atomic_load(&watch->wanted[number / SIGNALS_PER_WORD]) & bit_of(number)) != 0;
}

/* Notifies the watches that want the number. Returns whether there are any. */
static bool tell_watches(int number) {
    bool is_wanted = false;
    const int cancel = cmio__cancel_disable();
    atomic_int *running = &handlers_running[atomic_load(&phase)];
    atomic_fetch_add(running, 1);
    struct cmio__signal_watch *watch = atomic_load(&watches);
    for (; watch != NULL; watch = watch->next) {
        if (!wants(watch, number))
            continue;
        is_wanted = true;
        atomic_fetch_or(&watch->pending[number / SIGNALS_PER_WORD], bit_of(number));
        (void)cmio__fd_write(watch->write_fd, "", 1); /* a full pipe is readable anyway */
    }
    atomic_fetch_sub(running, 1);
    cmio__cancel_restore(cancel);
    return is_wanted;
}

static void handle_signal(int number, siginfo_t *info, void *context) {
    const int kept = errno;
    if (atomic_load(&owner) != getpid() || !tell_watches(number))
        cmio__action_do_old(number, info, context, handle_signal);
    errno = kept;
}

/* Sleeps, because a thread that only yields may keep one of lower priority from running. */
static void wait_a_little(void) {
    const struct timespec moment = {.tv_nsec = 1000};
    (void)nanosleep(&moment, NULL); /* a shorter sleep will do */
}

/* Makes this process the owner, at first of nothing. */
static void become_owner(void) {
    struct cmio__signal_watch *watch = atomic_load(&watches);
    for (; watch != NULL; watch = watch->next) {
        for (size_t word = 0; word < SIGNAL_WORDS; word++) {
            atomic_store(&watch->wanted[word], 0);
            atomic_store(&watch->pending[word], 0);
        }
        watch->inherited = true;
    }
    for (int i = 0; i < 2; i++)
        atomic_store(&handlers_running[i], 0); /* those in the parent; none was counted here */
    atomic_store(&owner, getpid());
    cmio__action_restore_all(handle_signal);
}

/* Runs in a child of fork(2), which has one thread. */
static void start_child(void) {
    become_owner();
    atomic_store(&lock, 0); /* another thread of the parent may have held it */
}

/*
 * Takes the lock if nobody holds it, or if its holder is a process that this one was cloned from.
 * Cancellation is disabled.
 */
static void acquire_lock(void) {
    const int self = getpid();
    int holder = 0;
    while (!atomic_compare_exchange_weak(&lock, &holder, self)) {
        if (holder != self)
            continue; /* now the holder is known, and the next try replaces it */
        wait_a_little();
        holder = 0;
    }
    if (atomic_load(&owner) != self)
        become_owner();
}

static void release_lock(void) {
    atomic_store(&lock, 0);
}

static int ensure_fork_handler(void) {
    if (has_fork_handler)
        return 0;
    /* No handler before the fork: if it took the lock, a fork in a signal handler would hang. */
    const int error = pthread_atfork(NULL, NULL, start_child);
    has_fork_handler = error == 0;
    return -error;
}

/* Finds an empty watch in the list or adds a new one. NULL without memory. Under the lock. */
static struct cmio__signal_watch *take_watch(void) {
    struct cmio__signal_watch *first = atomic_load(&watches);
    for (struct cmio__signal_watch *watch = first; watch != NULL; watch = watch->next)
        if (!watch->in_use)
            return watch;
    struct cmio__signal_watch *watch = calloc(1, sizeof *watch);
    if (watch != NULL) {
        watch->next = first;
        atomic_store(&watches, watch);
    }
    return watch;
}

/* Waits for the running handlers, each of which takes a few system calls. Under the lock. */
static void await_handlers(void) {
    for (int i = 0; i < 2; i++) {
        const int ending = atomic_load(&phase);
        atomic_store(&phase, 1 - ending);
        while (atomic_load(&handlers_running[ending]) > 0)
            wait_a_little();
    }
}

static bool is_wanted_by_any(int number) {
    const struct cmio__signal_watch *watch = atomic_load(&watches);
    while (watch != NULL && !wants(watch, number))
        watch = watch->next;
    return watch != NULL;
}

/*
 * Empties the mask, and restores the actions of the numbers below end that no other watch wants.
 * When this returns, no handler uses the watch any more. Under the lock.
 */
static void stop_watch(struct cmio__signal_watch *watch, int end) {
    for (int number = 1; number < end; number++) {
        if (!wants(watch, number))
            continue;
        atomic_fetch_and(&watch->wanted[number / SIGNALS_PER_WORD], ~bit_of(number));
        if (!is_wanted_by_any(number))
            cmio__action_restore(number, handle_signal);
    }
    for (size_t word = 0; word < SIGNAL_WORDS; word++)
        atomic_store(&watch->wanted[word], 0);
    await_handlers();
    watch->in_use = false;
}

/* Publishes the mask, then installs the handlers. Under the lock. */
static int start_watch(struct cmio__signal_watch *watch, const unsigned *wanted, int write_fd) {
    watch->write_fd = write_fd;
    watch->in_use = true;
    watch->inherited = false;
    for (size_t word = 0; word < SIGNAL_WORDS; word++) {
        atomic_store(&watch->pending[word], 0);
        atomic_store(&watch->wanted[word], wanted[word]);
    }
    for (int number = 1; number <= CMIO__SIGNAL_MAX; number++) {
        if (!wants(watch, number))
            continue;
        const int error = cmio__action_install(number, handle_signal);
        if (error < 0) {
            stop_watch(watch, number);
            return error;
        }
    }
    return 0;
}

/*
 * Excludes signals whose default cannot be put off: the system refuses the first two, and the
 * others would recur.
 */
static bool is_catchable(int number) {
    switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
        return false;
    default:
        return number >= 1 && number <= CMIO__SIGNAL_MAX;
    }
}

/* Starts a watch for the numbers that writes to the descriptor. Cancellation is disabled. */
static int open_watch(const unsigned *wanted, int write_fd, struct cmio__signal_watch **out) {
    acquire_lock();
    int error = ensure_fork_handler();
    if (error == 0) {
        struct cmio__signal_watch *watch = take_watch();
        error = watch == NULL ? -ENOMEM : start_watch(watch, wanted, write_fd);
        if (error == 0)
            *out = watch;
    }
    release_lock();
    return error;
}

/* Cancellation is disabled. */
static int open_set(struct cmio_signals *set, const unsigned *wanted) {
    int fds[2];
    int error = cmio__pipe_open(fds);
    if (error < 0)
        return error;
    error = open_watch(wanted, fds[1], &set->watch);
    if (error < 0) {
        (void)cmio__fd_close(fds[0]); /* the first error is returned */
        (void)cmio__fd_close(fds[1]);
        return error;
    }
    cmio__source_set_fd(&set->source, fds[0]);
    return 0;
}

int cmio_signals_init(struct cmio_signals *set, const int *numbers, size_t count) {
    if (set == NULL || numbers == NULL || count == 0)
        return -EINVAL;
    unsigned wanted[SIGNAL_WORDS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (!is_catchable(numbers[i]))
            return -EINVAL;
        wanted[numbers[i] / SIGNALS_PER_WORD] |= bit_of(numbers[i]);
    }
    const int cancel = cmio__cancel_disable();
    const int error = open_set(set, wanted);
    cmio__cancel_restore(cancel);
    return error;
}

/* Takes the lowest pending number. Returns 0 if there is none. */
static int take_pending(struct cmio__signal_watch *watch) {
    for (int number = 1; number <= CMIO__SIGNAL_MAX; number++) {
        atomic_uint *word = &watch->pending[number / SIGNALS_PER_WORD];
        if ((atomic_load(word) & bit_of(number)) == 0)
            continue;
        atomic_fetch_and(word, ~bit_of(number));
        return number;
    }
    return 0;
}

static bool has_pending(const struct cmio__signal_watch *watch) {
    for (size_t word = 0; word < SIGNAL_WORDS; word++)
        if (atomic_load(&watch->pending[word]) != 0)
            return true;
    return false;
}

/* Empties the pipe and reports the reads, so that the next byte makes an event. */
static void drain(struct cmio_source *source) {
    char bytes[256];
    ssize_t count;
    do { /* a short read leaves it empty */
        count = cmio__source_io(source, CMIO_READABLE,
                                cmio__fd_read(source->fd, bytes, sizeof bytes), sizeof bytes);
    } while (count == sizeof bytes || count == -EINTR);
}

/* The next number, or 0. */
static int take_next(struct cmio_signals *set) {
    struct cmio__signal_watch *watch = set->watch;
    int number = take_pending(watch);
    if (has_pending(watch))
        return number;
    drain(&set->source);
    if (number == 0)
        number = take_pending(watch);
    if (has_pending(watch)) /* new, and its byte may have been drained */
        (void)cmio__fd_write(watch->write_fd, "", 1);
    return number;
}

int cmio_signals_next(struct cmio_signals *set) {
    if (set == NULL)
        return -EINVAL;
    if (cmio__source_fd(&set->source) < 0)
        return -EBADF;
    if (set->watch->inherited)
        return -EAGAIN;                        /* the pipe holds the parent's signals */
    const int cancel = cmio__cancel_disable(); /* else a taken number may be lost */
    const int number = take_next(set);
    cmio__cancel_restore(cancel);
    return number == 0 ? -EAGAIN : number;
}

static int close_set(struct cmio_signals *set) {
    struct cmio__signal_watch *watch = set->watch;
    acquire_lock();
    const int write_fd = watch->write_fd;
    stop_watch(watch, CMIO__SIGNAL_MAX + 1);
    release_lock();
    set->watch = NULL;
    const int closed = cmio__source_close(&set->source);
    (void)cmio__fd_close(write_fd); /* a pipe without a reader has nothing to lose */
    return closed;
}

int cmio_signals_close(struct cmio_signals *set) {
    if (set == NULL || cmio__source_fd(&set->source) < 0)
        return 0;
    const int cancel = cmio__cancel_disable();
    const int closed = close_set(set);
    cmio__cancel_restore(cancel);
    return closed;
}
