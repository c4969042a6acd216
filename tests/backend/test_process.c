/* SPDX-License-Identifier: MIT */

/*
 * Programs that are started with their standard streams as pipes. They are run with /bin/sh, and say
 * on their outputs, or with their status, what they found.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/children.h"
#include "support/loop.h"
#include "support/pair.h"

enum { CHILD = 1, OUTPUT, ERRORS, INPUT, ROOM = 256 };

#define PIPE                                                                                       \
    { CMIO_PROCESS_PIPE, 0 }
#define NOTHING                                                                                    \
    { CMIO_PROCESS_NULL, 0 }

/* Runs a line with the shell: what it prints, if anything, and how it ended. */
struct run {
    struct test_loop loop;
    struct cmio_process process;
    char output[ROOM];
    char errors[ROOM];
    int status;
};

static int spawn_line(struct cmio_process *process, const char *line,
                      struct cmio_process_options options) {
    const char *const arguments[] = {"sh", "-c", line, NULL};
    options.program = "/bin/sh";
    options.arguments = arguments;
    return cmio_process_spawn(process, &options);
}

/* Reads to the end, keeps the first bytes as a string, and closes. Returns how many there were. */
static size_t collect(struct test_loop *loop, struct cmio_pipe_receiver *receiver, cmio_token token,
                      char *text) {
    char buffer[4096];
    size_t total = 0;
    text[0] = '\0';
    if (cmio_pipe_receiver_fd(receiver) < 0)
        return 0;
    TEST_OK(cmio_poll_register(loop->poll, &receiver->source, token, CMIO_READABLE));
    for (ssize_t count = 1; count != 0;) {
        count = cmio_pipe_receiver_read(receiver, buffer, sizeof buffer);
        if (count == -EAGAIN) {
            test_loop_expect(loop, token, CMIO_READABLE);
            continue;
        }
        assert_true(count >= 0);
        if (total + (size_t)count < ROOM) {
            memcpy(text + total, buffer, (size_t)count);
            text[total + (size_t)count] = '\0';
        }
        total += (size_t)count;
    }
    TEST_OK(cmio_pipe_receiver_close(receiver));
    return total;
}

static int await_end(struct test_loop *loop, struct cmio_child *child) {
    int status = -1;
    TEST_OK(cmio_poll_register(loop->poll, &child->source, CHILD, CMIO_READABLE));
    int result = cmio_child_status(child, &status);
    for (; result == -EAGAIN; result = cmio_child_status(child, &status))
        test_loop_expect(loop, CHILD, CMIO_READABLE);
    TEST_OK(result);
    TEST_OK(cmio_child_close(child));
    return status;
}

static void finish(struct run *run) {
    TEST_OK(cmio_pipe_sender_close(&run->process.input));
    (void)collect(&run->loop, &run->process.output, OUTPUT, run->output);
    (void)collect(&run->loop, &run->process.errors, ERRORS, run->errors);
    run->status = await_end(&run->loop, &run->process.child);
    TEST_OK(cmio_process_close(&run->process));
    test_loop_close(&run->loop);
}

static void run_line(struct run *run, const char *line, struct cmio_process_options options) {
    test_loop_open(&run->loop);
    TEST_OK(spawn_line(&run->process, line, options));
    finish(run);
}

static const struct cmio_process_options all_pipes = {
    .input = PIPE, .output = PIPE, .errors = PIPE};
static const struct cmio_process_options to_output = {.input = NOTHING, .output = PIPE};

static void expect_exit(const struct run *run, int code) {
    assert_true(WIFEXITED(run->status));
    assert_int_equal(WEXITSTATUS(run->status), code);
}

static void what_is_written_to_a_process_comes_back_through_its_pipes(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    test_loop_open(&run.loop);
    TEST_OK(spawn_line(&run.process, "cat; echo end >&2; exit 7", all_pipes));
    TEST_GIVES(cmio_pipe_sender_write(&run.process.input, "hello", 5), 5);
    finish(&run);
    assert_string_equal(run.output, "hello");
    assert_string_equal(run.errors, "end\n");
    expect_exit(&run, 7);
}

