/* SPDX-License-Identifier: MIT */

/*
 * Random programs against a model, on one backend and on all of them side by side; very many
 * sources; and threads that all write at once. CMIO_TEST_SEED=N starts the programs at another seed
 * than 1, and a failure names the seed to give. How much is done shrinks as support/scale.h says.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/program.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { PROGRAMS = 1000, ORDERS = 300, MOST_BACKENDS = 8 };

/* splitmix64: each seed its own sequence. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t first_seed(void) {
    const char *asked = getenv("CMIO_TEST_SEED");
    return asked == NULL ? 1 : strtoull(asked, NULL, 0);
}

static void run_programs(const char *const *backends, size_t count, int programs) {
    uint64_t seed = first_seed();
    for (int i = 0; i < programs; i++, seed++) {
        uint8_t bytes[3 * ORDERS];
        uint64_t state = seed;
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (uint8_t)next_random(&state);
        const char *problem = program_run(bytes, sizeof bytes, backends, count);
        if (problem != NULL)
            fail_msg("seed %ju: %s", (uintmax_t)seed, problem);
    }
}

static void random_programs_agree_with_the_model(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    const char *backend = cmio_poll_backend(loop.poll);
    test_loop_close(&loop);
    run_programs(&backend, 1, test_scale(PROGRAMS));
}

static void random_programs_agree_with_the_model_on_all_backends_at_once(void **state) {
    (void)state;
    const char *backends[MOST_BACKENDS];
    size_t count = cmio_backends(backends, MOST_BACKENDS);
    assert_in_range(count, 1, MOST_BACKENDS);
    /* The same backend twice where there is one: two polls must not disturb each other either. */
    if (count == 1)
        backends[count++] = backends[0];
    run_programs(backends, count, test_scale(PROGRAMS / 3));
}

static volatile sig_atomic_t alarms;

static void note_alarm(int number) {
    (void)number;
    alarms = 1;
}

static int ring_every(long microseconds) {
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    return setitimer(ITIMER_REAL, &timer, NULL);
}

static int stop_ringing(void **state) {
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* a last one may still come */
    (void)state;
    return ring_every(0) < 0 || sigaction(SIGALRM, &ignore, NULL) < 0 ? -1 : 0;
}

static void random_programs_agree_with_the_model_though_signals_interrupt_them(void **state) {
    (void)state;
    const char *backends[MOST_BACKENDS];
    size_t count = cmio_backends(backends, MOST_BACKENDS);
    const struct sigaction action = {.sa_handler = note_alarm};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(ring_every(500), 0);
    run_programs(backends, count, test_scale(PROGRAMS / 5));
    assert_true(alarms);
}

/* Many sources: dups of one end, as many as the limit, and what test.h counts, allow. */

enum { MOST_SOURCES = 19000, SPARE = 100, BATCH = 1024 };

static size_t room_for_descriptors(void) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t open_now = (size_t)test_count_descriptors();
    size_t most = (size_t)test_scale(MOST_SOURCES);
    const size_t allowed = (size_t)limit.rlim_cur; /* which is signed on FreeBSD */
    if (limit.rlim_cur == RLIM_INFINITY || allowed > most + open_now + SPARE)
        return most;
    assert_true(allowed > open_now + 2 * SPARE);
    return allowed - open_now - SPARE;
}

/* Waits until all that are registered have come, each once; the others must not. */
static void expect_each_once(struct cmio_poll *poll, struct cmio_events *events, uint8_t *came,
                             size_t count, size_t step) {
    size_t expected = (count + step - 1) / step;
    for (size_t i = 0; i < count; i++)
        came[i] = 0;
    for (size_t total = 0; total < expected;) {
        int found = cmio_poll_wait(poll, events, 30 * CMIO_SECOND);
        assert_true(found > 0);
        CMIO_EVENTS_FOREACH (event, events) {
            assert_true(event->token < count);
            assert_int_equal(event->token % step, 0);
            assert_int_equal(came[event->token]++, 0);
        }
        total += (size_t)found;
    }
    assert_int_equal(cmio_poll_wait(poll, events, 0), 0);
}

struct crowd {
    struct cmio_poll *poll;
    struct cmio_registry *registry;
    struct cmio_events *events;
    struct cmio_fd_source *sources;
    uint8_t *came;
    size_t count;
};

