/* SPDX-License-Identifier: MIT */
/*
 * Signals as a source. One handler serves the process. It goes through a list of watches, one for
 * each cmio_signals; for each that wants the number it sets the number's bit in pending and writes
 * a byte to the watch's pipe, whose read end is the source.
 *
 *   - A full pipe loses no signal: the bit is set, and the pipe is readable.
 *   - next takes bits first, then drains the pipe, then looks once more: a bit set after that look
 * has its byte still to come, and with it the event.
 *   - The handler takes no lock. A watch in the list is never unlinked or freed: close empties its
 * mask, then waits until no handler runs, and only then closes the pipe; init takes an empty one
 * before it makes another. The handler is counted from its first step to its last, so either it
 * sees the empty mask or close sees the count.
 *   - A child that was forked has the handler and the pipe, but is not the owner: it writes
 * nothing.
 *
 * Everything but the handler holds the lock while it changes what is shared.
 */
#include <cmio/signals.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/source.h"
#include "posix/descriptor.h"

/* Every system has at most 128 signals; sigaction(2) refuses those that it has not. */
enum { SIGNAL_MAX = 127, WORD_BITS = 64, WORDS = (SIGNAL_MAX + 1) / WORD_BITS };

struct cmio__signal_watch {
    _Atomic uint64_t wanted[WORDS];
    _Atomic uint64_t pending[WORDS];
    int write_fd; /* of an empty watch: not open */
    pid_t owner;
    bool in_use;
    struct cmio__signal_watch *next; /* set once, before the watch is in the list */
};

static _Atomic(struct cmio__signal_watch *) watches;
static atomic_int handlers_running;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users[SIGNAL_MAX + 1]; /* how many watches want the number */
static struct sigaction old_actions[SIGNAL_MAX + 1];

static uint64_t bit_of(int number) {
    return UINT64_C(1) << (number % WORD_BITS);
}

static void handle_signal(int number) {
    const int kept = errno;
    const size_t word = (size_t)number / WORD_BITS;
    const pid_t self = getpid();
    atomic_fetch_add(&handlers_running, 1);
    for (struct cmio__signal_watch *watch = atomic_load(&watches); watch != NULL;
         watch = watch->next) {
        if ((atomic_load(&watch->wanted[word]) & bit_of(number)) == 0 || watch->owner != self)
            continue;
        atomic_fetch_or(&watch->pending[word], bit_of(number));
        (void)cmio__fd_write(watch->write_fd, "", 1); /* a full pipe is readable all the same */
    }
    atomic_fetch_sub(&handlers_running, 1);
    errno = kept;
}

/* Installs the handler for a number's first watch. Under the lock. */
static int use_number(int number) {
    if (users[number] == 0) {
        struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART};
        (void)sigfillset(&action.sa_mask); /* fails for a bad pointer alone */
        if (sigaction(number, &action, &old_actions[number]) < 0)
            return cmio__last_error();
    }
    users[number]++;
    return 0;
}

/* Restores the action with a number's last watch, unless someone replaced ours. Under the lock. */
static void drop_number(int number) {
    struct sigaction current;
    if (--users[number] > 0)
        return;
    if (sigaction(number, NULL, &current) == 0 && current.sa_handler == handle_signal)
        (void)sigaction(number, &old_actions[number], NULL); /* it was accepted once */
}

/* Drops the numbers below end that the watch wants. Under the lock. */
static void drop_wanted(struct cmio__signal_watch *watch, int end) {
    for (int number = 1; number < end; number++)
        if (atomic_load(&watch->wanted[number / WORD_BITS]) & bit_of(number))
            drop_number(number);
}

/* An empty watch of the list, or a new one in it; NULL without memory. Under the lock. */
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

/* No handler sees the watch any more when this returns. Under the lock. */
static void empty_watch(struct cmio__signal_watch *watch) {
    for (size_t word = 0; word < WORDS; word++)
        atomic_store(&watch->wanted[word], 0);
    while (atomic_load(&handlers_running) > 0)
        (void)sched_yield(); /* a handler is a few system calls long */
    watch->in_use = false;
}

