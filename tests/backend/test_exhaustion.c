/* SPDX-License-Identifier: MIT */
/*
 * What happens when the system has no more memory or descriptors. One scene uses everything that
 * takes some; it is played again and again, and each time another of its calls to the system
 * fails, the first, the second, and so on until none is left to fail. Whatever cmio was asked for
 * at that moment must say so with that very error, must have lost nothing, and must succeed when it
 * is asked again.
 *
 * The linker turns the calls to here (--wrap): see meson.build.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/exhaustion.h"
#include "support/children.h"
#include "support/loop.h"
#include "support/pair.h"

/* The calls are counted while cmio runs; the one that countdown reaches 0 with fails. */
bool exhaustion_counts;
static long countdown;
static int injected; /* what it failed with, negative; 0: it has not */

bool exhaustion_must_fail(int error) {
    if (!exhaustion_counts || injected != 0 || --countdown > 0)
        return false;
    injected = -error;
    return true;
}

/* Blocks of memory that are in use. */
static atomic_long blocks;

static void *counted(void *block) {
    if (block != NULL)
        atomic_fetch_add(&blocks, 1);
    return block;
}

/* A call that returns a new block, one that returns -1 with errno, one that returns the error. */
#define WRAP_BLOCK(name, parameters, arguments)                                                    \
    void *__real_##name parameters;                                                                \
    void *__wrap_##name parameters;                                                                \
    void *__wrap_##name parameters {                                                               \
        if (!exhaustion_must_fail(ENOMEM))                                                         \
            return counted(__real_##name arguments);                                               \
        errno = ENOMEM;                                                                            \
        return NULL;                                                                               \
    }

#define WRAP_CALL(name, error, parameters, arguments)                                              \
    int __real_##name parameters;                                                                  \
    int __wrap_##name parameters;                                                                  \
    int __wrap_##name parameters {                                                                 \
        if (!exhaustion_must_fail(error))                                                          \
            return __real_##name arguments;                                                        \
        errno = error;                                                                             \
        return -1;                                                                                 \
    }

#define WRAP_THREAD_CALL(name, parameters, arguments)                                              \
    int __real_##name parameters;                                                                  \
    int __wrap_##name parameters;                                                                  \
    int __wrap_##name parameters {                                                                 \
        return exhaustion_must_fail(ENOMEM) ? ENOMEM : __real_##name arguments;                    \
    }

WRAP_BLOCK(malloc, (size_t size), (size))
WRAP_BLOCK(calloc, (size_t count, size_t size), (count, size))
WRAP_THREAD_CALL(pthread_mutex_init, (pthread_mutex_t * mutex, const pthread_mutexattr_t *how),
                 (mutex, how))
WRAP_THREAD_CALL(pthread_cond_init, (pthread_cond_t * condition, const pthread_condattr_t *how),
                 (condition, how))
WRAP_CALL(epoll_create1, EMFILE, (int flags), (flags))
WRAP_CALL(eventfd, ENFILE, (unsigned first, int flags), (first, flags))
WRAP_CALL(pipe2, EMFILE, (int *fds, int flags), (fds, flags))
WRAP_CALL(socket, EMFILE, (int family, int type, int protocol), (family, type, protocol))
WRAP_CALL(socketpair, ENFILE, (int family, int type, int protocol, int *fds),
          (family, type, protocol, fds))
WRAP_CALL(setsockopt, ENOBUFS, (int fd, int level, int option, const void *value, socklen_t length),
          (fd, level, option, value, length))
WRAP_CALL(bind, EACCES, (int fd, const struct sockaddr *address, socklen_t length),
          (fd, address, length))
WRAP_CALL(listen, ENOBUFS, (int fd, int backlog), (fd, backlog))
WRAP_CALL(connect, ENOBUFS, (int fd, const struct sockaddr *address, socklen_t length),
          (fd, address, length))

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size) {
    if (!exhaustion_must_fail(ENOMEM))
        return block == NULL ? counted(__real_realloc(NULL, size)) : __real_realloc(block, size);
    errno = ENOMEM;
    return NULL;
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block) {
    if (block != NULL)
        atomic_fetch_sub(&blocks, 1);
    __real_free(block);
}

