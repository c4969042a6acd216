/* SPDX-License-Identifier: MIT */

/*
 * The sleep server on cmio: GET /1000 sleeps for 1000 milliseconds and answers with a page. One
 * thread holds as many sleeping requests as there are descriptors, and while all of them sleep it
 * does nothing at all.
 *
 * Read it from top to bottom to learn cmio. It goes from the small to the large:
 *
 *     the data         a connection, a loop, the server
 *     a connection     how it ends, sends, receives, sleeps
 *     accepting        until there is no more, or no room
 *     stopping         signals, wakers, and what is in flight
 *     the loop         wait, handle events, handle timers, again
 *     the server       one loop, or several on threads of their own
 *
 * Three habits make an edge-triggered program right, and they are all over this file. After an
 * event, go on until the kernel says -EAGAIN, or gives less than was asked for. If you stop before
 * that, remember that you did: no second event will come. And whatever you free, make sure that
 * neither a timer nor an event in hand still points to it.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <cmio/cmio.h>

#include "common/backend.h"
#include "common/program.h"
#include "http/access_log.h"
#include "http/page.h"
#include "http/request.h"
#include "http/request_line.h"
#include "http/response.h"
#include "server/options.h"
#include "server/pool.h"
#include "server/service.h"
#include "server/statistics.h"

static const char program[] = "sleep_server";

/* ---- The data ---- */

enum {
    EVENTS_A_WAIT = 256,
    READS_A_TURN = 16, /* then others have theirs */
    RECEIVE_SIZE = 4096,
};

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;
static const int64_t linger_time = 2 * CMIO_SECOND;

/*
 * A token is ours to choose and comes back in every event and every timer. A connection's is its
 * address. What there is only one of has one of these, which are no addresses.
 */
enum token {
    TOKEN_LISTENER,
    TOKEN_ACCEPT_AGAIN,
    TOKEN_SIGNALS,
    TOKEN_WAKER,
    TOKEN_GRACE,
};

enum connection_state {
    CONNECTION_UNUSED,    /* in the pool */
    CONNECTION_RECEIVING, /* waits for a request, or for the rest of one */
    CONNECTION_SLEEPING,  /* waits for its timer; it reads nothing meanwhile */
    CONNECTION_SENDING,   /* waits for room: its reader is slow. It reads nothing meanwhile */
    CONNECTION_LINGERING, /* has sent its last; reads over what still arrives */
    CONNECTION_OVER,      /* to be freed by connection_settle() */
};

/* Bytes that arrived behind a request that sleeps. */
struct backlog {
    size_t length;
    char bytes[];
};

/*
 * Everything about one connection. cmio keeps its part in here too, in the stream and the timer, so
 * this is all the memory that a sleeping request takes.
 */
struct connection {
    struct cmio_tcp_stream stream;
    struct cmio_timer timer; /* whatever the state waits for, or how long it may take */
    struct http_request request;
    struct request_line line; /* of the request; empty where no log is written */
    int64_t since;            /* when the head of the request was complete; 0: none is in flight */
    struct backlog *backlog;  /* NULL but for clients that pipeline */
    struct http_response *unsent; /* NULL but for slow readers */
    uint8_t state;                /* enum connection_state */
    bool readable;                /* there was an event, and no read has said -EAGAIN since */
    bool drained;                 /* the last read came short: most likely nothing is left */
    bool ended;                   /* the client will send no more */
    bool closing;                 /* the response is the connection's last */
    bool greeted;                 /* a request was answered already */
};

/* One thread's world: nothing in here is touched by another, but for the waker. */
struct loop {
    struct server *server;
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_timers *timers;
    struct cmio_waker *waker;
    struct cmio_tcp_listener listener;
    struct cmio_timer accept_again; /* set while accepting is paused */
    struct cmio_timer grace;
    struct pool connections;
    size_t open; /* how many of them */
    bool listening;
    bool stopping;
    bool grace_over;
    struct statistics statistics;
    struct http_date date;
    pthread_t thread;
    struct http_response response; /* the one that is being sent */
    char received[RECEIVE_SIZE];   /* what is being read: one for all connections */
};

