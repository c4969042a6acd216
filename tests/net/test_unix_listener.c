/* SPDX-License-Identifier: MIT */
#include "support/scale.h"
#include "support/scratch.h"
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmio/unix_listener.h>

/* A folder and an address in it that is free. */
struct setting {
    struct test_scratch scratch;
    struct cmio_address address;
};

static void setting_open(struct setting *setting) {
    test_scratch_open(&setting->scratch);
    setting->address = test_scratch_address(&setting->scratch, "s");
}

/* So many files are left in it. */
static void setting_close(struct setting *setting, int files) {
    assert_int_equal(test_scratch_close(&setting->scratch), files);
}

static void bind_and_close(const struct setting *setting) {
    struct cmio_unix_listener listener;
    assert_int_equal(cmio_unix_listener_bind(&listener, &setting->address, NULL), 0);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
}

/* A connection to the address, if somebody listens there. */
static int try_connect(const struct cmio_address *address) {
    struct cmio_unix_stream stream;
    int error = cmio_unix_stream_connect(&stream, address);
    if (error == 0)
        assert_int_equal(cmio_unix_stream_close(&stream), 0);
    return error;
}

static bool has_connection(struct cmio_unix_listener *listener) {
    struct cmio_unix_stream stream;
    if (cmio_unix_listener_accept(listener, &stream, NULL) != 0)
        return false;
    assert_int_equal(cmio_unix_stream_close(&stream), 0);
    return true;
}

/* Binding. */

static void a_path_that_exists_is_in_use(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_unix_listener listener;
    struct cmio_unix_listener second = {.source.fd = 77};
    setting_open(&setting);
    assert_int_equal(cmio_unix_listener_bind(&listener, &setting.address, NULL), 0);
    assert_int_equal(cmio_unix_listener_bind(&second, &setting.address, NULL), -EADDRINUSE);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    assert_int_equal(cmio_unix_listener_bind(&second, &setting.address, NULL), -EADDRINUSE);
    assert_int_equal(second.source.fd, 77);
    setting_close(&setting, 1);
}

static void options_that_make_no_sense_are_invalid(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_unix_listener listener = {.source.fd = 77};
    struct cmio_address ip;
    const struct cmio_unix_listener_options negative = {.backlog = -1};
    int (*const binds[])(struct cmio_unix_listener *, const struct cmio_address *,
                         const struct cmio_unix_listener_options *) = {
        cmio_unix_listener_bind, cmio_unix_listener_bind_replacing_stale};
    setting_open(&setting);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &ip), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(binds[i](&listener, &setting.address, &negative), -EINVAL);
        assert_int_equal(binds[i](&listener, &ip, NULL), -EAFNOSUPPORT);
        assert_int_equal(binds[i](&listener, NULL, NULL), -EINVAL);
        assert_int_equal(binds[i](NULL, &setting.address, NULL), -EINVAL);
    }
    const struct cmio_address folder = test_scratch_address(&setting.scratch, ".");
    for (size_t i = 0; i < 2; i++) /* whatever there is at the path */
        assert_int_equal(binds[i](&listener, &folder, &negative), -EINVAL);
    assert_int_equal(listener.source.fd, 77);
    struct cmio_address missing = test_scratch_address(&setting.scratch, "no/s");
    assert_int_equal(cmio_unix_listener_bind(&listener, &missing, NULL), -ENOENT);
    setting_close(&setting, 0);
}

