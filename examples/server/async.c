/* SPDX-License-Identifier: MIT */
#include "server/async.h"

#include "server/stop.h"

void async_server_leave(struct async_server *server) {
    (void)cmio_semaphore_release(&server->room, 1); /* it was acquired, so this cannot fail */
}

/* ---- From the first signal to the last connection ---- */

/* The one future that the program blocks on. */
struct reign {
    struct cmio_coroutine coroutine;
    struct async_server *server;
    struct cmio_timeout_future grace;
    struct cmio_acquire_future all_left;
};

/*
 * Accepts until a signal comes, and then accepts the clients that wait already. Closing a semaphore
 * without permits tells the connections to stop, because each of them also waits for a permit. When
 * all connections are closed, the permits for their room are free.
 */
static enum cmio_future_state run_reign(struct cmio_coroutine *coroutine,
                                        struct cmio_context *context) {
    struct reign *reign = (struct reign *)coroutine;
    struct async_server *server = reign->server;
    int number;
    CMIO_BEGIN(coroutine, context);
    CMIO_AWAIT(interrupt_or(&server->interrupt, &server->acceptor.coroutine.future));
    number = interrupt_number(&server->interrupt);
    if (number < 0)
        CMIO_RETURN(number);
    stop_begin(number);
    cmio_semaphore_close(&server->stop);
    (void)cmio_timeout_until_future_init(&reign->grace, acceptor_finish(&server->acceptor),
                                         stop_deadline());
    CMIO_AWAIT(&reign->grace.future);
    acceptor_close(&server->acceptor);
    (void)cmio_acquire_future_init(&reign->all_left, &server->room, server->most);
    CMIO_AWAIT(&reign->all_left.future);
    CMIO_END;
}

static ssize_t run(struct async_server *server) {
    struct reign reign = {.server = server};
    (void)cmio_coroutine_init(&reign.coroutine, run_reign);
    return cmio_block_on(server->executor, &reign.coroutine.future);
}

/* ---- The server ---- */

/* With --threads 1, the program's own thread runs everything. */
static int create_executor(struct async_server *server) {
    const struct options *options = &server->service.options;
    struct cmio_executor_options wanted = {
        .workers = options->threads > 1 ? (int)options->threads : CMIO_CURRENT_THREAD,
        .backend = options->backend,
    };
    return cmio_executor_new(&server->executor, &wanted);
}

/* Returns -1, or an exit status. Whatever it returns, clean_up() follows. */
static int start(struct async_server *server) {
    size_t most = server->service.options.max_connections;
    server->most = most < CMIO_SEMAPHORE_MAX ? most : CMIO_SEMAPHORE_MAX;
    (void)cmio_semaphore_init(&server->stop, 0);
    (void)cmio_semaphore_init(&server->room, server->most);
    int result = create_executor(server);
    if (result < 0)
        return service_complain("cannot make the executor", result);
    result = interrupt_open(&server->interrupt, server->executor);
    if (result < 0)
        return service_complain("cannot listen to signals", result);
    result = acceptor_open(&server->acceptor, server->executor, &server->service.options.address);
    if (result < 0)
        return service_complain_of_address(&server->service.options.address, result);
    return service_announce(&server->service.options.address) < 0 ? EXIT_RUNTIME : -1;
}

/* Every call here accepts objects that were never made. */
static void clean_up(struct async_server *server) {
    acceptor_close(&server->acceptor);
    interrupt_close(&server->interrupt);
    cmio_executor_free(server->executor);
    (void)cmio_semaphore_destroy(&server->stop);
    (void)cmio_semaphore_destroy(&server->room);
}

int async_server_main(int (*serve)(void *server, struct cmio_tcp_stream *stream),
                      const char *program, const char *summary, int argc, char **argv) {
    static struct async_server server;
    int status = service_start(&server.service, OPTIONS_CMIO, program, summary, argc, argv);
    if (status >= 0)
        return status;
    server.acceptor.room = &server.room;
    server.acceptor.serve = serve;
    server.acceptor.owner = &server;
    stop_set_grace(server.service.options.grace);
    status = start(&server);
    if (status < 0) {
        ssize_t result = run(&server);
        status = result < 0 ? service_complain("cannot serve", (int)result) : 0;
    }
    clean_up(&server);
    if (status == 0)
        service_end(&server.service);
    return status;
}
