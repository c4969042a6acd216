/* SPDX-License-Identifier: MIT */

/*
 * A proxy. It listens, connects each client to a target, and passes bytes both ways until both
 * sides have ended their streams. Either side may be TCP or Unix.
 *
 *     port_proxy 127.0.0.1:5433 unix:/run/postgresql/.s.PGSQL.5432
 */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "common/arguments.h"
#include "common/event_loop.h"
#include "common/program.h"
#include "proxy/flow.h"
#include "proxy/stream.h"

enum { EVENTS_A_WAIT = 256 };
static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

/* A token tells whose event it is. A side's token is its address; these are no addresses. */
enum { TOKEN_LISTENER, TOKEN_SIGNALS };

struct side {
    struct stream stream;
    struct connection *connection;
};

struct connection {
    struct side client, target;
    struct flow request, response;
    bool is_connected;               /* to the target */
    struct connection *next, **link; /* link is the pointer to this one */
};

struct proxy {
    struct event_loop loop;
    struct listener listener;
    struct cmio_address listen, target;
    struct connection *connections;
    bool accepts_later; /* there was no room for the next client */
    bool stopping;
};

static int complain_of(const struct cmio_address *address, int code) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    (void)cmio_address_format(address, text, sizeof text);
    return complain(text, code);
}

/* ---- A connection ---- */

typedef int registry_call(struct cmio_registry *registry, struct cmio_source *source,
                          cmio_token token, cmio_interest interest);

static int watch(struct proxy *proxy, struct connection *connection, registry_call *call) {
    struct side *sides[] = {&connection->client, &connection->target};
    int result = 0;
    for (int i = 0; i < 2 && result == 0; i++)
        result = call(proxy->loop.registry, &sides[i]->stream.as.source, (cmio_token)sides[i],
                      CMIO_READABLE | CMIO_WRITABLE);
    return result;
}

/*
 * Closing deregisters, so no later wait reports the sides. But the current batch may hold an event
 * of the other side. It is purged before its token points to freed memory.
 */
static void connection_free(struct proxy *proxy, struct connection *connection) {
    cmio_events_purge(proxy->loop.events, (cmio_token)&connection->client);
    cmio_events_purge(proxy->loop.events, (cmio_token)&connection->target);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    stream_close(&connection->client.stream);
    stream_close(&connection->target.stream);
    free(connection);
}

/* A failure on one side must not look like a regular end of the stream on the other. */
static void connection_fail(struct proxy *proxy, struct connection *connection) {
    stream_abort(&connection->client.stream);
    stream_abort(&connection->target.stream);
    connection_free(proxy, connection);
}

/* After an event of either side both flows may go on, because both touch both sides. */
static void connection_run(struct proxy *proxy, struct connection *connection) {
    struct stream *client = &connection->client.stream;
    struct stream *target = &connection->target.stream;
    ssize_t request = flow_run(&connection->request, client, target);
    ssize_t response = flow_run(&connection->response, target, client);
    bool failed = (request < 0 && request != -EAGAIN) || (response < 0 && response != -EAGAIN);
    /* A turn that stops before -EAGAIN must reregister, which reports existing readiness. */
    if (!failed && (request == 0 || response == 0))
        failed = watch(proxy, connection, cmio_registry_reregister) < 0;
    if (failed)
        connection_fail(proxy, connection);
    else if (connection->request.over && connection->response.over)
        connection_free(proxy, connection);
}

static void side_on_event(struct proxy *proxy, struct side *side) {
    struct connection *connection = side->connection;
    if (!connection->is_connected) {
        int result = stream_finish_connect(&connection->target.stream);
        if (result == -EINPROGRESS)
            return; /* what the client sends meanwhile is read later */
        if (result < 0) {
            complain_of(&proxy->target, result);
            connection_fail(proxy, connection);
            return;
        }
        connection->is_connected = true;
    }
    connection_run(proxy, connection);
}

/* Returns 0 even if the target cannot be reached and the client was closed again. */
static int connection_new(struct proxy *proxy) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return -ENOMEM;
    int result = listener_accept(&proxy->listener, &connection->client.stream);
    if (result < 0) {
        free(connection);
        return result;
    }
    connection->client.connection = connection->target.connection = connection;
    connection->next = proxy->connections;
    connection->link = &proxy->connections;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    proxy->connections = connection;
    result = stream_connect(&connection->target.stream, &proxy->target);
    if (result == 0)
        result = watch(proxy, connection, cmio_registry_register);
    if (result < 0) {
        complain_of(&proxy->target, result);
        connection_fail(proxy, connection);
    }
    return 0;
}