static void null_and_closed_listeners_are_refused(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_unix_listener closed;
    struct cmio_unix_listener zeroed = {0};
    struct cmio_unix_stream stream;
    struct cmio_address address;
    setting_open(&setting);
    assert_int_equal(cmio_unix_listener_bind(&closed, &setting.address, NULL), 0);
    assert_int_equal(cmio_unix_listener_accept(&closed, NULL, NULL), -EINVAL);
    assert_int_equal(cmio_unix_listener_local_address(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_unix_listener_close(&closed), 0);
    struct cmio_unix_listener *const rows[] = {NULL, &closed, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        assert_int_equal(cmio_unix_listener_accept(rows[i], &stream, &address), error);
        assert_int_equal(cmio_unix_listener_fd(rows[i]), error);
        assert_int_equal(cmio_unix_listener_into_fd(rows[i]), error);
        assert_int_equal(cmio_unix_listener_local_address(rows[i], &address), error);
        assert_int_equal(cmio_unix_listener_take_error(rows[i]), error);
        assert_int_equal(cmio_unix_listener_close(rows[i]), 0);
    }
    setting_close(&setting, 1);
}

/* Socket files that were left behind. */

static void a_stale_socket_file_is_bound_anew(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_unix_listener listener;
    struct cmio_address name;
    setting_open(&setting);
    for (int round = 0; round < 3; round++) { /* at first there is none */
        assert_int_equal(cmio_unix_listener_bind_replacing_stale(&listener, &setting.address, NULL),
                         0);
        assert_int_equal(cmio_unix_listener_local_address(&listener, &name), 0);
        assert_true(cmio_address_equal(&name, &setting.address));
        assert_int_equal(try_connect(&setting.address), 0);
        assert_true(has_connection(&listener));
        assert_int_equal(cmio_unix_listener_close(&listener), 0);
        assert_int_equal(test_scratch_count(&setting.scratch), 1);
    }
    setting_close(&setting, 1);
}

static void a_stale_file_of_a_relative_path_is_bound_anew(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_unix_listener listener;
    setting_open(&setting);
    const int before = open(".", O_RDONLY);
    assert_true(before >= 0);
    assert_int_equal(chdir(setting.scratch.folder), 0);
    assert_int_equal(cmio_address_from_path("s", &setting.address), 0);
    bind_and_close(&setting);
    int bound = cmio_unix_listener_bind_replacing_stale(&listener, &setting.address, NULL);
    assert_int_equal(fchdir(before), 0);
    assert_int_equal(close(before), 0);
    assert_int_equal(bound, 0);
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    setting_close(&setting, 1);
}

/* The path is not to be had, and what is there stays the same file. */
static void expect_in_use(struct setting *setting) {
    struct cmio_unix_listener untouched = {.source.fd = 77};
    struct stat before;
    struct stat after;
    const int files = test_scratch_count(&setting->scratch);
    const char *path = test_scratch_path(&setting->scratch, "s");
    assert_int_equal(lstat(path, &before), 0);
    assert_int_equal(cmio_unix_listener_bind_replacing_stale(&untouched, &setting->address, NULL),
                     -EADDRINUSE);
    assert_int_equal(untouched.source.fd, 77);
    assert_int_equal(lstat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_ctime, after.st_ctime);
    assert_int_equal(before.st_mode, after.st_mode);
    assert_int_equal(test_scratch_count(&setting->scratch), files);
}

static void a_listener_that_lives_is_left_alone_and_hears_nothing(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_unix_listener listener;
    setting_open(&setting);
    assert_int_equal(cmio_unix_listener_bind(&listener, &setting.address, NULL), 0);
    expect_in_use(&setting);
    assert_false(has_connection(&listener));
    assert_int_equal(try_connect(&setting.address), 0);
    assert_true(has_connection(&listener));
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    setting_close(&setting, 1);
}

static void a_listener_whose_backlog_is_full_is_left_alone(void **state) {
    (void)state;
    enum { ENOUGH = 64 };
    const struct cmio_unix_listener_options options = {.backlog = 1};
    struct setting setting;
    struct cmio_unix_listener listener;
    setting_open(&setting);
    assert_int_equal(cmio_unix_listener_bind(&listener, &setting.address, &options), 0);
    int waiting = 0;
    while (waiting < ENOUGH && try_connect(&setting.address) == 0)
        waiting++;
    assert_int_equal(waiting < ENOUGH, test_answers()->backlog_is_kept);
    expect_in_use(&setting);
    for (int i = 0; i < waiting; i++)
        assert_true(has_connection(&listener));
    assert_false(has_connection(&listener));
    assert_int_equal(cmio_unix_listener_close(&listener), 0);
    setting_close(&setting, 1);
}

static void a_socket_that_does_not_listen_yet_is_left_alone(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, &setting.address.u.any, setting.address.length), 0);
    expect_in_use(&setting);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(try_connect(&setting.address), 0);
    assert_int_equal(close(fd), 0);
    setting_close(&setting, 1);
}

