/* SPDX-License-Identifier: MIT */

/*
 * Sets of signals and fork(2): what a child finds of its parent's sets, and sets of its own. Each
 * child runs one function and ends with its result, 0 when all was right.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 1 };

/* In a child, which must not fail by the ways of its parent's tests. */
#define CHILD_EXPECT(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "in the child, line %d: not %s\n", __LINE__, #condition);              \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

typedef int child_body(struct cmio_signals *inherited);

static pid_t start_child(child_body *body, struct cmio_signals *inherited) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(body(inherited));
    return pid;
}

/* How the child ended: by SIGKILL if it did not within 30 seconds. */
static int await_child(pid_t pid) {
    int status = -1;
    const int64_t give_up = test_now() + 30 * CMIO_SECOND;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (test_now() > give_up)
            assert_int_equal(kill(pid, SIGKILL), 0);
        test_pause();
    }
    return status;
}

static int status_of_child(child_body *body, struct cmio_signals *inherited) {
    return await_child(start_child(body, inherited));
}

static void expect_good_child(child_body *body, struct cmio_signals *inherited) {
    const int status = status_of_child(body, inherited);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_killed_child(child_body *body, struct cmio_signals *inherited, int number) {
    const int status = status_of_child(body, inherited);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), number);
}

/* The parent: its set, registered. */

struct setting {
    struct test_loop loop;
    struct cmio_signals signals;
};

static void setting_open(struct setting *setting, int number) {
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_signals_init(&setting->signals, &number, 1), 0);
    assert_int_equal(cmio_registry_register(setting->loop.registry, &setting->signals.source, TOKEN,
                                            CMIO_READABLE),
                     0);
}

/* The parent heard nothing of its child's signals, and hears its own. */
static void setting_close(struct setting *setting, int number) {
    test_loop_expect_silence(&setting->loop);
    assert_int_equal(cmio_signals_next(&setting->signals), -EAGAIN);
    assert_int_equal(raise(number), 0);
    test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_signals_next(&setting->signals), number);
    assert_int_equal(cmio_signals_close(&setting->signals), 0);
    test_loop_close(&setting->loop);
}

static int raise_term(struct cmio_signals *inherited) {
    (void)inherited;
    (void)raise(SIGTERM);
    return 0;
}

static void a_forked_child_dies_of_a_signal_that_its_parent_listens_for(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, SIGTERM);
    expect_killed_child(raise_term, NULL, SIGTERM);
    setting_close(&setting, SIGTERM);
}

static int hear_term(struct cmio_signals *inherited) {
    (void)inherited;
    const int number = SIGTERM;
    struct cmio_signals own;
    CHILD_EXPECT(cmio_signals_init(&own, &number, 1) == 0);
    for (int round = 0; round < 3; round++) {
        CHILD_EXPECT(raise(SIGTERM) == 0);
        CHILD_EXPECT(cmio_signals_next(&own) == SIGTERM);
        CHILD_EXPECT(cmio_signals_next(&own) == -EAGAIN);
    }
    CHILD_EXPECT(cmio_signals_close(&own) == 0);
    return 0;
}

static int reset_and_hear_term(struct cmio_signals *inherited) {
    CHILD_EXPECT(signal(SIGTERM, SIG_DFL) != SIG_ERR);
    return hear_term(inherited);
}

static void a_forked_child_hears_through_a_set_of_its_own(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, SIGTERM);
    expect_good_child(hear_term, NULL);
    setting_close(&setting, SIGTERM);
}

static void a_forked_child_that_reset_the_action_hears_through_a_set_of_its_own(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, SIGTERM);
    expect_good_child(reset_and_hear_term, NULL);
    setting_close(&setting, SIGTERM);
}

static int hear_and_raise_term(struct cmio_signals *inherited) {
    CHILD_EXPECT(hear_term(inherited) == 0);
    return raise_term(inherited);
}

static void a_forked_child_that_closed_its_only_set_dies_of_its_signal(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, SIGTERM);
    expect_killed_child(hear_and_raise_term, NULL, SIGTERM);
    setting_close(&setting, SIGTERM);
}

/* What was there before the set. */

static volatile sig_atomic_t plain_calls;
static volatile sig_atomic_t sender_of_last;

