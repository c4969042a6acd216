/* SPDX-License-Identifier: MIT */
/*
 * Happy Eyeballs, version 2 (RFC 8305), as far as a blocking resolver allows: all addresses arrive
 * at once. Each poll looks at every attempt, because there are few.
 */
#include <cmio/async/connect_name.h>

#include <errno.h>
#include <netdb.h>

#include "async/context.h"
#include "async/lookup.h"

/* The time between the starts of two attempts: RFC 8305, section 8. */
static const int64_t attempt_delay = 250 * CMIO_MILLISECOND;

static struct cmio_connect_name_future *connect_name_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_connect_name_future, future);
}

/* The addresses, in alternating families */

static const struct addrinfo *skip_to_family(const struct addrinfo *info, int family, bool same) {
    while (info != NULL && (info->ai_family == family) != same)
        info = info->ai_next;
    return info;
}

static int preferred_family(const struct cmio_connect_name_future *connect) {
    return connect->lookup->found->ai_family;
}

static void list_addresses(struct cmio_connect_name_future *connect) {
    const struct addrinfo *all = connect->lookup->found;
    connect->is_listed = true;
    connect->left[0] = all;
    connect->left[1] = skip_to_family(all, preferred_family(connect), false);
}

static bool has_addresses(const struct cmio_connect_name_future *connect) {
    return connect->left[0] != NULL || connect->left[1] != NULL;
}

static const struct addrinfo *next_address(struct cmio_connect_name_future *connect) {
    unsigned family = connect->turn;
    if (connect->left[family] == NULL)
        family = 1 - family;
    const struct addrinfo *info = connect->left[family];
    connect->left[family] = skip_to_family(info->ai_next, preferred_family(connect), family == 0);
    connect->turn = 1 - family;
    return info;
}

/* The attempts. An attempt that is not in progress is an ended future. */

static bool is_in_progress(const struct cmio__connect_attempt *attempt) {
    return !cmio_future_has_ended(&attempt->connect.future);
}

static struct cmio__connect_attempt *free_attempt(struct cmio_connect_name_future *connect) {
    for (int i = 0; i < CMIO_CONNECT_ATTEMPTS_MAX; i++)
        if (!is_in_progress(&connect->attempts[i]))
            return &connect->attempts[i];
    return NULL;
}

static bool any_in_progress(const struct cmio_connect_name_future *connect) {
    for (int i = 0; i < CMIO_CONNECT_ATTEMPTS_MAX; i++)
        if (is_in_progress(&connect->attempts[i]))
            return true;
    return false;
}

static void drop_attempts(struct cmio_connect_name_future *connect) {
    for (int i = 0; i < CMIO_CONNECT_ATTEMPTS_MAX; i++)
        cmio_future_drop(&connect->attempts[i].connect.future);
    cmio_future_drop(&connect->delay.future);
}

/* Begins the next attempt if it is due. Returns whether it did. */
static bool begin_attempt(struct cmio_connect_name_future *connect) {
    struct cmio__connect_attempt *attempt = free_attempt(connect);
    if (!connect->is_due || attempt == NULL || !has_addresses(connect))
        return false;
    struct cmio_address address;
    int error = cmio__lookup_address(connect->lookup, next_address(connect), &address);
    if (error == 0)
        error = cmio_connect_tcp_future_init(&attempt->connect, &attempt->io, &attempt->stream,
                                             &address);
    if (error != 0) { /* an unsupported family: the next attempt follows at once */
        connect->error = error;
        return true;
    }
    connect->is_due = false;
    cmio_future_drop(&connect->delay.future);
    (void)cmio_sleep_future_init(&connect->delay, attempt_delay); /* a valid duration */
    return true;
}

/* Polls every attempt. Returns the first that has connected, or NULL. */
static struct cmio__connect_attempt *poll_attempts(struct cmio_connect_name_future *connect,
                                                   struct cmio_context *context) {
    for (int i = 0; i < CMIO_CONNECT_ATTEMPTS_MAX; i++) {
        struct cmio__connect_attempt *attempt = &connect->attempts[i];
        if (!is_in_progress(attempt) ||
            cmio_future_poll(&attempt->connect.future, context) == CMIO_PENDING)
            continue;
        if (attempt->connect.future.result == 0)
            return attempt;
        connect->error = (int)attempt->connect.future.result;
        connect->is_due = true;
    }
    return NULL;
}

/* The future */

static enum cmio_future_state end_connect_name(struct cmio_connect_name_future *connect,
                                               ssize_t result) {
    drop_attempts(connect);
    cmio__lookup_free(connect->lookup);
    connect->future.result = result;
    return CMIO_READY;
}

/* The winner's stream moves to the caller's place; its binding follows it. */
static enum cmio_future_state win(struct cmio_connect_name_future *connect,
                                  struct cmio__connect_attempt *attempt) {
    *connect->stream = attempt->stream;
    *connect->io = attempt->io;
    connect->io->source = &connect->stream->source;
    return end_connect_name(connect, 0);
}

static enum cmio_future_state poll_connect_name(struct cmio_future *future,
                                                struct cmio_context *context) {
    struct cmio_connect_name_future *connect = connect_name_of(future);
    if (!connect->is_listed) {
        if (cmio_future_poll(&connect->job.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        if (connect->job.future.result != 0)
            return end_connect_name(connect, connect->job.future.result);
        list_addresses(connect);
    }
    for (;;) {
        struct cmio__connect_attempt *winner = poll_attempts(connect, context);
        if (winner != NULL)
            return win(connect, winner);
        if (begin_attempt(connect))
            continue;
        if (!any_in_progress(connect) && !has_addresses(connect))
            return end_connect_name(connect, connect->error);
        if (!has_addresses(connect) || connect->is_due ||
            cmio_future_poll(&connect->delay.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        connect->is_due = true;
    }
}

static void drop_connect_name(struct cmio_future *future) {
    struct cmio_connect_name_future *connect = connect_name_of(future);
    if (!cmio_future_has_ended(&connect->job.future)) {
        cmio_future_drop(&connect->job.future); /* frees the lookup when it is over */
        return;
    }
    drop_attempts(connect);
    cmio__lookup_free(connect->lookup);
}

static const struct cmio_future_ops connect_name_ops = {
    .name = "connect to a name",
    .poll = poll_connect_name,
    .drop = drop_connect_name,
};

int cmio_connect_name_future_init(struct cmio_connect_name_future *connect, struct cmio_io *io,
                                  struct cmio_tcp_stream *stream, const char *host, uint16_t port) {
    if (connect == NULL || io == NULL || stream == NULL)
        return -EINVAL;
    struct cmio_connect_name_future made = {
        .future.ops = &connect_name_ops, .io = io, .stream = stream, .is_due = true};
    const int error = cmio__lookup_begin(host, port, &made.lookup, &made.job);
    if (error != 0)
        return error;
    *io = (struct cmio_io){0};
    *stream = (struct cmio_tcp_stream){0};
    *connect = made;
    return 0;
}