static void a_datagram_socket_is_left_alone(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, &setting.address.u.any, setting.address.length), 0);
    expect_in_use(&setting);
    assert_int_equal(close(fd), 0);
    setting_close(&setting, 1);
}

static void a_regular_file_is_left_alone(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    const int fd = open(test_scratch_path(&setting.scratch, "s"), O_CREAT | O_WRONLY, 0600);
    assert_int_equal(close(fd), 0);
    expect_in_use(&setting);
    setting_close(&setting, 1);
}

static void symbolic_links_are_left_alone_also_to_stale_files(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(symlink("nowhere", test_scratch_path(&setting.scratch, "s")), 0);
    expect_in_use(&setting);
    assert_int_equal(unlink(test_scratch_path(&setting.scratch, "s")), 0);
    struct setting other = setting;
    other.address = test_scratch_address(&other.scratch, "stale");
    bind_and_close(&other);
    assert_int_equal(symlink("stale", test_scratch_path(&setting.scratch, "s")), 0);
    expect_in_use(&setting);
    assert_true(test_scratch_has(&setting.scratch, "stale"));
    setting_close(&setting, 2);
}

static void a_socket_file_that_may_not_be_connected_to_is_left_alone(void **state) {
    (void)state;
    if (geteuid() == 0)
        skip(); /* who may everything */
    struct setting setting;
    setting_open(&setting);
    bind_and_close(&setting);
    assert_int_equal(chmod(test_scratch_path(&setting.scratch, "s"), 0), 0);
    expect_in_use(&setting);
    setting_close(&setting, 1);
}

static void a_directory_that_may_not_be_written_to_is_told(void **state) {
    (void)state;
    if (geteuid() == 0)
        skip(); /* who may everything */
    struct setting setting;
    struct cmio_unix_listener listener;
    setting_open(&setting);
    bind_and_close(&setting);
    assert_int_equal(chmod(setting.scratch.folder, 0500), 0);
    int bound = cmio_unix_listener_bind_replacing_stale(&listener, &setting.address, NULL);
    assert_int_equal(chmod(setting.scratch.folder, 0700), 0);
    assert_int_equal(bound, -EACCES);
    setting_close(&setting, 1);
}

static void a_stale_path_with_no_room_beside_it_is_in_use(void **state) {
    (void)state;
    char longest[sizeof((struct sockaddr_un *)0)->sun_path];
    struct setting setting;
    struct cmio_unix_listener listener;
    setting_open(&setting);
    /* FOLDER/ddd.../s, so that seven characters are too many for the last. */
    size_t length = strlen(setting.scratch.folder);
    memcpy(longest, setting.scratch.folder, length);
    longest[length] = '/';
    memset(longest + length + 1, 'd', sizeof longest - length - 1);
    longest[sizeof longest - 3] = '\0';
    assert_int_equal(mkdir(longest, 0700), 0);
    memcpy(longest + sizeof longest - 3, "/s", 3);
    assert_int_equal(cmio_address_from_path(longest, &setting.address), 0);
    bind_and_close(&setting);
    assert_int_equal(cmio_unix_listener_bind_replacing_stale(&listener, &setting.address, NULL),
                     -EADDRINUSE);
    assert_int_equal(unlink(longest), 0);
    longest[sizeof longest - 3] = '\0';
    assert_int_equal(rmdir(longest), 0);
    setting_close(&setting, 0);
}

