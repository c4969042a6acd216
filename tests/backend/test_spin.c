/* SPDX-License-Identifier: MIT */

/*
 * Waits that spin before they sleep: the promises about wakes, events, timeouts and errors are kept
 * whether a wake finds the wait spinning, asleep, or on its way from one to the other.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 100, WAKER = 1, MANY = 8, PASSING = 20, SILENT = 21 };

/* Short ones end while wakes come, long ones seldom do. */
static const int64_t spans[] = {1, CMIO_MICROSECOND, 20 * CMIO_MICROSECOND, 2 * CMIO_MILLISECOND};
enum { SPANS = sizeof spans / sizeof *spans };

#define LONG (2 * CMIO_MILLISECOND)

static int64_t used; /* the span of the loop that was opened last */

static void open_spinning(struct test_loop *loop, size_t capacity, int64_t span) {
    test_loop_open_with(loop, capacity, TEST_HERE);
    assert_int_equal(cmio_poll_set_spin(loop->poll, span), 0);
    used = span;
}

/*
 * A thread that waits once. That it waits is seen by a call that takes no event away, so an event
 * that comes before is the thread's.
 */
struct waiter {
    pthread_t thread;
    struct cmio_poll *poll;
    struct cmio_events *events;
    int result;
    atomic_bool done;
};

static void *wait_once(void *argument) {
    struct waiter *waiter = argument;
    waiter->result = cmio_poll_wait(waiter->poll, waiter->events, CMIO_FOREVER);
    atomic_store(&waiter->done, true);
    return NULL;
}

static void waiter_start(struct waiter *waiter, struct test_loop *loop, size_t capacity) {
    memset(waiter, 0, sizeof *waiter);
    waiter->poll = loop->poll;
    assert_int_equal(cmio_events_new(&waiter->events, capacity), 0);
    assert_int_equal(pthread_create(&waiter->thread, NULL, wait_once, waiter), 0);
    TEST_EVENTUALLY(atomic_load(&waiter->done) || cmio_poll_set_spin(loop->poll, used) == -EBUSY);
}

static uint32_t waiter_came(const struct waiter *waiter, cmio_token token) {
    uint32_t ready = 0;
    if (!atomic_load(&waiter->done))
        return 0; /* it was cancelled */
    CMIO_EVENTS_FOREACH (event, waiter->events)
        if (event->token == token)
            ready |= event->ready;
    return ready;
}

/* The number of events that came, which the loop keeps as if it had waited itself. */
static int waiter_join(struct waiter *waiter, struct test_loop *loop) {
    assert_int_equal(pthread_join(waiter->thread, NULL), 0);
    for (cmio_token token = 0; token < TEST_TOKENS; token++)
        loop->came[token] |= waiter_came(waiter, token);
    cmio_events_free(waiter->events);
    return waiter->result;
}

static struct cmio_waker *new_waker(struct test_loop *loop, cmio_token token) {
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop->registry, token), 0);
    return waker;
}

static void open_reader(struct test_loop *loop, struct cmio_fd_source *reader, int fds[2]) {
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(cmio_fd_source_init(reader, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop->registry, &reader->source, TOKEN, CMIO_READABLE),
                     0);
}

static void close_reader(struct cmio_fd_source *reader, int fds[2]) {
    assert_int_equal(cmio_fd_source_close(reader), 0);
    test_pair_close(fds);
}

/* Two loops wake each other in turn. Each wake is one event, and each event comes from a wake. */

struct side {
    struct test_loop loop;
    struct cmio_waker *waker;
    struct side *other;
    long number;   /* plain: the wake makes it visible */
    long answered; /* how many numbers came */
    int rounds;
    bool is_first;
    int error;
};

static void tell(struct side *side, long number) {
    side->other->number = number;
    const int error = cmio_waker_wake(side->other->waker);
    if (error != 0)
        side->error = error;
}

