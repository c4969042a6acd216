/* SPDX-License-Identifier: MIT */
#ifndef KQUEUE_STANDIN_TEST_KQ_H
#define KQUEUE_STANDIN_TEST_KQ_H

/*
 * What tests of the stand-in say often: one change, and what one wait gives. They know kqueue(2)
 * alone, so what they say can be asked of a real kernel too.
 */

#include <stdint.h>
#include <sys/event.h>

#include "support/pair.h"
#include "support/test.h"

/* Timeouts in nanoseconds. */
enum { AT_ONCE = 0, KQ_MILLISECOND = 1000000 };
#define KQ_LONG (INT64_C(30) * 1000 * KQ_MILLISECOND)

/* A new kqueue; fails the test if there is none. */
int kq_open(void);

/* One change, without an event list: 0, or the errno. */
int kq_change(int kq, uintptr_t ident, int filter, unsigned flags, unsigned fflags, int64_t data,
              const void *udata);
int kq_add(int kq, int fd, int filter, unsigned flags);
int kq_delete(int kq, int fd, int filter);

/* Waits for at most capacity events: how many came, or -errno. */
int kq_wait(int kq, struct kevent *events, int capacity, int64_t timeout);

/* Waits for one event and fails if none comes or it is another. */
struct kevent kq_expect(int kq, int fd, int filter);

/* Fails if there is an event, or comes within a few milliseconds. */
void kq_expect_silence(int kq);

/* Whether poll(2) says that the descriptor is readable. */
int kq_is_readable(int fd);

#endif
