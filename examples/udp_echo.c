/* SPDX-License-Identifier: MIT */

/*
 * An echo server for datagrams. Each one goes back to its sender, many of them per system call.
 *
 *     udp_echo 127.0.0.1:7777 &
 *     echo hello | nc -u -w 1 127.0.0.1 7777
 *
 * A sender can forge its address. So do not run this, or any such service, on the open Internet.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "common/arguments.h"
#include "common/event_loop.h"
#include "common/program.h"

enum {
    EVENTS_A_WAIT = 2,       /* the socket's and the signals' */
    BUFFER_SIZE = 64 * 1024, /* no datagram is longer */
    BATCH = 32,
    ROUNDS_A_TURN = 16, /* of receiving and sending */
};

static const cmio_interest interest = CMIO_READABLE | CMIO_WRITABLE;

enum { TOKEN_SOCKET, TOKEN_SIGNALS };

struct server {
    struct event_loop loop;
    struct cmio_udp_socket socket;
    struct cmio_udp_message messages[BATCH];
    size_t begin, end; /* the datagrams still to be sent back */
    uint64_t echoed;   /* datagrams */
    uint64_t bytes;    /* in them */
    uint64_t dropped;  /* datagrams that could not be sent back */
    bool stopping;
    char buffers[BATCH][BUFFER_SIZE];
};

/* Fills the batch. The datagrams are sent from where they were received; only the sizes change. */
static int receive(struct server *server) {
    for (size_t i = 0; i < BATCH; i++) {
        server->messages[i].buffer = server->buffers[i];
        server->messages[i].size = BUFFER_SIZE;
    }
    int count = cmio_udp_socket_recv_batch(&server->socket, server->messages, BATCH);
    if (count < 0)
        return count;
    for (int i = 0; i < count; i++)
        server->messages[i].size = server->messages[i].length;
    server->begin = 0;
    server->end = (size_t)count;
    return count;
}

/*
 * Sends back what it can. If the system has no more room, the rest is kept, and nothing is received
 * until it is sent. A client that sends too fast loses datagrams in the kernel, where it costs
 * least. A datagram that can never be sent must not hold up the ones behind it.
 */
static int send_back(struct server *server) {
    int count = cmio_udp_socket_send_batch(&server->socket, server->messages + server->begin,
                                           server->end - server->begin);
    if (count == -EAGAIN)
        return count;
    if (count < 0) {
        server->dropped++;
        server->begin++;
        return 0;
    }
    for (int i = 0; i < count; i++)
        server->bytes += server->messages[server->begin++].size;
    server->echoed += (uint64_t)count;
    return count;
}

/*
 * Goes on until a call returns -EAGAIN, because only then will an event report a change. Other
 * errors are not ours: a client that is gone causes one error on our socket, and the next call
 * serves the others again. A turn that stops sooner, to look at signals too, gets no event for the
 * rest. So it reregisters the socket, which reports existing readiness.
 */
static int echo(struct server *server) {
    for (int round = 0; round < ROUNDS_A_TURN; round++) {
        int result = server->begin < server->end ? send_back(server) : receive(server);
        if (result == -EAGAIN)
            return 0;
    }
    return cmio_registry_reregister(server->loop.registry, &server->socket.source, TOKEN_SOCKET,
                                    interest);
}

static int server_run(struct server *server) {
    while (!server->stopping) {
        int result = cmio_poll_wait(server->loop.poll, server->loop.events, CMIO_FOREVER);
        if (result < 0 && result != -EINTR) /* -EINTR: the wait was interrupted, go on */
            return complain("cannot wait for events", result);
        CMIO_EVENTS_FOREACH (event, server->loop.events) {
            if (event->token == TOKEN_SIGNALS)
                server->stopping = cmio_signals_next(&server->loop.signals) > 0;
            else if ((result = echo(server)) < 0)
                return complain("cannot continue", result);
        }
    }
    return 0;
}

static int server_bind(struct server *server, struct cmio_address *address) {
    int result = cmio_udp_socket_bind(&server->socket, address, NULL);
    if (result == 0)
        result = cmio_registry_register(server->loop.registry, &server->socket.source, TOKEN_SOCKET,
                                        interest);
    if (result == 0) /* port 0 has become a free port */
        result = cmio_udp_socket_local_address(&server->socket, address);
    return announce_listening(address, result);
}

/* Whatever this returns, server_free() cleans up. */
static int server_open(struct server *server, struct cmio_address *address) {
    int result = event_loop_open(&server->loop, EVENTS_A_WAIT, TOKEN_SIGNALS);
    if (result == 0)
        result = second_signal_exits();
    return result < 0 ? result : server_bind(server, address);
}

static void server_free(struct server *server) {
    (void)cmio_udp_socket_close(&server->socket);
    event_loop_close(&server->loop);
    free(server);
}

static int print_stats(const struct server *server) {
    return announce("sent back %" PRIu64 " datagrams of %" PRIu64 " bytes, dropped %" PRIu64,
                    server->echoed, server->bytes, server->dropped);
}

static const char help[] =
    "usage: udp_echo [--stats] [--help] [ADDRESS]\n"
    "Sends every datagram back to its sender. ADDRESS is numeric, such as 127.0.0.1:80 or\n"
    "[::1]:80. Port 0 stands for a free port. The default is 127.0.0.1:7777.\n\n"
    "  --stats     print at the end how many datagrams and bytes were sent back\n"
    "  -h, --help  print this help\n\n"
    "When it is ready, it prints one line: listening on ADDRESS\n"
    "Exit status: 0 after SIGINT or SIGTERM, 1 on failure, 2 if the arguments are invalid.\n";

int main(int argc, char **argv) {
    bool stats = false;
    const struct argument options[] = {{.name = "stats", .flag = &stats}, {0}};
    struct cmio_address address;
    program_start("udp_echo");
    int status = arguments_parse_server(options, help, "127.0.0.1:7777", argc, argv, &address);
    if (status >= 0)
        return status;
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        complain("cannot start", -ENOMEM);
        return EXIT_FAILURE;
    }
    bool is_done = server_open(server, &address) == 0 && server_run(server) == 0;
    if (is_done && stats)
        is_done = print_stats(server) == 0;
    server_free(server);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