static void *take_turns(void *argument) {
    struct side *side = argument;
    if (side->is_first)
        tell(side, 1);
    while (side->answered < side->rounds && side->error == 0) {
        const int count = cmio_poll_wait(side->loop.poll, side->loop.events, 30 * CMIO_SECOND);
        if (count == -EINTR)
            continue;
        if (count != 1 || side->number != side->answered + 1)
            side->error = count < 0 ? count : -EPROTO;
        side->answered++;
        if (!side->is_first || side->answered < side->rounds)
            tell(side, side->is_first ? side->answered + 1 : side->answered);
    }
    return NULL;
}

static void run_sides(int64_t first_span, int64_t second_span, int rounds) {
    struct side sides[2];
    pthread_t threads[2];
    memset(sides, 0, sizeof sides);
    for (int i = 0; i < 2; i++) {
        open_spinning(&sides[i].loop, 4, i == 0 ? first_span : second_span);
        sides[i].waker = new_waker(&sides[i].loop, WAKER);
        sides[i].other = &sides[1 - i];
        sides[i].rounds = rounds;
        sides[i].is_first = i == 0;
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &sides[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 2; i++) {
        TEST_OK(sides[i].error);
        assert_int_equal(sides[i].answered, rounds);
        test_loop_expect_silence(&sides[i].loop);
        cmio_waker_free(sides[i].waker);
        test_loop_close(&sides[i].loop);
    }
}

static void each_wake_of_two_loops_in_turn_is_one_event(void **state) {
    (void)state;
    for (int i = 0; i < SPANS; i++)
        run_sides(spans[i], spans[i], test_scale(10000));
    run_sides(0, LONG, test_scale(3000));
    run_sides(CMIO_MICROSECOND, 0, test_scale(3000));
}

/* Several threads, each with a waker of its own, that wait until each wake was seen. */

struct caller {
    pthread_t thread;
    struct cmio_waker *waker;
    atomic_int *stop;
    int rounds;
    int error;
    long said; /* plain */
    atomic_int seen;
};

static void *call_and_wait(void *argument) {
    struct caller *self = argument;
    for (int round = 1; round <= self->rounds && self->error == 0; round++) {
        self->said++;
        self->error = cmio_waker_wake(self->waker);
        while (atomic_load(&self->seen) < round && !atomic_load(self->stop))
            sched_yield();
    }
    return NULL;
}

static bool all_seen(struct caller *callers) {
    for (int i = 0; i < MANY; i++)
        if (atomic_load(&callers[i].seen) < callers[i].rounds)
            return false;
    return true;
}

/* Returns false for an event that nobody caused, or one without what was said before it. */
static bool hear(struct caller *callers, const struct cmio_event *event) {
    if (event->token >= MANY || event->ready != CMIO_READABLE)
        return event->token == TOKEN;
    struct caller *caller = &callers[event->token];
    const int seen = atomic_load(&caller->seen) + 1;
    if (caller->said != seen)
        return false;
    atomic_store(&caller->seen, seen);
    return true;
}

typedef void disturbance(struct test_loop *loop, void *argument);

static void hear_all(struct test_loop *loop, struct caller *callers, disturbance *disturb,
                     void *argument) {
    bool wrong = false;
    int count = 0;
    while (!all_seen(callers) && !wrong && (count >= 0 || count == -EINTR)) {
        count = cmio_poll_wait(loop->poll, loop->events, 30 * CMIO_SECOND);
        if (count == 0)
            break;
        CMIO_EVENTS_FOREACH (event, loop->events)
            wrong = wrong || !hear(callers, event);
        if (disturb != NULL)
            disturb(loop, argument);
    }
    if (count < 0 && count != -EINTR)
        TEST_OK(count);
    assert_false(wrong);
}

static void start_callers(struct test_loop *loop, struct caller *callers, atomic_int *stop,
                          int rounds) {
    memset(callers, 0, MANY * sizeof *callers);
    for (int i = 0; i < MANY; i++) {
        callers[i].waker = new_waker(loop, (cmio_token)i);
        callers[i].stop = stop;
        callers[i].rounds = rounds;
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_and_wait, &callers[i]), 0);
}