static void count_plain(int number) {
    (void)number;
    plain_calls++;
}

static void note_sender(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    sender_of_last = (sig_atomic_t)info->si_pid;
}

static int expect_old_functions(struct cmio_signals *inherited) {
    (void)inherited;
    const int before = plain_calls;
    CHILD_EXPECT(raise(SIGUSR1) == 0);
    CHILD_EXPECT(plain_calls == before + 1);
    CHILD_EXPECT(kill(getpid(), SIGUSR2) == 0);
    CHILD_EXPECT(sender_of_last == getpid());
    CHILD_EXPECT(raise(SIGHUP) == 0); /* ignored */
    struct sigaction action;
    CHILD_EXPECT(sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == count_plain);
    CHILD_EXPECT(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_sigaction == note_sender);
    CHILD_EXPECT(sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
    return 0;
}

static void a_forked_child_has_the_actions_that_were_there_before_the_set(void **state) {
    (void)state;
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGHUP};
    struct sigaction before[3];
    struct sigaction actions[3] = {
        {.sa_handler = count_plain}, {.sa_flags = SA_SIGINFO}, {.sa_handler = SIG_IGN}};
    actions[1].sa_sigaction = note_sender;
    for (int i = 0; i < 3; i++)
        assert_int_equal(sigaction(numbers[i], &actions[i], &before[i]), 0);
    struct cmio_signals signals;
    assert_int_equal(cmio_signals_init(&signals, numbers, 3), 0);
    expect_good_child(expect_old_functions, NULL);
    assert_int_equal(cmio_signals_next(&signals), -EAGAIN);
    assert_int_equal(cmio_signals_close(&signals), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sigaction(numbers[i], &before[i], NULL), 0);
}

/* In a process group of its own, but not an orphan: a parent in the same session is elsewhere. */
static int stop_twice(struct cmio_signals *inherited) {
    (void)inherited;
    CHILD_EXPECT(setpgid(0, 0) == 0);
    for (int i = 0; i < 2; i++)
        CHILD_EXPECT(raise(SIGTSTP) == 0);
    return 0;
}

static bool is_stopped(pid_t pid) {
    int status = 0;
    return waitpid(pid, &status, WUNTRACED | WNOHANG) == pid && WIFSTOPPED(status);
}

static void a_forked_child_stops_by_a_signal_that_its_parent_listens_for(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip(); /* nothing stops there */
    struct setting setting;
    setting_open(&setting, SIGTSTP);
    const pid_t pid = start_child(stop_twice, NULL);
    for (int i = 0; i < 2; i++) {
        TEST_EVENTUALLY(is_stopped(pid));
        assert_int_equal(kill(pid, SIGCONT), 0);
    }
    assert_int_equal(await_child(pid), 0);
    setting_close(&setting, SIGTSTP);
}

/* The parent's set. */

static int use_inherited(struct cmio_signals *inherited) {
    const int number = SIGUSR1;
    struct cmio_signals own;
    CHILD_EXPECT(cmio_signals_next(inherited) == -EAGAIN);
    CHILD_EXPECT(cmio_signals_init(&own, &number, 1) == 0);
    CHILD_EXPECT(cmio_signals_close(inherited) == 0);
    CHILD_EXPECT(raise(SIGUSR1) == 0);
    CHILD_EXPECT(cmio_signals_next(&own) == SIGUSR1);
    CHILD_EXPECT(cmio_signals_close(&own) == 0);
    return 0;
}

static void a_forked_child_takes_nothing_from_its_parent_s_set(void **state) {
    (void)state;
    const int number = SIGUSR1;
    struct test_loop loop;
    struct cmio_signals signals;
    test_loop_open(&loop);
    assert_int_equal(cmio_signals_init(&signals, &number, 1), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_good_child(use_inherited, &signals);
    assert_int_equal(cmio_registry_register(loop.registry, &signals.source, TOKEN, CMIO_READABLE),
                     0);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_signals_next(&signals), SIGUSR1);
    assert_int_equal(cmio_signals_close(&signals), 0);
    test_loop_close(&loop);
}

/* Forks while other threads are in the middle of things. */

static atomic_int stop_threads;

