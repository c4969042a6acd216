/* SPDX-License-Identifier: MIT */

/*
 * An echo server for datagrams: each goes back to where it came from, many of them a system call.
 *
 *     udp_echo 127.0.0.1:7777 &
 *     echo hello | nc -u -w 1 127.0.0.1 7777
 *
 * Who sends may lie about where they are: like every such service, it is none for the open
 * Internet.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

static const char program[] = "udp_echo";
static const char default_address[] = "127.0.0.1:7777";

enum {
    EXIT_USAGE = 2,
    BUFFER_SIZE = 64 * 1024, /* no datagram is longer */
    BATCH = 32,
    ROUNDS_A_TURN = 16, /* of receiving and sending */
};

static const cmio_interest interest = CMIO_READABLE | CMIO_WRITABLE;

enum { TOKEN_SOCKET, TOKEN_SIGNALS };

struct server {
    struct cmio_poll *poll;
    struct cmio_registry *registry; /* the poll's: what sources register with */
    struct cmio_events *events;
    struct cmio_signals signals;
    struct cmio_udp_socket socket;
    struct cmio_udp_message messages[BATCH];
    size_t begin, end; /* of them: those that are still to be sent back */
    uint64_t echoed;   /* datagrams */
    uint64_t bytes;    /* in them */
    uint64_t dropped;  /* datagrams that could not be sent back */
    bool stopping;
    char buffers[BATCH][BUFFER_SIZE];
};

struct options {
    struct cmio_address address;
    bool stats;
};

static int complain(const char *what, int code) {
    fprintf(stderr, "%s: %s: %s\n", program, what, cmio_strerror(code));
    return code;
}

/* Fills the batch. What was received is where it has to be for sending: only the sizes change. */
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
 * Sends back what it can. When the system has no more room the rest is kept, and nothing is
 * received until it is gone: who sends too fast loses datagrams in the kernel, where it costs
 * least. A datagram that cannot be sent for its own sake must not hold up those behind it.
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
 * Until the kernel says -EAGAIN, for only then will it report a change. Other errors are not ours:
 * a client that is gone says so through our socket, once, and the next call is about the others
 * again. Who stops sooner, to look at signals too, gets no event for what is left unless they ask
 * for one: to reregister reports what is ready already.
 */
static int echo(struct server *server) {
    for (int round = 0; round < ROUNDS_A_TURN; round++) {
        int result = server->begin < server->end ? send_back(server) : receive(server);
        if (result == -EAGAIN)
            return 0;
    }
    return cmio_registry_reregister(server->registry, &server->socket.source, TOKEN_SOCKET,
                                    interest);
}

static int server_run(struct server *server) {
    while (!server->stopping) {
        int result = cmio_poll_wait(server->poll, server->events, CMIO_FOREVER);
        if (result < 0 && result != -EINTR) /* which says that the wait was interrupted: go on */
            return complain("cannot wait for events", result);
        CMIO_EVENTS_FOREACH (event, server->events) {
            if (event->token == TOKEN_SIGNALS)
                server->stopping = cmio_signals_next(&server->signals) > 0;
            else if ((result = echo(server)) < 0)
                return complain("cannot go on", result);
        }
    }
    return 0;
}

static int server_bind(struct server *server, struct cmio_address *address) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    int result = cmio_udp_socket_bind(&server->socket, address, NULL);
    if (result == 0)
        result = cmio_registry_register(server->registry, &server->socket.source, TOKEN_SOCKET,
                                        interest);
    if (result == 0) /* port 0 has become one that was free */
        result = cmio_udp_socket_local_address(&server->socket, address);
    (void)cmio_address_format(address, text, sizeof text);
    if (result < 0)
        return complain(text, result);
    printf("listening on %s\n", text);
    return fflush(stdout) == 0 ? 0 : complain("standard output", -errno);
}

/* Whatever this returns, server_free() cleans up. */
static int server_open(struct server *server, struct cmio_address *address) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int result = cmio_poll_new(&server->poll);
    server->registry = cmio_poll_registry(server->poll);
    if (result == 0)
        result = cmio_events_new(&server->events, 2);
    if (result == 0)
        result = cmio_signals_init(&server->signals, numbers, 2);
    if (result == 0)
        result = cmio_registry_register(server->registry, &server->signals.source, TOKEN_SIGNALS,
                                        CMIO_READABLE);
    if (result < 0)
        return complain("cannot start", result);
    return server_bind(server, address);
}

static void server_free(struct server *server) {
    (void)cmio_udp_socket_close(&server->socket);
    (void)cmio_signals_close(&server->signals);
    cmio_events_free(server->events);
    cmio_poll_free(server->poll);
    free(server);
}

static int print_help(void) {
    printf("usage: %s [--stats] [--help] [ADDRESS]\n"
           "Sends every datagram back to where it came from. ADDRESS is numeric, as 127.0.0.1:80\n"
           "or [::1]:80; port 0 takes a free one. The default is %s.\n\n"
           "  --stats   when it ends, print how many datagrams and bytes were sent back\n"
           "  --help    print this\n\n"
           "Once it is bound it prints one line: listening on ADDRESS\n"
           "Exit status: 0 after SIGINT or SIGTERM, 1 for a failure, 2 for wrong arguments.\n",
           program, default_address);
    return EXIT_SUCCESS;
}

/* Returns -1 when the program may start, otherwise its exit status. */
static int parse_arguments(int argc, char **argv, struct options *out) {
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"stats", no_argument, NULL, 's'}, {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return print_help();
        if (option != 's') /* getopt_long(3) has said what is wrong */
            return EXIT_USAGE;
        out->stats = true;
    }
    const char *text = optind < argc ? argv[optind++] : default_address;
    struct cmio_address *address = &out->address;
    if (optind < argc)
        fprintf(stderr, "%s: '%s' is one argument too many\n", program, argv[optind]);
    else if (cmio_address_parse(text, address) < 0 || cmio_address_family(address) == AF_UNIX)
        fprintf(stderr, "%s: '%s' is not an address such as %s\n", program, text, default_address);
    else
        return -1;
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    struct options options = {.stats = false};
    int status = parse_arguments(argc, argv, &options);
    if (status >= 0)
        return status;
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        complain("cannot start", -ENOMEM);
        return EXIT_FAILURE;
    }
    bool is_done = server_open(server, &options.address) == 0 && server_run(server) == 0;
    if (is_done && options.stats)
        printf("sent back %" PRIu64 " datagrams of %" PRIu64 " bytes, dropped %" PRIu64 "\n",
               server->echoed, server->bytes, server->dropped);
    server_free(server);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