static void join_callers(struct caller *callers, atomic_int *stop) {
    atomic_store(stop, 1);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
    for (int i = 0; i < MANY; i++) {
        TEST_OK(callers[i].error);
        assert_int_equal(atomic_load(&callers[i].seen), callers[i].rounds);
        cmio_waker_free(callers[i].waker);
    }
}

static void wakes_of_many_threads_are_never_lost(void **state) {
    (void)state;
    static const size_t capacities[] = {64, 2, 1};
    for (int i = 0; i < SPANS; i++) {
        for (size_t j = 0; j < sizeof capacities / sizeof *capacities; j++) {
            struct test_loop loop;
            struct caller callers[MANY];
            atomic_int stop = 0;
            open_spinning(&loop, capacities[j], spans[i]);
            start_callers(&loop, callers, &stop, test_scale(500));
            hear_all(&loop, callers, NULL, NULL);
            join_callers(callers, &stop);
            test_loop_expect_silence(&loop);
            test_loop_close(&loop);
        }
    }
}

/* I/O between the wakes: what was written comes, and is read, and the wakes come as well. */

struct traffic {
    struct cmio_fd_source reader;
    int fds[2];
    int written;
    int read;
};

static void write_and_read(struct test_loop *loop, void *argument) {
    struct traffic *traffic = argument;
    CMIO_EVENTS_FOREACH (event, loop->events)
        if (event->token == TOKEN)
            traffic->read += (int)test_source_drain(&traffic->reader);
    if (traffic->written == traffic->read) {
        test_put(traffic->fds[1], 1);
        traffic->written++;
    }
}

static void events_come_while_the_wait_spins_and_wakes_do_too(void **state) {
    (void)state;
    for (int i = 0; i < SPANS; i++) {
        struct test_loop loop;
        struct traffic traffic = {.written = 0};
        struct caller callers[MANY];
        atomic_int stop = 0;
        open_spinning(&loop, 4, spans[i]);
        open_reader(&loop, &traffic.reader, traffic.fds);
        start_callers(&loop, callers, &stop, test_scale(1000));
        hear_all(&loop, callers, write_and_read, &traffic);
        join_callers(callers, &stop);
        if (traffic.read < traffic.written)
            test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        assert_true(traffic.written > 0);
        close_reader(&traffic.reader, traffic.fds);
        test_loop_close(&loop);
    }
}

/* A thread that wakes without a pause, so that every wait ends with a wake. */
struct torrent {
    struct cmio_waker *waker;
    atomic_bool stop;
};

static void *wake_without_end(void *argument) {
    struct torrent *torrent = argument;
    while (!atomic_load(&torrent->stop))
        (void)cmio_waker_wake(torrent->waker);
    return NULL;
}