struct epoll_event;
WRAP_CALL(epoll_ctl, ENOMEM, (int set, int call, int fd, struct epoll_event *event),
          (set, call, fd, event))

/*
 * The one that is variadic, under the name that it has with an off_t of 64 bits. F_SETFD cannot
 * fail for a descriptor that is open.
 */
int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    const long argument = va_arg(arguments, long);
    va_end(arguments);
    if (command == F_SETFD || !exhaustion_must_fail(EINTR))
        return __real_fcntl64(fd, command, argument);
    errno = EINTR;
    return -1;
}

/* Of those that libc has no function for: pidfd_open(2). */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
    long values[6];
    va_list arguments;
    va_start(arguments, number);
    for (size_t i = 0; i < 6; i++)
        values[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number != SYS_pidfd_open || !exhaustion_must_fail(EMFILE))
        return __real_syscall(number, values[0], values[1], values[2], values[3], values[4],
                              values[5]);
    errno = EMFILE;
    return -1;
}

/* Does the call; once more if it failed, which it does only for the reason that was injected. */
#define ATTEMPT(call) ATTEMPT_SAYING(call, injected)

/* The same of a call that may say something else for it. */
#define ATTEMPT_SAYING(call, error)                                                                \
    do {                                                                                           \
        const int before_ = injected;                                                              \
        exhaustion_counts = true;                                                                  \
        int result_ = (int)(call);                                                                 \
        exhaustion_counts = false;                                                                 \
        if (injected != before_) {                                                                 \
            if (result_ != (error))                                                                \
                assert_int_equal(result_, injected);                                               \
            result_ = (int)(call);                                                                 \
        }                                                                                          \
        assert_true(result_ >= 0);                                                                 \
    } while (0)

