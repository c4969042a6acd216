/* SPDX-License-Identifier: MIT */

/*
 * Signals: a handler that runs ends a wait with -EINTR, on every backend and whatever its timeout;
 * and sets of signals are sources like any other.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 1, OTHER = 2, WAKER = 3 };

/* OpenBSD and macOS have no real-time signals. */
#ifdef SIGRTMAX
#define LAST_SIGNAL SIGRTMAX
#else
#define LAST_SIGNAL SIGUSR2
#endif

/* Interruption: a timer that goes off again and again, so that no single signal matters. */

static volatile sig_atomic_t alarms;

static void count_alarm(int number) {
    (void)number;
    alarms++;
}

static void start_alarms(int flags, int64_t period) {
    struct sigaction action = {.sa_handler = count_alarm, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    const struct timeval span = {.tv_usec = (int)(period / CMIO_MICROSECOND)};
    const struct itimerval timer = {.it_interval = span, .it_value = span};
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* The handler stays: an emulator may deliver one more, and the default action ends the program. */
static void stop_alarms(void) {
    const struct itimerval never = {.it_value = {0}};
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

static void expect_interruption(int flags) {
    /* Without end, in whole milliseconds, in parts of one, and longer than one wait can be. */
    static const int64_t timeouts[] = {CMIO_FOREVER, 3600 * CMIO_SECOND, 3600 * CMIO_SECOND + 1,
                                       INT64_MAX};
    struct test_loop loop;
    test_loop_open(&loop);
    start_alarms(flags, 5 * CMIO_MILLISECOND);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        for (int round = 0; round < 3; round++) {
            const sig_atomic_t before = alarms;
            int result = test_loop_wait(&loop, timeouts[i]);
            assert_int_equal(result, -EINTR);
            assert_true(alarms > before);
        }
    }
    for (int round = 0; round < 3; round++)
        assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, INT64_MAX), -EINTR);
    stop_alarms();
    test_loop_close(&loop);
}

static void a_handler_that_ran_ends_the_wait_with_eintr(void **state) {
    (void)state;
    expect_interruption(0);
}

static void a_handler_that_ran_ends_the_wait_with_eintr_also_under_sa_restart(void **state) {
    (void)state;
    expect_interruption(SA_RESTART);
}

/*
 * Waits for a deadline over interruptions, and returns how many there were: none where the machine
 * was so busy that every alarm came between the waits.
 */
static int interruptions_before_a_deadline(struct test_loop *loop) {
    const int64_t deadline = cmio_now() + 100 * CMIO_MILLISECOND;
    int interruptions = 0;
    int result;
    while ((result = cmio_poll_wait_until(loop->poll, loop->events, deadline)) == -EINTR) {
        interruptions++;
        assert_true(cmio_now() < deadline + 30 * CMIO_SECOND);
    }
    assert_int_equal(result, 0);
    assert_true(cmio_now() >= deadline);
    return interruptions;
}

static void with_a_deadline_the_time_left_is_kept_over_interruptions(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    start_alarms(SA_RESTART, 5 * CMIO_MILLISECOND);
    TEST_EVENTUALLY(interruptions_before_a_deadline(&loop) > 0);
    stop_alarms();
    test_loop_close(&loop);
}

/* False where an alarm came in between. */
static bool is_kept(struct test_loop *loop, int64_t timeout) {
    int64_t begin = test_now();
    int result = test_loop_wait(loop, timeout);
    assert_true(result == -EINTR || (result == 0 && test_now() - begin >= timeout));
    return result == 0;
}

static void a_timeout_shorter_than_the_alarms_is_kept(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    /* So much longer that a clock of 10 ms, whose shortest wait takes two ticks, can keep it. */
    start_alarms(SA_RESTART, 50 * CMIO_MILLISECOND);
    TEST_EVENTUALLY(is_kept(&loop, CMIO_MILLISECOND));
    stop_alarms();
    test_loop_close(&loop);
}

static void interruptions_lose_no_event(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source reader;
    assert_int_equal(cmio_fd_source_init(&reader, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &reader.source, TOKEN, CMIO_READABLE),
                     0);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    start_alarms(0, CMIO_MILLISECOND);
    int rounds = test_scale(500);
    for (int round = 0; round < rounds; round++) {
        test_put(fds[1], 1);
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        test_loop_expect(&loop, WAKER, CMIO_READABLE);
        assert_int_equal(test_source_drain(&reader), 1);
    }
    stop_alarms();
    test_loop_expect_silence(&loop);
    cmio_waker_free(waker);
    assert_int_equal(cmio_fd_source_close(&reader), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

/* Sets of signals. */

struct setting {
    struct test_loop loop;
    struct cmio_signals signals;
};

static void open_set(struct setting *setting, const int *numbers, size_t count,
                     cmio_interest interest) {
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_signals_init(&setting->signals, numbers, count), 0);
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &setting->signals.source, TOKEN, interest),
        0);
}

