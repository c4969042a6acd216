/* SPDX-License-Identifier: MIT */

/*
 * A TCP proxy of tasks: it connects each client to a target, which may have a name, and passes
 * bytes both ways. One task serves a client. It awaits three coroutines of its own: the two
 * directions, and a watch over the time. When one of them fails, the others are dropped, wherever
 * they wait.
 *
 *     async_proxy 127.0.0.1:7783 localhost:80
 */

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <cmio/async.h>

#include "async/flow.h"
#include "async/host.h"
#include "async/target.h"
#include "common/arguments.h"
#include "common/program.h"

/* Shared by all clients. */
struct proxy {
    struct target target;
    const char *target_text;
    int64_t connect_timeout;
    int64_t idle_timeout;
};

struct side {
    struct cmio_tcp_stream stream;
    struct cmio_io io;
};

/* Ends if nothing has moved for too long. */
struct watch {
    struct cmio_coroutine coroutine;
    struct link *link;
    struct cmio_sleep_future sleep;
};

enum { UP, DOWN, WATCH, PARTS };

/* A client and its connection to the target. */
struct link {
    struct cmio_coroutine coroutine;
    const struct proxy *proxy;
    struct side client, target;
    int64_t moved; /* when bytes last moved */
    struct cmio_connect_name_future connect;
    struct cmio_timeout_future timeout;
    struct flow up, down;
    struct watch watch;
    struct cmio_future *parts[PARTS]; /* the parts that have not ended */
    struct cmio_select_future select;
};

static enum cmio_future_state run_watch(struct cmio_coroutine *coroutine,
                                        struct cmio_context *context) {
    struct watch *watch = (struct watch *)coroutine;
    const int64_t deadline = watch->link->moved + watch->link->proxy->idle_timeout;
    CMIO_BEGIN(coroutine, context);
    for (;;) {
        (void)cmio_sleep_until_future_init(&watch->sleep, deadline);
        CMIO_AWAIT(&watch->sleep.future);
        if (cmio_now() >= deadline) /* each byte that moves extends it */
            CMIO_RETURN(-ETIMEDOUT);
    }
    CMIO_END;
}

static struct cmio_future *connect_to_target(struct link *link) {
    const struct proxy *proxy = link->proxy;
    int result =
        cmio_connect_name_future_init(&link->connect, &link->target.io, &link->target.stream,
                                      proxy->target.host, proxy->target.port);
    if (result == 0)
        result =
            cmio_timeout_future_init(&link->timeout, &link->connect.future, proxy->connect_timeout);
    if (result < 0) /* without memory, use a future that has ended */
        link->timeout.future = (struct cmio_future){.result = result};
    return &link->timeout.future;
}

static void start_parts(struct link *link) {
    struct cmio_io *client = &link->client.io, *target = &link->target.io;
    link->moved = cmio_now();
    link->watch = (struct watch){.link = link};
    (void)cmio_coroutine_init(&link->watch.coroutine, run_watch);
    link->parts[UP] = flow_start(&link->up, client, target, &link->moved);
    link->parts[DOWN] = flow_start(&link->down, target, client, &link->moved);
    link->parts[WATCH] = &link->watch.coroutine.future;
}

static void close_side(struct side *side, bool is_cut_off) {
    const struct cmio_tcp_stream_options reset = {.linger = true, .linger_seconds = 0};
    if (is_cut_off) /* a plain close would look like a complete stream */
        (void)cmio_tcp_stream_set_options(&side->stream, &reset);
    (void)cmio_io_close(&side->io);
    (void)cmio_tcp_stream_close(&side->stream);
}

/* Removes the ended part from the list. Returns its result. */
static ssize_t end_part(struct link *link) {
    struct cmio_future **part = &link->parts[link->select.future.result];
    ssize_t result = (*part)->result;
    *part = NULL;
    return result;
}

static enum cmio_future_state run_link(struct cmio_coroutine *coroutine,
                                       struct cmio_context *context) {
    struct link *link = (struct link *)coroutine;
    ssize_t result;
    CMIO_BEGIN(coroutine, context);
    if (cmio_io_bind_tcp_stream(&link->client.io, NULL, &link->client.stream) < 0)
        CMIO_RETURN(-ENOMEM);
    CMIO_AWAIT(connect_to_target(link));
    result = link->timeout.future.result;
    if (result < 0) {
        (void)complain(link->proxy->target_text, (int)result);
        CMIO_RETURN(result);
    }
    start_parts(link);
    while (link->parts[UP] != NULL || link->parts[DOWN] != NULL) {
        (void)cmio_select_future_init(&link->select, link->parts, PARTS);
        CMIO_AWAIT(&link->select.future);
        result = end_part(link);
        if (result < 0)
            CMIO_RETURN(result);
    }
    CMIO_FINALLY;
    for (int i = 0; i < PARTS; i++)
        cmio_future_drop(link->parts[i]);
    close_side(&link->client, coroutine->future.result < 0);
    close_side(&link->target, coroutine->future.result < 0);
    CMIO_END;
}

static int serve(void *owner, struct cmio_tcp_stream *stream) {
    struct link link = {.proxy = owner, .client = {.stream = *stream}};
    (void)cmio_coroutine_init(&link.coroutine, run_link);
    return cmio_spawn(NULL, &link.coroutine.future, sizeof link, NULL, NULL);
}

static const char help[] =
    "usage: async_proxy [OPTION]... LISTEN HOST:PORT\n"
    "Forwards bytes in both directions between each client of LISTEN and a connection to HOST.\n"
    "LISTEN is a numeric address, such as 127.0.0.1:80 or [::1]:80. Port 0 stands for a free "
    "port.\n"
    "HOST may be a name.\n\n"
    "  --connect-timeout TIME  give up connecting after this time, such as 500ms (10s)\n"
    "  --idle-timeout TIME     end a connection that is idle for this long (5m)\n"
    "  -h, --help              print this help\n\n"
    "When it is ready, it prints one line: listening on ADDRESS\n"
    "Exit status: 0 after SIGINT or SIGTERM, 1 on failure, 2 if the arguments are invalid.\n";

int main(int argc, char **argv) {
    struct proxy proxy = {.connect_timeout = 10 * CMIO_SECOND, .idle_timeout = 300 * CMIO_SECOND};
    const struct argument options[] = {
        {.name = "connect-timeout", .time = &proxy.connect_timeout},
        {.name = "idle-timeout", .time = &proxy.idle_timeout},
        {0},
    };
    struct cmio_address address;
    program_start("async_proxy");
    int status = arguments_parse(options, help, argc, argv);
    if (status >= 0)
        return status;
    if (argc - optind != 2) {
        message("LISTEN and HOST:PORT are required (see --help)");
        return EXIT_USAGE;
    }
    proxy.target_text = argv[optind + 1];
    if (!target_parse(proxy.target_text, strlen(proxy.target_text), 0, &proxy.target))
        return arguments_complain(proxy.target_text, "not a host and port");
    status = arguments_parse_address(argv[optind], &address);
    return status >= 0 ? status : host_run(0, &address, serve, &proxy);
}
