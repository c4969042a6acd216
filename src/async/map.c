/* SPDX-License-Identifier: MIT */
#include <cmio/async/map.h>

#include <errno.h>
#include <stddef.h>

#include "async/inline.h"

/* Map */

static enum cmio_future_state poll_map(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_map_future *map = CMIO__CONTAINER(future, struct cmio_map_future, future);
    if (cmio_future_poll(map->child, context) == CMIO_PENDING)
        return CMIO_PENDING;
    future->result = map->function(map->child->result, map->argument);
    return CMIO_READY;
}

static void drop_map(struct cmio_future *future) {
    cmio_future_drop(CMIO__CONTAINER(future, struct cmio_map_future, future)->child);
}

static const struct cmio_future_ops map_ops = {
    .name = "map",
    .poll = poll_map,
    .drop = drop_map,
};

int cmio_map_future_init(struct cmio_map_future *map, struct cmio_future *child,
                         cmio_map_function *function, void *argument) {
    if (map == NULL || child == NULL || function == NULL)
        return -EINVAL;
    *map = (struct cmio_map_future){
        .future.ops = &map_ops, .child = child, .function = function, .argument = argument};
    return 0;
}

/* Then. The function is NULL once it has been called. */

/* Asks the function for the next future. Returns whether there is one. */
static bool go_on(struct cmio_then_future *then) {
    struct cmio_future *next = NULL;
    cmio_then_function *function = then->function;
    then->function = NULL;
    then->future.result = function(then->child->result, then->argument, &next);
    if (next != NULL)
        then->child = next;
    return next != NULL;
}

static enum cmio_future_state poll_then(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_then_future *then = CMIO__CONTAINER(future, struct cmio_then_future, future);
    if (cmio_future_poll(then->child, context) == CMIO_PENDING)
        return CMIO_PENDING;
    if (then->function != NULL) {
        if (!go_on(then))
            return CMIO_READY;
        if (cmio_future_poll(then->child, context) == CMIO_PENDING)
            return CMIO_PENDING;
    }
    future->result = then->child->result;
    return CMIO_READY;
}

static void drop_then(struct cmio_future *future) {
    cmio_future_drop(CMIO__CONTAINER(future, struct cmio_then_future, future)->child);
}

static const struct cmio_future_ops then_ops = {
    .name = "then",
    .poll = poll_then,
    .drop = drop_then,
};

int cmio_then_future_init(struct cmio_then_future *then, struct cmio_future *child,
                          cmio_then_function *function, void *argument) {
    if (then == NULL || child == NULL || function == NULL)
        return -EINVAL;
    *then = (struct cmio_then_future){
        .future.ops = &then_ops, .child = child, .function = function, .argument = argument};
    return 0;
}