static void open_users(struct setting *setting, cmio_interest interest) {
    static const int users[] = {SIGUSR1, SIGUSR2};
    open_set(setting, users, 2, interest);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_signals_close(&setting->signals), 0);
    test_loop_close(&setting->loop);
}

/* Heard when it returns: kill(2) to one's own process, in which no other thread can take it. */
static void send_to_self(int number) {
    assert_int_equal(kill(getpid(), number), 0);
}

static void expect_next(struct setting *setting, int number) {
    test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_signals_next(&setting->signals), number);
}

static void a_signal_is_a_readable_event_and_next_gives_its_number(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGUSR1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(cmio_signals_next(&setting.signals), -EAGAIN);
        send_to_self(numbers[i]);
        expect_next(&setting, numbers[i]);
        assert_int_equal(cmio_signals_next(&setting.signals), -EAGAIN);
    }
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void each_signal_of_a_set_is_given_once(void **state) {
    (void)state;
    struct setting setting;
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGHUP, SIGCHLD, SIGINT};
    const size_t count = sizeof numbers / sizeof *numbers;
    open_set(&setting, numbers, count, CMIO_READABLE);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < count; i++)
            assert_int_equal(raise(numbers[i]), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        bool seen[64] = {false};
        for (size_t i = 0; i < count; i++) {
            int number = cmio_signals_next(&setting.signals);
            assert_in_range(number, 1, 63);
            assert_false(seen[number]);
            seen[number] = true;
        }
        for (size_t i = 0; i < count; i++)
            assert_true(seen[numbers[i]]);
        assert_int_equal(cmio_signals_next(&setting.signals), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void several_deliveries_before_one_is_taken_are_one(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    /* More than any pipe holds. */
    int deliveries = test_scale(100000);
    for (int i = 0; i < deliveries; i++)
        assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(raise(SIGUSR2), 0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    int first = cmio_signals_next(&setting.signals);
    int second = cmio_signals_next(&setting.signals);
    assert_int_equal(first + second, SIGUSR1 + SIGUSR2);
    assert_int_not_equal(first, second);
    assert_int_equal(cmio_signals_next(&setting.signals), -EAGAIN);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void a_signal_that_comes_while_others_are_taken_makes_an_event(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(raise(SIGUSR1), 0);
        expect_next(&setting, SIGUSR1);
        assert_int_equal(raise(SIGUSR2), 0);
        assert_int_equal(cmio_signals_next(&setting.signals), SIGUSR2);
        assert_int_equal(cmio_signals_next(&setting.signals), -EAGAIN);
        /* One event for what was taken already is allowed. */
        (void)test_loop_wait(&setting.loop, 0);
        test_loop_forget(&setting.loop);
    }
    setting_close(&setting);
}

static void a_set_in_level_mode_is_reported_until_every_signal_was_taken(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE | CMIO_LEVEL);
    assert_int_equal(raise(SIGUSR1), 0);
    for (int i = 0; i < 3; i++)
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(raise(SIGUSR2), 0);
    assert_int_equal(cmio_signals_next(&setting.signals), SIGUSR1);
    for (int i = 0; i < 3; i++)
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_signals_next(&setting.signals), SIGUSR2);
    assert_int_equal(cmio_signals_next(&setting.signals), -EAGAIN);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void a_set_in_oneshot_mode_is_reported_once_until_reregistered(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE | CMIO_ONESHOT);
    assert_int_equal(raise(SIGUSR1), 0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(raise(SIGUSR2), 0);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.signals.source, TOKEN,
                                              CMIO_READABLE | CMIO_ONESHOT),
                     0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    setting_close(&setting);
}

static void a_signal_before_the_register_is_reported(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_signals signals;
    const int number = SIGUSR1;
    assert_int_equal(cmio_signals_init(&signals, &number, 1), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &signals.source, TOKEN, CMIO_READABLE),
                     0);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_signals_next(&signals), SIGUSR1);
    assert_int_equal(cmio_signals_close(&signals), 0);
    test_loop_close(&loop);
}