struct server {
    struct options options;
    struct http_page page;
    struct access_log log;
    struct cmio_signals signals; /* heard by the first loop */
    struct loop *loops;
    atomic_size_t open;  /* connections of all loops */
    atomic_uint running; /* loops on threads of their own */
    atomic_bool stopping;
    atomic_bool failed;
    atomic_flag complained; /* that accepting had to pause */
};

/* ---- A connection: how it ends ---- */

/*
 * A timer is set anew for each thing that is waited for. Setting one is cheap and no system call:
 * it is a place in a wheel, and only its nearest deadline ever reaches the kernel, as the timeout
 * of the wait. cmio_timers_set() fails for wrong arguments alone, as does cancel for a timer that
 * is not set: nothing to handle here.
 */
static void connection_set_deadline(struct loop *loop, struct connection *connection,
                                    int64_t deadline) {
    (void)cmio_timers_set(loop->timers, &connection->timer, deadline);
}

static void connection_set_timeout(struct loop *loop, struct connection *connection,
                                   int64_t timeout) {
    connection_set_deadline(loop, connection, timeout == 0 ? CMIO_FOREVER : cmio_now() + timeout);
}

static void connection_log(const struct loop *loop, const struct connection *connection,
                           uint16_t status, size_t body_length) {
    if (loop->server->log.lines == NULL)
        return;
    struct cmio_address peer;
    bool known = cmio_tcp_stream_peer_address(&connection->stream, &peer) == 0;
    int64_t latency = connection->since == 0 ? 0 : cmio_now() - connection->since;
    access_log_write(&loop->server->log, known ? &peer : NULL, &connection->line, status,
                     body_length, latency);
}

/* The client is gone, and with it the request that it had in flight. */
static void connection_lost(struct loop *loop, struct connection *connection) {
    if (connection->since != 0) {
        loop->statistics.left++;
        connection_log(loop, connection, 0, 0);
    }
    connection->state = CONNECTION_OVER;
}

/*
 * Closing deregisters, so that no later wait reports the connection. The batch in hand is another
 * matter: if it holds an event for this one that we have not come to yet, its token is about to
 * point to freed memory. cmio_events_purge() takes it out.
 */
static void connection_free(struct loop *loop, struct connection *connection) {
    (void)cmio_timers_cancel(loop->timers, &connection->timer);
    (void)cmio_tcp_stream_close(&connection->stream); /* closed, whatever it says */
    cmio_events_purge(loop->events, (cmio_token)connection);
    request_line_free(&connection->line);
    free(connection->backlog);
    free(connection->unsent);
    connection->state = CONNECTION_UNUSED;
    pool_give(&loop->connections, connection);
    loop->open--;
    atomic_fetch_sub(&loop->server->open, 1);

    /* Accepting paused for want of just this: try again at once. */
    if (cmio_timer_is_set(&loop->accept_again))
        (void)cmio_timers_set(loop->timers, &loop->accept_again, cmio_now());
}

/* The end of whatever was done with a connection: all below only mark it as over. */
static void connection_settle(struct loop *loop, struct connection *connection) {
    if (connection->state == CONNECTION_OVER)
        connection_free(loop, connection);
}

/*
 * After the last response. To close a socket that holds unread bytes is to reset the connection,
 * and a reset may destroy the response before the client has read it. Where such bytes are likely
 * we only say that we are done, and read on until the client is too: RFC 9112, 9.6.
 */
static void connection_finish(struct loop *loop, struct connection *connection) {
    bool likely = connection->request.status != 200 || connection->backlog != NULL ||
                  (connection->readable && !connection->drained);
    if (!likely || cmio_tcp_stream_shutdown(&connection->stream, CMIO_SHUTDOWN_WRITE) < 0) {
        connection->state = CONNECTION_OVER;
        return;
    }
    connection->state = CONNECTION_LINGERING;
    connection_set_timeout(loop, connection, linger_time);
}

/* ---- A connection: how it sends ---- */

static void connection_await_request(struct loop *loop, struct connection *connection) {
    http_request_init(&connection->request, loop->server->options.max_sleep_ms);
    request_line_free(&connection->line);
    connection->state = CONNECTION_RECEIVING;
    connection_set_timeout(loop, connection,
                           connection->greeted ? loop->server->options.idle_timeout
                                               : loop->server->options.header_timeout);
}

