/* SPDX-License-Identifier: MIT */

/* The server: its loops, one on this thread and the others on threads of their own. */

#include "sleep_server/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "common/backend.h"
#include "common/program.h"
#include "server/service.h"

/* ---- Its beginning ---- */

/*
 * Sockets that may share a port would also share it with another run of this server, which is never
 * intended. So find out first whether the port is free.
 */
static int server_probe(const struct server *server) {
    if (server->options.threads == 1)
        return 0;
    struct cmio_tcp_listener probe;
    int result = cmio_tcp_listener_bind(&probe, &server->options.address, NULL);
    if (result < 0)
        return result;
    return cmio_tcp_listener_close(&probe);
}

/* The other loops listen on the address of the first, so port 0 becomes one port for all. */
static int server_listen(struct server *server) {
    struct cmio_address *address = &server->options.address;
    int result = server_probe(server);
    for (unsigned i = 0; i < server->options.threads && result == 0; i++) {
        result = loop_listen(&server->loops[i], address);
        if (result == 0 && i == 0)
            result = cmio_tcp_listener_local_address(&server->loops[0].listener, address);
    }
    return result == 0 ? 0 : -service_complain_of_address(address, result);
}

static int server_listen_to_signals(struct server *server) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    size_t count =
        access_log_is_file(&server->log) ? 3 : 2; /* without a log file, SIGHUP keeps its default */
    int result = cmio_signals_init(&server->signals, numbers, count);
    if (result == 0)
        result = second_signal_exits();
    if (result == 0)
        result = cmio_registry_register(cmio_poll_registry(server->loops[0].poll),
                                        &server->signals.source, TOKEN_SIGNALS, CMIO_READABLE);
    return result == 0 ? 0 : complain("cannot listen to signals", result);
}

int server_init(struct server *server, const char *program) {
    int result = http_page_load(server->options.page, &server->page);
    if (result < 0)
        return complain(server->options.page, result);
    result = access_log_open(&server->log, program, server->options.log);
    if (result < 0)
        return complain(server->options.log, result);
    server->loops = calloc(server->options.threads, sizeof *server->loops);
    if (server->loops == NULL)
        return complain("cannot make the loops", -ENOMEM);
    for (unsigned i = 0; i < server->options.threads; i++) {
        result = loop_init(&server->loops[i], server);
        if (result < 0)
            return backend_complain("cannot make a loop", result);
    }
    result = server_listen(server);
    if (result < 0)
        return result;
    return server_listen_to_signals(server);
}

/* ---- While it runs ---- */

/* Any thread may wake any loop through its waker. Each loop then stops itself. */
void server_stop(struct server *server) {
    atomic_store(&server->stopping, true);
    for (unsigned i = 0; i < server->options.threads; i++)
        (void)cmio_waker_wake(server->loops[i].waker);
}

void server_reopen_log(struct server *server) {
    int result = access_log_reopen(&server->log);
    if (result < 0)
        complain(server->options.log, result); /* and keep the present log */
}

static void server_run_loop(struct server *server, struct loop *loop) {
    if (loop_run(loop) == 0)
        return;
    atomic_store(&server->failed, true);
    server_stop(server);
}

static void *run_on_thread(void *argument) {
    struct loop *loop = argument;
    struct server *server = loop->server;
    server_run_loop(server, loop);
    atomic_fetch_sub(&server->running, 1);
    (void)cmio_waker_wake(server->loops[0].waker); /* the first loop may wait for this one alone */
    return NULL;
}

/* Starts the loops after the first. Returns the index behind the last that runs. */
static unsigned server_start_threads(struct server *server) {
    unsigned next = 1;
    for (; next < server->options.threads; next++) {
        atomic_fetch_add(&server->running, 1);
        struct loop *loop = &server->loops[next];
        int error = pthread_create(&loop->thread, NULL, run_on_thread, loop);
        if (error == 0)
            continue;
        atomic_fetch_sub(&server->running, 1);
        complain("cannot start a thread", -error);
        atomic_store(&server->failed, true);
        server_stop(server);
        break;
    }
    return next;
}

void server_run(struct server *server) {
    unsigned end = server_start_threads(server);
    if (!atomic_load(&server->failed) && service_announce(&server->options.address) < 0) {
        atomic_store(&server->failed, true);
        server_stop(server);
    }
    server_run_loop(server, &server->loops[0]);
    for (unsigned i = 1; i < end; i++)
        pthread_join(server->loops[i].thread, NULL);
}

/* ---- Its end ---- */

void server_close(struct server *server) {
    struct statistics sum = {0};
    (void)cmio_signals_close(&server->signals);
    for (unsigned i = 0; server->loops != NULL && i < server->options.threads; i++) {
        loop_close(&server->loops[i]);
        statistics_add(&sum, &server->loops[i].statistics);
    }
    if (atomic_load(&server->stopping) && !atomic_load(&server->failed))
        statistics_print(&sum, access_log_dropped(&server->log));
    free(server->loops);
    access_log_close(&server->log);
    http_page_free(&server->page);
}