static void overlapping_sets_on_two_polls_both_hear(void **state) {
    (void)state;
    struct setting first;
    struct setting second;
    static const int first_numbers[] = {SIGUSR1, SIGUSR2};
    static const int second_numbers[] = {SIGUSR2, SIGHUP};
    open_set(&first, first_numbers, 2, CMIO_READABLE);
    open_set(&second, second_numbers, 2, CMIO_READABLE);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(raise(SIGUSR2), 0);
        expect_next(&first, SIGUSR2);
        expect_next(&second, SIGUSR2);
        assert_int_equal(raise(SIGUSR1), 0);
        expect_next(&first, SIGUSR1);
        test_loop_expect_silence(&second.loop);
        assert_int_equal(raise(SIGHUP), 0);
        expect_next(&second, SIGHUP);
        assert_int_equal(cmio_signals_next(&first.signals), -EAGAIN);
        assert_int_equal(cmio_signals_next(&second.signals), -EAGAIN);
    }
    setting_close(&first);
    /* The one that is left still hears what both wanted. */
    assert_int_equal(raise(SIGUSR2), 0);
    expect_next(&second, SIGUSR2);
    setting_close(&second);
}

static void equal_sets_on_one_poll_both_hear(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    struct cmio_signals second;
    const int number = SIGUSR1;
    assert_int_equal(cmio_signals_init(&second, &number, 1), 0);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &second.source, OTHER, CMIO_READABLE), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
    assert_int_equal(cmio_signals_next(&second), SIGUSR1);
    expect_next(&setting, SIGUSR1);
    assert_int_equal(cmio_signals_close(&second), 0);
    setting_close(&setting);
}

static void a_number_that_is_twice_in_a_set_is_given_once(void **state) {
    (void)state;
    struct setting setting;
    static const int numbers[] = {SIGUSR1, SIGUSR1};
    open_set(&setting, numbers, 2, CMIO_READABLE);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_next(&setting, SIGUSR1);
    assert_int_equal(cmio_signals_next(&setting.signals), -EAGAIN);
    setting_close(&setting);
    struct sigaction after;
    assert_int_equal(sigaction(SIGUSR1, NULL, &after), 0);
    assert_true(after.sa_handler == SIG_DFL);
}

/* Actions. */

static void ignore_number(int number) {
    (void)number;
}

static void (*handler_of(int number))(int) {
    struct sigaction action;
    assert_int_equal(sigaction(number, NULL, &action), 0);
    return action.sa_handler;
}

static void the_action_before_is_restored_with_the_last_set(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = ignore_number};
    sigemptyset(&action.sa_mask);
    struct sigaction original;
    assert_int_equal(sigaction(SIGUSR1, &action, &original), 0);
    struct setting first;
    struct setting second;
    open_users(&first, CMIO_READABLE);
    open_users(&second, CMIO_READABLE);
    assert_true(handler_of(SIGUSR1) != ignore_number);
    assert_true(handler_of(SIGUSR2) != SIG_DFL);
    setting_close(&first);
    assert_true(handler_of(SIGUSR1) != ignore_number);
    setting_close(&second);
    assert_true(handler_of(SIGUSR1) == ignore_number);
    assert_true(handler_of(SIGUSR2) == SIG_DFL);
    assert_int_equal(sigaction(SIGUSR1, &original, NULL), 0);
}

static void an_action_that_someone_put_in_since_is_left_alone(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    struct sigaction action = {.sa_handler = ignore_number};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    setting_close(&setting);
    assert_true(handler_of(SIGUSR1) == ignore_number);
    action.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
}

static void a_set_can_be_made_again_after_close(void **state) {
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct setting setting;
        open_users(&setting, CMIO_READABLE);
        assert_int_equal(raise(SIGUSR1), 0);
        expect_next(&setting, SIGUSR1);
        setting_close(&setting);
        assert_int_equal(cmio_signals_close(&setting.signals), 0);
        assert_int_equal(cmio_signals_next(&setting.signals), -EBADF);
    }
}

static void signal_masks_are_not_touched_and_a_blocked_signal_waits(void **state) {
    (void)state;
    sigset_t blocked;
    sigset_t before;
    sigset_t during;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &during), 0);
    assert_true(sigismember(&during, SIGUSR1) == 1);
    assert_true(sigismember(&during, SIGUSR2) == 0);
    assert_int_equal(raise(SIGUSR1), 0);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    expect_next(&setting, SIGUSR1);
    setting_close(&setting);
}

static void the_handler_keeps_errno(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    int deliveries = test_scale(100000);
    for (int i = 0; i < deliveries; i++) {
        errno = ENOTDIR;
        int result = raise(SIGUSR1);
        int after = errno;
        assert_int_equal(result, 0);
        assert_int_equal(after, ENOTDIR);
    }
    setting_close(&setting);
}

static void a_moved_set_keeps_hearing(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    struct cmio_signals moved;
    memcpy(&moved, &setting.signals, sizeof moved);
    memset(&setting.signals, 0x5a, sizeof setting.signals);
    assert_int_equal(raise(SIGUSR1), 0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_signals_next(&moved), SIGUSR1);
    memcpy(&setting.signals, &moved, sizeof moved);
    setting_close(&setting);
}