static void events_come_also_if_wakes_never_cease(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_fd_source reader;
    struct torrent torrent = {.stop = false};
    pthread_t thread;
    int fds[2];
    open_spinning(&loop, 64, LONG);
    open_reader(&loop, &reader, fds);
    torrent.waker = new_waker(&loop, WAKER);
    assert_int_equal(pthread_create(&thread, NULL, wake_without_end, &torrent), 0);
    for (int round = 0; round < test_scale(200); round++) {
        test_put(fds[1], 1);
        test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        assert_int_equal(test_source_drain(&reader), 1);
    }
    atomic_store(&torrent.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    cmio_waker_free(torrent.waker);
    close_reader(&reader, fds);
    test_loop_close(&loop);
}

static void an_event_ends_a_wait_that_may_spin_for_long(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_fd_source reader;
    int fds[2];
    open_spinning(&loop, 64, 4 * CMIO_SECOND);
    open_reader(&loop, &reader, fds);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    for (int round = 0; round < test_scale(50); round++) {
        struct waiter waiter;
        waiter_start(&waiter, &loop, 64);
        test_put(fds[1], 1);
        assert_int_equal(waiter_join(&waiter, &loop), 1);
        assert_int_equal(loop.came[TOKEN], CMIO_READABLE);
        test_loop_forget(&loop);
        assert_int_equal(test_source_drain(&reader), 1);
    }
    cmio_waker_free(waker);
    close_reader(&reader, fds);
    test_loop_close(&loop);
}

/* What other threads register and deregister during the wait. */
static void sources_change_while_the_wait_spins(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_fd_source reader;
    int fds[2];
    open_spinning(&loop, 64, LONG);
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(cmio_fd_source_init(&reader, fds[0]), 0);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    test_put(fds[1], 1);
    for (int round = 0; round < test_scale(200); round++) {
        struct waiter waiter;
        waiter_start(&waiter, &loop, 64);
        struct cmio_waker *another = new_waker(&loop, WAKER + 1);
        cmio_waker_free(another);
        assert_int_equal(
            cmio_registry_register(loop.registry, &reader.source, TOKEN, CMIO_READABLE), 0);
        assert_int_equal(waiter_join(&waiter, &loop), 1);
        assert_int_equal(loop.came[TOKEN], CMIO_READABLE);
        test_loop_forget(&loop);
        assert_int_equal(cmio_registry_deregister(loop.registry, &reader.source), 0);
    }
    test_loop_expect_silence(&loop);
    cmio_waker_free(waker);
    close_reader(&reader, fds);
    test_loop_close(&loop);
}

/* Wakers come and go while others wake: nobody gets the event of another. */
static void wakers_are_replaced_while_the_wait_spins(void **state) {
    (void)state;
    struct test_loop loop;
    struct caller callers[MANY];
    atomic_int stop = 0;
    open_spinning(&loop, 64, LONG);
    struct cmio_waker *ending = new_waker(&loop, TOKEN);
    start_callers(&loop, callers, &stop, test_scale(1000));
    while (!all_seen(callers)) {
        struct waiter waiter;
        waiter_start(&waiter, &loop, 64);
        struct cmio_waker *passing = new_waker(&loop, PASSING);
        assert_int_equal(cmio_waker_wake(passing), 0);
        cmio_waker_free(passing);
        cmio_waker_free(new_waker(&loop, SILENT));
        assert_int_equal(cmio_waker_wake(ending), 0);
        assert_true(waiter_join(&waiter, &loop) > 0);
        assert_int_equal(loop.came[SILENT], 0);
        for (cmio_token i = 0; i < MANY; i++)
            if (loop.came[i] != 0)
                assert_true(hear(callers, &(struct cmio_event){i, loop.came[i]}));
        test_loop_forget(&loop);
    }
    cmio_waker_free(ending);
    join_callers(callers, &stop);
    test_loop_close(&loop);
}

static void wakes_that_do_not_fit_a_batch_come_with_the_next_waits(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_waker *wakers[MANY];
    open_spinning(&loop, 1, LONG);
    for (size_t i = 0; i < MANY; i++)
        wakers[i] = new_waker(&loop, i);
    for (int round = 0; round < test_scale(200); round++) {
        struct waiter waiter;
        waiter_start(&waiter, &loop, 1 + (size_t)round % 3);
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(cmio_waker_wake(wakers[i]), 0);
        assert_true(waiter_join(&waiter, &loop) > 0);
        for (size_t i = 0; i < MANY; i++)
            test_loop_expect(&loop, i, CMIO_READABLE);
    }
    test_loop_expect_silence(&loop);
    for (size_t i = 0; i < MANY; i++)
        cmio_waker_free(wakers[i]);
    test_loop_close(&loop);
}

/* Signals and cancellation. */

static struct cmio_waker *handlers_waker;
static atomic_int handled;

static void wake_in_handler(int number) {
    (void)number;
    const int kept = errno;
    (void)cmio_waker_wake(handlers_waker);
    atomic_fetch_add(&handled, 1);
    errno = kept;
}

static void handle_signal(struct sigaction *before) {
    struct sigaction action = {.sa_handler = wake_in_handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, before), 0);
}

struct signalled {
    pthread_t target;
    atomic_bool stop;
    atomic_int allowed; /* how many signals may have been sent */
};

