/* SPDX-License-Identifier: MIT */
/*
 * What pthread_atfork(3) is asked for, and that it may be refused: the linker turns it to here
 * (--wrap: see meson.build). In a program of its own, for the first set of a process asks alone.
 */
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include <cmio/signals.h>

static int refusal;
static int registered;
static int unwanted; /* handlers for before a fork, and for the parent after it */

int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
    if (refusal != 0)
        return refusal;
    registered += child != NULL;
    unwanted += prepare != NULL || parent != NULL;
    return __real_pthread_atfork(prepare, parent, child);
}

static void the_first_set_that_may_registers_one_handler_for_children(void **state) {
    (void)state;
    const int number = SIGUSR1;
    struct sigaction action;
    struct cmio_signals signals = {.source.fd = 77};
    refusal = ENOMEM;
    for (int i = 0; i < 3; i++)
        assert_int_equal(cmio_signals_init(&signals, &number, 1), -ENOMEM);
    assert_int_equal(signals.source.fd, 77);
    assert_int_equal(sigaction(SIGUSR1, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
    refusal = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio_signals_init(&signals, &number, 1), 0);
        assert_int_equal(cmio_signals_close(&signals), 0);
    }
    assert_int_equal(registered, 1);
    assert_int_equal(unwanted, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_first_set_that_may_registers_one_handler_for_children),
};
TEST_GROUP(signal_fork_handler, tests)
