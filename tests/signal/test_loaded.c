/* SPDX-License-Identifier: MIT */
/*
 * The shared library loaded with dlopen(3): what is left after dlclose(3), and two copies of it in
 * one process. COPY_OF_LIBRARY is a copy of SHARED_LIBRARY.
 */
#include "support/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/signals.h>

#include "support/scale.h"

struct library {
    void *handle;
    int (*init)(struct cmio_signals *signals, const int *numbers, size_t count);
    int (*next)(struct cmio_signals *signals);
    int (*close)(struct cmio_signals *signals);
};

/* As dlsym(3) has it, since a pointer to an object does not convert to one to a function. */
static void find(const struct library *library, const char *name, void *function) {
    void *const symbol = dlsym(library->handle, name);
    assert_non_null(symbol);
    memcpy(function, &symbol, sizeof symbol);
}

static struct library load(const char *path) {
    struct library library = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (library.handle == NULL)
        fail_msg("%s", dlerror());
    find(&library, "cmio_signals_init", &library.init);
    find(&library, "cmio_signals_next", &library.next);
    find(&library, "cmio_signals_close", &library.close);
    return library;
}

static const int number = SIGUSR1;

static volatile sig_atomic_t counted;

static void count_number(int unused) {
    (void)unused;
    counted++;
}

static int status_of_fork(void) {
    int status = -1;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)raise(SIGUSR1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void two_copies_closed_in_the_order_of_their_opening_leave_the_action_before(void **state) {
    (void)state;
    const struct sigaction mine = {.sa_handler = count_number};
    struct sigaction before;
    struct cmio_signals first;
    struct cmio_signals second;
    const struct library one = load(SHARED_LIBRARY);
    const struct library other = load(COPY_OF_LIBRARY);
    assert_true(one.init != other.init);
    assert_int_equal(sigaction(SIGUSR1, &mine, &before), 0);
    for (int round = 1; round <= 3; round++) {
        counted = 0;
        assert_int_equal(one.init(&first, &number, 1), 0);
        assert_int_equal(other.init(&second, &number, 1), 0);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(other.next(&second), SIGUSR1);
        assert_int_equal(one.close(&first), 0);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(other.next(&second), SIGUSR1);
        assert_int_equal(other.close(&second), 0);
        assert_int_equal(counted, 0);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(counted, 1);
    }
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(dlclose(other.handle), 0);
    assert_int_equal(dlclose(one.handle), 0);
}

/* Each has the other's handler for the action before. */
static void two_copies_that_installed_over_each_other_end_at_the_action_before(void **state) {
    (void)state;
    const struct sigaction mine = {.sa_handler = count_number};
    struct sigaction before;
    struct cmio_signals first;
    struct cmio_signals second;
    const struct library one = load(SHARED_LIBRARY);
    const struct library other = load(COPY_OF_LIBRARY);
    assert_int_equal(sigaction(SIGUSR1, &mine, &before), 0);
    counted = 0;
    assert_int_equal(one.init(&first, &number, 1), 0);
    assert_int_equal(other.init(&second, &number, 1), 0);
    assert_int_equal(one.close(&first), 0);
    assert_int_equal(one.init(&first, &number, 1), 0);
    assert_int_equal(one.close(&first), 0);
    assert_int_equal(other.close(&second), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(counted, 1);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(dlclose(other.handle), 0);
    assert_int_equal(dlclose(one.handle), 0);
}

/* The last test of the file: what it leaves is there until the program ends. */
static void a_signal_and_a_fork_after_dlclose_find_the_library(void **state) {
    (void)state;
    struct cmio_signals signals;
    const struct library library = load(SHARED_LIBRARY);
    assert_int_equal(library.init(&signals, &number, 1), 0);
    assert_int_equal(dlclose(library.handle), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    const int status = status_of_fork();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGUSR1);
    const struct library again = load(SHARED_LIBRARY);
    assert_int_equal(again.next(&signals), SIGUSR1);
    assert_int_equal(again.close(&signals), 0);
    assert_int_equal(dlclose(again.handle), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(two_copies_closed_in_the_order_of_their_opening_leave_the_action_before),
    cmocka_unit_test(two_copies_that_installed_over_each_other_end_at_the_action_before),
    cmocka_unit_test(a_signal_and_a_fork_after_dlclose_find_the_library),
};
TEST_GROUP(signal_loaded, tests)
