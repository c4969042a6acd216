/* SPDX-License-Identifier: MIT */
#include "kq.h"

#include <errno.h>
#include <poll.h>

int kq_open(void) {
    int kq = kqueue();
    assert_true(kq >= 0);
    return kq;
}

int kq_change(int kq, uintptr_t ident, int filter, unsigned flags, unsigned fflags, int64_t data,
              const void *udata) {
    struct kevent change;
    EV_SET(&change, ident, (__typeof__(change.filter))filter, (__typeof__(change.flags))flags,
           fflags, data, (__typeof__(change.udata))(uintptr_t)udata);
    return kevent(kq, &change, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

int kq_add(int kq, int fd, int filter, unsigned flags) {
    return kq_change(kq, (uintptr_t)fd, filter, EV_ADD | flags, 0, 0, NULL);
}

int kq_delete(int kq, int fd, int filter) {
    return kq_change(kq, (uintptr_t)fd, filter, EV_DELETE, 0, 0, NULL);
}

int kq_wait(int kq, struct kevent *events, int capacity, int64_t timeout) {
    const struct timespec span = {
        .tv_sec = (time_t)(timeout / 1000000000),
        .tv_nsec = (long)(timeout % 1000000000),
    };
    int count = kevent(kq, NULL, 0, events, capacity, &span);
    return count < 0 ? -errno : count;
}

struct kevent kq_expect(int kq, int fd, int filter) {
    struct kevent event;
    int64_t start = test_now();
    assert_int_equal(kq_wait(kq, &event, 1, KQ_LONG), 1);
    assert_true(test_now() - start < KQ_LONG); /* else it was found, but nothing told of it */
    assert_int_equal(event.ident, fd);
    assert_int_equal(event.filter, filter);
    assert_int_equal(event.flags & EV_ERROR, 0);
    return event;
}

void kq_expect_silence(int kq) {
    struct kevent event;
    assert_int_equal(kq_wait(kq, &event, 1, 5 * KQ_MILLISECOND), 0);
}

int kq_is_readable(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int count = poll(&entry, 1, 0);
    assert_true(count >= 0);
    return count == 1;
}
