/* SPDX-License-Identifier: MIT */

/*
 * Child processes as sources. The children are forks of this program which wait for a byte, or for
 * a signal, before they end: so each test says when.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/children.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 1, STATUS = 7 };

static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};

#define EACH_MODE(mode)                                                                            \
    for (const cmio_interest *mode = modes; mode < modes + sizeof modes / sizeof *modes; mode++)

/* A process that ends with its status when it gets a byte. */
struct process {
    pid_t pid;
    int pipe;
};

static struct process start(int status) {
    int fds[2];
    char byte;
    assert_int_equal(pipe(fds), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[1]);
        (void)!read(fds[0], &byte, 1);
        _exit(status);
    }
    test_close(fds[0]);
    return (struct process){.pid = pid, .pipe = fds[1]};
}

static void let_end(const struct process *process) {
    test_put(process->pipe, 1);
}

/* Waits until it has ended, and leaves its status to be taken. */
static void await_end(const struct process *process) {
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT), 0);
}

static void end(const struct process *process) {
    let_end(process);
    await_end(process);
}

struct setting {
    struct test_loop loop;
    struct process process;
    struct cmio_child child;
};

/* A running child, not registered. */
static void setting_open(struct setting *setting) {
    test_skip_without_children();
    test_loop_open(&setting->loop);
    setting->process = start(STATUS);
    assert_int_equal(cmio_child_init(&setting->child, setting->process.pid), 0);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_child_close(&setting->child), 0);
    test_close(setting->process.pipe);
    test_loop_close(&setting->loop);
}

static int enter(struct setting *setting, cmio_interest mode) {
    return cmio_registry_register(setting->loop.registry, &setting->child.source, TOKEN,
                                  CMIO_READABLE | mode);
}

/* The status, once it is there: a system may tell of the end before it can be waited for. */
static int status_of(struct cmio_child *child) {
    int status = -1;
    int error = -EAGAIN;
    TEST_EVENTUALLY((error = cmio_child_status(child, &status)) != -EAGAIN);
    assert_int_equal(error, 0);
    return status;
}

static void expect_exit(struct setting *setting, int code) {
    const int status = status_of(&setting->child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void a_running_child_has_no_event_and_one_that_ended_is_readable(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        int status = 77;
        setting_open(&setting);
        assert_int_equal(enter(&setting, *mode), 0);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(cmio_child_status(&setting.child, &status), -EAGAIN);
        assert_int_equal(status, 77);
        let_end(&setting.process);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        expect_exit(&setting, STATUS);
        setting_close(&setting);
    }
}

static void the_status_is_given_again_and_again(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting, 0), 0);
    let_end(&setting.process);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    for (int i = 0; i < 3; i++)
        expect_exit(&setting, STATUS);
    assert_int_equal(waitpid(setting.process.pid, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    setting_close(&setting);
}

static void every_exit_code_is_told_and_leaves_no_zombie(void **state) {
    (void)state;
    static const int codes[] = {0, 1, 255};
    test_skip_without_children();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct setting setting = {.process = start(codes[i])};
        assert_int_equal(cmio_child_init(&setting.child, setting.process.pid), 0);
        let_end(&setting.process);
        expect_exit(&setting, codes[i]);
        assert_int_equal(waitpid(setting.process.pid, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        assert_int_equal(cmio_child_close(&setting.child), 0);
        test_close(setting.process.pipe);
    }
}

static void a_child_that_ended_before_the_register_is_reported(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting);
        end(&setting.process);
        assert_int_equal(enter(&setting, *mode), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        expect_exit(&setting, STATUS);
        setting_close(&setting);
    }
}

static void a_child_that_ended_before_init_is_reported(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        test_skip_without_children();
        test_loop_open(&setting.loop);
        setting.process = start(STATUS);
        end(&setting.process);
        assert_int_equal(cmio_child_init(&setting.child, setting.process.pid), 0);
        assert_int_equal(enter(&setting, *mode), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        expect_exit(&setting, STATUS);
        setting_close(&setting);
    }
}

static void a_child_that_ends_during_the_wait_ends_it(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        struct test_waiter waiter;
        setting_open(&setting);
        assert_int_equal(enter(&setting, *mode), 0);
        test_waiter_start(&waiter, &setting.loop, cmio_poll_wait, 30 * CMIO_SECOND);
        let_end(&setting.process);
        test_waiter_join(&waiter);
        assert_int_equal(waiter.result, 1);
        assert_true(test_waiter_came(&waiter, TOKEN) & CMIO_READABLE);
        expect_exit(&setting, STATUS);
        test_waiter_free(&waiter);
        setting_close(&setting);
    }
}

