/* SPDX-License-Identifier: MIT */

/*
 * Waiting on a kqueue: time, signals, other threads, other queues around it, and how many it holds.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kq.h"
#include "support/scale.h"

/* Time. */

static void a_timeout_is_never_early(void **state) {
    (void)state;
    static const int64_t spans[] = {0, 1, 999, 100000, 250000, 999999, 3100000, 20000001};
    struct kevent event;
    int kq = kq_open();
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        int64_t start = test_now();
        assert_int_equal(kq_wait(kq, &event, 1, spans[i]), 0);
        assert_true(test_now() - start >= spans[i]);
    }
    test_close(kq);
}

static void a_timeout_of_nothing_reports_what_is_ready(void **state) {
    (void)state;
    int fds[2];
    struct kevent event;
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    test_put(fds[1], 1);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, 0), 0);
    assert_int_equal(kq_wait(kq, &event, 1, AT_ONCE), 1);
    test_pair_close(fds);
    test_close(kq);
}

static void a_timeout_that_is_none_is_refused(void **state) {
    (void)state;
    static const struct timespec spans[] = {{-1, 0}, {0, -1}, {0, 1000000000}};
    struct kevent event;
    int kq = kq_open();
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        assert_int_equal(kevent(kq, NULL, 0, &event, 1, &spans[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
    test_close(kq);
}

static void a_wait_without_room_returns_at_once(void **state) {
    (void)state;
    int kq = kq_open();
    assert_int_equal(kevent(kq, NULL, 0, NULL, 0, NULL), 0);
    test_close(kq);
}

/* Cancellation. */

/* There under AddressSanitizer, which must be told that a thread's frames are left for good. */
void __asan_handle_no_return(void) __attribute__((weak));

static void leave_frames(void *argument) {
    (void)argument;
    if (__asan_handle_no_return != NULL)
        __asan_handle_no_return();
}

static void *wait_for_ever(void *argument) {
    struct kevent event;
    pthread_cleanup_push(leave_frames, NULL);
    (void)kevent(*(int *)argument, NULL, 0, &event, 1, NULL);
    pthread_cleanup_pop(0);
    return NULL;
}

static void a_cancelled_wait_leaves_the_kqueue_usable(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    for (int round = 0; round < 100; round++) {
        pthread_t thread;
        void *result = NULL;
        assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, &kq), 0);
        if (round % 2 == 0)
            test_pause(); /* now and then it sleeps already */
        assert_int_equal(pthread_cancel(thread), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_ptr_equal(result, PTHREAD_CANCELED);
        test_put(fds[1], 1);
        (void)kq_expect(kq, fds[0], EVFILT_READ);
        test_take(fds[0], 1);
        kq_expect_silence(kq);
    }
    test_pair_close(fds);
    test_close(kq);
}

static void success_leaves_errno_alone(void **state) {
    (void)state;
    int fds[2];
    struct kevent event;
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    errno = EDOM;
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_wait(kq, &event, 1, KQ_MILLISECOND), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(kq_wait(kq, &event, 1, KQ_LONG), 1);
    assert_int_equal(errno, EDOM);
    test_pair_close(fds);
    test_close(kq);
}

/* Signals. */

static void on_signal(int number) {
    (void)number;
}

static void install(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    assert_int_equal(sigaction(number, &action, NULL), 0);
}

static void alarm_every(long microseconds) {
    const struct itimerval every = {{0, microseconds}, {0, microseconds}};
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

/* One that is still on its way is dropped. */
static void stop_alarm(void) {
    alarm_every(0);
    install(SIGALRM, SIG_IGN);
}

static void a_signal_handler_ends_a_wait_even_if_calls_restart(void **state) {
    (void)state;
    struct kevent event;
    int kq = kq_open();
    install(SIGALRM, on_signal);
    alarm_every(2000);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(kevent(kq, NULL, 0, &event, 1, NULL), -1);
        assert_int_equal(errno, EINTR);
    }
    stop_alarm();
    kq_expect_silence(kq);
    test_close(kq);
}

static atomic_int fd_of_handler;

static void write_from_handler(int number) {
    (void)number;
    int kept = errno;
    (void)!write(atomic_load(&fd_of_handler), "x", 1);
    errno = kept;
}

/* Handlers run while the stand-in works on the same pipe: none may find the lock held. */
static void a_signal_handler_may_write_to_a_watched_pipe(void **state) {
    (void)state;
    int fds[2];
    struct kevent event;
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    atomic_store(&fd_of_handler, fds[1]);
    install(SIGALRM, write_from_handler);
    alarm_every(300);
    for (int i = 0, count = test_scale(2000); i < count; i++) {
        int result = kq_wait(kq, &event, 1, KQ_LONG);
        assert_true(result == 1 || result == -EINTR);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        (void)test_drain(fds[0]);
    }
    stop_alarm();
    test_pair_close(fds);
    test_close(kq);
}

/* Threads. */

struct waiter {
    pthread_t thread;
    int kq;
    int result;
    struct kevent event;
    atomic_bool over;
};

static void *wait_once(void *argument) {
    struct waiter *waiter = argument;
    do
        waiter->result = kq_wait(waiter->kq, &waiter->event, 1, 10 * KQ_LONG);
    while (waiter->result == -EINTR);
    atomic_store(&waiter->over, true);
    return NULL;
}

static void start(struct waiter *waiter, int kq) {
    waiter->kq = kq;
    atomic_init(&waiter->over, false);
    assert_int_equal(pthread_create(&waiter->thread, NULL, wait_once, waiter), 0);
}

/* Long before the wait would end by itself. */
static void join(struct waiter *waiter) {
    TEST_EVENTUALLY(atomic_load(&waiter->over));
    assert_int_equal(pthread_join(waiter->thread, NULL), 0);
}

/* Nothing says that the thread is in its wait: the moment makes it likely, and is not needed. */
static void let_it_wait(void) {
    for (int i = 0; i < 20; i++)
        test_pause();
}

static void a_descriptor_added_during_a_wait_ends_it(void **state) {
    (void)state;
    int fds[2];
    struct waiter waiter;
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    test_put(fds[1], 1);
    start(&waiter, kq);
    let_it_wait();
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    join(&waiter);
    assert_int_equal(waiter.result, 1);
    assert_int_equal(waiter.event.ident, fds[0]);
    test_pair_close(fds);
    test_close(kq);
}

static void a_partial_read_by_another_thread_ends_a_wait(void **state) {
    (void)state;
    int fds[2];
    struct waiter waiter;
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    test_put(fds[1], 5);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    start(&waiter, kq);
    let_it_wait();
    test_take(fds[0], 1);
    join(&waiter);
    assert_int_equal(waiter.result, 1);
    assert_int_equal(waiter.event.data, 4);
    test_pair_close(fds);
    test_close(kq);
}

static void closing_a_kqueue_ends_waits_on_it(void **state) {
    (void)state;
    struct waiter waiters[3];
    int kq = kq_open();
    for (size_t i = 0; i < 3; i++)
        start(&waiters[i], kq);
    let_it_wait();
    test_close(kq);
    for (size_t i = 0; i < 3; i++) {
        join(&waiters[i]);
        assert_int_equal(waiters[i].result, -EBADF);
    }
}

/* Each thread adds, writes, has its event told by the waiter, and deletes or closes. */

enum { THREADS = 4 };

struct worker {
    pthread_t thread;
    int kq;
    int rounds;
    atomic_int told;
    atomic_bool *done;
};

static bool is_told(struct worker *worker, int round) {
    return atomic_load(&worker->told) > round;
}

static void *work(void *argument) {
    struct worker *worker = argument;
    for (int round = 0; round < worker->rounds; round++) {
        int fds[2];
        test_pair_open(round % 2 ? TEST_PIPE : TEST_UNIX_STREAM, fds);
        assert_int_equal(kq_change(worker->kq, (uintptr_t)fds[0], EVFILT_READ, EV_ADD | EV_ONESHOT,
                                   0, 0, worker),
                         0);
        test_put(fds[1], 1);
        TEST_EVENTUALLY(is_told(worker, round));
        assert_int_equal(kq_delete(worker->kq, fds[0], EVFILT_READ), ENOENT);
        assert_int_equal(kq_add(worker->kq, fds[0], EVFILT_WRITE, EV_DISABLE), 0);
        test_pair_close(fds);
    }
    return NULL;
}

static void *tell(void *argument) {
    struct worker *waiter = argument;
    while (!atomic_load(waiter->done)) {
        struct kevent events[2];
        int count = kq_wait(waiter->kq, events, 2, KQ_MILLISECOND);
        for (int i = 0; i < count; i++)
            atomic_fetch_add(&((struct worker *)events[i].udata)->told, 1);
    }
    return NULL;
}

static void no_event_of_many_threads_is_lost(void **state) {
    (void)state;
    struct worker workers[THREADS];
    atomic_bool done = false;
    int kq = kq_open();
    struct worker waiter = {.kq = kq, .done = &done};
    assert_int_equal(pthread_create(&waiter.thread, NULL, tell, &waiter), 0);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].kq = kq;
        workers[i].rounds = test_scale(1000);
        atomic_init(&workers[i].told, 0);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    atomic_store(&done, true);
    assert_int_equal(pthread_join(waiter.thread, NULL), 0);
    test_close(kq);
}

/* Two threads, each with a kqueue of its own, and a stream of bytes between them. */

struct flow {
    enum test_pair_kind kind;
    int fd;
    size_t left;
};

static void *send_all(void *argument) {
    static const char bytes[65536];
    struct flow *flow = argument;
    int kq = kq_open();
    assert_int_equal(kq_add(kq, flow->fd, EVFILT_WRITE, EV_CLEAR), 0);
    while (flow->left > 0) {
        size_t length = flow->left < sizeof bytes ? flow->left : sizeof bytes;
        ssize_t count = write(flow->fd, bytes, length);
        assert_true(count > 0 || errno == EAGAIN);
        flow->left -= count > 0 ? (size_t)count : 0;
        if (count < (ssize_t)length)
            (void)kq_expect(kq, flow->fd, EVFILT_WRITE);
    }
    test_close(kq);
    return NULL;
}

static void receive_all(int fd, size_t length) {
    char bytes[30000];
    int kq = kq_open();
    assert_int_equal(kq_add(kq, fd, EVFILT_READ, EV_CLEAR), 0);
    while (length > 0) {
        ssize_t count = read(fd, bytes, sizeof bytes);
        assert_true(count > 0 || errno == EAGAIN);
        length -= count > 0 ? (size_t)count : 0;
        if (count < (ssize_t)sizeof bytes && length > 0)
            (void)kq_expect(kq, fd, EVFILT_READ);
    }
    test_close(kq);
}

static void no_edge_of_a_stream_is_lost(void **state) {
    (void)state;
    static const enum test_pair_kind kinds[] = {TEST_PIPE, TEST_UNIX_STREAM, TEST_TCP};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int fds[2];
        pthread_t thread;
        test_pair_open(kinds[i], fds);
        struct flow flow = {kinds[i], fds[1], (size_t)test_scale(32) << 20};
        size_t length = flow.left;
        assert_int_equal(pthread_create(&thread, NULL, send_all, &flow), 0);
        receive_all(fds[0], length);
        assert_int_equal(pthread_join(thread, NULL), 0);
        test_pair_close(fds);
    }
}

