/* SPDX-License-Identifier: MIT */
#include "server/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <cmio/time.h>

static int64_t grace_time;
static int pipe_ends[2];
static _Atomic int64_t deadline = CMIO_FOREVER;

void stop_set_grace(int64_t grace) {
    grace_time = grace;
}

/* async-signal-safe, because cmio_now() and _exit(2) are */
void stop_begin(int number) {
    int64_t expected = CMIO_FOREVER;
    if (!atomic_compare_exchange_strong(&deadline, &expected, cmio_now() + grace_time))
        _exit(128 + number);
}

static void on_signal(int number) {
    int saved = errno;
    stop_begin(number);
    ssize_t written = write(pipe_ends[1], "", 1);
    (void)written; /* one byte always fits an empty pipe */
    errno = saved;
}

static void both_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

int stop_init(int64_t grace) {
    stop_set_grace(grace);
    if (pipe(pipe_ends) < 0)
        return -errno;
    for (int i = 0; i < 2; i++)
        if (fcntl(pipe_ends[i], F_SETFD, FD_CLOEXEC) < 0)
            return -errno;
    struct sigaction action = {.sa_handler = on_signal};
    both_signals(&action.sa_mask);
    if (sigaction(SIGINT, &action, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0)
        return -errno;
    return 0;
}

int64_t stop_deadline(void) {
    return atomic_load(&deadline);
}

bool stop_leaves_time(void) {
    int64_t until = stop_deadline();
    return until == CMIO_FOREVER || cmio_now() < until;
}

int stop_fd(void) {
    return pipe_ends[0];
}

static void change_mask(int how) {
    sigset_t set;
    both_signals(&set);
    pthread_sigmask(how, &set, NULL);
}

void stop_block_signals(void) {
    change_mask(SIG_BLOCK);
}

void stop_unblock_signals(void) {
    change_mask(SIG_UNBLOCK);
}