static void wrong_numbers_are_invalid_and_change_no_action(void **state) {
    (void)state;
    static const int wrong[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,    SIGILL,
                                0,       -1,      -15,     100000, INT32_MIN, INT32_MAX};
    struct cmio_signals signals;
    memset(&signals, 0, sizeof signals);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int numbers[] = {SIGUSR1, wrong[i], SIGUSR2};
        assert_int_equal(cmio_signals_init(&signals, &wrong[i], 1), -EINVAL);
        assert_int_equal(cmio_signals_init(&signals, numbers, 3), -EINVAL);
        assert_true(handler_of(SIGUSR1) == SIG_DFL);
        assert_true(handler_of(SIGUSR2) == SIG_DFL);
    }
    const int right = SIGUSR1;
    assert_int_equal(cmio_signals_init(&signals, &right, 0), -EINVAL);
    assert_int_equal(cmio_signals_init(&signals, NULL, 1), -EINVAL);
    assert_int_equal(cmio_signals_init(NULL, &right, 1), -EINVAL);
    assert_int_equal(cmio_signals_next(NULL), -EINVAL);
    assert_int_equal(cmio_signals_next(&signals), -EBADF);
    assert_int_equal(cmio_signals_close(&signals), 0);
    assert_int_equal(cmio_signals_close(NULL), 0);
    assert_true(handler_of(SIGUSR1) == SIG_DFL);
}

static struct sigaction action_of(int number) {
    struct sigaction action;
    assert_int_equal(sigaction(number, NULL, &action), 0);
    return action;
}

/* Opens a set of one number, not registered. */
static struct cmio_signals set_of(int number) {
    struct cmio_signals signals;
    assert_int_equal(cmio_signals_init(&signals, &number, 1), 0);
    return signals;
}

static void expect_heard(struct cmio_signals *signals, int number) {
    assert_int_equal(cmio_signals_next(signals), number);
    assert_int_equal(cmio_signals_next(signals), -EAGAIN);
}