static void connection_sent(struct loop *loop, struct connection *connection,
                            const struct http_response *response) {
    if (connection->request.stage == HTTP_STAGE_BODY) { /* it was 100 (Continue) */
        connection->state = CONNECTION_RECEIVING;
        connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        return;
    }
    loop->statistics.answered++;
    loop->statistics.refused += connection->request.status != 200;
    connection_log(loop, connection, connection->request.status, response->body_length);
    connection->greeted = true;
    connection->since = 0;
    if (connection->closing)
        connection_finish(loop, connection);
    else
        connection_await_request(loop, connection);
}

/* One system call: send(2) if all is in one piece, sendmsg(2) if not. */
static ssize_t connection_write(struct connection *connection,
                                const struct http_response *response) {
    struct iovec parts[2];
    int count = http_response_parts(response, parts);
    if (count == 1)
        return cmio_tcp_stream_write(&connection->stream, parts[0].iov_base, parts[0].iov_len);
    return cmio_tcp_stream_writev(&connection->stream, parts, count);
}

/*
 * The reader is slow: the kernel had no room for all of the response. Keep what is left of it,
 * which is little, as the page itself is shared; and read no further request until it is gone. Most
 * connections never come here, so only those that do ask for writable events as well. The new
 * registration also reports what is ready already, so nothing is missed in between.
 */
static void connection_wait_for_room(struct loop *loop, struct connection *connection,
                                     const struct http_response *response) {
    connection->unsent = malloc(sizeof *connection->unsent);
    if (connection->unsent == NULL ||
        cmio_registry_reregister(cmio_poll_registry(loop->poll), &connection->stream.source,
                                 (cmio_token)connection, CMIO_READABLE | CMIO_WRITABLE) < 0) {
        connection_lost(loop, connection);
        return;
    }
    *connection->unsent = *response;
    connection->state = CONNECTION_SENDING;
    connection_set_timeout(loop, connection, loop->server->options.idle_timeout);
}

/* A short write says as much as -EAGAIN: the buffer is full, and an event comes when it is not. */
static void connection_send(struct loop *loop, struct connection *connection,
                            struct http_response *response) {
    ssize_t n = connection_write(connection, response);
    if (n < 0 && n != -EAGAIN) {
        connection_lost(loop, connection);
    } else if (http_response_sent(response, n > 0 ? (size_t)n : 0)) {
        connection_sent(loop, connection, response);
    } else if (connection->state != CONNECTION_SENDING) {
        connection_wait_for_room(loop, connection, response);
    } else if (n > 0) {
        connection_set_timeout(loop, connection, loop->server->options.idle_timeout);
    }
}

static void connection_send_more(struct loop *loop, struct connection *connection) {
    struct http_response *unsent = connection->unsent;
    connection_send(loop, connection, unsent);
    if (connection->state != CONNECTION_SENDING) {
        connection->unsent = NULL;
        free(unsent);
    }
}

/* The sleep is over, or there is none. */
static void connection_answer(struct loop *loop, struct connection *connection) {
    connection->closing = loop->stopping || !connection->request.keep_alive;
    http_response_make(&loop->response, &connection->request, &loop->server->page, &loop->date,
                       connection->closing);
    connection_send(loop, connection, &loop->response);
}

/* ---- A connection: how it receives and sleeps ---- */

/* The request has arrived in full. The sleep counts from when its head had. */
static void connection_begin_sleep(struct loop *loop, struct connection *connection) {
    const struct http_request *request = &connection->request;
    if (connection->since == 0)
        connection->since = cmio_now();
    if (request->status != 200 || request->sleep_ms == 0) {
        connection_answer(loop, connection);
    } else if (connection->ended) {
        connection_lost(loop, connection);
    } else {
        connection->state = CONNECTION_SLEEPING;
        connection_set_deadline(loop, connection,
                                connection->since + request->sleep_ms * CMIO_MILLISECOND);
    }
}

