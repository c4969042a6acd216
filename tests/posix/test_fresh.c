/* SPDX-License-Identifier: MIT */
/*
 * New descriptors on systems that have all of the calls that set their flags, none of them, or all
 * but one: LACKING names those that fresh.c was built without. The linker turns fcntl(2) to here
 * (--wrap), so that it is counted and fails.
 */
#include "support/pair.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix/descriptor.h"
#include "posix/rights.h"
#include "posix/socket.h"

static int calls;     /* of fcntl(2) */
static int fails_at;  /* the call that fails, counted from 1; 0: none does */
static int its_error; /* with this */

int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);

int __wrap_fcntl64(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (++calls != fails_at)
        return __real_fcntl64(fd, command, argument);
    errno = its_error;
    return -1;
}

static void begin(int failing_call, int error) {
    calls = 0;
    fails_at = failing_call;
    its_error = error;
}

/* Ends what begin began: how often fcntl(2) was called. */
static int end(void) {
    fails_at = 0;
    return calls;
}

/* A way for descriptors to come into the process, and the call that may set their flags. */
struct way {
    const char *call;
    size_t count;
    /* Lets them come while the call of fcntl(2) fails; fds is untouched on failure. */
    int (*come)(int fds[2], int failing_call, int error);
};

static bool is_lacking(const struct way *way) {
    return strstr(LACKING, way->call) != NULL;
}

static int open_pipe(int fds[2], int failing_call, int error) {
    begin(failing_call, error);
    return cmio__pipe_open(fds);
}

static int open_pair(int fds[2], int failing_call, int error) {
    begin(failing_call, error);
    return cmio__socket_pair(AF_UNIX, SOCK_STREAM, fds);
}

static int keep(int result, int fds[2]) {
    if (result < 0)
        return result;
    fds[0] = result;
    return 0;
}

static int open_socket(int fds[2], int failing_call, int error) {
    begin(failing_call, error);
    return keep(cmio__socket_open(AF_INET, SOCK_STREAM), fds);
}

static int accept_socket(int fds[2], int failing_call, int error) {
    uint16_t port;
    const int listener = test_listen(&port);
    const int client = test_connect(port);
    int result;
    begin(failing_call, error);
    TEST_EVENTUALLY((result = cmio__socket_accept(listener, NULL, NULL)) != -EAGAIN);
    test_close(client);
    test_close(listener);
    return keep(result, fds);
}

static int receive_rights(int fds[2], int failing_call, int error) {
    int ends[2];
    char byte;
    ssize_t count = -1;
    test_pair_open(TEST_UNIX_STREAM, ends);
    TEST_GIVES(cmio__rights_send(ends[1], "a", 1, ends, 1), 1);
    begin(failing_call, error);
    TEST_GIVES(cmio__rights_receive(ends[0], &byte, 1, fds, 1, &count), 1);
    test_pair_close(ends);
    return count == 1 ? 0 : (int)count;
}

static const struct way a_pipe = {"PIPE2", 2, open_pipe};
static const struct way a_pair = {"SOCK_CLOEXEC", 2, open_pair};
static const struct way a_socket = {"SOCK_CLOEXEC", 1, open_socket};
static const struct way accepted = {"ACCEPT4", 1, accept_socket};
static const struct way received = {"MSG_CMSG_CLOEXEC", 1, receive_rights};

static void close_all(const struct way *way, const int fds[2]) {
    for (size_t i = 0; i < way->count; i++)
        test_close(fds[i]);
}

static void the_flags_are_set_by_the_call_unless_the_system_lacks_it(void **state) {
    const struct way *way = *state;
    int fds[2] = {-1, -1};
    TEST_OK(way->come(fds, 0, 0));
    assert_int_equal(end() > 0, is_lacking(way));
    for (size_t i = 0; i < way->count; i++)
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
    close_all(way, fds);
}

static void what_cannot_be_prepared_is_closed(void **state) {
    const struct way *way = *state;
    int fds[2] = {-1, -1};
    int failures = 0;
    const int before = test_count_descriptors();
    while (way->come(fds, failures + 1, EIO) < 0) {
        assert_int_equal(end(), ++failures); /* nothing is asked for after the failure */
        assert_int_equal(fds[0], -1);
        assert_int_equal(fds[1], -1);
        assert_int_equal(test_count_descriptors(), before);
    }
    assert_int_equal(end(), failures);
    assert_int_equal(failures > 0, is_lacking(way));
    close_all(way, fds);
}

static void the_error_is_told(void **state) {
    const struct way *way = *state;
    int fds[2] = {-1, -1};
    const int result = way->come(fds, 1, EIO);
    (void)end();
    TEST_GIVES(result, is_lacking(way) ? -EIO : 0);
    if (result == 0)
        close_all(way, fds);
}

/* As macOS tells it. */
static void a_connection_that_was_reset_meanwhile_is_aborted(void **state) {
    const struct way *way = *state;
    int fds[2] = {-1, -1};
    const int result = way->come(fds, 1, EINVAL);
    (void)end();
    TEST_GIVES(result, is_lacking(way) ? -ECONNABORTED : 0);
    if (result == 0)
        close_all(way, fds);
}

#define EACH_WAY(test)                                                                             \
    TEST_ROW(a_pipe, test, &a_pipe), TEST_ROW(a_pair, test, &a_pair),                              \
        TEST_ROW(a_socket, test, &a_socket), TEST_ROW(accepted, test, &accepted)

static const struct CMUnitTest tests[] = {
    EACH_WAY(the_flags_are_set_by_the_call_unless_the_system_lacks_it),
    TEST_ROW(received, the_flags_are_set_by_the_call_unless_the_system_lacks_it, &received),
    EACH_WAY(what_cannot_be_prepared_is_closed),
    EACH_WAY(the_error_is_told),
    TEST_ROW(accepted, a_connection_that_was_reset_meanwhile_is_aborted, &accepted),
};

TEST_GROUP(posix_fresh, tests)