static void a_level_child_is_reported_for_as_long_as_it_is_registered(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting, CMIO_LEVEL), 0);
    end(&setting.process);
    for (int i = 0; i < 3; i++)
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    expect_exit(&setting, STATUS);
    for (int i = 0; i < 3; i++)
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &setting.child.source), 0);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void a_oneshot_child_is_reported_once_until_it_is_reregistered(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting, CMIO_ONESHOT), 0);
    end(&setting.process);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    test_loop_expect_silence(&setting.loop);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.child.source,
                                                  TOKEN, CMIO_READABLE | CMIO_ONESHOT),
                         0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        test_loop_expect_silence(&setting.loop);
    }
    expect_exit(&setting, STATUS);
    setting_close(&setting);
}

static void an_edge_comes_once_while_the_status_is_not_taken(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting, 0), 0);
    end(&setting.process);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    test_loop_expect_silence(&setting.loop);
    expect_exit(&setting, STATUS);
    setting_close(&setting);
}

static void asking_a_running_child_loses_no_event(void **state) {
    (void)state;
    const int rounds = test_scale(50);
    for (int round = 0; round < rounds; round++) {
        struct setting setting;
        int status = -1;
        setting_open(&setting);
        assert_int_equal(enter(&setting, 0), 0);
        let_end(&setting.process); /* it ends while it is asked */
        for (int i = 0; i < round % 4; i++)
            (void)cmio_child_status(&setting.child, &status);
        while (cmio_child_status(&setting.child, &status) == -EAGAIN)
            test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        assert_int_equal(WEXITSTATUS(status), STATUS);
        setting_close(&setting);
    }
}

static void a_child_killed_by_a_signal_says_which(void **state) {
    (void)state;
    static const int numbers[] = {SIGTERM, SIGKILL};
    for (size_t i = 0; i < 2; i++) {
        struct setting setting;
        setting_open(&setting);
        assert_int_equal(enter(&setting, 0), 0);
        assert_int_equal(cmio_child_kill(&setting.child, 0), 0);
        assert_int_equal(cmio_child_kill(&setting.child, 100000), -EINVAL);
        assert_int_equal(cmio_child_kill(&setting.child, numbers[i]), 0);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        const int status = status_of(&setting.child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), numbers[i]);
        assert_int_equal(cmio_child_kill(&setting.child, numbers[i]), -ESRCH);
        setting_close(&setting);
    }
}

static void a_stopped_child_has_not_ended(void **state) {
    (void)state;
    struct setting setting;
    siginfo_t info;
    int status;
    setting_open(&setting);
    assert_int_equal(enter(&setting, 0), 0);
    assert_int_equal(cmio_child_kill(&setting.child, SIGSTOP), 0);
    assert_int_equal(waitid(P_PID, (id_t)setting.process.pid, &info, WSTOPPED), 0);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(cmio_child_status(&setting.child, &status), -EAGAIN);
    assert_int_equal(cmio_child_kill(&setting.child, SIGCONT), 0);
    let_end(&setting.process);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    expect_exit(&setting, STATUS);
    setting_close(&setting);
}