static void *raise_without_end(void *unused) {
    while (!atomic_load(&stop_threads))
        (void)pthread_kill(pthread_self(), SIGUSR1);
    return unused;
}

static void *open_and_close_without_end(void *unused) {
    const int number = SIGUSR1;
    struct cmio_signals signals;
    while (!atomic_load(&stop_threads))
        if (cmio_signals_init(&signals, &number, 1) == 0)
            (void)cmio_signals_close(&signals);
    return unused;
}

static void fork_beside(void *(*thread_body)(void *), int count) {
    const int number = SIGUSR1;
    struct cmio_signals kept; /* or the default action would end the program */
    pthread_t thread;
    assert_int_equal(cmio_signals_init(&kept, &number, 1), 0);
    atomic_store(&stop_threads, 0);
    assert_int_equal(pthread_create(&thread, NULL, thread_body, NULL), 0);
    int status = 0;
    for (int i = 0; i < count && status == 0; i++)
        status = status_of_child(hear_term, NULL);
    atomic_store(&stop_threads, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(status, 0);
    assert_int_equal(cmio_signals_close(&kept), 0);
}

static void a_forked_child_closes_its_set_though_a_handler_ran_at_the_fork(void **state) {
    (void)state;
    fork_beside(raise_without_end, test_scale(200));
}

static void a_forked_child_opens_a_set_though_another_thread_did_at_the_fork(void **state) {
    (void)state;
    fork_beside(open_and_close_without_end, test_scale(200));
}

static volatile sig_atomic_t forks;
static volatile sig_atomic_t failed_forks;

static void fork_in_handler(int number) {
    (void)number;
    const int kept = errno;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid < 0 || waitpid(pid, NULL, 0) != pid)
        failed_forks++;
    forks++;
    errno = kept;
}

static void *send_alarms(void *main_thread) {
    while (!atomic_load(&stop_threads)) {
        const int before = forks;
        (void)pthread_kill(*(pthread_t *)main_thread, SIGALRM);
        while (forks == before && !atomic_load(&stop_threads))
            test_pause();
    }
    return NULL;
}

static void a_fork_in_a_signal_handler_returns_whatever_it_interrupted(void **state) {
    (void)state;
    if (test_is_under_thread_sanitizer())
        skip(); /* fork(2) in a handler takes locks of its own there */
    const int number = SIGUSR1;
    const struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
    struct sigaction before;
    pthread_t self = pthread_self();
    pthread_t thread;
    struct cmio_signals first; /* what the others find, so that they need no memory */
    assert_int_equal(cmio_signals_init(&first, &number, 1), 0);
    assert_int_equal(cmio_signals_close(&first), 0);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    atomic_store(&stop_threads, 0);
    assert_int_equal(pthread_create(&thread, NULL, send_alarms, &self), 0);
    const int64_t give_up = test_now() + 30 * CMIO_SECOND;
    while (forks < test_scale(200) && test_now() < give_up) {
        struct cmio_signals signals;
        assert_int_equal(cmio_signals_init(&signals, &number, 1), 0);
        assert_int_equal(cmio_signals_close(&signals), 0);
    }
    atomic_store(&stop_threads, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(forks >= test_scale(200));
    assert_int_equal(failed_forks, 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_forked_child_dies_of_a_signal_that_its_parent_listens_for),
    cmocka_unit_test(a_forked_child_hears_through_a_set_of_its_own),
    cmocka_unit_test(a_forked_child_that_reset_the_action_hears_through_a_set_of_its_own),
    cmocka_unit_test(a_forked_child_that_closed_its_only_set_dies_of_its_signal),
    cmocka_unit_test(a_forked_child_has_the_actions_that_were_there_before_the_set),
    cmocka_unit_test(a_forked_child_stops_by_a_signal_that_its_parent_listens_for),
    cmocka_unit_test(a_forked_child_takes_nothing_from_its_parent_s_set),
    cmocka_unit_test(a_forked_child_closes_its_set_though_a_handler_ran_at_the_fork),
    cmocka_unit_test(a_forked_child_opens_a_set_though_another_thread_did_at_the_fork),
    cmocka_unit_test(a_fork_in_a_signal_handler_returns_whatever_it_interrupted),
};

TEST_GROUP(backend_forked_signals, tests)