enum { LISTENER = 1, CLIENT = 2, SERVER = 3, FOREIGN = 4, SIGNALS = 5, WAKER = 6 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

/* After -ENOMEM the source is unregistered; it can be registered again. */
static int change(struct cmio_registry *registry, struct cmio_source *source, cmio_token token,
                  cmio_interest interest) {
    if (!cmio_source_is_registered(source))
        return cmio_registry_register(registry, source, token, interest);
    const int error = cmio_registry_reregister(registry, source, token, interest);
    if (error == -ENOMEM)
        assert_false(cmio_source_is_registered(source));
    return error;
}

/* Everything that takes memory or descriptors, used once. */
static void play_core(void) {
    struct test_loop loop = {.poll = NULL};
    struct cmio_waker *waker;
    struct cmio_timers *timers;
    struct cmio_signals signals;
    struct cmio_fd_source foreign;
    int fds[2];
    const int number = SIGUSR1;
    test_pair_open(TEST_PIPE, fds);
    ATTEMPT(test_backend() == NULL ? cmio_poll_new(&loop.poll)
                                   : cmio_poll_new_with(&loop.poll, test_backend()));
    ATTEMPT(cmio_events_new(&loop.events, 16));
    loop.registry = cmio_poll_registry(loop.poll);
    ATTEMPT(cmio_waker_new(&waker, loop.registry, WAKER));
    ATTEMPT(cmio_timers_new(&timers));
    ATTEMPT(cmio_signals_init(&signals, &number, 1));
    ATTEMPT(cmio_fd_source_init(&foreign, fds[0]));
    ATTEMPT(cmio_registry_register(loop.registry, &foreign.source, FOREIGN, CMIO_READABLE));
    ATTEMPT(change(loop.registry, &foreign.source, FOREIGN, CMIO_READABLE | CMIO_LEVEL));
    ATTEMPT(cmio_registry_register(loop.registry, &signals.source, SIGNALS, CMIO_READABLE));
    ATTEMPT(cmio_waker_wake(waker));
    test_put(fds[1], 1);
    assert_int_equal(raise(number), 0);
    test_loop_expect(&loop, WAKER, CMIO_READABLE);
    test_loop_expect(&loop, FOREIGN, CMIO_READABLE);
    test_loop_expect(&loop, SIGNALS, CMIO_READABLE);
    assert_int_equal(cmio_signals_close(&signals), 0);
    assert_int_equal(cmio_fd_source_close(&foreign), 0);
    cmio_timers_free(timers);
    cmio_waker_free(waker);
    test_loop_close(&loop);
    test_pair_close(fds);
}

/* A descriptor past the first page of the tables, and more of them than a first list holds. */
static void play_many(void) {
    enum { COUNT = 100 };
    static struct cmio_fd_source sources[COUNT];
    struct test_loop loop;
    int fds[2];
    test_loop_open(&loop);
    test_pair_open(TEST_PIPE, fds);
    for (int i = 0; i < COUNT; i++) {
        const int copy = dup(fds[0]);
        assert_true(copy >= 0);
        assert_int_equal(cmio_fd_source_init(&sources[i], copy), 0);
        ATTEMPT(cmio_registry_register(loop.registry, &sources[i].source, (cmio_token)i,
                                       CMIO_READABLE));
    }
    test_put(fds[1], 1);
    for (int i = 0; i < COUNT; i++)
        test_loop_expect(&loop, (cmio_token)i, CMIO_READABLE);
    for (int i = 0; i < COUNT; i++) {
        const int copy = cmio_fd_source_fd(&sources[i]);
        assert_int_equal(cmio_fd_source_close(&sources[i]), 0);
        test_close(copy);
    }
    test_loop_close(&loop);
    test_pair_close(fds);
}

static void play_tcp(void) {
    static const struct cmio_tcp_listener_options sharing = {.reuse_port = true};
    static const struct cmio_tcp_stream_options keeping = {.keepalive = true, .keepalive_idle = 9};
    struct test_loop loop;
    struct cmio_address address;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream client;
    struct cmio_tcp_stream server;
    test_loop_open(&loop);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &address), 0);
    ATTEMPT(cmio_tcp_listener_bind(&listener, &address, &sharing));
    assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
    ATTEMPT(cmio_registry_register(loop.registry, &listener.source, LISTENER, CMIO_READABLE));
    ATTEMPT(cmio_tcp_stream_connect(&client, &address));
    test_loop_expect(&loop, LISTENER, CMIO_READABLE);
    ATTEMPT(cmio_tcp_listener_accept(&listener, &server, NULL));
    ATTEMPT(cmio_tcp_stream_set_options(&server, &keeping));
    ATTEMPT(cmio_tcp_stream_set_nodelay(&server, true));
    ATTEMPT(cmio_registry_register(loop.registry, &client.source, CLIENT, both));
    ATTEMPT(cmio_registry_register(loop.registry, &server.source, SERVER, CMIO_READABLE));
    ATTEMPT(change(loop.registry, &server.source, SERVER, both));
    test_loop_expect(&loop, CLIENT, CMIO_WRITABLE);
    test_loop_expect(&loop, SERVER, CMIO_WRITABLE);
    const int fd = cmio_tcp_stream_into_fd(&server);
    ATTEMPT(cmio_tcp_stream_from_fd(&server, fd));
    assert_int_equal(cmio_tcp_stream_write(&client, "x", 1), 1);
    assert_int_equal(cmio_tcp_stream_close(&client), 0);
    assert_int_equal(cmio_tcp_stream_close(&server), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    test_loop_close(&loop);
}

static void play_udp(void) {
    static const struct cmio_udp_socket_options sharing = {.reuse_address = true};
    struct cmio_address address;
    struct cmio_udp_socket socket;
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &address), 0);
    ATTEMPT(cmio_udp_socket_bind(&socket, &address, &sharing));
    assert_int_equal(cmio_udp_socket_local_address(&socket, &address), 0);
    ATTEMPT(cmio_udp_socket_connect(&socket, &address));
    ATTEMPT(cmio_udp_socket_set_broadcast(&socket, true));
    ATTEMPT(cmio_udp_socket_set_ttl(&socket, 9));
    const int fd = cmio_udp_socket_into_fd(&socket);
    ATTEMPT(cmio_udp_socket_from_fd(&socket, fd));
    assert_int_equal(cmio_udp_socket_send(&socket, "x", 1), 1);
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
}