/* ---- The proxy ---- */

/*
 * Accepts until no client is waiting. If there is no descriptor or memory for the next one, clients
 * stay in the kernel's queue, and no further event reports them. So the loop tries again after
 * every wait, and meanwhile no wait is long.
 */
static void proxy_accept(struct proxy *proxy) {
    int result = 0;
    while (result == 0 || result == -ECONNABORTED) /* that client left the queue: go on */
        result = connection_new(proxy);
    if (result != -EAGAIN && !proxy->accepts_later)
        complain("clients have to wait", result);
    proxy->accepts_later = result != -EAGAIN;
}

static void proxy_on_event(struct proxy *proxy, const struct cmio_event *event) {
    switch (event->token) {
    case TOKEN_LISTENER:
        proxy_accept(proxy);
        break;
    case TOKEN_SIGNALS:
        proxy->stopping = cmio_signals_next(&proxy->loop.signals) > 0;
        break;
    default:
        side_on_event(proxy, (struct side *)event->token);
    }
}

static int proxy_run(struct proxy *proxy) {
    while (!proxy->stopping) {
        int count = cmio_poll_wait(proxy->loop.poll, proxy->loop.events,
                                   proxy->accepts_later ? accept_pause : CMIO_FOREVER);
        if (count < 0 && count != -EINTR) /* -EINTR: the wait was interrupted, go on */
            return complain("cannot wait for events", count);
        CMIO_EVENTS_FOREACH (event, proxy->loop.events)
            proxy_on_event(proxy, event);
        if (proxy->accepts_later)
            proxy_accept(proxy);
    }
    return 0;
}

static int proxy_listen(struct proxy *proxy) {
    int result = listener_bind(&proxy->listener, &proxy->listen);
    if (result == 0)
        result = cmio_registry_register(proxy->loop.registry, &proxy->listener.as.source,
                                        TOKEN_LISTENER, CMIO_READABLE);
    return announce_listening(&proxy->listen, result);
}

/* Whatever this returns, proxy_close() cleans up. */
static int proxy_open(struct proxy *proxy) {
    int result = event_loop_open(&proxy->loop, EVENTS_A_WAIT, TOKEN_SIGNALS);
    if (result == 0)
        result = second_signal_exits();
    return result < 0 ? result : proxy_listen(proxy);
}

static void proxy_close(struct proxy *proxy) {
    for (struct connection *each = proxy->connections, *next; each != NULL; each = next) {
        next = each->next;
        connection_free(proxy, each);
    }
    listener_close(&proxy->listener);
    event_loop_close(&proxy->loop);
}

static const char help[] =
    "usage: port_proxy [--help] LISTEN TARGET\n"
    "Forwards bytes in both directions between each client of LISTEN and a connection to\n"
    "TARGET. Both are numeric addresses, such as 127.0.0.1:80 or [::1]:80, or unix:/path.\n"
    "Port 0 of LISTEN stands for a free port. A socket file that nobody listens on is replaced.\n\n"
    "  -h, --help  print this help\n\n"
    "When it is ready, it prints one line: listening on ADDRESS\n"
    "Exit status: 0 after SIGINT or SIGTERM, 1 on failure, 2 if the arguments are invalid.\n";

/* Returns -1 if the program may start, otherwise its exit status. */
static int parse_arguments(struct proxy *proxy, int argc, char **argv) {
    static const struct argument no_options[] = {{0}};
    struct cmio_address *const out[] = {&proxy->listen, &proxy->target};
    int status = arguments_parse(no_options, help, argc, argv);
    if (status >= 0)
        return status;
    if (argc - optind != 2) {
        message("LISTEN and TARGET are required (see --help)");
        return EXIT_USAGE;
    }
    for (int i = 0; i < 2; i++)
        if (cmio_address_parse(argv[optind + i], out[i]) < 0)
            return arguments_complain(argv[optind + i], "not an address");
    return -1;
}

int main(int argc, char **argv) {
    static struct proxy proxy;
    program_start("port_proxy");
    int status = parse_arguments(&proxy, argc, argv);
    if (status >= 0)
        return status;
    bool is_done = proxy_open(&proxy) == 0 && proxy_run(&proxy) == 0;
    proxy_close(&proxy);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