/* Publishes the mask, then installs the handlers. Under the lock. */
static int start_watch(struct cmio__signal_watch *watch, const uint64_t *wanted, int write_fd) {
    watch->write_fd = write_fd;
    watch->owner = getpid();
    watch->in_use = true;
    for (size_t word = 0; word < WORDS; word++) {
        atomic_store(&watch->pending[word], 0);
        atomic_store(&watch->wanted[word], wanted[word]);
    }
    for (int number = 1; number <= SIGNAL_MAX; number++) {
        if ((wanted[number / WORD_BITS] & bit_of(number)) == 0)
            continue;
        int error = use_number(number);
        if (error < 0) {
            drop_wanted(watch, number);
            empty_watch(watch);
            return error;
        }
    }
    return 0;
}

/* Those whose default cannot be put off: the system refuses the first two, the others would recur.
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
        return number >= 1 && number <= SIGNAL_MAX;
    }
}

int cmio_signals_init(struct cmio_signals *signals, const int *numbers, size_t count) {
    if (signals == NULL || numbers == NULL || count == 0)
        return -EINVAL;
    uint64_t wanted[WORDS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (!is_catchable(numbers[i]))
            return -EINVAL;
        wanted[numbers[i] / WORD_BITS] |= bit_of(numbers[i]);
    }
    int fds[2];
    int error = cmio__pipe_open(fds);
    if (error < 0)
        return error;
    (void)pthread_mutex_lock(&lock); /* an ordinary mutex: cannot fail */
    struct cmio__signal_watch *watch = take_watch();
    error = watch == NULL ? -ENOMEM : start_watch(watch, wanted, fds[1]);
    (void)pthread_mutex_unlock(&lock);
    if (error < 0) {
        (void)cmio__fd_close(fds[0]); /* the first error is the one to tell */
        (void)cmio__fd_close(fds[1]);
        return error;
    }
    cmio__source_set_fd(&signals->source, fds[0]);
    signals->watch = watch;
    return 0;
}

/* The lowest number that is pending, taken; 0 when there is none. */
static int take_pending(struct cmio__signal_watch *watch) {
    for (int number = 1; number <= SIGNAL_MAX; number++) {
        _Atomic uint64_t *word = &watch->pending[number / WORD_BITS];
        if ((atomic_load(word) & bit_of(number)) == 0)
            continue;
        atomic_fetch_and(word, ~bit_of(number));
        return number;
    }
    return 0;
}

static bool has_pending(const struct cmio__signal_watch *watch) {
    for (size_t word = 0; word < WORDS; word++)
        if (atomic_load(&watch->pending[word]) != 0)
            return true;
    return false;
}

/* Empties the pipe, through the funnel, so that the next byte makes an event. */
static void drain(struct cmio_source *source) {
    char bytes[256];
    ssize_t count;
    do { /* a short read has emptied it */
        count = cmio__source_io(source, CMIO_READABLE,
                                cmio__fd_read(source->fd, bytes, sizeof bytes), sizeof bytes);
    } while (count == sizeof bytes || count == -EINTR);
}

int cmio_signals_next(struct cmio_signals *signals) {
    if (signals == NULL)
        return -EINVAL;
    if (cmio__source_fd(&signals->source) < 0)
        return -EBADF;
    struct cmio__signal_watch *watch = signals->watch;
    int number = take_pending(watch);
    if (!has_pending(watch)) {
        drain(&signals->source);
        if (number == 0)
            number = take_pending(watch);
        if (has_pending(watch)) /* it came just now, and its byte may have been drained */
            (void)cmio__fd_write(watch->write_fd, "", 1);
    }
    return number == 0 ? -EAGAIN : number;
}

int cmio_signals_close(struct cmio_signals *signals) {
    if (signals == NULL || cmio__source_fd(&signals->source) < 0)
        return 0;
    struct cmio__signal_watch *watch = signals->watch;
    (void)pthread_mutex_lock(&lock); /* an ordinary mutex: cannot fail */
    const int write_fd = watch->write_fd;
    drop_wanted(watch, SIGNAL_MAX + 1);
    empty_watch(watch);
    (void)pthread_mutex_unlock(&lock);
    signals->watch = NULL;
    const int closed = cmio__source_close(&signals->source);
    (void)cmio__fd_close(write_fd); /* a pipe without a reader has nothing to lose */
    return closed;
}