/* Every option that takes a call of its own. */
static void play_v6(void) {
    static const struct cmio_tcp_listener_options listening = {.reuse_port = true,
                                                               .v6only = CMIO_V6ONLY_ON};
    static const struct cmio_udp_socket_options sharing = {
        .reuse_address = true, .reuse_port = true, .v6only = CMIO_V6ONLY_ON};
    static const struct cmio_tcp_stream_options keeping = {.keepalive = true,
                                                           .keepalive_idle = 9,
                                                           .keepalive_interval = 3,
                                                           .keepalive_count = 2,
                                                           .linger = true};
    struct cmio_address address;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream stream;
    struct cmio_udp_socket socket;
    assert_int_equal(cmio_address_parse("[::1]:0", &address), 0);
    ATTEMPT(cmio_udp_socket_bind(&socket, &address, &sharing));
    ATTEMPT(cmio_udp_socket_set_ttl(&socket, 9));
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
    ATTEMPT(cmio_tcp_listener_bind(&listener, &address, &listening));
    ATTEMPT(cmio_tcp_listener_set_ttl(&listener, 9));
    assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
    ATTEMPT(cmio_tcp_stream_connect(&stream, &address));
    ATTEMPT(cmio_tcp_stream_set_options(&stream, &keeping));
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
}

static bool has_v6(void) {
    struct cmio_address address;
    struct cmio_udp_socket socket;
    assert_int_equal(cmio_address_parse("[::1]:0", &address), 0);
    if (cmio_udp_socket_bind(&socket, &address, NULL) < 0)
        return false;
    assert_int_equal(cmio_udp_socket_close(&socket), 0);
    return true;
}

static void play_unix_and_pipes(void) {
    struct cmio_unix_stream pair[2];
    struct cmio_unix_datagram datagrams[2];
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    ATTEMPT(cmio_unix_stream_pair(&pair[0], &pair[1]));
    ATTEMPT(cmio_unix_datagram_unbound(&datagrams[0]));
    assert_int_equal(cmio_unix_datagram_close(&datagrams[0]), 0);
    ATTEMPT(cmio_unix_datagram_pair(&datagrams[0], &datagrams[1]));
    ATTEMPT(cmio_pipe_new(&sender, &receiver));
    const int fd = cmio_pipe_sender_into_fd(&sender);
    ATTEMPT(cmio_pipe_sender_from_fd(&sender, fd));
    const int other = cmio_unix_stream_into_fd(&pair[1]);
    ATTEMPT(cmio_unix_stream_from_fd(&pair[1], other));
    assert_int_equal(cmio_unix_stream_write(&pair[0], "x", 1), 1);
    assert_int_equal(cmio_unix_datagram_send(&datagrams[0], "x", 1), 1);
    assert_int_equal(cmio_pipe_sender_write(&sender, "x", 1), 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cmio_unix_stream_close(&pair[i]), 0);
        assert_int_equal(cmio_unix_datagram_close(&datagrams[i]), 0);
    }
    assert_int_equal(cmio_pipe_sender_close(&sender), 0);
    assert_int_equal(cmio_pipe_receiver_close(&receiver), 0);
}

