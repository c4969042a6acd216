/* SPDX-License-Identifier: MIT */

/*
 * A program that receives signals as events does not notice them while it is kept from its loop, by
 * a mistake or by a system call that takes forever. This handler takes the place of the present
 * one, calls that for the first signal, and ends the process at the second.
 */

#include "common/second_signal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static const int numbers[] = {SIGINT, SIGTERM};
static struct sigaction actions[2]; /* the replaced ones, in the order of numbers */
static atomic_int signals_heard;

static void do_action(const struct sigaction *action, int number, siginfo_t *info, void *context) {
    if ((action->sa_flags & SA_SIGINFO) != 0)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
}

static void on_signal(int number, siginfo_t *info, void *context) {
    const int kept = errno;
    if (atomic_fetch_add(&signals_heard, 1) > 0)
        _exit(128 + number);
    do_action(&actions[number == numbers[0] ? 0 : 1], number, info, context);
    errno = kept;
}

int second_signal_exits(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    action.sa_sigaction = on_signal;
    for (size_t i = 0; i < 2; i++)
        (void)sigaddset(&action.sa_mask, numbers[i]);
    for (size_t i = 0; i < 2; i++)
        if (sigaction(numbers[i], NULL, &actions[i]) < 0 ||
            sigaction(numbers[i], &action, NULL) < 0)
            return -errno;
    return 0;
}