static void a_process_can_be_ended_by_a_signal(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    test_loop_open(&run.loop);
    TEST_OK(spawn_line(&run.process, "exec cat", all_pipes));
    assert_true(cmio_child_pid(&run.process.child) > 0);
    TEST_OK(cmio_child_kill(&run.process.child, SIGTERM));
    run.status = await_end(&run.loop, &run.process.child);
    assert_true(WIFSIGNALED(run.status));
    assert_int_equal(WTERMSIG(run.status), SIGTERM);
    TEST_OK(cmio_process_close(&run.process));
    TEST_OK(cmio_process_close(&run.process));
    test_loop_close(&run.loop);
}

static void no_child_is_left(void) {
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void a_program_that_cannot_be_executed_is_an_error_of_the_call(void **state) {
    (void)state;
    test_skip_without_children();
    char path[] = "/tmp/cmio_test_process_XXXXXX";
    const int script = mkstemp(path); /* not executable */
    assert_true(script >= 0);
    const struct {
        const char *program;
        int error;
    } rows[] = {
        {"/no/such/program", -ENOENT},
        {"no-such-program-of-cmio", -ENOENT},
        {"/dev/null/program", -ENOTDIR},
        {path, -EACCES},
        {"/", -EACCES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cmio_process process;
        struct cmio_process before;
        struct cmio_process_options options = all_pipes;
        memset(&process, 0x5a, sizeof process);
        before = process;
        options.program = rows[i].program;
        TEST_FAILS(cmio_process_spawn(&process, &options), rows[i].error);
        assert_memory_equal(&process, &before, sizeof process);
        no_child_is_left();
    }
    test_close(script);
    assert_int_equal(unlink(path), 0);
}

static void a_name_without_a_slash_is_looked_for_in_the_path(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    struct cmio_process_options options = to_output;
    const char *const arguments[] = {"echo", "one argument", "two", NULL};
    options.program = "echo";
    options.arguments = arguments;
    test_loop_open(&run.loop);
    TEST_OK(cmio_process_spawn(&run.process, &options));
    finish(&run);
    assert_string_equal(run.output, "one argument two\n");
    expect_exit(&run, 0);
}

static void without_arguments_the_program_is_its_own_first(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    struct cmio_process_options options = all_pipes;
    options.program = "/bin/sh";
    test_loop_open(&run.loop);
    TEST_OK(cmio_process_spawn(&run.process, &options));
    TEST_GIVES(cmio_pipe_sender_write(&run.process.input, "echo $0 $#", 10), 10);
    finish(&run);
    assert_string_equal(run.output, "/bin/sh 0\n");
}

static void an_environment_can_be_given(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    const char *const environment[] = {"CMIO_WORD=given", NULL};
    struct cmio_process_options options = to_output;
    assert_int_equal(setenv("CMIO_WORD", "inherited", 1), 0);
    run_line(&run, "echo $CMIO_WORD", options);
    assert_string_equal(run.output, "inherited\n");
    options.environment = environment;
    run_line(&run, "echo $CMIO_WORD", options);
    assert_string_equal(run.output, "given\n");
    assert_int_equal(unsetenv("CMIO_WORD"), 0);
}

static void a_null_stream_is_empty_and_takes_everything(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    const struct cmio_process_options options = {
        .input = NOTHING, .output = NOTHING, .errors = NOTHING};
    test_loop_open(&run.loop);
    TEST_OK(spawn_line(&run.process, "cat && echo output && echo errors >&2", options));
    TEST_FAILS(cmio_pipe_sender_fd(&run.process.input), -EBADF);
    TEST_FAILS(cmio_pipe_receiver_fd(&run.process.output), -EBADF);
    TEST_FAILS(cmio_pipe_receiver_fd(&run.process.errors), -EBADF);
    finish(&run);
    expect_exit(&run, 0);
}

static void errors_can_go_where_the_output_goes(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    struct cmio_process_options options = to_output;
    options.errors.kind = CMIO_PROCESS_AS_OUTPUT;
    run_line(&run, "echo one; echo two >&2; echo three", options);
    assert_string_equal(run.output, "one\ntwo\nthree\n");
    expect_exit(&run, 0);
}

/* Puts other descriptors in the place of the standard ones, and those back. */
struct replaced {
    int kept[3];
};

static void replace(struct replaced *replaced, const int fds[3]) {
    for (int i = 0; i < 3; i++) {
        replaced->kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        if (fds[i] < 0)
            (void)close(i); /* it may be closed already */
        else
            assert_int_equal(dup2(fds[i], i), i);
    }
}

static void put_back(struct replaced *replaced) {
    for (int i = 0; i < 3; i++) {
        (void)close(i);
        if (replaced->kept[i] < 0)
            continue;
        (void)dup2(replaced->kept[i], i);
        (void)close(replaced->kept[i]);
    }
}

/* A pipe whose ends are in nobody's way and are not inherited. */
static void open_high_pipe(int fds[2]) {
    int low[2];
    assert_int_equal(pipe(low), 0);
    for (int i = 0; i < 2; i++) {
        fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
        assert_int_equal(close(low[i]), 0);
    }
}

static void expect_text(int fd, const char *text) {
    char buffer[ROOM] = "";
    size_t length = 0;
    ssize_t count;
    while ((count = read(fd, buffer + length, sizeof buffer - 1 - length)) > 0)
        length += (size_t)count;
    assert_int_equal(count, 0);
    assert_string_equal(buffer, text);
    test_close(fd);
}

static void streams_are_inherited_unless_told_otherwise(void **state) {
    (void)state;
    test_skip_without_children();
    int from[2];
    int to[2];
    struct replaced replaced;
    struct run run;
    open_high_pipe(from);
    open_high_pipe(to);
    assert_int_equal(write(from[1], "inherited", 9), 9);
    test_close(from[1]);
    test_loop_open(&run.loop);
    const int fds[] = {from[0], to[1], to[1]};
    replace(&replaced, fds);
    const int result =
        spawn_line(&run.process, "cat; echo ! >&2", (struct cmio_process_options){0});
    put_back(&replaced);
    TEST_OK(result);
    test_close(from[0]);
    test_close(to[1]);
    expect_text(to[0], "inherited!\n");
    finish(&run);
}

/* Standard output and error change places, and input is a descriptor that the two are not. */
static void descriptors_can_be_given_in_any_order(void **state) {
    (void)state;
    test_skip_without_children();
    int pipes[3][2];
    struct replaced replaced;
    struct run run;
    for (int i = 0; i < 3; i++)
        open_high_pipe(pipes[i]);
    assert_int_equal(write(pipes[0][1], "in", 2), 2);
    test_close(pipes[0][1]);
    test_loop_open(&run.loop);
    const int fds[] = {pipes[1][1], pipes[2][1], pipes[0][0]};
    const struct cmio_process_options options = {.input = {CMIO_PROCESS_FD, 2},
                                                 .output = {CMIO_PROCESS_FD, 0},
                                                 .errors = {CMIO_PROCESS_FD, 1}};
    replace(&replaced, fds);
    const int result = spawn_line(&run.process, "cat; echo errors >&2", options);
    put_back(&replaced);
    TEST_OK(result);
    test_close(pipes[0][0]);
    test_close(pipes[1][1]);
    test_close(pipes[2][1]);
    expect_text(pipes[1][0], "in");
    expect_text(pipes[2][0], "errors\n");
    finish(&run);
}

static void pipes_work_where_the_standard_streams_are_closed(void **state) {
    (void)state;
    test_skip_without_children();
    static const int none[] = {-1, -1, -1};
    struct replaced replaced;
    struct cmio_process process;
    struct run run;
    test_loop_open(&run.loop);
    replace(&replaced, none);
    const int result = spawn_line(&process, "cat; echo errors >&2", all_pipes);
    /* Away from 0 to 2, where they are, before those come back. */
    const int input = fcntl(cmio_pipe_sender_fd(&process.input), F_DUPFD_CLOEXEC, 10);
    const int output = fcntl(cmio_pipe_receiver_fd(&process.output), F_DUPFD_CLOEXEC, 10);
    const int errors = fcntl(cmio_pipe_receiver_fd(&process.errors), F_DUPFD_CLOEXEC, 10);
    const int child = fcntl(cmio_child_fd(&process.child), F_GETFD);
    (void)cmio_pipe_sender_close(&process.input);
    (void)cmio_pipe_receiver_close(&process.output);
    (void)cmio_pipe_receiver_close(&process.errors);
    put_back(&replaced);
    TEST_OK(result);
    assert_true(child >= 0);
    run.process = process;
    TEST_OK(cmio_pipe_sender_from_fd(&run.process.input, input));
    TEST_OK(cmio_pipe_receiver_from_fd(&run.process.output, output));
    TEST_OK(cmio_pipe_receiver_from_fd(&run.process.errors, errors));
    TEST_GIVES(cmio_pipe_sender_write(&run.process.input, "x", 1), 1);
    finish(&run);
    assert_string_equal(run.output, "x");
    assert_string_equal(run.errors, "errors\n");
    expect_exit(&run, 0);
}

/* What is opened for one stream would lie where another one is put. */
static void no_stream_is_in_the_way_of_another(void **state) {
    (void)state;
    test_skip_without_children();
    static const int none[] = {-1, -1, -1};
    int pipes[2][2];
    struct replaced replaced;
    struct run run;
    for (int i = 0; i < 2; i++)
        open_high_pipe(pipes[i]);
    const struct cmio_process_options options[] = {
        {.output = {CMIO_PROCESS_FD, pipes[0][1]}, .errors = {CMIO_PROCESS_FD, pipes[1][1]}},
        {.input = {CMIO_PROCESS_FD, pipes[0][0]},
         .output = NOTHING,
         .errors = {CMIO_PROCESS_FD, pipes[1][1]}},
    };
    for (int i = 0; i < 2; i++) {
        test_loop_open(&run.loop);
        replace(&replaced, none);
        const int result = spawn_line(&run.process, "echo errors >&2; echo output", options[i]);
        const pid_t pid = cmio_child_pid(&run.process.child);
        (void)cmio_child_close(&run.process.child); /* its descriptor is one of 0 to 2 */
        put_back(&replaced);
        TEST_OK(result);
        TEST_OK(cmio_child_init(&run.process.child, pid));
        finish(&run);
        expect_exit(&run, 0);
    }
    test_close(pipes[0][1]);
    test_close(pipes[1][1]);
    expect_text(pipes[0][0], "output\n"); /* of the first */
    expect_text(pipes[1][0], "errors\nerrors\n");
}

static void a_process_has_no_end_of_another_ones_pipes(void **state) {
    (void)state;
    test_skip_without_children();
    struct run first;
    struct run second;
    test_loop_open(&first.loop);
    test_loop_open(&second.loop);
    TEST_OK(spawn_line(&first.process, "exec cat", all_pipes));
    TEST_OK(spawn_line(&second.process, "exec cat", all_pipes));
    finish(&first); /* which ends only if nobody else can write to it */
    expect_exit(&first, 0);
    finish(&second);
    expect_exit(&second, 0);
}

/* The line "test -e" and the descriptors, of which none is there. */
static void a_process_has_no_descriptor_of_cmio(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    struct cmio_signals signals;
    struct cmio_udp_socket socket;
    struct cmio_address address;
    const int number = SIGUSR1;
    char line[ROOM] = "";
    test_loop_open(&run.loop);
    TEST_OK(cmio_signals_init(&signals, &number, 1));
    TEST_OK(cmio_address_parse("127.0.0.1:0", &address));
    TEST_OK(cmio_udp_socket_bind(&socket, &address, NULL));
    int fds[] = {cmio_poll_fd(run.loop.poll), signals.source.fd, cmio_udp_socket_fd(&socket)};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] > 2)
            (void)snprintf(line + strlen(line), sizeof line - strlen(line),
                           "test ! -e /dev/fd/%d || echo %d; ", fds[i], fds[i]);
    assert_true(strlen(line) > 0);
    TEST_OK(spawn_line(&run.process, line, to_output));
    TEST_OK(cmio_udp_socket_close(&socket));
    TEST_OK(cmio_signals_close(&signals));
    finish(&run);
    assert_string_equal(run.output, "");
}