/* Around it. */

static void the_descriptor_is_readable_while_there_are_events(void **state) {
    (void)state;
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++) {
        int fds[2];
        int kq = kq_open();
        test_pair_open(kind, fds);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
        assert_false(kq_is_readable(kq));
        test_put(fds[1], 1);
        TEST_EVENTUALLY(kq_is_readable(kq));
        (void)kq_expect(kq, fds[0], EVFILT_READ);
        assert_false(kq_is_readable(kq));
        test_pair_close(fds);
        assert_false(kq_is_readable(kq));
        test_close(kq);
    }
}

static void the_descriptor_is_readable_while_what_was_reported_holds(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, 0), 0);
    test_put(fds[1], 1);
    for (int i = 0; i < 3; i++) {
        assert_true(kq_is_readable(kq));
        (void)kq_expect(kq, fds[0], EVFILT_READ);
    }
    test_take(fds[0], 1);
    kq_expect_silence(kq);
    assert_false(kq_is_readable(kq));
    test_pair_close(fds);
    test_close(kq);
}

static void a_kqueue_watches_another(void **state) {
    (void)state;
    int fds[2];
    struct waiter waiter;
    int inner = kq_open(), outer = kq_open();
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(kq_add(inner, fds[0], EVFILT_READ, EV_CLEAR), 0);
    assert_int_equal(kq_add(outer, inner, EVFILT_READ, 0), 0);
    for (int i = 0; i < 3; i++) {
        kq_expect_silence(outer);
        start(&waiter, outer);
        test_put(fds[1], 1);
        join(&waiter);
        assert_int_equal(waiter.result, 1);
        assert_int_equal(waiter.event.ident, inner);
        (void)kq_expect(outer, inner, EVFILT_READ);
        (void)kq_expect(inner, fds[0], EVFILT_READ);
        test_take(fds[0], 1);
    }
    test_close(inner);
    kq_expect_silence(outer);
    test_close(outer);
    test_pair_close(fds);
}

