/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_PROC with NOTE_EXIT: a pidfd a process. data is the status that waitpid(2) would give, if
 * the process is a child that nobody has waited for yet; else 0. A process that is a zombie already
 * is watched on FreeBSD and refused with ESRCH on OpenBSD ("process filter").
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "standin.h"

static bool has_exited(int pidfd) {
    struct pollfd entry = {.fd = pidfd, .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

static int status_of(pid_t process) {
    siginfo_t info = {.si_pid = 0};
    if (waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
        return 0;
    if (info.si_code == CLD_EXITED)
        return W_EXITCODE(info.si_status, 0);
    return W_EXITCODE(0, info.si_status) | (info.si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

static void process_woken(struct standin_item *item) {
    standin_knote_offer(LIST_OWNER(item, struct standin_knote, item));
}

static void process_detach(struct standin_knote *knote) {
    standin_knote_disown(knote);
}

static int process_attach(struct standin_knote *knote) {
    if (knote->asked_fflags != NOTE_EXIT)
        return EINVAL; /* not imitated */
    knote->event.flags |= EV_CLEAR;
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)knote->event.ident, 0);
    /* Once only: an exited process stays readable. */
    int error = standin_knote_own(knote, fd, EPOLLIN | EPOLLET, process_woken);
    if (error != 0)
        return error;
    error = has_exited(knote->fd) ? standin_flavour.zombie_error : 0;
    if (error != 0)
        process_detach(knote);
    return error;
}

static bool process_look(struct standin_knote *knote) {
    if (!has_exited(knote->fd))
        return false;
    if (knote->event.flags & EV_EOF)
        return true; /* with the status of the first look */
    knote->event.flags |= EV_EOF | EV_ONESHOT;
    knote->event.fflags = NOTE_EXIT;
    knote->event.data = status_of((pid_t)knote->event.ident);
    return true;
}

const struct standin_filter standin_process_filter = {
    .number = EVFILT_PROC,
    .attach = process_attach,
    .detach = process_detach,
    .look = process_look,
    .touch = standin_knote_touch,
    .report = standin_knote_report,
};