static void crowd_open(struct crowd *crowd, int fd) {
    crowd->count = room_for_descriptors();
    crowd->sources = calloc(crowd->count, sizeof *crowd->sources);
    crowd->came = calloc(crowd->count, 1);
    assert_true(crowd->sources != NULL && crowd->came != NULL);
    assert_int_equal(cmio_poll_new_with(&crowd->poll, test_backend()), 0);
    assert_int_equal(cmio_events_new(&crowd->events, BATCH), 0);
    crowd->registry = cmio_poll_registry(crowd->poll);
    for (size_t i = 0; i < crowd->count; i++) {
        int copy = dup(fd);
        assert_true(copy >= 0);
        assert_int_equal(cmio_fd_source_init(&crowd->sources[i], copy), 0);
        assert_int_equal(
            cmio_registry_register(crowd->registry, &crowd->sources[i].source, i, CMIO_READABLE),
            0);
    }
}

static void crowd_close(struct crowd *crowd) {
    for (size_t i = 0; i < crowd->count; i++) {
        int fd = cmio_fd_source_fd(&crowd->sources[i]);
        assert_int_equal(cmio_fd_source_close(&crowd->sources[i]), 0);
        test_close(fd);
    }
    cmio_events_free(crowd->events);
    cmio_poll_free(crowd->poll);
    free(crowd->sources);
    free(crowd->came);
}

/* One has read the byte; each is told that it is gone. */
static void drain_crowd(struct crowd *crowd, size_t step) {
    for (size_t i = 0; i < crowd->count; i += step)
        assert_int_equal(test_source_drain(&crowd->sources[i]), i == 0 ? 1 : 0);
}

static void as_many_sources_as_there_are_descriptors_come_each_once(void **state) {
    (void)state;
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct crowd crowd;
    crowd_open(&crowd, fds[0]);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(cmio_poll_wait(crowd.poll, crowd.events, 0), 0);
        test_put(fds[1], 1);
        expect_each_once(crowd.poll, crowd.events, crowd.came, crowd.count, 1);
        drain_crowd(&crowd, 1);
    }
    for (size_t i = 0; i < crowd.count; i++)
        if (i % 3 != 0)
            assert_int_equal(cmio_registry_deregister(crowd.registry, &crowd.sources[i].source), 0);
    test_put(fds[1], 1);
    expect_each_once(crowd.poll, crowd.events, crowd.came, crowd.count, 3);
    crowd_close(&crowd);
    test_pair_close(fds);
}

/* Threads that write, each to all of the channels, while one reads as events tell it to. */

enum { WRITERS = 4, PIPES = 8, WAKER = PIPES };

struct writer {
    pthread_t thread;
    const int *ends; /* PIPES of them */
    struct cmio_waker *waker;
    uint64_t random;
    int writes;
    int error;
    atomic_size_t *written;
    atomic_int *running;
    atomic_int *stop;
};

/* Whether it was taken: a full one waits for its reader. */
static bool write_somewhere(struct writer *self) {
    static const char bytes[512];
    uint64_t random = next_random(&self->random);
    ssize_t count = write(self->ends[random % PIPES], bytes, 1 + (random >> 8) % sizeof bytes);
    if (count > 0)
        atomic_fetch_add(self->written, (size_t)count);
    else if (errno == EAGAIN)
        sched_yield();
    else
        self->error = errno;
    return count > 0;
}

static void *write_around(void *argument) {
    struct writer *self = argument;
    for (int i = 0; i < self->writes && self->error == 0 && !atomic_load(self->stop);)
        i += write_somewhere(self);
    atomic_fetch_sub(self->running, 1);
    int woken = cmio_waker_wake(self->waker);
    self->error = self->error != 0 ? self->error : woken;
    return NULL;
}

struct harvest {
    struct test_loop loop;
    struct cmio_waker *waker;
    struct cmio_fd_source readers[PIPES];
    int near[PIPES];
    int far[PIPES];
    cmio_interest interest;
    size_t total;
};