/* On systems without such a folder nothing is listed. */
static const char list_descriptors[] =
    "i=3; while test $i -lt 100; do if test -e /dev/fd/$i; then echo $i; fi; i=$((i + 1)); done";

static void a_process_has_only_descriptors_that_are_inherited_by_every_exec(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    int fds[2];
    open_high_pipe(fds);
    const struct cmio_process_options options = {
        .input = {CMIO_PROCESS_FD, fds[0]}, .output = PIPE, .errors = {CMIO_PROCESS_AS_OUTPUT, 0}};
    run_line(&run, list_descriptors, options);
    for (const char *line = run.output; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_int_equal(fcntl(atoi(line), F_GETFD), 0);
    test_close(fds[0]);
    test_close(fds[1]);
}

static void the_ends_of_a_process_are_blocking(void **state) {
    (void)state;
    test_skip_without_children();
    struct run run;
    test_loop_open(&run.loop);
    /* More than a pipe holds: dd would fail with what a non-blocking end says then. */
    TEST_OK(spawn_line(&run.process, "dd if=/dev/zero bs=1000 count=1000 2>/dev/null", to_output));
    const int flags = fcntl(cmio_pipe_receiver_fd(&run.process.output), F_GETFL);
    assert_true((flags & O_NONBLOCK) != 0);
    assert_int_equal(collect(&run.loop, &run.process.output, OUTPUT, run.output), 1000000);
    finish(&run);
    expect_exit(&run, 0);
}

static void handle_nothing(int number) {
    (void)number;
}

static void a_process_has_no_signal_blocked_ignored_or_handled(void **state) {
    (void)state;
    test_skip_without_children();
    static const int numbers[] = {SIGPIPE, SIGTERM, SIGUSR1, SIGHUP};
    struct sigaction before[4];
    sigset_t blocked;
    sigset_t mask;
    assert_int_equal(sigemptyset(&blocked), 0);
    for (int i = 0; i < 4; i++) {
        const struct sigaction action = {.sa_handler = i == 3 ? handle_nothing : SIG_IGN};
        assert_int_equal(sigaction(numbers[i], &action, &before[i]), 0);
        assert_int_equal(sigaddset(&blocked, numbers[i]), 0);
    }
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &mask), 0);
    for (int i = 0; i < 4; i++) {
        struct run run;
        char line[64];
        (void)snprintf(line, sizeof line, "kill -%d $$; exit 3", numbers[i]);
        run_line(&run, line, to_output);
        assert_true(WIFSIGNALED(run.status));
        assert_int_equal(WTERMSIG(run.status), numbers[i]);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(sigaction(numbers[i], &before[i], NULL), 0);
    assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
}