/* The request has come to another stage. */
static void connection_on_stage(struct loop *loop, struct connection *connection) {
    switch (connection->request.stage) {
    case HTTP_STAGE_HEAD:
        if (connection->greeted) /* the first request's time runs since it was accepted */
            connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        break;
    case HTTP_STAGE_BODY:
        connection->since = cmio_now();
        connection_set_timeout(loop, connection, loop->server->options.header_timeout);
        if (connection->request.wants_continue) {
            http_response_make_continue(&loop->response);
            connection_send(loop, connection, &loop->response);
        }
        break;
    default:
        connection_begin_sleep(loop, connection);
    }
}

static void connection_keep_for_later(struct loop *loop, struct connection *connection,
                                      const char *bytes, size_t length) {
    connection->backlog = malloc(sizeof *connection->backlog + length);
    if (connection->backlog == NULL) {
        connection_lost(loop, connection);
        return;
    }
    connection->backlog->length = length;
    memcpy(connection->backlog->bytes, bytes, length);
}

/* Gives the parser what arrived. Answers go out in order: behind a sleeping request, bytes wait. */
static void connection_feed(struct loop *loop, struct connection *connection, const char *bytes,
                            size_t length) {
    while (length > 0 && connection->state == CONNECTION_RECEIVING) {
        uint8_t stage = connection->request.stage;
        if (loop->server->log.lines != NULL)
            request_line_feed(&connection->line, bytes, length);
        size_t used = http_request_feed(&connection->request, bytes, length);
        bytes += used;
        length -= used;
        if (connection->request.stage != stage)
            connection_on_stage(loop, connection);
    }
    if (length > 0 &&
        (connection->state == CONNECTION_SLEEPING || connection->state == CONNECTION_SENDING))
        connection_keep_for_later(loop, connection, bytes, length);
}

static void connection_feed_backlog(struct loop *loop, struct connection *connection) {
    struct backlog *backlog = connection->backlog;
    connection->backlog = NULL;
    connection_feed(loop, connection, backlog->bytes, backlog->length);
    free(backlog);
}

/*
 * One read. Only -EAGAIN says for sure that there is no more. A read that gives less than there was
 * room for does not: it stops at an urgent byte, which any client may send, and at the end of the
 * bytes when the client's own end comes behind them. No event would come for what is left.
 */
static void connection_read(struct loop *loop, struct connection *connection) {
    ssize_t n = cmio_tcp_stream_read(&connection->stream, loop->received, sizeof loop->received);
    if (n == -EAGAIN) {
        connection->readable = false;
    } else if (n <= 0) {
        connection_lost(loop, connection);
    } else {
        connection->drained = (size_t)n < sizeof loop->received && !connection->ended;
        connection_feed(loop, connection, loop->received, (size_t)n);
    }
}

/*
 * To stop before the kernel has no more is to give the edge away, so order it anew: a registration
 * that is replaced reports what is ready already. The event comes when others had their turn.
 */
static void connection_yield(struct loop *loop, struct connection *connection) {
    if (cmio_registry_reregister(cmio_poll_registry(loop->poll), &connection->stream.source,
                                 (cmio_token)connection, CMIO_READABLE) < 0)
        connection_lost(loop, connection);
}

/* Goes on with a connection for as long as there is something to do without waiting. */
static void connection_go_on(struct loop *loop, struct connection *connection) {
    if (connection->state == CONNECTION_RECEIVING && connection->backlog != NULL)
        connection_feed_backlog(loop, connection);
    for (int reads = 0; connection->readable && (connection->state == CONNECTION_RECEIVING ||
                                                 connection->state == CONNECTION_LINGERING);
         reads++) {
        if (reads == READS_A_TURN) {
            connection_yield(loop, connection);
            return;
        }
        connection_read(loop, connection);
    }
}

/*
 * Whether the client of a sleeping request has left. That an event says so is a hint which not
 * every system gives. A look at the next byte tells for sure, and leaves a pipelined request where
 * it is.
 */
static bool connection_has_left(struct connection *connection, const struct cmio_event *event) {
    if (connection->ended || cmio_event_is_error(event))
        return true;
    char next;
    ssize_t n = cmio_tcp_stream_peek(&connection->stream, &next, 1);
    return n == 0 || (n < 0 && n != -EAGAIN);
}

/* Bytes have arrived, or may have. */
static void connection_arrived(struct connection *connection) {
    connection->readable = true;
    connection->drained = false;
}