static void harvest_open(struct harvest *harvest, cmio_interest mode) {
    *harvest = (struct harvest){.interest = CMIO_READABLE | mode};
    test_loop_open(&harvest->loop);
    assert_int_equal(cmio_waker_new(&harvest->waker, harvest->loop.registry, WAKER), 0);
    for (size_t i = 0; i < PIPES; i++) {
        int fds[2];
        test_pair_open(i % 2 == 0 ? TEST_PIPE : TEST_UNIX_STREAM, fds);
        harvest->near[i] = fds[0];
        harvest->far[i] = fds[1];
        assert_int_equal(cmio_fd_source_init(&harvest->readers[i], fds[0]), 0);
        assert_int_equal(cmio_registry_register(harvest->loop.registry, &harvest->readers[i].source,
                                                i, harvest->interest),
                         0);
    }
}

static void harvest_close(struct harvest *harvest) {
    for (size_t i = 0; i < PIPES; i++) {
        assert_int_equal(cmio_fd_source_close(&harvest->readers[i]), 0);
        test_close(harvest->near[i]);
        test_close(harvest->far[i]);
    }
    cmio_waker_free(harvest->waker);
    test_loop_close(&harvest->loop);
}

/* Reads until less came than was asked for, which has drained it. False on an error. */
static bool read_edge(struct harvest *harvest, size_t i) {
    size_t wanted = 64 + harvest->total % 4000;
    ssize_t count;
    do {
        count = test_source_read(&harvest->readers[i], wanted);
        harvest->total += count > 0 ? (size_t)count : 0;
    } while (count == (ssize_t)wanted);
    if (harvest->interest & CMIO_ONESHOT &&
        cmio_registry_reregister(harvest->loop.registry, &harvest->readers[i].source, i,
                                 harvest->interest) < 0)
        return false;
    return count > 0 || count == -EAGAIN;
}

/* One wait and all that it asks for. False where nothing came for 30 seconds, or on an error. */
static bool reap(struct harvest *harvest) {
    int count = cmio_poll_wait(harvest->loop.poll, harvest->loop.events, 30 * CMIO_SECOND);
    bool right = count > 0;
    CMIO_EVENTS_FOREACH (event, harvest->loop.events)
        if (event->token != WAKER)
            right = right && event->token < PIPES && read_edge(harvest, event->token);
    return right;
}

/* The threads are joined whatever happens; only then may the test fail. */
static void expect_all_bytes(cmio_interest mode) {
    struct harvest harvest;
    harvest_open(&harvest, mode);
    struct writer writers[WRITERS];
    atomic_size_t written = 0;
    atomic_int running = WRITERS;
    atomic_int stop = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){
            .ends = harvest.far,
            .waker = harvest.waker,
            .random = i,
            .writes = test_scale(20000),
            .written = &written,
            .running = &running,
            .stop = &stop,
        };
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_around, &writers[i]), 0);
    }
    bool right = true;
    while (right && (atomic_load(&running) > 0 || harvest.total < atomic_load(&written)))
        right = reap(&harvest);
    atomic_store(&stop, 1);
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        assert_int_equal(writers[i].error, 0);
    }
    assert_true(right);
    assert_int_equal(harvest.total, atomic_load(&written));
    harvest_close(&harvest);
}

static void all_bytes_of_many_threads_arrive_by_edges(void **state) {
    (void)state;
    expect_all_bytes(0);
}

static void all_bytes_of_many_threads_arrive_by_levels(void **state) {
    (void)state;
    expect_all_bytes(CMIO_LEVEL);
}

static void all_bytes_of_many_threads_arrive_by_oneshots(void **state) {
    (void)state;
    expect_all_bytes(CMIO_ONESHOT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(random_programs_agree_with_the_model),
    cmocka_unit_test(random_programs_agree_with_the_model_on_all_backends_at_once),
    cmocka_unit_test_teardown(random_programs_agree_with_the_model_though_signals_interrupt_them,
                              stop_ringing),
    cmocka_unit_test(as_many_sources_as_there_are_descriptors_come_each_once),
    cmocka_unit_test(all_bytes_of_many_threads_arrive_by_edges),
    cmocka_unit_test(all_bytes_of_many_threads_arrive_by_levels),
    cmocka_unit_test(all_bytes_of_many_threads_arrive_by_oneshots),
};

TEST_GROUP(backend_stress, tests)
