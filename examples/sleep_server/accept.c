/* SPDX-License-Identifier: MIT */

/* How a loop listens and accepts clients, until none is waiting or there is no room. */

#include <errno.h>

#include "common/program.h"
#include "sleep_server/connection.h"
#include "sleep_server/loop.h"
#include "sleep_server/server.h"

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;

int loop_listen(struct loop *loop, const struct cmio_address *address) {
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

static void loop_stop_listening(struct loop *loop) {
    (void)cmio_tcp_listener_close(&loop->listener);
    cmio_events_purge(loop->events, TOKEN_LISTENER);
    loop->listening = false;
}

/* Whether --max-connections leaves room for one more. It counts the connections of all loops. */
static bool server_admit(struct server *server) {
    if (atomic_fetch_add(&server->open, 1) < server->options.max_connections)
        return true;
    atomic_fetch_sub(&server->open, 1);
    return false;
}

static int loop_accept_one(struct loop *loop) {
    if (!server_admit(loop->server))
        return -EBUSY;
    int result = -ENOMEM;
    struct connection *connection = pool_take(&loop->connections);
    if (connection == NULL)
        goto dismiss;
    result = connection_open(loop, connection);
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

/*
 * Accepts until no client is waiting or there is no room. Without room, clients stay in the
 * kernel's queue, and no further event reports them. So a timer tries again, and so does
 * connection_free(). Connected clients notice nothing.
 */
void loop_accept(struct loop *loop) {
    int result;
    do {
        result = loop_accept_one(loop);
    } while (result == 0 || result == -ECONNABORTED); /* that client left the queue: go on */
    if (result == -EAGAIN) {
        if (loop->stopping)
            loop_stop_listening(loop);
        return;
    }
    (void)cmio_timers_set(loop->timers, &loop->accept_again, cmio_now() + accept_pause);
    if (result != -EBUSY && !atomic_flag_test_and_set(&loop->server->complained))
        complain("accepting pauses until there is room", result);
}
