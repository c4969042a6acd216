/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/mutex.h>
#include <cmio/async/sleep.h>
#include <cmio/error.h>

struct account {
    struct cmio_mutex mutex;
    int balance;
};

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Holds the mutex while it awaits something, which a pthread mutex
   does not allow. */
static ssize_t deposit(void *argument) {
    struct account *account = argument;
    struct cmio_lock_future lock;
    struct cmio_sleep_future sleep;
    check(cmio_lock_future_init(&lock, &account->mutex));
    check(cmio_await(&lock.future));
    const int balance = account->balance;
    check(cmio_sleep_future_init(&sleep, CMIO_MILLISECOND));
    check(cmio_await(&sleep.future));
    account->balance = balance + 10;
    return cmio_mutex_unlock(&account->mutex);
}

int main(void) {
    struct cmio_executor *executor;
    struct account account = {.balance = 0};
    struct cmio_join_handle *handles[5];
    struct cmio_join_future join;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_mutex_init(&account.mutex));
    for (int i = 0; i < 5; i++)
        check(cmio_green_spawn(executor, deposit, &account, NULL,
                               &handles[i]));
    for (int i = 0; i < 5; i++) {
        check(cmio_join_future_init(&join, handles[i]));
        check(cmio_block_on(executor, &join.future));
        cmio_join_handle_drop(handles[i]);
    }
    check(cmio_mutex_try_lock(&account.mutex)); /* does not wait */
    printf("balance: %d\n", account.balance);
    check(cmio_mutex_unlock(&account.mutex));
    check(cmio_mutex_destroy(&account.mutex));
    cmio_executor_free(executor);
    return 0;
}
