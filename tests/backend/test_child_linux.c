/* SPDX-License-Identifier: MIT */

/*
 * Child processes that are traced (ptrace(2)), and those whose number was given to another process:
 * what only Linux lets a test arrange.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/children.h"
#include "support/loop.h"
#include "support/pair.h"

enum { TOKEN = 1, STATUS = 7 };

struct setting {
    struct test_loop loop;
    struct cmio_child child;
};

static void setting_open(struct setting *setting, pid_t pid) {
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_child_init(&setting->child, pid), 0);
    assert_int_equal(cmio_registry_register(setting->loop.registry, &setting->child.source, TOKEN,
                                            CMIO_READABLE),
                     0);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_child_close(&setting->child), 0);
    test_loop_close(&setting->loop);
}

/* A process that waits for a signal. */
static pid_t start(void) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    while (pid == 0)
        pause();
    return pid;
}

/* Takes what comes, until the process can be waited for. */
static int status_of(struct setting *setting) {
    int status = -1;
    int error;
    while ((error = cmio_child_status(&setting->child, &status)) == -EAGAIN)
        test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
    assert_int_equal(error, 0);
    return status;
}

static void expect_running(struct cmio_child *child) {
    int status = 77;
    for (int i = 0; i < 3; i++)
        assert_int_equal(cmio_child_status(child, &status), -EAGAIN);
    assert_int_equal(status, 77);
}

/* Traced by this process. */

static pid_t start_traced(void) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(1);
        (void)raise(SIGUSR1);
        (void)raise(SIGUSR2);
        _exit(STATUS);
    }
    return pid;
}

/* Waits until it is stopped, and leaves that to be taken. */
static void await_stop(pid_t pid) {
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
    assert_int_equal(info.si_code, CLD_TRAPPED);
}

static void a_child_that_this_process_traces_has_not_ended_when_it_stops(void **state) {
    (void)state;
    struct setting setting;
    int status = 0;
    test_skip_without_children();
    const pid_t pid = start_traced();
    setting_open(&setting, pid);
    static const int stops[] = {SIGUSR1, SIGUSR2};
    for (int i = 0; i < 2; i++) {
        await_stop(pid);
        test_loop_expect_silence(&setting.loop);
        expect_running(&setting.child);
        assert_int_equal(waitpid(pid, &status, WNOHANG), pid); /* the stop is left to its tracer */
        assert_true(WIFSTOPPED(status));
        assert_int_equal(WSTOPSIG(status), stops[i]);
        assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    }
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    status = status_of(&setting);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS);
    assert_int_equal(waitpid(pid, &status, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    setting_close(&setting);
}

/* Traced by another process, which does one thing for each byte that it gets, and answers. */

enum step { WAIT = 'w', LEAVE = 'l' };

struct tracer {
    pid_t pid;
    int orders;
    int answers;
};

static void trace(pid_t pid, int orders, int answers) {
    char order = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 ? 'y' : 'n';
    while (write(answers, &order, 1) == 1 && read(orders, &order, 1) == 1 && order == WAIT)
        (void)waitpid(pid, NULL, 0);
    _exit(0);
}

static char answer_of(const struct tracer *tracer) {
    char answer = 0;
    assert_int_equal(read(tracer->answers, &answer, 1), 1);
    return answer;
}

static struct tracer start_tracer(pid_t pid) {
    int orders[2];
    int answers[2];
    assert_int_equal(pipe(orders), 0);
    assert_int_equal(pipe(answers), 0);
    struct tracer tracer = {.orders = orders[1], .answers = answers[0]};
    tracer.pid = fork();
    assert_true(tracer.pid >= 0);
    if (tracer.pid == 0) {
        close(orders[1]);
        close(answers[0]);
        trace(pid, orders[0], answers[1]);
    }
    test_close(orders[0]);
    test_close(answers[1]);
    return tracer;
}

static void order(const struct tracer *tracer, enum step step) {
    const char byte = (char)step;
    assert_int_equal(write(tracer->orders, &byte, 1), 1);
}

static void stop_tracer(const struct tracer *tracer) {
    test_close(tracer->orders);
    assert_int_equal(waitpid(tracer->pid, NULL, 0), tracer->pid);
    test_close(tracer->answers);
}

/* How many events a loop takes that asks after each of them, within a third of a second. */
static int events_while_held(struct setting *setting) {
    const int64_t end = cmio_now() + 300 * CMIO_MILLISECOND;
    int events = 0;
    while (cmio_now() < end) {
        expect_running(&setting->child);
        const int count = cmio_poll_wait_until(setting->loop.poll, setting->loop.events, end);
        assert_true(count >= 0 || count == -EINTR);
        events += count > 0;
    }
    return events;
}

static void expect_event_when_let_go(enum step step) {
    enum { SPIN = 50 };
    struct setting setting;
    test_skip_without_children();
    const pid_t pid = start();
    const struct tracer tracer = start_tracer(pid);
    if (answer_of(&tracer) != 'y') {
        stop_tracer(&tracer);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        skip(); /* a sandbox that forbids to trace */
    }
    setting_open(&setting, pid);
    assert_int_equal(cmio_child_kill(&setting.child, SIGKILL), 0);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE); /* it ended: so far the kernel tells */
    assert_true(events_while_held(&setting) < SPIN);
    assert_int_equal(cmio_child_kill(&setting.child, 0), 0);
    order(&tracer, step);
    const int status = status_of(&setting);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_int_equal(cmio_child_kill(&setting.child, 0), -ESRCH);
    stop_tracer(&tracer);
    setting_close(&setting);
}