static void several_children_end_each_with_its_own_event_and_status(void **state) {
    (void)state;
    enum { COUNT = 8 };
    struct test_loop loop;
    struct process processes[COUNT];
    struct cmio_child children[COUNT];
    test_skip_without_children();
    test_loop_open(&loop);
    for (int i = 0; i < COUNT; i++) {
        processes[i] = start(i);
        assert_int_equal(cmio_child_init(&children[i], processes[i].pid), 0);
        assert_int_equal(cmio_child_pid(&children[i]), processes[i].pid);
        assert_int_equal(cmio_registry_register(loop.registry, &children[i].source, (cmio_token)i,
                                                CMIO_READABLE),
                         0);
    }
    /* One alone, the younger half at once, and then the rest. */
    static const int first[] = {0, 3, 4, 5, 6, 7, 1, 2};
    for (int i = 0; i < COUNT; i++) {
        let_end(&processes[first[i]]);
        if (i == 0)
            test_loop_expect(&loop, 0, CMIO_READABLE);
    }
    for (int i = 0; i < COUNT; i++) {
        if (i > 0)
            test_loop_expect(&loop, (cmio_token)i, CMIO_READABLE);
        const int status = status_of(&children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), i);
        assert_int_equal(cmio_child_close(&children[i]), 0);
        test_close(processes[i].pipe);
    }
    test_loop_close(&loop);
}

static void a_status_that_someone_else_took_is_echild_for_good(void **state) {
    (void)state;
    struct setting setting;
    int status = 77;
    setting_open(&setting);
    assert_int_equal(enter(&setting, 0), 0);
    let_end(&setting.process);
    assert_int_equal(waitpid(setting.process.pid, NULL, 0), setting.process.pid);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(cmio_child_status(&setting.child, &status), -ECHILD);
    assert_int_equal(status, 77);
    assert_int_equal(cmio_child_kill(&setting.child, SIGTERM), -ESRCH);
    setting_close(&setting);
}

static void with_sigchld_ignored_the_end_shows_and_its_status_does_not(void **state) {
    (void)state;
    struct setting setting;
    struct sigaction before;
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    int status = 77;
    assert_int_equal(sigaction(SIGCHLD, &ignored, &before), 0);
    setting_open(&setting);
    assert_int_equal(enter(&setting, 0), 0);
    assert_int_equal(cmio_child_status(&setting.child, &status), -EAGAIN);
    let_end(&setting.process);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    TEST_EVENTUALLY(cmio_child_status(&setting.child, &status) == -ECHILD);
    assert_int_equal(status, 77);
    setting_close(&setting);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
}

static void close_neither_ends_the_process_nor_waits_for_it(void **state) {
    (void)state;
    EACH_MODE(mode) {
        struct setting setting;
        int status = 0;
        setting_open(&setting);
        assert_int_equal(enter(&setting, *mode), 0);
        assert_int_equal(cmio_child_close(&setting.child), 0);
        assert_int_equal(waitpid(setting.process.pid, &status, WNOHANG), 0);
        end(&setting.process);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(waitpid(setting.process.pid, &status, 0), setting.process.pid);
        assert_int_equal(WEXITSTATUS(status), STATUS);
        setting_close(&setting);
    }
}

static void the_descriptor_is_close_on_exec(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_true(fcntl(cmio_child_fd(&setting.child), F_GETFD) & FD_CLOEXEC);
    end(&setting.process);
    assert_int_equal(enter(&setting, 0), 0);
    expect_exit(&setting, STATUS);
    setting_close(&setting);
}

struct cancelled {
    struct cmio_child child;
    pid_t pid;
    atomic_bool is_cancelled;
    int opened, asked, closed;
    int status;
    atomic_bool done;
};

static void *use_child_cancelled(void *argument) {
    struct cancelled *self = argument;
    while (!atomic_load(&self->is_cancelled))
        (void)sched_yield(); /* no cancellation point */
    self->opened = cmio_child_init(&self->child, self->pid);
    do
        self->asked = cmio_child_status(&self->child, &self->status);
    while (self->asked == -EAGAIN);
    self->closed = cmio_child_close(&self->child);
    atomic_store(&self->done, true);
    pthread_testcancel();
    return NULL;
}