static void connection_on_event(struct loop *loop, struct connection *connection,
                                const struct cmio_event *event) {
    if (cmio_event_is_readable(event))
        connection_arrived(connection);
    connection->ended |= cmio_event_is_read_closed(event);
    if (connection->state == CONNECTION_SLEEPING && connection_has_left(connection, event))
        connection_lost(loop, connection);
    if (connection->state == CONNECTION_SENDING && cmio_event_is_writable(event))
        connection_send_more(loop, connection);
    connection_go_on(loop, connection);
    connection_settle(loop, connection);
}

static void connection_on_timer(struct loop *loop, struct connection *connection) {
    bool expected = !connection->greeted || connection->request.stage != HTTP_STAGE_START;
    if (connection->state == CONNECTION_SLEEPING) {
        connection_answer(loop, connection);
    } else if (connection->state == CONNECTION_RECEIVING && expected) {
        http_request_refuse(&connection->request, 408);
        connection_answer(loop, connection);
    } else if (connection->state == CONNECTION_SENDING) {
        connection_lost(loop, connection);
    } else {
        connection->state = CONNECTION_OVER; /* idle, or lingered long enough */
    }
    connection_go_on(loop, connection);
    connection_settle(loop, connection);
}

/* Reads once more, as a request may have arrived before the signal did; then hangs up the idle. */
static void connection_close_if_idle(void *object, void *context) {
    struct connection *connection = object;
    struct loop *loop = context;
    if (connection->state == CONNECTION_RECEIVING) {
        connection_arrived(connection);
        connection_go_on(loop, connection);
    }
    if (connection->state == CONNECTION_RECEIVING && connection->request.stage == HTTP_STAGE_START)
        connection->state = CONNECTION_OVER;
    connection_settle(loop, connection);
}

/* ---- Accepting ---- */

/* Whether --max-connections leaves room for one more. It counts the connections of all loops. */
static bool server_admit(struct server *server) {
    if (atomic_fetch_add(&server->open, 1) < server->options.max_connections)
        return true;
    atomic_fetch_sub(&server->open, 1);
    return false;
}

/*
 * The stream is accepted right into the connection, and registered for as long as it lives. Edges
 * mean that nothing has to be switched off while a request sleeps: no event comes twice.
 */
static int loop_open_connection(struct loop *loop, struct connection *connection) {
    *connection = (struct connection){.state = CONNECTION_UNUSED};
    int result = cmio_tcp_listener_accept(&loop->listener, &connection->stream, NULL);
    if (result < 0)
        return result;
    /* Answers to pipelined requests must not wait for each other's acknowledgement. */
    (void)cmio_tcp_stream_set_nodelay(&connection->stream, true);
    result = cmio_registry_register(cmio_poll_registry(loop->poll), &connection->stream.source,
                                    (cmio_token)connection, CMIO_READABLE);
    if (result < 0) {
        (void)cmio_tcp_stream_close(&connection->stream);
        return result;
    }
    (void)cmio_timer_init(&connection->timer, (cmio_token)connection);
    connection_await_request(loop, connection);
    loop->open++;
    loop->statistics.connections++;
    return 0;
}

static int loop_accept_one(struct loop *loop) {
    if (!server_admit(loop->server))
        return -EBUSY;
    int result = -ENOMEM;
    struct connection *connection = pool_take(&loop->connections);
    if (connection == NULL)
        goto dismiss;
    result = loop_open_connection(loop, connection);
    if (result < 0)
        goto give_back;
    if (loop->stopping)
        connection_close_if_idle(connection, loop);
    return 0;

give_back:
    pool_give(&loop->connections, connection);
dismiss:
    atomic_fetch_sub(&loop->server->open, 1);
    return result;
}

static void loop_stop_listening(struct loop *loop) {
    (void)cmio_tcp_listener_close(&loop->listener);
    cmio_events_purge(loop->events, TOKEN_LISTENER);
    loop->listening = false;
}

/*
 * Accepts until there is no one left, or no room. Without room no event will ever repeat this one,
 * and those who wait in the kernel's queue would wait for good: so a timer tries again, and so does
 * connection_free(). Nobody who is connected notices.
 */