static void a_child_whose_tracer_waits_for_it_has_an_event_then_and_no_spin_before(void **state) {
    (void)state;
    expect_event_when_let_go(WAIT);
}

static void a_child_whose_tracer_leaves_it_has_an_event_then_and_no_spin_before(void **state) {
    (void)state;
    expect_event_when_let_go(LEAVE);
}

/* A number that was given again. */

/* What clone3(2) takes, as far as it is used here. */
struct clone_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

/* A process with a number of our choice, which ends with a status when told; or -1. */
static pid_t start_with_number(pid_t number, int *pipe_end) {
    int fds[2];
    char byte;
    assert_int_equal(pipe(fds), 0);
    const struct clone_arguments arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1};
    const pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        close(fds[1]);
        (void)!read(fds[0], &byte, 1);
        _exit(STATUS);
    }
    test_close(fds[0]);
    *pipe_end = fds[1];
    return pid;
}

static bool has_handle(const struct cmio_child *child) {
    char path[64];
    char target[64] = "";
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", cmio_child_fd(child));
    return readlink(path, target, sizeof target - 1) > 0 && strstr(target, "pidfd") != NULL;
}

static void a_child_whose_number_another_has_is_echild_and_the_other_is_left_alone(void **state) {
    (void)state;
    int pipe_end = -1;
    int status = 77;
    struct cmio_child child;
    test_skip_without_children();
    const pid_t pid = start();
    assert_int_equal(cmio_child_init(&child, pid), 0);
    const bool is_known = has_handle(&child);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    const pid_t other = is_known ? start_with_number(pid, &pipe_end) : -1;
    if (other < 0) {
        if (pipe_end >= 0)
            test_close(pipe_end);
        assert_int_equal(cmio_child_close(&child), 0);
        skip(); /* no handle, no right to choose a number, or someone else was quicker */
    }
    assert_int_equal(other, pid);
    assert_int_equal(cmio_child_kill(&child, SIGKILL), -ESRCH);
    test_close(pipe_end);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)other, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(cmio_child_status(&child, &status), -ECHILD);
    assert_int_equal(cmio_child_status(&child, &status), -ECHILD);
    assert_int_equal(status, 77);
    assert_int_equal(waitpid(other, &status, WNOHANG), other);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS);
    assert_int_equal(cmio_child_close(&child), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_child_that_this_process_traces_has_not_ended_when_it_stops),
    cmocka_unit_test(a_child_whose_tracer_waits_for_it_has_an_event_then_and_no_spin_before),
    cmocka_unit_test(a_child_whose_tracer_leaves_it_has_an_event_then_and_no_spin_before),
    cmocka_unit_test(a_child_whose_number_another_has_is_echild_and_the_other_is_left_alone),
};

TEST_GROUP(backend_child_linux, tests)