static void calls_on_a_child_are_carried_out_when_the_thread_is_cancelled(void **state) {
    (void)state;
    test_skip_without_children();
    struct process process = start(STATUS);
    struct cancelled self = {.pid = process.pid, .status = -1};
    pthread_t thread;
    void *result = NULL;
    end(&process);
    assert_int_equal(pthread_create(&thread, NULL, use_child_cancelled, &self), 0);
    assert_int_equal(pthread_cancel(thread), 0);
    atomic_store(&self.is_cancelled, true);
    assert_int_equal(pthread_join(thread, &result), 0);
    test_close(process.pipe);
    assert_true(result == PTHREAD_CANCELED);
    assert_true(atomic_load(&self.done));
    assert_int_equal(self.opened, 0);
    assert_int_equal(self.asked, 0);
    assert_int_equal(self.closed, 0);
    assert_int_equal(WEXITSTATUS(self.status), STATUS);
}

static void a_process_that_is_not_there_is_esrch(void **state) {
    (void)state;
    test_skip_without_children();
    struct cmio_child child = {.pid = 77};
    struct process process = start(0);
    int status;
    end(&process);
    assert_int_equal(waitpid(process.pid, &status, 0), process.pid);
    assert_int_equal(cmio_child_init(&child, process.pid), -ESRCH);
    test_close(process.pipe);
    assert_int_equal(child.pid, 77);
}

static void null_arguments_and_closed_children_are_refused(void **state) {
    (void)state;
    struct cmio_child closed = {.pid = 77};
    struct cmio_child zeroed = {.pid = 0};
    int status = 77;
    assert_int_equal(cmio_child_init(NULL, getpid()), -EINVAL);
    assert_int_equal(cmio_child_init(&closed, 0), -EINVAL);
    assert_int_equal(cmio_child_init(&closed, -1), -EINVAL);
    assert_int_equal(closed.pid, 77);
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(cmio_child_status(&setting.child, NULL), -EINVAL);
    end(&setting.process);
    assert_int_equal(enter(&setting, 0), 0);
    expect_exit(&setting, STATUS);
    setting_close(&setting);
    closed = setting.child;
    struct cmio_child *const rows[] = {NULL, &closed, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        assert_int_equal(cmio_child_status(rows[i], &status), error);
        assert_int_equal(cmio_child_kill(rows[i], SIGTERM), error);
        assert_int_equal(cmio_child_pid(rows[i]), error);
        assert_int_equal(cmio_child_fd(rows[i]), error);
        assert_int_equal(cmio_child_close(rows[i]), 0);
    }
    assert_int_equal(status, 77);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_running_child_has_no_event_and_one_that_ended_is_readable),
    cmocka_unit_test(the_status_is_given_again_and_again),
    cmocka_unit_test(every_exit_code_is_told_and_leaves_no_zombie),
    cmocka_unit_test(a_child_that_ended_before_the_register_is_reported),
    cmocka_unit_test(a_child_that_ended_before_init_is_reported),
    cmocka_unit_test(a_child_that_ends_during_the_wait_ends_it),
    cmocka_unit_test(a_level_child_is_reported_for_as_long_as_it_is_registered),
    cmocka_unit_test(a_oneshot_child_is_reported_once_until_it_is_reregistered),
    cmocka_unit_test(an_edge_comes_once_while_the_status_is_not_taken),
    cmocka_unit_test(asking_a_running_child_loses_no_event),
    cmocka_unit_test(a_child_killed_by_a_signal_says_which),
    cmocka_unit_test(a_stopped_child_has_not_ended),
    cmocka_unit_test(several_children_end_each_with_its_own_event_and_status),
    cmocka_unit_test(a_status_that_someone_else_took_is_echild_for_good),
    cmocka_unit_test(with_sigchld_ignored_the_end_shows_and_its_status_does_not),
    cmocka_unit_test(close_neither_ends_the_process_nor_waits_for_it),
    cmocka_unit_test(the_descriptor_is_close_on_exec),
    cmocka_unit_test(calls_on_a_child_are_carried_out_when_the_thread_is_cancelled),
    cmocka_unit_test(a_process_that_is_not_there_is_esrch),
    cmocka_unit_test(null_arguments_and_closed_children_are_refused),
};

TEST_GROUP(backend_child, tests)
