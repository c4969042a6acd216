/* SPDX-License-Identifier: MIT */

/*
 * The sleep server on cmio: GET /1000 sleeps for 1000 milliseconds and answers with a page. One
 * thread holds as many sleeping requests as there are descriptors. While all of them sleep, the
 * thread does nothing at all.
 *
 * To learn cmio, read the parts in sleep_server/ in this order. Each header explains its struct.
 *
 *     loop.c        wait, handle events, handle timers, again; and how it stops
 *     accept.c      listening, and accepting until no client is waiting or there is no room
 *     connection.c  what events and the timer mean to a connection, and how it ends
 *     request.c     how it receives and sleeps
 *     answer.c      how it sends
 *     server.c      one loop, or several on threads of their own
 *
 * Three habits make an edge-triggered program correct, and these files follow them throughout.
 * After an event, go on until a call returns -EAGAIN. If you stop before that, remember it, because
 * no second event will come. Before you free an object, make sure that no timer and no event of the
 * current batch still points to it.
 */

#include <stdatomic.h>

#include "common/program.h"
#include "server/options.h"
#include "sleep_server/server.h"

static const char program[] = "sleep_server";

int main(int argc, char **argv) {
    static struct server server = {.complained = ATOMIC_FLAG_INIT};
    program_start(program);
    int status =
        options_parse(&server.options, OPTIONS_CMIO, program,
                      "Serves sleep over HTTP with cmio, from one thread or a few.", argc, argv);
    if (status >= 0)
        return status;
    if (server_init(&server, program) == 0)
        server_run(&server);
    else
        atomic_store(&server.failed, true);
    server_close(&server);
    return atomic_load(&server.failed) ? EXIT_RUNTIME : 0;
}
