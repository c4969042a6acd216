/* SPDX-License-Identifier: MIT */
/*
 * Wakers where there is no EVFILT_USER, as on OpenBSD: a pipe, registered like any descriptor.
 * Under EV_CLEAR each write is an event, so nothing is read until the pipe is full.
 */
#include "kqueue/kqueue.h"

int cmio__kqueue_wake_open(struct cmio__selector *selector, cmio_token token,
                           struct cmio__wake *out) {
    struct cmio__wake wake = {.token = token};
    int error = cmio__wake_fd_open(&wake.fd);
    if (error < 0)
        return error;
    error = cmio__kqueue_register(selector, wake.fd.read_fd, token, CMIO_READABLE);
    if (error < 0) {
        cmio__wake_fd_close(&wake.fd);
        return error;
    }
    *out = wake;
    return 0;
}

int cmio__kqueue_wake(struct cmio__selector *selector, const struct cmio__wake *wake) {
    (void)selector; /* it is registered there */
    return cmio__wake_fd_signal(&wake->fd);
}

void cmio__kqueue_wake_close(struct cmio__selector *selector, struct cmio__wake *wake) {
    (void)cmio__kqueue_deregister(selector, wake->fd.read_fd); /* ours and open: it is there */
    cmio__wake_fd_close(&wake->fd);
}

bool cmio__kqueue_is_wake(const struct kevent *record) {
    (void)record; /* its events are its descriptor's */
    return false;
}