static void abstract_names_that_are_taken_are_in_use(void **state) {
    (void)state;
    struct cmio_address address;
    struct cmio_unix_listener first;
    struct cmio_unix_listener second;
    char name[64];
    int length = snprintf(name, sizeof name, "cmio-%ld", (long)getpid());
    if (cmio_address_from_abstract(name, (size_t)length, &address) == -ENOTSUP)
        skip();
    assert_int_equal(cmio_unix_listener_bind_replacing_stale(&first, &address, NULL), 0);
    assert_int_equal(cmio_unix_listener_bind_replacing_stale(&second, &address, NULL), -EADDRINUSE);
    assert_int_equal(cmio_unix_listener_close(&first), 0);
    assert_int_equal(cmio_unix_listener_bind_replacing_stale(&second, &address, NULL), 0);
    assert_int_equal(cmio_unix_listener_close(&second), 0);
}

/* Two threads that start at once stand for two servers. */

struct starter {
    pthread_t thread;
    atomic_int *ready;
    const struct cmio_address *address;
    struct cmio_unix_listener listener;
    int result;
};

static void *start(void *argument) {
    struct starter *starter = argument;
    atomic_fetch_add(starter->ready, 1);
    while (atomic_load(starter->ready) < 2)
        sched_yield();
    starter->result =
        cmio_unix_listener_bind_replacing_stale(&starter->listener, starter->address, NULL);
    return NULL;
}

/* How many of the two got the path. */
static int start_two(const struct setting *setting, struct starter starters[2]) {
    atomic_int ready = 0;
    int winners = 0;
    for (int i = 0; i < 2; i++) {
        starters[i] = (struct starter){.ready = &ready, .address = &setting->address};
        assert_int_equal(pthread_create(&starters[i].thread, NULL, start, &starters[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(starters[i].thread, NULL), 0);
        winners += starters[i].result == 0;
        if (starters[i].result != 0)
            assert_int_equal(starters[i].result, -EADDRINUSE);
    }
    return winners;
}

static void of_two_that_start_at_once_one_has_the_path(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    bind_and_close(&setting);
    for (int round = 0; round < test_scale(2000); round++) {
        struct starter starters[2];
        assert_int_equal(start_two(&setting, starters), 1);
        struct starter *winner = &starters[starters[0].result == 0 ? 0 : 1];
        assert_int_equal(try_connect(&setting.address), 0);
        assert_true(has_connection(&winner->listener));
        assert_int_equal(cmio_unix_listener_close(&winner->listener), 0);
        assert_int_equal(test_scratch_count(&setting.scratch), 1);
    }
    setting_close(&setting, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_path_that_exists_is_in_use),
    cmocka_unit_test(options_that_make_no_sense_are_invalid),
    cmocka_unit_test(null_and_closed_listeners_are_refused),
    cmocka_unit_test(a_stale_socket_file_is_bound_anew),
    cmocka_unit_test(a_stale_file_of_a_relative_path_is_bound_anew),
    cmocka_unit_test(a_listener_that_lives_is_left_alone_and_hears_nothing),
    cmocka_unit_test(a_listener_whose_backlog_is_full_is_left_alone),
    cmocka_unit_test(a_socket_that_does_not_listen_yet_is_left_alone),
    cmocka_unit_test(a_datagram_socket_is_left_alone),
    cmocka_unit_test(a_regular_file_is_left_alone),
    cmocka_unit_test(symbolic_links_are_left_alone_also_to_stale_files),
    cmocka_unit_test(a_socket_file_that_may_not_be_connected_to_is_left_alone),
    cmocka_unit_test(a_directory_that_may_not_be_written_to_is_told),
    cmocka_unit_test(a_stale_path_with_no_room_beside_it_is_in_use),
    cmocka_unit_test(abstract_names_that_are_taken_are_in_use),
    cmocka_unit_test(of_two_that_start_at_once_one_has_the_path),
};
TEST_GROUP(net_unix_listener, tests)
