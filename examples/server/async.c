/* SPDX-License-Identifier: MIT */
#include "server/async.h"

#include <signal.h>

#include "server/stop.h"

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

/* ---- Accepting ---- */

struct acceptor {
    struct cmio_coroutine coroutine;
    struct async_server *server;
    struct cmio_tcp_stream stream;
    struct cmio_acquire_future acquire;
    struct cmio_accept_future accept;
    struct cmio_sleep_future pause;
    bool has_room; /* a permit that no connection has yet */
    bool complained;
};

static int serve_accepted(struct acceptor *acceptor) {
    int result = acceptor->server->serve(acceptor->server, &acceptor->stream);
    if (result < 0)
        (void)cmio_tcp_stream_close(&acceptor->stream);
    return result;
}

static void complain_once(struct acceptor *acceptor, int code) {
    if (!acceptor->complained)
        service_complain(&acceptor->server->service, "accepting pauses when there is no room",
                         code);
    acceptor->complained = true;
}

static void give_room_back(struct acceptor *acceptor) {
    if (acceptor->has_room)
        async_server_leave(acceptor->server);
    acceptor->has_room = false;
}

/*
 * Accepts until it is dropped. Without a descriptor or memory the client stays where it is, and we try
 * again after a moment.
 */
static enum cmio_future_state run_acceptor(struct cmio_coroutine *coroutine,
                                           struct cmio_context *context) {
    struct acceptor *acceptor = (struct acceptor *)coroutine;
    struct async_server *server = acceptor->server;
    ssize_t result;
    CMIO_BEGIN(coroutine, context);
    for (;;) {
        (void)cmio_acquire_future_init(&acceptor->acquire, &server->room, 1);
        CMIO_AWAIT(&acceptor->acquire.future);
        acceptor->has_room = true;
        (void)cmio_accept_tcp_future_init(&acceptor->accept, &server->listener_io,
                                          &acceptor->stream, NULL);
        CMIO_AWAIT(&acceptor->accept.future);
        result = acceptor->accept.future.result;
        if (result == 0)
            result = serve_accepted(acceptor);
        if (result == 0) {
            acceptor->has_room = false; /* it is the connection's now */
            continue;
        }
        complain_once(acceptor, (int)result);
        give_room_back(acceptor);
        (void)cmio_sleep_future_init(&acceptor->pause, accept_pause);
        CMIO_AWAIT(&acceptor->pause.future);
    }
    CMIO_FINALLY;
    give_room_back(acceptor);
    (void)cmio_io_close(&server->listener_io);
    (void)cmio_tcp_listener_close(&server->listener);
    CMIO_END;
}

void async_server_leave(struct async_server *server) {
    (void)cmio_semaphore_release(&server->room, 1); /* it was acquired */
}

/* ---- From the first signal to the last connection ---- */

/* The one future that the program blocks on. */
struct reign {
    struct cmio_coroutine coroutine;
    struct async_server *server;
    struct acceptor acceptor;
    struct cmio_signal_future signal;
    struct cmio_acquire_future all_left;
    struct cmio_future *choices[2];
    struct cmio_select_future select;
};

/* Either a signal comes, or the other future ends. */
static struct cmio_future *signal_or(struct reign *reign, struct cmio_future *other) {
    (void)cmio_signal_future_init(&reign->signal, &reign->server->signals_io);
    reign->choices[0] = &reign->signal.future;
    reign->choices[1] = other;
    (void)cmio_select_future_init(&reign->select, reign->choices, 2);
    return &reign->select.future;
}

/*
 * Accepts until a signal comes; to drop the acceptor is to stop accepting. The connections are told, as
 * each of them also waits for a permit of a semaphore that never has any. When all are closed, their
 * permits are free. The second signal ends the process.
 */