static void a_process_leads_a_group_where_that_is_wanted(void **state) {
    (void)state;
    test_skip_without_children();
    for (int wanted = 0; wanted < 2; wanted++) {
        struct run run;
        struct cmio_process_options options = all_pipes;
        options.new_group = wanted != 0;
        test_loop_open(&run.loop);
        TEST_OK(spawn_line(&run.process, "cat", options));
        const pid_t pid = cmio_child_pid(&run.process.child);
        assert_int_equal(getpgid(pid), wanted ? pid : getpgrp());
        finish(&run);
    }
}

static void wrong_options_are_invalid(void **state) {
    (void)state;
    static const char *const none[] = {NULL};
    static const struct cmio_process_options wrong[] = {
        {.program = NULL},
        {.program = "true", .arguments = none},
        {.program = "true", .input.kind = CMIO_PROCESS_AS_OUTPUT},
        {.program = "true", .output.kind = CMIO_PROCESS_AS_OUTPUT},
        {.program = "true", .errors.kind = (enum cmio_process_stream_kind)5},
        {.program = "true", .input.kind = (enum cmio_process_stream_kind) - 1},
    };
    struct cmio_process process;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        TEST_FAILS(cmio_process_spawn(&process, &wrong[i]), -EINVAL);
    TEST_FAILS(cmio_process_spawn(&process, NULL), -EINVAL);
    TEST_FAILS(cmio_process_spawn(NULL, &to_output), -EINVAL);
    const struct cmio_process_options closed = {.program = "true", .errors = {CMIO_PROCESS_FD, -1}};
    TEST_FAILS(cmio_process_spawn(&process, &closed), -EBADF);
    TEST_OK(cmio_process_close(NULL));
    process = (struct cmio_process){.input.source.fd = 0};
    TEST_OK(cmio_process_close(&process));
    no_child_is_left();
}

