/* SPDX-License-Identifier: MIT */
/*
 * Two actions are kept per number. newest is the action that the handler replaced last: it is put
 * back, and it is what the handler does when the kernel calls it. If someone replaces the handler
 * and the handler is installed again, newest may be a function that itself calls the handler. For
 * such a call there is oldest, the action below the first of these installations, which knows
 * nothing of the handler. So no two functions call each other for ever.
 *
 * The handler tells who called it from the signal mask: the kernel blocks every signal for it, and
 * before the handler calls a function it unblocks SIGSEGV.
 *
 * A running handler may be about to read a kept action, no matter what has happened since it began.
 * So an action that was kept once is neither changed nor freed. If the same action is met again, it
 * is reused.
 */
#include "signal/action.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix/descriptor.h"

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "a signal handler can take no lock");

struct kept_action {
    struct sigaction action;
    const struct kept_action *next;
};

static struct {
    _Atomic(const struct kept_action *) newest;
    _Atomic(const struct kept_action *) oldest;
    const struct kept_action *all;
    bool installed; /* until we put the action back, even if someone replaces the handler */
} actions[CMIO__SIGNAL_MAX + 1];

static bool is_handler(const struct sigaction *action, cmio__signal_handler *handler) {
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == handler;
}

/*
 * SIG_DFL and SIG_IGN mean the same under SA_SIGINFO, because the two function members of a
 * sigaction occupy the same place on every system.
 */
static bool is_default(const struct sigaction *action) {
    return action->sa_handler == SIG_DFL;
}

static bool is_ignored(const struct sigaction *action) {
    return action->sa_handler == SIG_IGN;
}

static bool is_same_mask(const sigset_t *one, const sigset_t *other) {
    for (int number = 1; number <= CMIO__SIGNAL_MAX; number++)
        if (sigismember(one, number) != sigismember(other, number))
            return false;
    return true;
}

static bool is_same(const struct sigaction *one, const struct sigaction *other) {
    return one->sa_handler == other->sa_handler && one->sa_flags == other->sa_flags &&
           is_same_mask(&one->sa_mask, &other->sa_mask);
}

/* Finds the action among the kept ones, or adds it. Returns NULL without memory. */
static const struct kept_action *keep(int number, const struct sigaction *action) {
    for (const struct kept_action *kept = actions[number].all; kept != NULL; kept = kept->next)
        if (is_same(&kept->action, action))
            return kept;
    struct kept_action *kept = calloc(1, sizeof *kept);
    if (kept == NULL)
        return NULL;
    kept->action = *action;
    kept->next = actions[number].all;
    actions[number].all = kept;
    return kept;
}

/*
 * The mask has every bit set, because sigfillset(3) leaves out the signal with which a C library
 * cancels a thread. glibc 2.36 sends that signal to a thread in a read(2) and lets it act wherever
 * it arrives, even in a handler that has disabled cancellation.
 */
static int set_handler(int number, cmio__signal_handler *handler) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    action.sa_sigaction = handler;
    memset(&action.sa_mask, 0xff, sizeof action.sa_mask);
    return sigaction(number, &action, NULL) < 0 ? cmio__last_error() : 0;
}

int cmio__action_install(int number, cmio__signal_handler *handler) {
    struct sigaction current;
    if (sigaction(number, NULL, &current) < 0)
        return cmio__last_error();
    if (is_handler(&current, handler))
        return 0;
    const struct kept_action *kept = keep(number, &current);
    if (kept == NULL)
        return -ENOMEM;
    if (!actions[number].installed)
        atomic_store(&actions[number].oldest, kept);
    atomic_store(&actions[number].newest, kept); /* before a signal can need it */
    const int error = set_handler(number, handler);
    if (error == 0)
        actions[number].installed = true;
    return error;
}

void cmio__action_restore(int number, cmio__signal_handler *handler) {
    struct sigaction current;
    if (sigaction(number, NULL, &current) < 0 || !is_handler(&current, handler))
        return;
    const struct kept_action *kept = atomic_load(&actions[number].newest);
    (void)sigaction(number, &kept->action, NULL); /* it was in force before */
    actions[number].installed = false;
}

void cmio__action_restore_all(cmio__signal_handler *handler) {
    for (int number = 1; number <= CMIO__SIGNAL_MAX; number++)
        if (actions[number].installed)
            cmio__action_restore(number, handler);
}

static bool is_called_by_kernel(void) {
    sigset_t blocked;
    return pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, SIGSEGV) == 1;
}

/*
 * Cannot fail: the system knows the number. Setting the whole mask unblocks the C library's own
 * signals too, which may be needed before a function returns or a stopped process continues.
 */
static void unblock(int number, sigset_t *before) {
    sigset_t set;
    (void)pthread_sigmask(SIG_BLOCK, NULL, before);
    set = *before;
    (void)sigdelset(&set, number);
    (void)pthread_sigmask(SIG_SETMASK, &set, NULL);
}

/*
 * The kernel knows the default: the signal is sent again and let through. kill(2) sends it, because
 * raise(3) of some libcs mistakes a child after vfork(2) for its parent. If the process is still
 * there, the handler comes back, unless someone has installed another action meanwhile.
 */
static void do_default(int number, cmio__signal_handler *handler) {
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    struct sigaction current;
    sigset_t blocked;
    (void)sigaction(number, &standard, NULL);
    (void)kill(getpid(), number);
    unblock(number, &blocked);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, NULL);
    if (sigaction(number, NULL, &current) == 0 && is_default(&current))
        (void)set_handler(number, handler);
}

static void call(const struct sigaction *action, int number, siginfo_t *info, void *context) {
    sigset_t blocked;
    unblock(SIGSEGV, &blocked); /* if the function calls the handler, this tells the handler so */
    if ((action->sa_flags & SA_SIGINFO) != 0)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, NULL);
}

void cmio__action_do_old(int number, siginfo_t *info, void *context,
                         cmio__signal_handler *handler) {
    const struct kept_action *kept = is_called_by_kernel() ? atomic_load(&actions[number].newest)
                                                           : atomic_load(&actions[number].oldest);
    const struct sigaction *action = &kept->action;
    if (is_default(action))
        do_default(number, handler);
    else if (!is_ignored(action))
        call(action, number, info, context);
}
