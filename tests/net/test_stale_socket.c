/* SPDX-License-Identifier: MIT */
/*
 * What other processes may do between the looks at a stale socket file and its end. This is linked
 * with path functions of its own, which let them do it at the worst moment.
 */
#include "net/stale_socket.h"
#include "posix/path.h"

#include "support/scratch.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The test's address, and what happens before and after the first rename of its path. */
static struct cmio_address address;
static void (*before_rename)(void);
static void (*after_rename)(void);

static void happen(void (**what)(void)) {
    void (*now)(void) = *what;
    *what = NULL;
    if (now != NULL)
        now();
}

int cmio__path_check_socket(const char *path) {
    struct stat status;
    if (lstat(path, &status) < 0)
        return -errno;
    return S_ISSOCK(status.st_mode) ? 0 : -ENOTSOCK;
}

int cmio__path_reserve(char *template) {
    return close(mkstemp(template));
}

int cmio__path_rename(const char *from, const char *to) {
    happen(&before_rename);
    int error = rename(from, to) < 0 ? -errno : 0;
    happen(&after_rename);
    return error;
}

static bool links_are_known;

int cmio__path_rename_if_free(const char *from, const char *to) {
    if (!links_are_known)
        return -EPERM;
    return link(from, to) < 0 ? -errno : cmio__path_unlink(from);
}

int cmio__path_unlink(const char *path) {
    return unlink(path) < 0 ? -errno : 0;
}

/* The other processes. */

static int others[2] = {-1, -1};

static int listen_at(void) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &address.u.any, address.length), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void another_binds(void) {
    others[0] = listen_at();
}

static void another_removes_it(void) {
    assert_int_equal(unlink(address.u.local.sun_path), 0);
}

static void another_replaces_it(void) {
    another_removes_it();
    another_binds();
}

static void a_third_binds(void) {
    others[1] = listen_at();
}

/* A connection to the path comes to this listener. */
static void expect_heard_by(int listener) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &address.u.any, address.length), 0);
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    const int accepted = accept(listener, NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(close(accepted), 0);
    assert_int_equal(close(fd), 0);
}

static void setting_open(struct test_scratch *scratch) {
    test_scratch_open(scratch);
    address = test_scratch_address(scratch, "s");
    assert_int_equal(close(listen_at()), 0); /* a stale file */
    links_are_known = true;
    before_rename = NULL;
    after_rename = NULL;
}

static void setting_close(struct test_scratch *scratch, int files) {
    for (int i = 0; i < 2; i++) {
        if (others[i] >= 0)
            assert_int_equal(close(others[i]), 0);
        others[i] = -1;
    }
    assert_int_equal(test_scratch_close(scratch), files);
}

static void a_stale_file_is_removed_and_nothing_else_left(void **state) {
    (void)state;
    struct test_scratch scratch;
    setting_open(&scratch);
    assert_int_equal(cmio__stale_socket_remove(&address), 0);
    setting_close(&scratch, 0);
}

static void only_what_is_no_socket_file_keeps_the_path_from_a_bind(void **state) {
    (void)state;
    struct test_scratch scratch;
    setting_open(&scratch);
    assert_int_equal(cmio__stale_socket_check(&address), 0);
    another_removes_it();
    assert_int_equal(cmio__stale_socket_check(&address), 0);
    assert_int_equal(symlink("nowhere", address.u.local.sun_path), 0);
    assert_int_equal(cmio__stale_socket_check(&address), -EADDRINUSE);
    setting_close(&scratch, 1);
}

static void a_listener_that_took_the_path_meanwhile_keeps_it(void **state) {
    (void)state;
    for (int links = 0; links < 2; links++) {
        struct test_scratch scratch;
        setting_open(&scratch);
        links_are_known = links;
        before_rename = another_replaces_it;
        assert_int_equal(cmio__stale_socket_remove(&address), -EADDRINUSE);
        expect_heard_by(others[0]);
        setting_close(&scratch, 1);
    }
}

static void a_file_that_is_gone_is_no_obstacle(void **state) {
    (void)state;
    struct test_scratch scratch;
    setting_open(&scratch);
    another_removes_it();
    assert_int_equal(cmio__stale_socket_remove(&address), 0);
    setting_close(&scratch, 0);
}

static void who_takes_the_file_away_first_is_who_binds(void **state) {
    (void)state;
    struct test_scratch scratch;
    setting_open(&scratch);
    before_rename = another_removes_it;
    assert_int_equal(cmio__stale_socket_remove(&address), -EADDRINUSE);
    setting_close(&scratch, 0);
}

static void a_path_that_is_bound_once_it_is_free_is_left_alone(void **state) {
    (void)state;
    struct test_scratch scratch;
    setting_open(&scratch);
    after_rename = another_binds;
    assert_int_equal(cmio__stale_socket_remove(&address), 0);
    expect_heard_by(others[0]);
    setting_close(&scratch, 1);
}

static void of_three_at_once_the_one_that_bound_last_has_the_path(void **state) {
    (void)state;
    struct test_scratch scratch;
    setting_open(&scratch);
    before_rename = another_replaces_it;
    after_rename = a_third_binds;
    assert_int_equal(cmio__stale_socket_remove(&address), -EADDRINUSE);
    expect_heard_by(others[1]);
    setting_close(&scratch, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_stale_file_is_removed_and_nothing_else_left),
    cmocka_unit_test(only_what_is_no_socket_file_keeps_the_path_from_a_bind),
    cmocka_unit_test(a_listener_that_took_the_path_meanwhile_keeps_it),
    cmocka_unit_test(a_file_that_is_gone_is_no_obstacle),
    cmocka_unit_test(who_takes_the_file_away_first_is_who_binds),
    cmocka_unit_test(a_path_that_is_bound_once_it_is_free_is_left_alone),
    cmocka_unit_test(of_three_at_once_the_one_that_bound_last_has_the_path),
};
TEST_GROUP(net_stale_socket, tests)