static void loop_accept(struct loop *loop) {
    int result;
    do {
        result = loop_accept_one(loop);
    } while (result == 0 || result == -ECONNABORTED); /* someone left before their turn: go on */
    if (result == -EAGAIN) {
        if (loop->stopping)
            loop_stop_listening(loop);
        return;
    }
    (void)cmio_timers_set(loop->timers, &loop->accept_again, cmio_now() + accept_pause);
    if (result != -EBUSY && !atomic_flag_test_and_set(&loop->server->complained))
        complain("accepting pauses when there is no room", result);
}

/* ---- Stopping ---- */

/* Any thread may wake any loop: that is what wakers are for. Each then stops by itself. */
static void server_stop(struct server *server) {
    atomic_store(&server->stopping, true);
    for (unsigned i = 0; i < server->options.threads; i++)
        (void)cmio_waker_wake(server->loops[i].waker);
}

/*
 * This happens in the middle of a batch, whose events for the listener and for connections that are
 * closed here must not be handled any more: each is purged. Those who wait to be accepted came
 * before the signal and are answered too; if there is no room for all of them, the listener stays
 * until there is.
 */
static void loop_stop(struct loop *loop) {
    loop->stopping = true;
    loop_accept(loop);
    (void)cmio_timers_set(loop->timers, &loop->grace, cmio_now() + loop->server->options.grace);
    pool_visit(&loop->connections, connection_close_if_idle, loop);
}

static void loop_on_waker(struct loop *loop) {
    if (atomic_load(&loop->server->stopping) && !loop->stopping)
        loop_stop(loop);
}

static void server_reopen_log(struct server *server) {
    int result = access_log_reopen(&server->log);
    if (result < 0)
        complain(server->options.log, result); /* and goes on with the log that it has */
}

/* Signals come as events too: no handler of ours, and nothing to be careful about in one. */
static void loop_on_signals(struct loop *loop) {
    for (int number; (number = cmio_signals_next(&loop->server->signals)) > 0;) {
        if (number == SIGHUP)
            server_reopen_log(loop->server);
        else
            server_stop(loop->server); /* a second one ends the process: second_signal.c */
    }
}

/* The first loop hears the signals, so it stays until the others are done. */
static bool loop_is_done(struct loop *loop) {
    bool is_first = loop == loop->server->loops;
    bool is_empty = loop->open == 0 && !loop->listening;
    return loop->stopping && (is_empty || loop->grace_over) &&
           (!is_first || atomic_load(&loop->server->running) == 0);
}

/* ---- The loop ---- */

static void loop_on_event(struct loop *loop, const struct cmio_event *event) {
    switch (event->token) {
    case TOKEN_LISTENER:
        if (!cmio_timer_is_set(&loop->accept_again))
            loop_accept(loop);
        break;
    case TOKEN_SIGNALS:
        loop_on_signals(loop);
        break;
    case TOKEN_WAKER:
        loop_on_waker(loop);
        break;
    default:
        connection_on_event(loop, (struct connection *)event->token, event);
    }
}

static void loop_on_timer(struct loop *loop, const struct cmio_timer *timer) {
    switch (timer->token) {
    case TOKEN_ACCEPT_AGAIN:
        loop_accept(loop);
        break;
    case TOKEN_GRACE:
        loop->grace_over = true;
        break;
    default:
        connection_on_timer(loop, (struct connection *)timer->token);
    }
}

/*
 * All of a cmio program comes down to this: wait until there is an event or the next timer is due,
 * handle the events, handle the timers.
 */
static int loop_run(struct loop *loop) {
    while (!loop_is_done(loop)) {
        int64_t deadline = cmio_timers_next_deadline(loop->timers);
        int count = cmio_poll_wait_until(loop->poll, loop->events, deadline);
        if (count < 0 && count != -EINTR) /* which says that the wait was interrupted: go on */
            return complain("cannot wait for events", count);
        CMIO_EVENTS_FOREACH (event, loop->events)
            loop_on_event(loop, event);
        int64_t now = cmio_now();
        for (struct cmio_timer *timer; (timer = cmio_timers_pop(loop->timers, now)) != NULL;)
            loop_on_timer(loop, timer);
    }
    return 0;
}