/* The lowest number that is free when every one below is in use, and how many those are. */
static int fill_descriptors(int *filled) {
    int highest = 0;
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            highest = fd;
    for (int fd; (fd = fcntl(0, F_DUPFD_CLOEXEC, 0)) <= highest;)
        if (fd < 0)
            break;
        else
            filled[count++] = fd;
    (void)close(highest + 1);
    filled[count] = -1;
    return highest + 1;
}

static void without_descriptors_nothing_is_started_and_nothing_is_left(void **state) {
    (void)state;
    test_skip_without_children();
    struct rlimit limit;
    int filled[1024];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const int own = open("/dev/null", O_RDONLY | O_CLOEXEC); /* 0 may be closed */
    const int first_free = fill_descriptors(filled);
    int result = -EMFILE;
    int failures = 0;
    struct cmio_process process;
    for (int more = 0; result == -EMFILE && more < 32; more++) {
        struct rlimit lowered = limit;
        lowered.rlim_cur = (rlim_t)(first_free + more);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
        result = spawn_line(&process, "exit 0", all_pipes);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        failures += result == -EMFILE;
        if (result < 0)
            no_child_is_left();
    }
    for (int i = 0; filled[i] >= 0; i++)
        test_close(filled[i]);
    test_close(own);
    TEST_OK(result);
    assert_true(failures >= 7); /* three pipes, and what watches the process */
    struct test_loop loop;
    test_loop_open(&loop);
    (void)await_end(&loop, &process.child);
    TEST_OK(cmio_process_close(&process));
    test_loop_close(&loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_written_to_a_process_comes_back_through_its_pipes),
    cmocka_unit_test(a_process_can_be_ended_by_a_signal),
    cmocka_unit_test(a_program_that_cannot_be_executed_is_an_error_of_the_call),
    cmocka_unit_test(a_name_without_a_slash_is_looked_for_in_the_path),
    cmocka_unit_test(without_arguments_the_program_is_its_own_first),
    cmocka_unit_test(an_environment_can_be_given),
    cmocka_unit_test(a_null_stream_is_empty_and_takes_everything),
    cmocka_unit_test(errors_can_go_where_the_output_goes),
    cmocka_unit_test(streams_are_inherited_unless_told_otherwise),
    cmocka_unit_test(descriptors_can_be_given_in_any_order),
    cmocka_unit_test(pipes_work_where_the_standard_streams_are_closed),
    cmocka_unit_test(no_stream_is_in_the_way_of_another),
    cmocka_unit_test(a_process_has_no_end_of_another_ones_pipes),
    cmocka_unit_test(a_process_has_only_descriptors_that_are_inherited_by_every_exec),
    cmocka_unit_test(a_process_has_no_descriptor_of_cmio),
    cmocka_unit_test(the_ends_of_a_process_are_blocking),
    cmocka_unit_test(a_process_has_no_signal_blocked_ignored_or_handled),
    cmocka_unit_test(a_process_leads_a_group_where_that_is_wanted),
    cmocka_unit_test(wrong_options_are_invalid),
    cmocka_unit_test(without_descriptors_nothing_is_started_and_nothing_is_left),
};

TEST_GROUP(backend_process, tests)