static void *signal_in_turn(void *argument) {
    struct signalled *signalled = argument;
    for (int sent = 0; !atomic_load(&signalled->stop);) {
        if (sent < atomic_load(&signalled->allowed)) {
            (void)pthread_kill(signalled->target, SIGUSR1);
            sent++;
        }
        sched_yield();
    }
    return NULL;
}

/*
 * ThreadSanitizer keeps a signal back until the thread makes a call that it knows, which a wait may
 * not be: there waits are short.
 */
static bool has_heard_its_waker(struct test_loop *loop) {
    const int64_t tenth = 100 * CMIO_MILLISECOND;
    (void)test_loop_wait(loop, test_is_under_thread_sanitizer() ? tenth : 300 * tenth);
    return loop->came[WAKER] != 0;
}

static void a_handler_on_the_spinning_thread_wakes_it(void **state) {
    (void)state;
    for (int i = 0; i < SPANS; i++) {
        struct test_loop loop;
        struct sigaction before;
        pthread_t thread;
        struct signalled signalled = {.target = pthread_self()};
        open_spinning(&loop, 4, spans[i]);
        handlers_waker = new_waker(&loop, WAKER);
        handle_signal(&before);
        assert_int_equal(pthread_create(&thread, NULL, signal_in_turn, &signalled), 0);
        for (int round = 0; round < test_scale(500); round++) {
            atomic_fetch_add(&signalled.allowed, 1);
            TEST_EVENTUALLY(has_heard_its_waker(&loop));
            test_loop_forget(&loop);
        }
        atomic_store(&signalled.stop, true);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
        cmio_waker_free(handlers_waker);
        test_loop_close(&loop);
    }
}

static void a_cancelled_wait_that_may_spin_loses_no_wake(void **state) {
    (void)state;
    if (test_is_under_thread_sanitizer())
        skip(); /* it loses track of threads that are cancelled in a system call */
    for (int i = 0; i < SPANS; i++) {
        struct test_loop loop;
        open_spinning(&loop, 1, spans[i]);
        struct cmio_waker *wakers[2] = {new_waker(&loop, WAKER), new_waker(&loop, WAKER + 1)};
        for (int round = 0; round < test_scale(200); round++) {
            struct waiter waiter;
            waiter_start(&waiter, &loop, 1);
            if (round % 2 == 0)
                (void)pthread_cancel(waiter.thread);
            assert_int_equal(cmio_waker_wake(wakers[0]), 0);
            if (round % 2 == 1)
                (void)pthread_cancel(waiter.thread);
            assert_int_equal(cmio_waker_wake(wakers[1]), 0);
            (void)waiter_join(&waiter, &loop);
            for (cmio_token j = 0; j < 2; j++)
                test_loop_expect(&loop, WAKER + j, CMIO_READABLE);
            while (test_loop_wait(&loop, 0) > 0)
                continue; /* an event too many is permitted */
            test_loop_forget(&loop);
            for (cmio_token j = 0; j < 2; j++) {
                assert_int_equal(cmio_waker_wake(wakers[j]), 0);
                test_loop_expect(&loop, WAKER + j, CMIO_READABLE);
            }
        }
        cmio_waker_free(wakers[0]);
        cmio_waker_free(wakers[1]);
        test_loop_close(&loop);
    }
}

static void *end_at_once(void *argument) {
    (void)pthread_cancel(pthread_self());
    struct test_loop *loop = argument;
    (void)cmio_poll_wait(loop->poll, loop->events, CMIO_FOREVER);
    return NULL;
}

