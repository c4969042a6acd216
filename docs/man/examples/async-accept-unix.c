/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmio/async/accept.h>
#include <cmio/async/connect.h>
#include <cmio/async/executor.h>
#include <cmio/async/join_all.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Both ends of a connection, in one task. */
int main(void) {
    static const char path[] = "async.sock";
    struct cmio_executor *executor;
    struct cmio_unix_listener listener;
    struct cmio_unix_stream client, server;
    struct cmio_address address;
    struct cmio_io listener_io, client_io;
    struct cmio_accept_future accept;
    struct cmio_connect_future connect;
    struct cmio_join_all_future both;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_address_from_path(path, &address));
    check(cmio_unix_listener_bind_replacing_stale(&listener, &address,
                                                  NULL));
    check(cmio_io_bind_unix_listener(&listener_io, executor, &listener));

    check(cmio_accept_unix_future_init(&accept, &listener_io, &server,
                                       NULL));
    check(cmio_connect_unix_future_init(&connect, &client_io, &client,
                                        &address));
    struct cmio_future *futures[] = {&accept.future, &connect.future};
    check(cmio_join_all_future_init(&both, futures, 2));
    check(cmio_block_on(executor, &both.future));
    puts("connected");

    (void)unlink(path);
    check(cmio_io_close(&client_io));
    check(cmio_io_close(&listener_io));
    check(cmio_unix_stream_close(&client));
    check(cmio_unix_stream_close(&server));
    check(cmio_unix_listener_close(&listener));
    cmio_executor_free(executor);
    return 0;
}