/* A path must be free again after a bind to it failed, however far it got. */
static void play_paths(void) {
    struct cmio_address address;
    struct cmio_unix_listener listener;
    struct cmio_unix_stream client;
    struct cmio_unix_stream server;
    struct cmio_unix_datagram socket;
    char folder[] = "/tmp/cmio-exhaustion-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    assert_int_equal(cmio_address_from_path(path, &address), 0);
    ATTEMPT(cmio_unix_listener_bind(&listener, &address, NULL));
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    /* A socket file that cannot be asked counts as in use. */
    ATTEMPT_SAYING(cmio_unix_listener_bind_replacing_stale(&listener, &address, NULL), -EADDRINUSE);
    ATTEMPT(cmio_unix_stream_connect(&client, &address));
    assert_int_equal(cmio_unix_listener_accept(&listener, &server, NULL), 0);
    assert_int_equal(cmio_unix_stream_close(&client), 0);
    assert_int_equal(cmio_unix_stream_close(&server), 0);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    assert_int_equal(unlink(path), 0);
    ATTEMPT(cmio_unix_datagram_bind(&socket, &address));
    assert_int_equal(cmio_unix_datagram_close(&socket), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* A child that has ended before it is watched. */
static void play_children(void) {
    struct cmio_poll *poll;
    struct cmio_child child;
    int status = -1;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(7);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    ATTEMPT(cmio_poll_new_with(&poll, test_backend()));
    ATTEMPT(cmio_child_init(&child, pid));
    ATTEMPT(cmio_registry_register(cmio_poll_registry(poll), &child.source, 0, CMIO_READABLE));
    ATTEMPT(cmio_child_kill(&child, 0));
    ATTEMPT(cmio_child_status(&child, &status));
    assert_int_equal(WEXITSTATUS(status), 7);
    ATTEMPT(cmio_child_close(&child));
    cmio_poll_free(poll);
}

/* A program that was started and cannot be watched is ended and waited for. */
static void play_processes(void) {
    const struct cmio_process_options options = {
        .program = "true",
        .input.kind = CMIO_PROCESS_PIPE,
        .output.kind = CMIO_PROCESS_NULL,
        .errors.kind = CMIO_PROCESS_AS_OUTPUT,
    };
    struct cmio_process process;
    ATTEMPT(cmio_process_spawn(&process, &options));
    const pid_t pid = cmio_child_pid(&process.child);
    ATTEMPT(cmio_process_close(&process));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(waitpid(-1, NULL, 0), -1); /* it was the only one */
    assert_int_equal(errno, ECHILD);
}

/*
 * Until no call is left to fail. The process has as many descriptors open after each time, and as
 * many blocks of memory in use: those that are kept for good have been made in the first round.
 */
static void fail_each_call_of(void (*play)(void)) {
    const int open_before = test_count_descriptors();
    for (int round = 0; round < 2; round++) {
        const long blocks_before = atomic_load(&blocks);
        long calls = 0;
        do {
            countdown = ++calls;
            injected = 0;
            play();
            assert_int_equal(test_count_descriptors(), open_before);
            if (round > 0)
                assert_int_equal(atomic_load(&blocks), blocks_before);
        } while (injected != 0);
        assert_true(calls > 3); /* or nothing was turned to here */
    }
}

static void polls_wakers_timers_and_signals_fail_whole_and_can_be_had_again(void **state) {
    (void)state;
    fail_each_call_of(play_core);
}

static void registrations_fail_whole_and_can_be_had_again(void **state) {
    (void)state;
    fail_each_call_of(play_many);
}

static void tcp_sockets_fail_whole_and_can_be_had_again(void **state) {
    (void)state;
    fail_each_call_of(play_tcp);
}

static void udp_sockets_fail_whole_and_can_be_had_again(void **state) {
    (void)state;
    fail_each_call_of(play_udp);
}

static void options_of_v6_fail_one_by_one_and_can_be_had_again(void **state) {
    (void)state;
    if (!has_v6())
        skip();
    fail_each_call_of(play_v6);
}

static void pairs_and_pipes_fail_whole_and_can_be_had_again(void **state) {
    (void)state;
    fail_each_call_of(play_unix_and_pipes);
}

static void children_fail_whole_and_can_be_had_again(void **state) {
    (void)state;
    test_skip_without_children();
    fail_each_call_of(play_children);
}

static void processes_fail_whole_and_can_be_had_again(void **state) {
    (void)state;
    test_skip_without_children();
    fail_each_call_of(play_processes);
}

static void a_path_is_free_again_after_its_bind_failed(void **state) {
    (void)state;
    fail_each_call_of(play_paths);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(polls_wakers_timers_and_signals_fail_whole_and_can_be_had_again),
    cmocka_unit_test(registrations_fail_whole_and_can_be_had_again),
    cmocka_unit_test(tcp_sockets_fail_whole_and_can_be_had_again),
    cmocka_unit_test(udp_sockets_fail_whole_and_can_be_had_again),
    cmocka_unit_test(options_of_v6_fail_one_by_one_and_can_be_had_again),
    cmocka_unit_test(pairs_and_pipes_fail_whole_and_can_be_had_again),
    cmocka_unit_test(children_fail_whole_and_can_be_had_again),
    cmocka_unit_test(processes_fail_whole_and_can_be_had_again),
    cmocka_unit_test(a_path_is_free_again_after_its_bind_failed),
};

TEST_GROUP(backend_exhaustion, tests)