static enum cmio_future_state run_reign(struct cmio_coroutine *coroutine,
                                        struct cmio_context *context) {
    struct reign *reign = (struct reign *)coroutine;
    struct async_server *server = reign->server;
    CMIO_BEGIN(coroutine, context);
    CMIO_AWAIT(signal_or(reign, &reign->acceptor.coroutine.future));
    stop_begin((int)reign->signal.future.result);
    cmio_future_drop(&reign->acceptor.coroutine.future);
    cmio_semaphore_close(&server->stop);
    (void)cmio_acquire_future_init(&reign->all_left, &server->room, server->most);
    CMIO_AWAIT(signal_or(reign, &reign->all_left.future));
    if (!cmio_future_has_ended(&reign->all_left.future))
        stop_begin((int)reign->signal.future.result);
    CMIO_FINALLY;
    cmio_future_drop(&reign->signal.future);
    CMIO_END;
}

static ssize_t run(struct async_server *server) {
    struct reign reign = {.server = server, .acceptor = {.server = server}};
    (void)cmio_coroutine_init(&reign.acceptor.coroutine, run_acceptor);
    (void)cmio_coroutine_init(&reign.coroutine, run_reign);
    return cmio_block_on(server->executor, &reign.coroutine.future);
}

/* ---- The server ---- */

/* A single thread is the program's own. */
static int create_executor(struct async_server *server) {
    const struct options *options = &server->service.options;
    struct cmio_executor_options wanted = {
        .workers = options->threads > 1 ? (int)options->threads : CMIO_CURRENT_THREAD,
        .backend = options->backend,
    };
    return cmio_executor_new(&server->executor, &wanted);
}

static int listen_to_clients(struct async_server *server) {
    struct cmio_address *address = &server->service.options.address;
    int result = cmio_tcp_listener_bind(&server->listener, address, NULL);
    if (result == 0)
        result =
            cmio_io_bind_tcp_listener(&server->listener_io, server->executor, &server->listener);
    if (result == 0)
        result = cmio_tcp_listener_local_address(&server->listener, address);
    return result;
}

static int listen_to_signals(struct async_server *server) {
    static const int numbers[] = {SIGINT, SIGTERM};
    stop_set_grace(server->service.options.grace);
    int result = cmio_signals_init(&server->signals, numbers, 2);
    return result < 0
               ? result
               : cmio_io_bind_signals(&server->signals_io, server->executor, &server->signals);
}

/* Returns -1, or an exit status. Whatever it returns, clean_up() follows. */
static int start(struct async_server *server) {
    size_t most = server->service.options.max_connections;
    server->most = most < CMIO_SEMAPHORE_MAX ? most : CMIO_SEMAPHORE_MAX;
    (void)cmio_semaphore_init(&server->stop, 0);
    (void)cmio_semaphore_init(&server->room, server->most);
    int result = create_executor(server);
    if (result < 0)
        return service_complain(&server->service, "cannot make the executor", result);
    result = listen_to_clients(server);
    if (result < 0)
        return service_complain_of_address(&server->service, result);
    result = listen_to_signals(server);
    if (result < 0)
        return service_complain(&server->service, "cannot listen to signals", result);
    service_announce(&server->service.options.address);
    return -1;
}

/* All that there is to close takes what was never made. */
static void clean_up(struct async_server *server) {
    (void)cmio_io_close(&server->signals_io);
    (void)cmio_signals_close(&server->signals);
    (void)cmio_io_close(&server->listener_io);
    (void)cmio_tcp_listener_close(&server->listener);
    cmio_executor_free(server->executor);
    (void)cmio_semaphore_destroy(&server->stop);
    (void)cmio_semaphore_destroy(&server->room);
}

int async_server_main(int (*serve)(struct async_server *server, struct cmio_tcp_stream *stream),
                      const char *program, const char *summary, int argc, char **argv) {
    static struct async_server server;
    int status = service_start(&server.service, OPTIONS_CMIO, program, summary, argc, argv);
    if (status >= 0)
        return status;
    server.serve = serve;
    status = start(&server);
    if (status < 0) {
        ssize_t result = run(&server);
        status = result < 0 ? service_complain(&server.service, "cannot serve", (int)result) : 0;
    }
    clean_up(&server);
    if (status == 0)
        service_end(&server.service);
    return status;
}