static int loop_listen(struct loop *loop, const struct cmio_address *address) {
    struct cmio_tcp_listener_options options = {
        .reuse_port = loop->server->options.threads > 1, /* the kernel spreads connections */
    };
    int result = cmio_tcp_listener_bind(&loop->listener, address, &options);
    if (result < 0)
        return result;
    loop->listening = true;
    return cmio_registry_register(cmio_poll_registry(loop->poll), &loop->listener.source,
                                  TOKEN_LISTENER, CMIO_READABLE);
}

static int loop_create_poll(struct loop *loop) {
    const char *backend = loop->server->options.backend;
    if (backend == NULL)
        return cmio_poll_new(&loop->poll);
    return cmio_poll_new_with(&loop->poll, backend);
}

/* Whatever this returns, loop_close() cleans up. */
static int loop_init(struct loop *loop, struct server *server) {
    loop->server = server;
    pool_init(&loop->connections, sizeof(struct connection));
    (void)cmio_timer_init(&loop->accept_again, TOKEN_ACCEPT_AGAIN);
    (void)cmio_timer_init(&loop->grace, TOKEN_GRACE);
    int result = loop_create_poll(loop);
    if (result < 0)
        return result;
    result = cmio_events_new(&loop->events, EVENTS_A_WAIT);
    if (result < 0)
        return result;
    result = cmio_timers_new(&loop->timers);
    if (result < 0)
        return result;
    return cmio_waker_new(&loop->waker, cmio_poll_registry(loop->poll), TOKEN_WAKER);
}

static void connection_cut_off(void *object, void *context) {
    struct connection *connection = object;
    struct loop *loop = context;
    if (connection->state == CONNECTION_UNUSED)
        return;
    loop->statistics.cut_off += connection->since != 0;
    connection_free(loop, connection);
}

/* All of cmio's destructors take what was never made, so there is one way out for every case. */
static void loop_close(struct loop *loop) {
    pool_visit(&loop->connections, connection_cut_off, loop);
    pool_free(&loop->connections);
    (void)cmio_tcp_listener_close(&loop->listener);
    cmio_waker_free(loop->waker);
    cmio_timers_free(loop->timers);
    cmio_events_free(loop->events);
    cmio_poll_free(loop->poll);
}

/* ---- The server ---- */

/*
 * Sockets that may share a port would share it with another run of this server, too, which nobody
 * who starts one means. So find out first whether the port is free.
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

/* The first loop's address is the others': port 0 becomes one port for all. */
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
        access_log_is_file(&server->log) ? 3 : 2; /* or SIGHUP does what it always does */
    int result = cmio_signals_init(&server->signals, numbers, count);
    if (result == 0)
        result = second_signal_exits();
    if (result == 0)
        result = cmio_registry_register(cmio_poll_registry(server->loops[0].poll),
                                        &server->signals.source, TOKEN_SIGNALS, CMIO_READABLE);
    return result == 0 ? 0 : complain("cannot listen to signals", result);
}

static int server_init(struct server *server) {
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
    (void)cmio_waker_wake(server->loops[0].waker); /* it may be the last that the first waits for */
    return NULL;
}

/* Starts the loops behind the first, and returns behind the last that runs. */
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

static void server_run(struct server *server) {
    unsigned end = server_start_threads(server);
    if (!atomic_load(&server->failed) && service_announce(&server->options.address) < 0) {
        atomic_store(&server->failed, true);
        server_stop(server);
    }
    server_run_loop(server, &server->loops[0]);
    for (unsigned i = 1; i < end; i++)
        pthread_join(server->loops[i].thread, NULL);
}

static void server_close(struct server *server) {
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

int main(int argc, char **argv) {
    static struct server server = {.complained = ATOMIC_FLAG_INIT};
    program_start(program);
    int status =
        options_parse(&server.options, OPTIONS_CMIO, program,
                      "Serves sleep over HTTP from one thread, or a few: with cmio.", argc, argv);
    if (status >= 0)
        return status;
    if (server_init(&server) == 0)
        server_run(&server);
    else
        atomic_store(&server.failed, true);
    server_close(&server);
    return atomic_load(&server.failed) ? EXIT_RUNTIME : 0;
}