static void a_wait_that_may_spin_is_a_point_of_cancellation(void **state) {
    (void)state;
    if (test_is_under_thread_sanitizer())
        skip();
    struct test_loop loop;
    pthread_t thread;
    void *result;
    open_spinning(&loop, 4, LONG);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(pthread_create(&thread, NULL, end_at_once, &loop), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    test_loop_expect(&loop, WAKER, CMIO_READABLE);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

/* Timeouts. */

static void a_wait_that_spins_never_ends_early(void **state) {
    (void)state;
    static const int64_t timeouts[] = {1, 500, 30 * CMIO_MICROSECOND, 3 * CMIO_MILLISECOND};
    for (int i = 0; i < SPANS; i++) {
        struct test_loop loop;
        open_spinning(&loop, 4, spans[i]);
        struct cmio_waker *waker = new_waker(&loop, WAKER);
        for (size_t j = 0; j < 20; j++) {
            const int64_t timeout = timeouts[j % (sizeof timeouts / sizeof *timeouts)];
            const int64_t begin = test_now();
            assert_int_equal(test_loop_wait(&loop, timeout), 0);
            assert_true(test_now() - begin >= timeout);
            const int64_t deadline = cmio_now() + timeout;
            assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, deadline), 0);
            assert_true(cmio_now() >= deadline);
        }
        cmio_waker_free(waker);
        test_loop_close(&loop);
    }
}

static bool idle_wait_sleeps(struct test_loop *loop, struct cmio_waker *waker) {
    struct test_waiter waiter;
    test_waiter_start(&waiter, loop, cmio_poll_wait, CMIO_FOREVER);
    test_waiter_give_time_to_spin(&waiter);
    assert_int_equal(cmio_waker_wake(waker), 0);
    test_waiter_join(&waiter);
    test_waiter_free(&waiter);
    return test_waiter_slept(&waiter);
}