static void a_set_hears_although_someone_replaced_the_handler_of_an_older_one(void **state) {
    (void)state;
    const struct sigaction theirs = {.sa_handler = ignore_number};
    struct cmio_signals first = set_of(SIGUSR1);
    assert_int_equal(sigaction(SIGUSR1, &theirs, NULL), 0);
    struct cmio_signals second = set_of(SIGUSR1);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_heard(&second, SIGUSR1);
    expect_heard(&first, SIGUSR1);
    assert_int_equal(cmio_signals_close(&first), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_heard(&second, SIGUSR1);
    assert_int_equal(cmio_signals_close(&second), 0);
    assert_true(handler_of(SIGUSR1) == ignore_number);
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    assert_int_equal(sigaction(SIGUSR1, &standard, NULL), 0);
}

static void sets_that_are_opened_and_closed_in_turn_all_hear(void **state) {
    (void)state;
    struct cmio_signals first = set_of(SIGUSR1);
    struct cmio_signals second = set_of(SIGUSR1);
    assert_int_equal(cmio_signals_close(&first), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_heard(&second, SIGUSR1);
    struct cmio_signals third = set_of(SIGUSR1);
    assert_int_equal(cmio_signals_close(&second), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_heard(&third, SIGUSR1);
    assert_int_equal(cmio_signals_close(&third), 0);
    assert_true(handler_of(SIGUSR1) == SIG_DFL);
}

/* What a library does that passes on to the action that it found what is not its own. */

static struct sigaction found;
static volatile sig_atomic_t passed_on;

static void pass_on(int number, siginfo_t *info, void *context) {
    passed_on++;
    if (found.sa_flags & SA_SIGINFO)
        found.sa_sigaction(number, info, context);
    else if (found.sa_handler != SIG_DFL && found.sa_handler != SIG_IGN)
        found.sa_handler(number);
}

static void install_passing_on(int number) {
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = pass_on;
    passed_on = 0;
    assert_int_equal(sigaction(number, &action, &found), 0);
}

static void a_set_hears_through_a_function_that_passes_on_to_the_handler(void **state) {
    (void)state;
    struct cmio_signals signals = set_of(SIGUSR1);
    install_passing_on(SIGUSR1);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_heard(&signals, SIGUSR1);
    assert_int_equal(passed_on, 1);
    assert_int_equal(cmio_signals_close(&signals), 0);
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    assert_int_equal(sigaction(SIGUSR1, &standard, NULL), 0);
}

static volatile sig_atomic_t counted;

static void count_number(int number) {
    (void)number;
    counted++;
}

/* As with two copies of the library, of which the first to open is the first to close. */
static void a_handler_that_is_put_back_after_close_does_what_was_done_before_it(void **state) {
    (void)state;
    const struct sigaction mine = {.sa_handler = count_number};
    struct sigaction original;
    assert_int_equal(sigaction(SIGUSR1, &mine, &original), 0);
    struct cmio_signals signals = set_of(SIGUSR1);
    install_passing_on(SIGUSR1);
    assert_int_equal(cmio_signals_close(&signals), 0);
    assert_int_equal(sigaction(SIGUSR1, &found, NULL), 0);
    counted = 0;
    errno = ENOTDIR;
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(counted, 1);
    signals = set_of(SIGUSR1);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_heard(&signals, SIGUSR1);
    assert_int_equal(counted, 1);
    assert_int_equal(cmio_signals_close(&signals), 0);
    assert_true(handler_of(SIGUSR1) == count_number);
    assert_int_equal(sigaction(SIGUSR1, &original, NULL), 0);
}

/* The handler is installed over a function that passes on to it. */
static void functions_that_pass_on_to_each_other_end(void **state) {
    (void)state;
    const struct sigaction mine = {.sa_handler = count_number};
    struct sigaction original;
    assert_int_equal(sigaction(SIGUSR1, &mine, &original), 0);
    struct cmio_signals first = set_of(SIGUSR1);
    install_passing_on(SIGUSR1);
    struct cmio_signals second = set_of(SIGUSR1);
    const struct sigaction ours = action_of(SIGUSR1);
    assert_true(ours.sa_sigaction != pass_on);
    assert_int_equal(cmio_signals_close(&second), 0);
    assert_int_equal(cmio_signals_close(&first), 0);
    assert_int_equal(sigaction(SIGUSR1, &ours, NULL), 0); /* as some other library may */
    counted = 0;
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(counted, 1);
    assert_in_range(passed_on, 1, 2);
    assert_int_equal(sigaction(SIGUSR1, &original, NULL), 0);
}

static void the_last_real_time_signal_is_heard(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip(); /* it keeps that signal for itself */
    struct setting setting;
    const int number = LAST_SIGNAL;
    open_set(&setting, &number, 1, CMIO_READABLE);
    assert_int_equal(raise(number), 0);
    expect_next(&setting, number);
    setting_close(&setting);
}

static void the_handler_restarts_calls_and_runs_on_the_alternate_stack(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip(); /* what a handler left on a stack is not to be read */
    static unsigned char stack[1 << 16];
    static unsigned char untouched[sizeof stack];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    stack_t before;
    struct cmio_signals signals = set_of(SIGUSR1);
    assert_true(action_of(SIGUSR1).sa_flags & SA_RESTART);
    assert_true(action_of(SIGUSR1).sa_flags & SA_ONSTACK);
    memset(stack, 0x5a, sizeof stack);
    memset(untouched, 0x5a, sizeof untouched);
    assert_int_equal(sigaltstack(&alternate, &before), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    expect_heard(&signals, SIGUSR1);
    assert_int_not_equal(memcmp(stack, untouched, sizeof stack), 0);
    before.ss_flags &= SS_DISABLE;
    before.ss_size = before.ss_size > 0 ? before.ss_size : sizeof stack;
    assert_int_equal(sigaltstack(&before, NULL), 0);
    assert_int_equal(cmio_signals_close(&signals), 0);
}

struct reader {
    pthread_t thread;
    int fd;
    ssize_t result;
    atomic_bool started;
};

static void *read_a_byte(void *argument) {
    struct reader *self = argument;
    char byte;
    atomic_store(&self->started, true);
    self->result = read(self->fd, &byte, 1);
    return NULL;
}

static bool is_heard(struct cmio_signals *signals) {
    return cmio_signals_next(signals) == SIGUSR1;
}

static void a_call_that_blocks_goes_on_after_the_handler(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct reader reader = {.fd = fds[0]};
    struct cmio_signals signals = set_of(SIGUSR1);
    assert_int_equal(pthread_create(&reader.thread, NULL, read_a_byte, &reader), 0);
    TEST_EVENTUALLY(atomic_load(&reader.started));
    for (int i = 0; i < 20; i++) {
        test_pause();
        assert_int_equal(pthread_kill(reader.thread, SIGUSR1), 0);
        if (!test_is_under_thread_sanitizer()) /* it keeps a signal back until the read is over */
            TEST_EVENTUALLY(is_heard(&signals));
    }
    test_put(fds[1], 1);
    assert_int_equal(pthread_join(reader.thread, NULL), 0);
    assert_int_equal(reader.result, 1);
    test_pair_close(fds);
    assert_int_equal(cmio_signals_close(&signals), 0);
}

/* Cancellation. */

struct cancelled {
    pthread_t thread;
    struct cmio_signals signals;
    atomic_bool is_cancelled;
    int results[4];
    atomic_int done;
};

static void await_cancellation(struct cancelled *self) {
    while (!atomic_load(&self->is_cancelled))
        (void)sched_yield(); /* no cancellation point */
}

/* Runs a thread that goes on when its cancellation is pending, until it comes to an end by it. */
static void run_cancelled(struct cancelled *thread, void *(*body)(void *)) {
    void *result = NULL;
    atomic_store(&thread->is_cancelled, false);
    atomic_store(&thread->done, 0);
    assert_int_equal(pthread_create(&thread->thread, NULL, body, thread), 0);
    assert_int_equal(pthread_cancel(thread->thread), 0);
    atomic_store(&thread->is_cancelled, true);
    assert_int_equal(pthread_join(thread->thread, &result), 0);
    assert_true(result == PTHREAD_CANCELED);
}

static void *close_elsewhere(void *argument) {
    struct cancelled *closer = argument;
    closer->results[0] = cmio_signals_close(&closer->signals);
    atomic_store(&closer->done, 1);
    return NULL;
}

/* Closes a set within 30 seconds, or fails. */
static void expect_close(struct cmio_signals *signals) {
    static struct cancelled closer; /* it may outlive a failed test */
    closer.signals = *signals;
    atomic_store(&closer.done, 0);
    assert_int_equal(pthread_create(&closer.thread, NULL, close_elsewhere, &closer), 0);
    TEST_EVENTUALLY(atomic_load(&closer.done) == 1);
    assert_int_equal(pthread_join(closer.thread, NULL), 0);
    assert_int_equal(closer.results[0], 0);
}

static void *raise_cancelled(void *argument) {
    struct cancelled *self = argument;
    await_cancellation(self);
    for (int i = 0; i < 3; i++) {
        (void)pthread_kill(pthread_self(), SIGUSR1);
        atomic_fetch_add(&self->done, 1);
    }
    pthread_testcancel();
    return NULL;
}

static void a_thread_is_not_cancelled_in_the_handler(void **state) {
    (void)state;
    struct cancelled thread;
    struct cmio_signals signals = set_of(SIGUSR1);
    run_cancelled(&thread, raise_cancelled);
    assert_int_equal(atomic_load(&thread.done), 3);
    expect_heard(&signals, SIGUSR1);
    expect_close(&signals);
}

static void *read_without_end(void *argument) {
    struct reader *self = argument;
    char byte;
    atomic_store(&self->started, true);
    while (read(self->fd, &byte, 1) != 1)
        continue; /* nobody writes */
    return NULL;
}

/* Some libcs let cancellation act anywhere in a handler that interrupted a read(2). */
static void
a_thread_that_is_cancelled_in_a_read_and_its_handler_keeps_no_close_waiting(void **state) {
    (void)state;
    const int rounds = test_scale(500);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    for (int i = 0; i < rounds; i++) {
        struct reader reader = {.fd = fds[0]};
        struct cmio_signals signals = set_of(SIGUSR1);
        assert_int_equal(pthread_create(&reader.thread, NULL, read_without_end, &reader), 0);
        TEST_EVENTUALLY(atomic_load(&reader.started));
        for (int j = 0; j < 1 + i % 3; j++)
            assert_int_equal(pthread_kill(reader.thread, SIGUSR1), 0);
        assert_int_equal(pthread_cancel(reader.thread), 0);
        assert_int_equal(pthread_join(reader.thread, NULL), 0);
        expect_close(&signals);
    }
    test_pair_close(fds);
}

static void *use_set_cancelled(void *argument) {
    static const int wrong[] = {SIGUSR1, 127};
    struct cancelled *self = argument;
    await_cancellation(self);
    self->results[0] = cmio_signals_init(&self->signals, wrong, 2); /* closes what it opened */
    if (self->results[0] == 0)
        (void)cmio_signals_close(&self->signals);
    atomic_store(&self->done, 1);
    self->results[1] = cmio_signals_init(&self->signals, wrong, 1);
    atomic_store(&self->done, 2);
    (void)pthread_kill(pthread_self(), SIGUSR1);
    self->results[2] = cmio_signals_next(&self->signals);
    atomic_store(&self->done, 3);
    self->results[3] = cmio_signals_close(&self->signals);
    atomic_store(&self->done, 4);
    pthread_testcancel();
    return NULL;
}

static void calls_on_a_set_are_carried_out_when_the_thread_is_cancelled(void **state) {
    (void)state;
    struct cancelled thread;
    run_cancelled(&thread, use_set_cancelled);
    assert_int_equal(atomic_load(&thread.done), 4);
    assert_int_equal(thread.results[1], 0);
    assert_int_equal(thread.results[2], SIGUSR1);
    assert_int_equal(thread.results[3], 0);
    struct cmio_signals signals = set_of(SIGUSR1);
    expect_close(&signals);
    assert_true(handler_of(SIGUSR1) == SIG_DFL);
}

static void *raise_without_end(void *argument) {
    struct cancelled *self = argument;
    while (!atomic_load(&self->is_cancelled))
        (void)pthread_kill(pthread_self(), SIGUSR1);
    return NULL;
}

static void a_set_closes_while_several_threads_are_always_in_the_handler(void **state) {
    (void)state;
    enum { THREADS = 4 };
    struct cancelled threads[THREADS];
    struct cmio_signals kept = set_of(SIGUSR1); /* or the default action would end us */
    for (int i = 0; i < THREADS; i++) {
        atomic_store(&threads[i].is_cancelled, false);
        assert_int_equal(pthread_create(&threads[i].thread, NULL, raise_without_end, &threads[i]),
                         0);
    }
    for (int i = 0; i < test_scale(100); i++) {
        struct cmio_signals signals = set_of(SIGUSR1);
        expect_close(&signals);
    }
    for (int i = 0; i < THREADS; i++)
        atomic_store(&threads[i].is_cancelled, true);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
    assert_int_equal(cmio_signals_close(&kept), 0);
}

/* Signals that another thread sends, and takes, while one waits. */

struct sender {
    pthread_t thread;
    atomic_int taken;
    atomic_int stop;
    int rounds;
    int error;
};

static void *send_and_await(void *argument) {
    struct sender *self = argument;
    for (int i = 1; i <= self->rounds && !atomic_load(&self->stop); i++) {
        if (kill(getpid(), i % 2 == 0 ? SIGUSR1 : SIGUSR2) < 0)
            self->error = errno;
        while (atomic_load(&self->taken) < i && !atomic_load(&self->stop))
            test_pause();
    }
    return NULL;
}

static int take_all(struct setting *setting, int expected) {
    int taken = 0;
    int number;
    while ((number = cmio_signals_next(&setting->signals)) > 0)
        taken += number == expected;
    return number == -EAGAIN ? taken : -1;
}

/*
 * Waits until the signals that came have an event, for at most 30 seconds, and takes them. How many
 * were the expected one; -1 when none came or something else did. ThreadSanitizer keeps a signal
 * back until the thread makes a call that it knows, which a wait may not be: there waits are short.
 */
static int take_within_30_seconds(struct setting *setting, int expected) {
    const int64_t patience = 30 * CMIO_SECOND;
    const int64_t one_wait = test_is_slow() ? 100 * CMIO_MILLISECOND : patience;
    const int64_t give_up = cmio_now() + patience;
    int count;
    do {
        count = cmio_poll_wait(setting->loop.poll, setting->loop.events, one_wait);
        const int taken = count == 1 ? take_all(setting, expected) : 0;
        if (taken != 0)
            return taken;
    } while ((count >= 0 || count == -EINTR) && cmio_now() < give_up);
    return -1;
}

static void no_signal_that_another_thread_sends_is_lost(void **state) {
    (void)state;
    struct setting setting;
    open_users(&setting, CMIO_READABLE);
    struct sender sender = {.rounds = test_scale(2000)};
    assert_int_equal(pthread_create(&sender.thread, NULL, send_and_await, &sender), 0);
    bool right = true;
    for (int i = 1; i <= sender.rounds && right; i++) {
        right = take_within_30_seconds(&setting, i % 2 == 0 ? SIGUSR1 : SIGUSR2) == 1;
        atomic_store(&sender.taken, i);
    }
    atomic_store(&sender.stop, 1);
    assert_int_equal(pthread_join(sender.thread, NULL), 0);
    assert_int_equal(sender.error, 0);
    assert_true(right);
    setting_close(&setting);
}

/*
 * A stop and SIGCONT, as with Ctrl-Z and fg: the wait of the process is either interrupted, though
 * no handler ran, or goes on. Which of them is the system's affair and the backend's.
 */

/* What the stopped process does, with objects of its own. Its exit status: 0 when all is well. */
static int wait_for_byte(int from, int to) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_receiver receiver;
    if (cmio_poll_new_with(&poll, test_backend()) < 0 || cmio_events_new(&events, 8) < 0 ||
        cmio_pipe_receiver_from_fd(&receiver, from) < 0 ||
        cmio_registry_register(cmio_poll_registry(poll), &receiver.source, TOKEN, CMIO_READABLE) <
            0 ||
        write(to, "", 1) != 1)
        return 2;
    const int64_t deadline = cmio_now() + 30 * CMIO_SECOND;
    int count = -EINTR;
    while (count == -EINTR)
        count = cmio_poll_wait_until(poll, events, deadline);
    if (count != 1 || cmio_events_begin(events)->token != TOKEN)
        return 3;
    char byte;
    const ssize_t read = cmio_pipe_receiver_read(&receiver, &byte, 1);
    (void)cmio_pipe_receiver_close(&receiver);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return read == 1 ? 0 : 4;
}

static void stop_and_continue(pid_t pid) {
    int status = 0;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(kill(pid, SIGCONT), 0);
}

static void a_wait_of_a_process_that_was_stopped_and_continued_misses_nothing(void **state) {
    (void)state;
    int input[2];
    int output[2];
    char byte;
    int status = -1;
    assert_int_equal(pipe(input), 0);
    assert_int_equal(pipe(output), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(wait_for_byte(input[0], output[1]));
    assert_int_equal(read(output[0], &byte, 1), 1); /* it waits now, or is about to */
    for (int round = 0; round < 20; round++) {
        stop_and_continue(pid);
        test_pause();
    }
    assert_int_equal(write(input[1], "x", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    for (int end = 0; end < 2; end++) {
        test_close(input[end]);
        test_close(output[end]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_handler_that_ran_ends_the_wait_with_eintr),
    cmocka_unit_test(a_handler_that_ran_ends_the_wait_with_eintr_also_under_sa_restart),
    cmocka_unit_test(with_a_deadline_the_time_left_is_kept_over_interruptions),
    cmocka_unit_test(a_timeout_shorter_than_the_alarms_is_kept),
    cmocka_unit_test(interruptions_lose_no_event),
    cmocka_unit_test(a_signal_is_a_readable_event_and_next_gives_its_number),
    cmocka_unit_test(each_signal_of_a_set_is_given_once),
    cmocka_unit_test(several_deliveries_before_one_is_taken_are_one),
    cmocka_unit_test(a_signal_that_comes_while_others_are_taken_makes_an_event),
    cmocka_unit_test(a_set_in_level_mode_is_reported_until_every_signal_was_taken),
    cmocka_unit_test(a_set_in_oneshot_mode_is_reported_once_until_reregistered),
    cmocka_unit_test(a_signal_before_the_register_is_reported),
    cmocka_unit_test(overlapping_sets_on_two_polls_both_hear),
    cmocka_unit_test(equal_sets_on_one_poll_both_hear),
    cmocka_unit_test(a_number_that_is_twice_in_a_set_is_given_once),
    cmocka_unit_test(the_action_before_is_restored_with_the_last_set),
    cmocka_unit_test(an_action_that_someone_put_in_since_is_left_alone),
    cmocka_unit_test(a_set_can_be_made_again_after_close),
    cmocka_unit_test(signal_masks_are_not_touched_and_a_blocked_signal_waits),
    cmocka_unit_test(the_handler_keeps_errno),
    cmocka_unit_test(a_moved_set_keeps_hearing),
    cmocka_unit_test(wrong_numbers_are_invalid_and_change_no_action),
    cmocka_unit_test(a_set_hears_although_someone_replaced_the_handler_of_an_older_one),
    cmocka_unit_test(sets_that_are_opened_and_closed_in_turn_all_hear),
    cmocka_unit_test(a_set_hears_through_a_function_that_passes_on_to_the_handler),
    cmocka_unit_test(a_handler_that_is_put_back_after_close_does_what_was_done_before_it),
    cmocka_unit_test(functions_that_pass_on_to_each_other_end),
    cmocka_unit_test(the_last_real_time_signal_is_heard),
    cmocka_unit_test(the_handler_restarts_calls_and_runs_on_the_alternate_stack),
    cmocka_unit_test(a_call_that_blocks_goes_on_after_the_handler),
    cmocka_unit_test(a_thread_is_not_cancelled_in_the_handler),
    cmocka_unit_test(a_thread_that_is_cancelled_in_a_read_and_its_handler_keeps_no_close_waiting),
    cmocka_unit_test(calls_on_a_set_are_carried_out_when_the_thread_is_cancelled),
    cmocka_unit_test(a_set_closes_while_several_threads_are_always_in_the_handler),
    cmocka_unit_test(no_signal_that_another_thread_sends_is_lost),
    cmocka_unit_test(a_wait_of_a_process_that_was_stopped_and_continued_misses_nothing),
};

TEST_GROUP(backend_signals, tests)