static void a_kqueue_cannot_watch_itself(void **state) {
    (void)state;
    int kq = kq_open();
    assert_int_equal(kq_add(kq, kq, EVFILT_READ, 0), EINVAL);
    test_close(kq);
}

static void a_child_has_no_kqueue_and_harms_none(void **state) {
    (void)state;
    int fds[2], status;
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, EV_CLEAR), 0);
    pid_t child = fork();
    if (child == 0) {
        struct kevent event;
        int result = kq_wait(kq, &event, 1, AT_ONCE);
        close(fds[0]);
        close(kq);
        _exit(result == -EBADF ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    test_put(fds[1], 1);
    (void)kq_expect(kq, fds[0], EVFILT_READ);
    test_pair_close(fds);
    test_close(kq);
}

static void a_kqueue_takes_one_number_and_is_kept_over_exec_unless_asked(void **state) {
    (void)state;
    int first = kq_open(), second = kq_open();
    assert_int_equal(second, first + 1);
    assert_int_equal(fcntl(first, F_GETFD), 0);
    assert_int_equal(fcntl(first, F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
    test_close(first);
    test_close(second);
}

static void what_is_no_kqueue_is_refused(void **state) {
    (void)state;
    int fds[2];
    struct kevent event;
    int closed = kq_open();
    test_close(closed);
    assert_int_equal(kq_wait(closed, &event, 1, AT_ONCE), -EBADF);
    assert_int_equal(kq_wait(-1, &event, 1, AT_ONCE), -EBADF);
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_wait(fds[0], &event, 1, AT_ONCE), -EBADF);
    test_pair_close(fds);
}

/* How many. */

static void kqueues_come_and_go_and_leave_nothing(void **state) {
    (void)state;
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    for (int i = 0; i < 2000; i++) {
        int kq = kq_open();
        assert_int_equal(kq_add(kq, fds[0], EVFILT_READ, 0), 0);
        assert_int_equal(kq_add(kq, fds[0], EVFILT_WRITE, 0), 0);
        assert_int_equal(kq_change(kq, 7, EVFILT_TIMER, EV_ADD, 0, 1000, NULL), 0);
        test_close(kq);
    }
    test_pair_close(fds);
}

enum { MOST_PAIRS = 2500, SMALL = 64 };

struct crowd {
    int kq;
    int count;
    int (*fds)[2];
};

static void crowd_open(struct crowd *crowd) {
    crowd->kq = kq_open();
    crowd->count = test_scale(MOST_PAIRS);
    crowd->fds = calloc((size_t)crowd->count, sizeof *crowd->fds);
    assert_non_null(crowd->fds);
    for (int i = 0; i < crowd->count; i++) {
        test_pair_open(TEST_UNIX_STREAM, crowd->fds[i]);
        for (int end = 0; end < 2; end++)
            assert_int_equal(kq_change(crowd->kq, (uintptr_t)crowd->fds[i][end], EVFILT_READ,
                                       EV_ADD | EV_CLEAR, 0, 0, &crowd->fds[i][end]),
                             0);
    }
}

static void crowd_close(struct crowd *crowd) {
    for (int i = 0; i < crowd->count; i++)
        test_pair_close(crowd->fds[i]);
    free(crowd->fds);
    test_close(crowd->kq);
}

static void one_of_thousands_is_found(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd);
    for (int i = 0; i < crowd.count; i += 50) {
        test_put(crowd.fds[i][0], 1);
        struct kevent event = kq_expect(crowd.kq, crowd.fds[i][1], EVFILT_READ);
        assert_ptr_equal(event.udata, &crowd.fds[i][1]);
    }
    kq_expect_silence(crowd.kq);
    crowd_close(&crowd);
}

static void thousands_ready_come_a_batch_at_a_time_each_once(void **state) {
    (void)state;
    struct crowd crowd;
    struct kevent events[SMALL];
    crowd_open(&crowd);
    for (int i = 0; i < crowd.count; i++) {
        test_put(crowd.fds[i][0], 1);
        test_put(crowd.fds[i][1], 1);
    }
    for (int left = 2 * crowd.count; left > 0;) {
        int count = kq_wait(crowd.kq, events, SMALL, KQ_LONG);
        assert_int_equal(count, left < SMALL ? left : SMALL);
        for (int i = 0; i < count; i++)
            test_take((int)events[i].ident, 1);
        left -= count;
    }
    kq_expect_silence(crowd.kq);
    crowd_close(&crowd);
}

static void level_events_without_room_go_round(void **state) {
    (void)state;
    enum { READY = 10, ROOM = 3 };
    int fds[READY][2], seen[READY] = {0};
    struct kevent events[ROOM];
    int kq = kq_open();
    for (int i = 0; i < READY; i++) {
        test_pair_open(TEST_PIPE, fds[i]);
        test_put(fds[i][1], 1);
        assert_int_equal(kq_change(kq, (uintptr_t)fds[i][0], EVFILT_READ, EV_ADD, 0, 0, &seen[i]),
                         0);
    }
    for (int wait = 0; wait < READY; wait++) {
        assert_int_equal(kq_wait(kq, events, ROOM, KQ_LONG), ROOM);
        for (int i = 0; i < ROOM; i++)
            ++*(int *)events[i].udata;
    }
    for (int i = 0; i < READY; i++) {
        assert_int_equal(seen[i], ROOM);
        test_pair_close(fds[i]);
    }
    test_close(kq);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_timeout_is_never_early),
    cmocka_unit_test(a_timeout_of_nothing_reports_what_is_ready),
    cmocka_unit_test(a_timeout_that_is_none_is_refused),
    cmocka_unit_test(a_wait_without_room_returns_at_once),
    cmocka_unit_test(a_cancelled_wait_leaves_the_kqueue_usable),
    cmocka_unit_test(success_leaves_errno_alone),
    cmocka_unit_test(a_signal_handler_ends_a_wait_even_if_calls_restart),
    cmocka_unit_test(a_signal_handler_may_write_to_a_watched_pipe),
    cmocka_unit_test(a_descriptor_added_during_a_wait_ends_it),
    cmocka_unit_test(a_partial_read_by_another_thread_ends_a_wait),
    cmocka_unit_test(closing_a_kqueue_ends_waits_on_it),
    cmocka_unit_test(no_event_of_many_threads_is_lost),
    cmocka_unit_test(no_edge_of_a_stream_is_lost),
    cmocka_unit_test(the_descriptor_is_readable_while_there_are_events),
    cmocka_unit_test(the_descriptor_is_readable_while_what_was_reported_holds),
    cmocka_unit_test(a_kqueue_watches_another),
    cmocka_unit_test(a_kqueue_cannot_watch_itself),
    cmocka_unit_test(a_child_has_no_kqueue_and_harms_none),
    cmocka_unit_test(a_kqueue_takes_one_number_and_is_kept_over_exec_unless_asked),
    cmocka_unit_test(what_is_no_kqueue_is_refused),
    cmocka_unit_test(kqueues_come_and_go_and_leave_nothing),
    cmocka_unit_test(one_of_thousands_is_found),
    cmocka_unit_test(thousands_ready_come_a_batch_at_a_time_each_once),
    cmocka_unit_test(level_events_without_room_go_round),
};

TEST_GROUP(kqueue_wait, tests)