/* Some virtual machines count time in which they stood still as processor time: hence the tries. */
static void an_idle_wait_sleeps_once_it_has_spun(void **state) {
    (void)state;
    struct test_loop loop;
    bool slept = false;
    open_spinning(&loop, 4, 100 * CMIO_MICROSECOND);
    struct cmio_waker *waker = new_waker(&loop, WAKER);
    for (int i = 0; !slept && i < 10; i++)
        slept = idle_wait_sleeps(&loop, waker);
    assert_true(slept);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

/* Setting the span. */

static void the_span_is_refused_if_it_is_negative_or_has_no_poll(void **state) {
    (void)state;
    struct test_loop loop;
    open_spinning(&loop, 4, LONG);
    assert_int_equal(cmio_poll_set_spin(NULL, 1), -EINVAL);
    assert_int_equal(cmio_poll_set_spin(NULL, -1), -EINVAL);
    assert_int_equal(cmio_poll_set_spin(loop.poll, -1), -EINVAL);
    assert_int_equal(cmio_poll_set_spin(loop.poll, INT64_MIN), -EINVAL);
    assert_int_equal(cmio_poll_set_spin(loop.poll, INT64_MAX), 0);
    assert_int_equal(cmio_poll_set_spin(loop.poll, 0), 0);
    test_loop_close(&loop);
}

static void the_span_is_busy_during_a_wait_and_can_change_afterwards(void **state) {
    (void)state;
    for (int i = 0; i < SPANS; i++) {
        struct test_loop loop;
        struct waiter waiter;
        open_spinning(&loop, 4, spans[i]);
        struct cmio_waker *waker = new_waker(&loop, WAKER);
        waiter_start(&waiter, &loop, 4);
        assert_int_equal(cmio_poll_set_spin(loop.poll, LONG), -EBUSY);
        assert_int_equal(cmio_poll_set_spin(loop.poll, 0), -EBUSY);
        assert_int_equal(cmio_poll_set_spin(loop.poll, -1), -EINVAL);
        assert_int_equal(cmio_waker_wake(waker), 0);
        assert_int_equal(waiter_join(&waiter, &loop), 1);
        test_loop_forget(&loop);
        assert_int_equal(cmio_poll_set_spin(loop.poll, LONG), 0);
        assert_int_equal(cmio_poll_set_spin(loop.poll, 0), 0);
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_loop_expect(&loop, WAKER, CMIO_READABLE);
        cmio_waker_free(waker);
        test_loop_close(&loop);
    }
}

static void a_span_that_changes_between_waits_loses_nothing(void **state) {
    (void)state;
    struct test_loop loop;
    struct caller callers[MANY];
    atomic_int stop = 0;
    open_spinning(&loop, 2, 0);
    start_callers(&loop, callers, &stop, test_scale(1000));
    for (int round = 0; !all_seen(callers); round++) {
        assert_int_equal(cmio_poll_set_spin(loop.poll, round % 3 == 0 ? 0 : spans[round % SPANS]),
                         0);
        const int count = cmio_poll_wait(loop.poll, loop.events, 30 * CMIO_SECOND);
        assert_true(count > 0);
        CMIO_EVENTS_FOREACH (event, loop.events)
            assert_true(hear(callers, event));
    }
    join_callers(callers, &stop);
    test_loop_expect_silence(&loop);
    test_loop_close(&loop);
}

/* Nesting. */

static void a_poll_whose_waits_spin_can_be_nested(void **state) {
    (void)state;
    struct test_loop inner, outer;
    struct cmio_fd_source nested;
    open_spinning(&inner, 1, LONG);
    const int fd = cmio_poll_fd(inner.poll);
    if (fd == -ENOTSUP) {
        test_loop_close(&inner);
        skip();
    }
    open_spinning(&outer, 4, LONG);
    struct cmio_waker *wakers[2] = {new_waker(&inner, WAKER), new_waker(&inner, WAKER + 1)};
    assert_int_equal(cmio_fd_source_init(&nested, fd), 0);
    assert_int_equal(
        cmio_registry_register(outer.registry, &nested.source, TOKEN, CMIO_READABLE | CMIO_LEVEL),
        0);
    for (int round = 0; round < test_scale(100); round++) {
        /* The wait has room for one of the two wakes. The other one makes the descriptor readable. */
        struct waiter waiter;
        waiter_start(&waiter, &inner, 1);
        assert_int_equal(cmio_waker_wake(wakers[0]), 0);
        assert_int_equal(cmio_waker_wake(wakers[1]), 0);
        assert_int_equal(waiter_join(&waiter, &inner), 1);
        test_loop_expect(&outer, TOKEN, CMIO_READABLE);
        test_loop_expect(&inner, WAKER, CMIO_READABLE);
        test_loop_expect(&inner, WAKER + 1, CMIO_READABLE);
        test_loop_forget(&outer);
    }
    test_loop_expect_silence(&inner);
    assert_int_equal(cmio_fd_source_close(&nested), 0);
    cmio_waker_free(wakers[0]);
    cmio_waker_free(wakers[1]);
    test_loop_close(&outer);
    test_loop_close(&inner);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_wake_of_two_loops_in_turn_is_one_event),
    cmocka_unit_test(wakes_of_many_threads_are_never_lost),
    cmocka_unit_test(events_come_while_the_wait_spins_and_wakes_do_too),
    cmocka_unit_test(events_come_also_if_wakes_never_cease),
    cmocka_unit_test(an_event_ends_a_wait_that_may_spin_for_long),
    cmocka_unit_test(sources_change_while_the_wait_spins),
    cmocka_unit_test(wakers_are_replaced_while_the_wait_spins),
    cmocka_unit_test(wakes_that_do_not_fit_a_batch_come_with_the_next_waits),
    cmocka_unit_test(a_handler_on_the_spinning_thread_wakes_it),
    cmocka_unit_test(a_cancelled_wait_that_may_spin_loses_no_wake),
    cmocka_unit_test(a_wait_that_may_spin_is_a_point_of_cancellation),
    cmocka_unit_test(a_wait_that_spins_never_ends_early),
    cmocka_unit_test(an_idle_wait_sleeps_once_it_has_spun),
    cmocka_unit_test(the_span_is_refused_if_it_is_negative_or_has_no_poll),
    cmocka_unit_test(the_span_is_busy_during_a_wait_and_can_change_afterwards),
    cmocka_unit_test(a_span_that_changes_between_waits_loses_nothing),
    cmocka_unit_test(a_poll_whose_waits_spin_can_be_nested),
};

TEST_GROUP(backend_spin, tests)
