/* SPDX-License-Identifier: MIT */

/*
 * hiredis in a loop on cmio: asynchronous commands, pipelined, and a subscription beside them.
 *
 *     hiredis /run/redis/redis.sock
 *
 * sends 100,000 INCR without waiting for replies, checks that the replies come in order, and then
 * publishes 1,000 messages, which a second connection must receive in order.
 */

#include <string.h>

#include <hiredis/async.h>

#include "check.h"
#include "watch.h"

/* ---- The adapter ---- */

/* One connection. The caller owns it and keeps it until its disconnect callback has been called. */
struct redis_watch {
    struct watch watch;
    struct watches *watches;
    redisAsyncContext *context; /* NULL after it has ended */
};

/* A handler of hiredis may free the context, after cleanup(). So check after the first one. */
static void on_ready(struct watch *watch, uint32_t ready) {
    struct redis_watch *redis = watch->owner;
    if (ready & CMIO_READABLE)
        redisAsyncHandleRead(redis->context);
    if ((ready & CMIO_WRITABLE) && redis->context != NULL)
        redisAsyncHandleWrite(redis->context);
}

static void change(struct redis_watch *redis, cmio_interest add, cmio_interest remove) {
    cmio_interest interest = (redis->watch.interest | add) & ~remove;
    int result = watch_set(redis->watches, &redis->watch, redis->context->c.fd, interest);
    CHECK(result == 0); /* there is no way to tell hiredis of a failure */
}

static void add_read(void *data) {
    change(data, CMIO_READABLE, 0);
}

static void remove_read(void *data) {
    change(data, 0, CMIO_READABLE);
}

static void add_write(void *data) {
    change(data, CMIO_WRITABLE, 0);
}

static void remove_write(void *data) {
    change(data, 0, CMIO_WRITABLE);
}

static void cleanup(void *data) {
    struct redis_watch *redis = data;
    watch_stop(redis->watches, &redis->watch);
    redis->context = NULL;
}

static void redis_attach(struct redis_watch *redis, struct watches *watches,
                         redisAsyncContext *context) {
    *redis = (struct redis_watch){
        .watch = {.on_ready = on_ready, .owner = redis}, .watches = watches, .context = context};
    context->ev.data = redis;
    context->ev.addRead = add_read;
    context->ev.delRead = remove_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = remove_write;
    context->ev.cleanup = cleanup;
}

/* ---- The program ---- */

enum { INCREMENTS = 100 * 1000, MESSAGES = 1000 };

struct state {
    struct watches watches;
    long long replies;
    bool is_subscribed;
    int messages;
};

static void on_increment(redisAsyncContext *context, void *data, void *user) {
    struct state *state = user;
    const redisReply *reply = data;
    (void)context;
    CHECK(reply != NULL && reply->type == REDIS_REPLY_INTEGER);
    CHECK(reply->integer == ++state->replies);
}

static void on_message(redisAsyncContext *context, void *data, void *user) {
    struct state *state = user;
    const redisReply *reply = data;
    (void)context;
    if (reply == NULL) /* the connection ends */
        return;
    CHECK(reply->type == REDIS_REPLY_ARRAY && reply->elements == 3);
    if (!state->is_subscribed) {
        CHECK(strcmp(reply->element[0]->str, "subscribe") == 0);
        state->is_subscribed = true;
        return;
    }
    CHECK(strcmp(reply->element[0]->str, "message") == 0);
    CHECK(strtol(reply->element[2]->str, NULL, 10) == state->messages++);
}

static void redis_connect(struct redis_watch *redis, struct watches *watches, const char *path) {
    redisAsyncContext *context = redisAsyncConnectUnix(path);
    CHECK(context != NULL && context->err == 0);
    redis_attach(redis, watches, context);
}

static void turn(struct state *state, int64_t give_up) {
    CHECK(cmio_now() < give_up);
    CHECK(watches_turn(&state->watches, give_up) >= 0);
}

static void pipeline(struct state *state, struct redis_watch *redis) {
    int64_t give_up = cmio_now() + longest_wait;
    redisAsyncCommand(redis->context, NULL, NULL, "DEL counter");
    for (int i = 0; i < INCREMENTS; i++)
        CHECK(redisAsyncCommand(redis->context, on_increment, state, "INCR counter") == REDIS_OK);
    while (state->replies < INCREMENTS)
        turn(state, give_up);
    printf("%lld replies in order\n", state->replies);
}

static void publish(struct state *state, struct redis_watch *from, struct redis_watch *to) {
    int64_t give_up = cmio_now() + longest_wait;
    CHECK(redisAsyncCommand(to->context, on_message, state, "SUBSCRIBE news") == REDIS_OK);
    while (!state->is_subscribed)
        turn(state, give_up);
    for (int i = 0; i < MESSAGES; i++)
        CHECK(redisAsyncCommand(from->context, NULL, NULL, "PUBLISH news %d", i) == REDIS_OK);
    while (state->messages < MESSAGES)
        turn(state, give_up);
    printf("%d messages in order\n", state->messages);
}

int main(int argc, char **argv) {
    static struct state state;
    struct redis_watch publisher, subscriber;
    CHECK(argc == 2 && watches_open(&state.watches) == 0);
    redis_connect(&publisher, &state.watches, argv[1]);
    redis_connect(&subscriber, &state.watches, argv[1]);
    pipeline(&state, &publisher);
    publish(&state, &publisher, &subscriber);
    redisAsyncDisconnect(publisher.context); /* after the last reply */
    redisAsyncFree(subscriber.context);      /* at once */
    for (int64_t give_up = cmio_now() + longest_wait; publisher.context != NULL;)
        turn(&state, give_up);
    CHECK(subscriber.context == NULL);
    watches_close(&state.watches);
    return EXIT_SUCCESS;
}
