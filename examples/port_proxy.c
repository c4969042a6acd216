/* SPDX-License-Identifier: MIT */

/*
 * A proxy: it listens, connects each client to a target, and passes bytes both ways until both have
 * said all they have to say. TCP or Unix on either side.
 *
 *     port_proxy 127.0.0.1:5433 unix:/run/postgresql/.s.PGSQL.5432
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

#include "proxy/arguments.h"
#include "proxy/flow.h"
#include "proxy/stream.h"

static const char program_name[] = "port_proxy";

enum { EVENTS_A_WAIT = 256 };
static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

/* A token tells whose event it is. A side's is its address; these are no addresses. */
enum { TOKEN_LISTENER, TOKEN_SIGNALS };

struct side {
    struct stream stream;
    struct connection *connection;
};

struct connection {
    struct side client, target;
    struct flow request, response;
    bool is_connected;               /* to the target */
    struct connection *next, **link; /* link is what points to this one */
};

struct proxy {
    struct cmio_poll *poll;
    struct cmio_registry *registry; /* the poll's: what sources register with */
    struct cmio_events *events;
    struct cmio_signals signals;
    struct listener listener;
    struct arguments arguments;
    struct connection *connections;
    bool accepts_later; /* there was no room for the next client */
    bool stopping;
};

static int complain(const char *what, int code) {
    fprintf(stderr, "%s: %s: %s\n", program_name, what, cmio_strerror(code));
    return code;
}

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
        result = call(proxy->registry, &sides[i]->stream.as.source, (cmio_token)sides[i],
                      CMIO_READABLE | CMIO_WRITABLE);
    return result;
}

/*
 * Closing deregisters, so no later wait reports the sides; but the batch in hand may hold an event
 * of the other one, which is taken out before its token is an address of nothing.
 */
static void connection_free(struct proxy *proxy, struct connection *connection) {
    cmio_events_purge(proxy->events, (cmio_token)&connection->client);
    cmio_events_purge(proxy->events, (cmio_token)&connection->target);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    stream_close(&connection->client.stream);
    stream_close(&connection->target.stream);
    free(connection);
}

/* What failed on one side must not look like the end of all bytes on the other. */
static void connection_fail(struct proxy *proxy, struct connection *connection) {
    stream_abort(&connection->client.stream);
    stream_abort(&connection->target.stream);
    connection_free(proxy, connection);
}

/* Whichever side the event is of, either flow may go on: both touch both sides. */
static void connection_run(struct proxy *proxy, struct connection *connection) {
    struct stream *client = &connection->client.stream;
    struct stream *target = &connection->target.stream;
    ssize_t request = flow_run(&connection->request, client, target);
    ssize_t response = flow_run(&connection->response, target, client);
    bool failed = (request < 0 && request != -EAGAIN) || (response < 0 && response != -EAGAIN);
    /* Who stops before -EAGAIN must ask again: to reregister reports what is ready already. */
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
            return; /* what the client sent meanwhile is read in the end */
        if (result < 0) {
            complain_of(&proxy->arguments.target, result);
            connection_fail(proxy, connection);
            return;
        }
        connection->is_connected = true;
    }
    connection_run(proxy, connection);
}

/* 0 also where the client is gone already, since there is no way to the target. */
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
    result = stream_connect(&connection->target.stream, &proxy->arguments.target);
    if (result == 0)
        result = watch(proxy, connection, cmio_registry_register);
    if (result < 0) {
        complain_of(&proxy->arguments.target, result);
        connection_fail(proxy, connection);
    }
    return 0;
}

/* ---- The proxy ---- */

/*
 * Accepts until there is no one left. Where there is no descriptor or memory for the next, they
 * wait in the kernel's queue and no event will repeat this one: so it is tried again, after every
 * wait, of which none is long meanwhile.
 */
static void proxy_accept(struct proxy *proxy) {
    int result = 0;
    while (result == 0 || result == -ECONNABORTED) /* someone left before their turn: go on */
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
        proxy->stopping = cmio_signals_next(&proxy->signals) > 0;
        break;
    default:
        side_on_event(proxy, (struct side *)event->token);
    }
}

static int proxy_run(struct proxy *proxy) {
    while (!proxy->stopping) {
        int count = cmio_poll_wait(proxy->poll, proxy->events,
                                   proxy->accepts_later ? accept_pause : CMIO_FOREVER);
        if (count < 0 && count != -EINTR) /* which says that the wait was interrupted: go on */
            return complain("cannot wait for events", count);
        CMIO_EVENTS_FOREACH (event, proxy->events)
            proxy_on_event(proxy, event);
        if (proxy->accepts_later)
            proxy_accept(proxy);
    }
    return 0;
}

static int proxy_listen(struct proxy *proxy) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    int result = listener_bind(&proxy->listener, &proxy->arguments.listen);
    if (result == 0)
        result = cmio_registry_register(proxy->registry, &proxy->listener.as.source, TOKEN_LISTENER,
                                        CMIO_READABLE);
    if (result < 0)
        return complain_of(&proxy->arguments.listen, result);
    (void)cmio_address_format(&proxy->arguments.listen, text, sizeof text);
    printf("listening on %s\n", text);
    return fflush(stdout) == 0 ? 0 : complain("standard output", -errno);
}

/* Whatever this returns, proxy_close() cleans up. */
static int proxy_open(struct proxy *proxy) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int result = cmio_poll_new(&proxy->poll);
    proxy->registry = cmio_poll_registry(proxy->poll);
    if (result == 0)
        result = cmio_events_new(&proxy->events, EVENTS_A_WAIT);
    if (result == 0)
        result = cmio_signals_init(&proxy->signals, numbers, 2);
    if (result == 0)
        result = cmio_registry_register(proxy->registry, &proxy->signals.source, TOKEN_SIGNALS,
                                        CMIO_READABLE);
    return result < 0 ? complain("cannot start", result) : proxy_listen(proxy);
}

static void proxy_close(struct proxy *proxy) {
    for (struct connection *each = proxy->connections, *next; each != NULL; each = next) {
        next = each->next;
        connection_free(proxy, each);
    }
    listener_close(&proxy->listener);
    (void)cmio_signals_close(&proxy->signals);
    cmio_events_free(proxy->events);
    cmio_poll_free(proxy->poll);
}

int main(int argc, char **argv) {
    static struct proxy proxy;
    int status = arguments_parse(&proxy.arguments, program_name, argc, argv);
    if (status >= 0)
        return status;
    bool is_done = proxy_open(&proxy) == 0 && proxy_run(&proxy) == 0;
    proxy_close(&proxy);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
